"""Addresses: those that we make, and those that the service gives.

The service's are host-relative and begin with the version (``/v2/queues/q/messages/ID?claim_id=C``).  Behind a proxy
that adds a prefix they may have the prefix or lack it.  They are read with a URL parser, and only their path and query
are ever followed, on the endpoint's own host: a token goes nowhere else.  Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from buildyard.errors import InvalidRequest
from buildyard.faces.urls import parse_target
from buildyard.marconi.errors import AnswerError, UsageError

_VERSION_AT_END = re.compile(r"/v\d+(\.\d+)?/*\Z")

Query = Iterable[tuple[str, object]]


def base_url(endpoint: str, segment: str) -> str:
    """Return ``https://host/prefix/v2`` for an endpoint that has a version already, or has none yet.

    Raises `UsageError` where it is no http or https URL without a query.
    """
    try:
        parse_target(endpoint)
    except InvalidRequest as error:
        raise UsageError(f"the endpoint: {error.reason}") from error
    if "?" in endpoint:
        raise UsageError("the endpoint cannot have a query string")
    return f"{_VERSION_AT_END.sub('', endpoint.rstrip('/'))}/{segment}"


def path_of(*segments: str) -> str:
    """Return segments as a path below the base, each percent-encoded; `UsageError` for an empty one."""
    if not all(segments):
        raise UsageError("a queue, message, claim or pool has a name; an empty one was given")
    return "".join("/" + quote(segment, safe="") for segment in segments)


def with_query(path: str, query: Query) -> str:
    """Return the path with those parameters whose value is not None; booleans as JSON writes them."""
    pairs = [(name, _text(value)) for name, value in query if value is not None]
    return f"{path}?{urlencode(pairs, safe=',', quote_via=quote)}" if pairs else path


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def followed(base: str, href: str) -> str:
    """Return the URL that an address of the service's means, on the host of ``base``.

    Raises `AnswerError` where that is no URL.
    """
    try:
        found = urlsplit(href)
        own = urlsplit(base)
    except ValueError as error:
        raise AnswerError(f"{href[:200]!r} is no address") from error
    prefix, _, segment = own.path.rpartition("/")
    path = found.path
    if not _is_below(path, own.path):
        if not _is_below(path, f"/{segment}"):
            raise AnswerError(f"{href[:200]!r} does not lie below {own.path}")
        path = prefix + path
    return f"{own.scheme}://{own.netloc}{path}" + (f"?{found.query}" if found.query else "")


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def last_segment(href: str) -> str:
    """Return the last part of an address's path, decoded: an id, or a name; empty where there is none."""
    # Host-relative ones, which services give for each message, are not worth a URL parser.
    is_relative = href.startswith("/") and not href.startswith("//")
    path = href.partition("#")[0].partition("?")[0] if is_relative else _path(href)
    return unquote(path.rstrip("/").rpartition("/")[2])


def _path(href: str) -> str:
    try:
        return urlsplit(href).path
    except ValueError:
        return ""


def parameter(href: str, name: str) -> str | None:
    """Return the value of a query parameter in an address, or None."""
    if "?" not in href:
        return None
    try:
        values = parse_qs(urlsplit(href).query).get(name)
    except ValueError:
        return None
    return values[-1] if values else None
