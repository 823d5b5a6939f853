"""Where a redirect leads, as a pure function from a request and an answer to the next request.

`_exchange` follows, for all transports alike, and only requests that ask for it.  RFC 9110 section 15.4 is the
source; credentials do not leave their origin, and nobody leads us from https to http.
"""

from __future__ import annotations

from dataclasses import replace

from buildyard.errors import BadRedirect, InvalidRequest
from buildyard.faces.transport import Fields, Headers, Request
from buildyard.faces.urls import Target, join_location, parse_target

#: How many redirects one request follows.
MAX_HOPS = 10

_KEEP_METHOD = frozenset({307, 308})
_REDIRECTS = frozenset({301, 302, 303}) | _KEEP_METHOD
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "x-auth-token", "host"})
_ABOUT_THE_BODY = frozenset({"content-type", "content-length", "content-encoding", "content-language"})


def next_request(request: Request, status: int, headers: Headers) -> Request | None:
    """Return the request that the answer asks for instead, or None where it asks for none.

    301, 302 and 303 turn anything but GET and HEAD into a GET without a body, as every client does.

    Raises `BadRedirect` where the location is no URL that may be sent, or leads from https to http.
    """
    location = headers.get("Location")
    if status not in _REDIRECTS or location is None:
        return None
    url = join_location(request.url, location)
    try:
        target = parse_target(url)
    except InvalidRequest as error:
        raise BadRedirect(error.reason, location=location, method=request.method, url=request.url) from error
    return _readdressed(request if status in _KEEP_METHOD else _as_get(request), url, target)


def _as_get(request: Request) -> Request:
    if request.method in ("GET", "HEAD"):
        return request
    return replace(request, method="GET", body=b"", headers=_without(request.headers, _ABOUT_THE_BODY))


def _readdressed(request: Request, url: str, target: Target) -> Request:
    origin = request.target
    if origin.is_tls and not target.is_tls:
        raise BadRedirect("a redirect from https to http", location=url, method=request.method, url=request.url)
    kept = request.headers if target.origin == origin.origin else _without(request.headers, _CREDENTIALS)
    return replace(request, url=url, headers=kept)


def _without(headers: Fields, names: frozenset[str]) -> Fields:
    return tuple((name, value) for name, value in headers if name.lower() not in names)
