"""Addresses of a Taskcluster: from a root URL, a service and a route to what is requested and signed.

Pure functions.  Routes are written as the API references write them, ``/task/<taskId>/status``.  A
value fills one segment, wholly percent-encoded, so that a slash in an artifact's name stays inside
it.  The client's core and the hub's HTTP layer share these (Taskcluster: ``libraries/urls``).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from buildyard.taskcluster._hawk import sign_url
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.errors import TaskclusterAuthFailure, TaskclusterFailure

__all__ = [
    "api_url",
    "fill_route",
    "manifest_url",
    "normalise_root",
    "reference_url",
    "route_names",
    "schema_url",
    "signed_url",
    "with_query",
]

_NAME = re.compile(r"<(\w+)>")
# Servers and proxies walk these as directories, whatever they were meant to be.
_DOTS = frozenset({".", ".."})


def normalise_root(root_url: str) -> str:
    """Return a root URL without slashes at its end."""
    return root_url.rstrip("/")


def api_url(root_url: str, service: str, path: str, *, version: str = "v1") -> str:
    """Return the address of a path in a service's API."""
    return f"{normalise_root(root_url)}/api/{service}/{version}/{path.lstrip('/')}"


def reference_url(root_url: str, service: str, *, kind: str = "api", version: str = "v1") -> str:
    """Return the address of a service's reference document; ``kind`` is ``api`` or ``exchanges``."""
    return f"{normalise_root(root_url)}/references/{service}/{version}/{kind}.json"


def manifest_url(root_url: str) -> str:
    """Return the address of the list of all reference documents."""
    return f"{normalise_root(root_url)}/references/manifest.json"


def schema_url(root_url: str, service: str, name: str) -> str:
    """Return the address of a schema, ``v1/task.json``, of a service."""
    return f"{normalise_root(root_url)}/schemas/{service}/{name.lstrip('/')}"


@functools.cache
def route_names(route: str) -> tuple[str, ...]:
    """Return the names of a route's parameters in their order."""
    return tuple(_NAME.findall(route))


def fill_route(route: str, values: Sequence[object]) -> str:
    """Return the path of a route whose parameters have these values, in the route's order.

    Raises `TaskclusterFailure` for too many or too few values, and for one that is no text or whole
    number, or would be read as a directory.
    """
    names = route_names(route)
    if len(values) != len(names):
        wanted = ", ".join(names) or "none"
        raise TaskclusterFailure(f"{route} takes {len(names)} values ({wanted}), {len(values)} were given")
    if not names:
        return route
    parts = list(_parts(route))
    parts[1::2] = [_segment(name, value) for name, value in zip(names, values, strict=True)]
    return "".join(parts)


@functools.cache
def _parts(route: str) -> tuple[str, ...]:
    """Return what stands between a route's parameters, and their names in between."""
    return tuple(_NAME.split(route))


def _segment(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TaskclusterFailure(f"{name} must be text or a whole number, not {value!r}")
    text = str(value)
    if text in _DOTS:
        raise TaskclusterFailure(f"{name} cannot be {text!r}")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        raise TaskclusterFailure(f"{name} is not text that UTF-8 can hold: {text!r}") from error


def with_query(path: str, query: Mapping[str, object] | None, allowed: Sequence[str]) -> str:
    """Return a path or address with a query string; values that are ``None`` are left out.

    Raises `TaskclusterFailure` for a name that is not among those ``allowed``.
    """
    if not query:
        return path
    given = {name: value for name, value in query.items() if value is not None}
    if unknown := sorted(given.keys() - set(allowed)):
        known = ", ".join(allowed) or "none at all"
        raise TaskclusterFailure(f"{', '.join(unknown)}: not a query name of this method (it takes {known})")
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TaskclusterFailure(f"the query value {name} must be text or a whole number, not {value!r}")
    try:
        return f"{path}?{urlencode(given)}" if given else path
    except UnicodeEncodeError as error:
        raise TaskclusterFailure(f"a query value is not text that UTF-8 can hold: {error.object!r}") from error


def signed_url(
    url: str,
    credentials: Credentials,
    *,
    now: float,
    expiration: float,
    authorized_scopes: Sequence[str] | None = None,
) -> str:
    """Return an address that whoever has it may GET for ``expiration`` seconds from ``now`` (Unix time).

    Raises `TaskclusterAuthFailure` where there are no credentials to sign with.
    """
    if not credentials:
        raise TaskclusterAuthFailure("a signed URL needs credentials: give clientId and accessToken")
    return sign_url(
        url,
        client_id=credentials.client_id,
        access_token=credentials.access_token,
        expiry=now + expiration,
        ext=credentials.ext(authorized_scopes),
    )
