"""Open the store that an address names.

Takes `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user@host:port/name`; gives a `Store`
whose schema is the program's own.  Only the driver that is needed is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import BadStoreUrl
from buildyard.farm.store.sqlite import open_sqlite
from buildyard.farm.store.sqlite_engine import Synchronous

_SQLITE = "sqlite:///"


async def open_store(
    url: str, *, synchronous: Synchronous = "NORMAL", options: Mapping[str, object] = MappingProxyType({})
) -> Store:
    """Return the store at this address, made or upgraded if need be; `await store.close()` when done.

    ``synchronous`` is SQLite's: `FULL` makes what is acknowledged survive a loss of power too.  ``options`` are what
    bodies find among their connection's execution options.  The store belongs to the running event loop.

    Raises `BadStoreUrl`, `StoreTooNew`, `StoreDamaged`, `StoreFull`, `StoreBusy` and `StoreUnreachable`.
    """
    if url.startswith(_SQLITE):
        return await open_sqlite(_path(url), synchronous=synchronous, options=options)
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadStoreUrl(url, "is no address") from error
    if parsed.drivername in ("postgresql", "postgres"):
        from buildyard.farm.store.postgresql import open_postgresql

        return await open_postgresql(parsed, options=options)
    raise BadStoreUrl(parsed.render_as_string(), f"has the unknown scheme {parsed.drivername!r}")


def _path(url: str) -> Path:
    # All of it, as it stands: a directory may well have a question mark in its name.
    path = url.removeprefix(_SQLITE)
    if not path or path == ":memory:":
        raise BadStoreUrl(url, "names no file")
    return Path(path)
