"""Who may come in: the door in front of the pages, the index and the farm's own API.

A hub that listens on loopback lets everybody of its own machine read, and ask for packages; one that listens anywhere
else demands credentials for everything, from installers by basic authentication (client id and access token).  Requests
signed with Hawk are judged everywhere.  Taskcluster's services next door judge for themselves, call by call, and the
Marconi server is in front of this door.

A page of some other site must not be able to read or ask in its reader's name: without credentials, a request has to be
addressed to a loopback name, and what changes something must not come from a foreign ``Origin``.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from buildyard.farm.here import is_foreign_host, is_foreign_origin
from buildyard.farm.problems import Problem, problem_response
from buildyard.farm.tasks.auth import Authenticator, Caller
from buildyard.farm.tasks.errors import AuthenticationFailed
from buildyard.taskcluster._hawk import SignedRequest, client_address
from buildyard.taskcluster.scopes import ScopeSet

#: Paths whose rooms judge each call themselves: Taskcluster's services, and the farm's own for builders.
_OWN_DOOR: Final = (
    "/api/farm/v1/claim-work",
    "/api/farm/v1/builders/",
    "/api/farm/v1/tasks/",
    "/references/",
    "/schemas/",
)
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

#: What a person of the same machine may do without credentials.
LOCAL_SCOPES: Final = ("farm:request", "farm:retry")

#: Who asks without credentials, as pages and events name them.
SOMEBODY_HERE: Final = "somebody here"

_CHALLENGE: Final = {"www-authenticate": 'Basic realm="buildyard", charset="UTF-8"'}


@dataclass(frozen=True)
class Access:
    """The door (ASGI).  Puts the caller's id and scopes into ``request.state``."""

    app: ASGIApp
    authenticator: Authenticator
    is_local: bool  #: the hub listens on loopback alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a problem."""
        if scope["type"] != "http" or _has_own_door(scope["path"]):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            caller = await self._caller(request)
        except Problem as problem:
            await problem_response(request, problem)(scope, receive, send)
            return
        request.state.client_id = caller.client_id or SOMEBODY_HERE
        request.state.caller = caller
        await self.app(scope, receive, send)

    async def _caller(self, request: Request) -> Caller:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            return await self._basic(value)
        if kind.lower() == "hawk" or "bewit=" in request.url.query:
            return await self._signed(request)
        if not self.is_local:
            raise _refused("this farm wants to know who asks")
        _check_host(request.headers)
        if request.method not in _SAFE:
            _check_origin(request.headers)
        return Caller(client_id=None, scopes=ScopeSet(LOCAL_SCOPES))

    async def _basic(self, value: str) -> Caller:
        try:
            name, _, token = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _refused("these credentials cannot be read") from None
        try:
            return await self.authenticator.identify_by_token(name, token)
        except AuthenticationFailed as error:
            raise _refused(str(error)) from error

    async def _signed(self, request: Request) -> Caller:
        try:
            return await self.authenticator.identify(_signed_request(request))
        except AuthenticationFailed as error:
            raise _refused(str(error)) from error


def _has_own_door(path: str) -> bool:
    is_service = path.startswith("/api/") and not path.startswith("/api/farm/")
    return is_service or path.startswith(_OWN_DOOR)


def _signed_request(request: Request) -> SignedRequest:
    raw = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    host, port = client_address(request.headers.get("host", ""), scheme=request.url.scheme)
    return SignedRequest(
        method=request.method,
        resource=f"{raw}?{query}" if query else raw,
        host=host,
        port=port,
        authorization=request.headers.get("authorization"),
    )


def _check_host(headers: Headers) -> None:
    """Refuse a name that is not this machine's own."""
    host = headers.get("host", "")
    if is_foreign_host(host):
        raise Problem(403, "foreign_host", f'without credentials this hub is asked on loopback, not as "{host}"')


def _check_origin(headers: Headers) -> None:
    origin = headers.get("origin")
    if is_foreign_origin(origin, headers.get("host", "")):
        raise Problem(403, "foreign_origin", f"a page of {origin} may not ask here in your name")


def _refused(why: str) -> Problem:
    return Problem(
        401,
        "no_credentials",
        why,
        next='give a client id and its access token; on the hub\'s machine: eval "$(buildyard credentials --export)"',
        headers=_CHALLENGE,
    )
