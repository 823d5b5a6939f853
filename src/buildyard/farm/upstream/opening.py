"""Opening a client of upstream as pip's configuration says: certificates, proxy, time-outs.

`open_upstream` is for blocking programs, `open_client` for asyncio ones.  Each imports its transport when it is called.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from buildyard.faces.connecting import ProxyRule, Tls, environment_proxy
from buildyard.faces.transport import Transport
from buildyard.farm.upstream.cache import PageCache
from buildyard.farm.upstream.locations import UpstreamIndex
from buildyard.farm.upstream.simple import SimpleClient, Upstream


def tls_of(index: UpstreamIndex) -> Tls:
    """Return whom pip trusts, and as whom it appears."""
    return Tls(ca_file=index.cert, cert_file=index.client_cert)


def proxy_of(index: UpstreamIndex) -> ProxyRule:
    """Return pip's proxy, or as pip does, what the environment says of each address."""
    return index.proxy or environment_proxy


def open_upstream(index: UpstreamIndex, cache_dir: Path | None = None, *, known: Iterable[str] = ()) -> Upstream:
    """Return a blocking client, a context manager.  Pages are kept in ``cache_dir``; ``known`` names mend typos."""
    from buildyard.faces.http import BlockingTransport

    return Upstream(_client(BlockingTransport(tls=tls_of(index), proxy=proxy_of(index)), index, cache_dir, known))


def open_client(index: UpstreamIndex, cache_dir: Path | None = None, *, known: Iterable[str] = ()) -> SimpleClient:
    """Return an asyncio client of the loop that runs now; await its ``close``."""
    from buildyard.faces.http import AsyncioTransport

    return _client(AsyncioTransport(tls=tls_of(index), proxy=proxy_of(index)), index, cache_dir, known)


def _client(transport: Transport, index: UpstreamIndex, cache_dir: Path | None, known: Iterable[str]) -> SimpleClient:
    cache = PageCache(cache_dir) if cache_dir is not None else None
    return SimpleClient(transport, index, cache=cache, known=known)
