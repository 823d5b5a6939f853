"""URLs that go over the wire exactly as they were signed: what is allowed in one, and where it leads.

Nothing here changes a URL.  What libraries would have to mend (spaces, non-ASCII, ``.`` and ``..`` segments) is
refused instead, since a mended URL no longer matches its signature (Hawk, pre-signed storage).  `transport`
checks every request here; the transports take `Target`s.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

from buildyard.errors import InvalidRequest, visible_url

#: RFC 3986 section 2; ``[`` and ``]`` too, which belong to IPv6 hosts alone and are yet common in queries.
_ALLOWED = re.compile(r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]++|%[0-9A-Fa-f]{2})*+\Z")
# Labels of 1 to 63 characters (RFC 1035 section 2.3.4), or an IPv6 address.
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-_~]{1,63}(?:\.[A-Za-z0-9\-_~]{1,63})*\.?)\Z")
# Servers and proxies decode %2e before they walk a path, so its encoded spelling is as dangerous.
_DOTS = re.compile(r"(?:/|\A)(?:\.|%2[eE]){1,2}(?:/|\Z)")
_SLASH_OR_QUERY = re.compile(r"[/?]")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads, taken apart without changing a byte of what is sent."""

    scheme: Literal["http", "https"]
    host: str  #: without brackets, as written
    port: int
    path: str  #: the request target in origin form (RFC 9112 section 3.2.1): path and query, ``/`` at least
    authority: str  #: what the ``Host`` field says: host, and the port where it was written

    @property
    def is_tls(self) -> bool:
        """True for https."""
        return self.scheme == "https"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what connections are kept by, and credentials belong to."""
        return self.scheme, self.host.lower(), self.port


def parse_target(url: str) -> Target:
    """Return where ``url`` leads.

    Raises `InvalidRequest` unless it is an absolute http or https URL of allowed characters, without user,
    fragment, and ``.`` or ``..`` segments.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("http", "https"):
        raise _refused(url, "is not an absolute http or https URL")
    if not _ALLOWED.match(rest):
        raise _refused(url, "holds characters that must be percent-encoded")
    authority = _SLASH_OR_QUERY.split(rest, maxsplit=1)[0]
    path = rest[len(authority) :]
    if "@" in authority:
        raise _refused(url, "holds a user or password; pass credentials as a header")
    if path.endswith("?"):
        raise _refused(url, "ends with an empty query, which not every library sends")
    if _DOTS.search(path.partition("?")[0]):
        raise _refused(url, "has a '.' or '..' segment")
    host, port = _host_and_port(url, authority, _PORTS[scheme])
    target = path if path.startswith("/") else "/" + path
    return Target("https" if scheme == "https" else "http", host, port, target, authority)


def _host_and_port(url: str, authority: str, default: int) -> tuple[str, int]:
    host, port = _split_authority(authority, default)
    if not host:
        raise _refused(url, "has no valid host")
    if not 0 < port < 65536:
        raise _refused(url, "has no valid port")
    return host, port


# A client asks a few hosts for very many addresses.
@functools.lru_cache(maxsize=256)
def _split_authority(authority: str, default: int) -> tuple[str, int]:
    """Return host and port; an empty host where it is none."""
    host, colon, digits = authority.rpartition(":") if re.search(r":\d*\Z", authority) else (authority, "", "")
    if not _HOST.match(host):
        return "", default
    return host.strip("[]"), int(digits) if colon and digits else default


def _refused(url: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"the URL {visible_url(url)!r} {why}")


def join_location(base: str, location: str) -> str:
    """Return the absolute URL that a ``Location`` field means (RFC 9110 section 10.2.2), without its fragment."""
    location = location.partition("#")[0].removesuffix("?")
    # An absolute one is taken as it is: it may be signed, and `urljoin` would tidy it.
    return location if re.match(r"[A-Za-z][A-Za-z0-9+.\-]*://", location) else urljoin(base, location)
