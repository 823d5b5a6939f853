"""Signed URLs: some calls on one queue, until some time, for whoever has the signature and no credentials.

`share` gives a signature out; a call that carries one (``URL-Signature``, ``URL-Expires``, ``URL-Methods``,
``URL-Paths``, ``X-Project-ID``) is let in by `check_signature`.  The signature is Zaqar's
(`zaqar/common/urls.py`): its parts are joined by a backslash and an n, not by a new line.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from buildyard.farm.queue.http.call import Answer, Call, answered
from buildyard.farm.queue.http.errors import bad_request, by_router
from buildyard.farm.queue.http.reading import an_object, whatever

#: What of a queue can be shared.
PATHS: Final = ("messages", "subscriptions", "claims")
METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

_TIME: Final = "%Y-%m-%dT%H:%M:%S"
_LIFE: Final = timedelta(days=1)
_MOST_BYTES: Final = 65_536


def signature(key: bytes, paths: Iterable[str], methods: Iterable[str], project: str, expires: str) -> str:
    """Return the signature, 64 hexadecimal digits."""
    parts = [",".join(sorted(paths)), ",".join(sorted(methods)), project, expires]
    return hmac.digest(key, r"\n".join(parts).encode(), hashlib.sha256).hex()


async def share(call: Call) -> Answer:
    """Answer with a signature for some paths and methods of this queue."""
    body = await call.body(_MOST_BYTES, "The request body is too large.")
    document = an_object(whatever(body)) if body else {}
    paths = [f"{call.here}/{path}" for path in _chosen(document, "paths", ["messages"], PATHS)]
    methods = _chosen(document, "methods", ["GET"], METHODS)
    expires = _expiry(document, datetime.fromtimestamp(call.rooms.clock(), UTC))
    told = {"paths": paths, "methods": methods, "project": call.project, "expires": expires}
    return answered({**told, "signature": signature(call.rooms.key, paths, methods, call.project, expires)})


def check_signature(call: Call) -> None:
    """Return if the call's signature is good for it.  Raises the 404 that tells nothing."""
    told = {
        name: call.headers.get(name, b"").decode("latin-1")
        for name in (b"url-signature", b"url-expires", b"url-methods", b"url-paths", b"x-project-id")
    }
    methods, paths = told[b"url-methods"].split(","), told[b"url-paths"].split(",")
    mine = signature(call.rooms.key, paths, methods, told[b"x-project-id"], told[b"url-expires"])
    is_good = (
        hmac.compare_digest(mine.encode(), told[b"url-signature"].encode())
        # What joins the parts could be in one of them, so that a signature of one project were good for another.
        and not any("\\" in part for part in told.values())
        and call.method in methods
        and any(call.path == path or call.path.startswith(f"{path}/") for path in paths)
        and _is_ahead(told[b"url-expires"], call.rooms.clock())
    )
    if not is_good:
        raise by_router(404)


def _chosen(document: dict[str, Any], name: str, default: list[str], known: Sequence[str]) -> list[str]:
    given = document.get(name, default)
    if not isinstance(given, list) or not given:
        raise bad_request(f"{name.capitalize()} must be a list of at least one of {list(known)}.")
    unknown = [str(one) for one in given if one not in known]
    if unknown:
        raise bad_request(f"Invalid {name}: {{{', '.join(map(repr, unknown))}}}")
    return sorted(set(given))


def _expiry(document: dict[str, Any], now: datetime) -> str:
    given = document.get("expires")
    if given is None:
        return (now + _LIFE).strftime(_TIME)
    try:
        when = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise bad_request("Invalid expires: a time like 2035-01-31T12:00:00, in UTC.") from None
    if when.tzinfo is not None:
        when = when.astimezone(UTC)
    return when.strftime(_TIME)


def _is_ahead(expires: str, now: float) -> bool:
    try:
        return datetime.strptime(expires, _TIME).replace(tzinfo=UTC).timestamp() > now
    except ValueError:
        return False
