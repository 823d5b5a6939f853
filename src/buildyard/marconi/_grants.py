"""What an identity service answers, as a `Grant`: Keystone's v3, and the service v2 before it.  Pure.

Times are compared with the identity service's own clock, taken from the answer's ``Date``, so that ours need not agree
with it.
"""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from buildyard.faces.transport import Request, Response
from buildyard.marconi._identity import Endpoint, Grant, granted
from buildyard.marconi._wire import decode
from buildyard.marconi.auth import Auth, Token
from buildyard.marconi.errors import AnswerError

#: A token is renewed this many seconds before it expires,
RENEWAL_MARGIN = 60.0
#: or this part of its lifetime before, whichever is later: a short-lived token is used for most of its life.
RENEWAL_PART = 0.2


class _Named(Struct, frozen=True):
    id: str = ""
    name: str = ""


class _V3Endpoint(Struct, frozen=True):
    url: str
    interface: str = "public"
    region_id: str | None = None
    region: str | None = None


class _V3Service(Struct, frozen=True):
    type: str = ""
    endpoints: list[_V3Endpoint] = []


class _V3Token(Struct, frozen=True):
    expires_at: str | None = None
    issued_at: str | None = None
    user: _Named = _Named()
    project: _Named | None = None
    catalog: list[_V3Service] = []


class _V3Answer(Struct, frozen=True):
    token: _V3Token


class _V2Id(Struct, frozen=True):
    id: str
    expires: str | None = None
    issued_at: str | None = None
    tenant: _Named | None = None


class _V2Service(Struct, frozen=True):
    type: str = ""
    endpoints: list[dict[str, Any]] = []


class _V2Access(Struct, frozen=True):
    token: _V2Id
    user: _Named = _Named()
    serviceCatalog: list[_V2Service] = []  # noqa: N815 - the wire's own


class _V2Answer(Struct, frozen=True):
    access: _V2Access


def read_grant(auth: Auth, request: Request, response: Response, now: float) -> Grant:
    """Return what an identity service's good answer grants; ``now`` is when it came, in seconds since 1970.

    Raises `AnswerError`, without showing the answer, which holds a token.
    """
    try:
        if request.url.endswith("/v2.0/tokens"):
            return _read_v2(response, now)
        return _read_v3(auth, request, response, now)
    except AnswerError as error:
        reason = "the identity service's answer is no token"
        raise AnswerError(reason, method=request.method, url=request.url) from error.__cause__


def _read_v3(auth: Auth, request: Request, response: Response, now: float) -> Grant:
    found = decode(response.body, _V3Answer).token
    own = auth.token if isinstance(auth, Token) and request.method == "GET" else ""
    token = response.headers.get("X-Subject-Token", own)
    if not token:
        raise AnswerError("no X-Subject-Token")
    issued = found.issued_at if request.method == "POST" else None
    return granted(
        token,
        project_id=found.project.id if found.project else "",
        user=found.user.name or found.user.id,
        catalog=tuple(_v3_catalog(found.catalog)),
        **_lifetime(found.expires_at, issued, response, now),
    )


def _v3_catalog(services: list[_V3Service]) -> list[Endpoint]:
    return [
        Endpoint(type=service.type, interface=each.interface, region=each.region_id or each.region or "", url=each.url)
        for service in services
        for each in service.endpoints
    ]


def _read_v2(response: Response, now: float) -> Grant:
    found = decode(response.body, _V2Answer).access
    return granted(
        found.token.id,
        project_id=found.token.tenant.id if found.token.tenant else "",
        user=found.user.name or found.user.id,
        catalog=tuple(_v2_catalog(found.serviceCatalog)),
        **_lifetime(found.token.expires, found.token.issued_at, response, now),
    )


def _v2_catalog(services: list[_V2Service]) -> list[Endpoint]:
    return [
        Endpoint(type=service.type, interface=interface, region=str(each.get("region") or ""), url=url)
        for service in services
        for each in service.endpoints
        for interface in ("public", "internal", "admin")
        if isinstance(url := each.get(f"{interface}URL"), str)
    ]


def _lifetime(expires: str | None, issued: str | None, response: Response, now: float) -> dict[str, Any]:
    end = _moment(expires)
    if end is None:
        return {}
    # Not Date first: a server may tell it a second or two late, which is much of the life of a short token.
    begin = _moment(issued) or _http_date(response.headers.get("Date"))
    seconds = end.timestamp() - (begin.timestamp() if begin else now)
    margin = min(RENEWAL_MARGIN, RENEWAL_PART * max(seconds, 0.0))
    return {"expires": end, "good_until": now + seconds, "renew_at": now + seconds - margin}


def _moment(text: str | None) -> datetime | None:
    """Return an ISO 8601 moment, taken for UTC where it has no zone; None where there is none."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _http_date(text: str | None) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(text or "")
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
