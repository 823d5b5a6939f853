"""The part of the auth service that judges signed requests: for other services, and for the tests of clients.

`authenticate_hawk` is asked by services that have no clients' secrets themselves.  The two tests know one client,
``tester`` with the token ``no-secret``, so that a client library can be tried without credentials (Taskcluster: the
auth service).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from buildyard.farm.services.clients import Scopes
from buildyard.farm.tasks.auth import Caller
from buildyard.farm.tasks.errors import AuthenticationFailed
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.wire import Answer, Call, Operation, signed_request
from buildyard.taskcluster._hawk import ANONYMOUS, Authenticated, AuthFailed, Client, SignedRequest, authenticate
from buildyard.taskcluster.scopes import ScopeSet

_TESTER: Final = "tester"
_TOKEN: Final = "no-secret"  # noqa: S105  # known to everybody
_GET_SCOPES: Final = ("test:*", "auth:create-client:test:*")
_NEVER: Final = datetime(2999, 1, 1, tzinfo=UTC)

_Text = Annotated[str, Meta(max_length=64 * 1024)]


class HawkInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of authenticateHawk: a request, as its sender saw it."""

    method: Literal["get", "head", "post", "put", "delete", "patch", "options", "trace", "connect"]
    resource: _Text
    host: Annotated[str, Meta(max_length=255)]
    port: Annotated[int, Meta(ge=0, le=65535)]
    authorization: _Text | None = None
    source_ip: Annotated[str, Meta(max_length=255)] | None = None


class TesterInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of testAuthenticate: what the tester has, and what is asked of it."""

    client_scopes: Scopes
    required_scopes: Scopes


async def authenticate_hawk(call: Call) -> Answer:
    """Answer authenticateHawk: who sent a request that some other service got."""
    asked = call.decode(HawkInput)
    request = SignedRequest(
        method=asked.method,
        resource=asked.resource,
        host=asked.host,
        port=asked.port,
        authorization=asked.authorization,
    )
    return _told(await call.rooms.auth.judge(request))


def _told(answer: Authenticated | AuthFailed) -> dict[str, Any]:
    if isinstance(answer, AuthFailed):
        return {"status": "auth-failed", "message": answer.message}
    scopes, expires = list(answer.scopes), to_json(answer.expires.timestamp())
    if answer.client_id is None:
        return {"status": "no-auth", "scheme": "none", "scopes": scopes, "expires": expires}
    facts = {"scheme": answer.scheme, "clientId": answer.client_id, "scopes": scopes, "expires": expires}
    return {"status": "auth-success", **facts, **({"hash": answer.hash} if answer.hash else {})}


async def test_authenticate(call: Call) -> Answer:
    """Answer testAuthenticate: the tester has the scopes that the body says."""
    asked = call.decode(TesterInput)
    return _tested(call, asked.client_scopes, asked.required_scopes)


async def test_authenticate_get(call: Call) -> Answer:
    """Answer testAuthenticateGet, which a signed address can be tried on."""
    return _tested(call, _GET_SCOPES, ["test:authenticate-get"])


def _tested(call: Call, scopes: Sequence[str], required: Sequence[str]) -> dict[str, Any]:
    tester = Client(client_id=_TESTER, access_token=_TOKEN, scopes=tuple(scopes), expires=_NEVER)
    request = signed_request(call.rooms, call.request, call.body)
    now = datetime.fromtimestamp(call.rooms.clock(), UTC)
    answer = authenticate(request, {_TESTER: tester}.get, now=now)
    if isinstance(answer, AuthFailed):
        raise AuthenticationFailed(answer.message)
    Caller(client_id=answer.client_id, scopes=ScopeSet(answer.scopes)).require({"AllOf": list(required)})
    held = [ANONYMOUS, *(scope for scope in answer.scopes if scope != ANONYMOUS)]
    return {"clientId": answer.client_id, "scopes": held}


OPERATIONS: Final = (
    Operation("authenticateHawk", "POST", "/authenticate-hawk", authenticate_hawk, body="json", signed=False),
    Operation("testAuthenticate", "POST", "/test-authenticate", test_authenticate, body="json", signed=False),
    Operation("testAuthenticateGet", "GET", "/test-authenticate-get/", test_authenticate_get, signed=False),
)
