"""``/v3``: tokens for the hub's own clients, in the form of Keystone's identity service.

A client's id is its user name, its user id and the id of its application credential; its access token is the password
and the secret.  A project is named by its id, which is its name.  Who may have a token for a project has the scope
``marconi:PROJECT``.  Errors have Keystone's shape, not Zaqar's (`buildyard.farm.queue.http.identity_wire`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from buildyard.farm.queue.http.call import DONE, Answer, Call, answered
from buildyard.farm.queue.http.desk import SCOPE, Desk, Holder
from buildyard.farm.queue.http.door import identity_url, root_url
from buildyard.farm.queue.http.errors import Refusal, by_router
from buildyard.farm.queue.http.identity_wire import (
    BadAuth,
    Forbidden,
    NotThere,
    Request,
    Unknown,
    understood,
)
from buildyard.farm.queue.http.ids import is_name
from buildyard.farm.queue.http.tokens import Token, opened
from buildyard.taskcluster._hawk import Client
from buildyard.taskcluster.scopes import ScopeSet

#: The project of a token that was asked for without one, by a client that may do more than one project.
DEFAULT_PROJECT: Final = "default"

_MOST_BYTES: Final = 114_688
_DOMAIN: Final = {"id": "default", "name": "Default"}
_VARY: Final = (b"vary", b"X-Auth-Token")


class Identity:
    """The identity service of one hub."""

    def __init__(self, desk: Desk, key: bytes) -> None:
        self._desk = desk
        self._key = key

    async def answer(self, call: Call) -> Answer:
        """Answer a call below ``/v3``.  Raises `Refusal`s, of Keystone's shape."""
        handlers = _ADDRESSES.get(call.path.rstrip("/"))
        if handlers is None:
            raise by_router(404)
        if call.method not in handlers:
            raise _wrong_method(handlers)
        try:
            return await handlers[call.method](self, call)
        except Unknown as refusal:
            raise refusal.asking_at(identity_url(call)) from None

    async def version(self, call: Call) -> Answer:
        """Answer which version of the identity service this is."""
        media = {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}
        links = [{"rel": "self", "href": f"{identity_url(call)}/"}]
        told = {"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z", "links": links}
        return answered({"version": {**told, "media-types": [media]}}, 200, (_VARY,))

    async def issue(self, call: Call) -> Answer:
        """Answer with a new token, in ``X-Subject-Token``."""
        kind = call.headers.get(b"content-type", b"application/json").partition(b";")[0].strip()
        if kind != b"application/json":
            raise BadAuth("Expecting to find application/json in Content-Type header.")
        request = understood(await call.body(_MOST_BYTES, "The request is too large."))
        token = await self._new(call, request)
        headers = ((b"x-subject-token", self._desk.text(token).encode()), _VARY)
        return answered(_told(call, token), 201, headers)

    async def look(self, call: Call) -> Answer:
        """Answer with what a token says."""
        token = await self._asked_about(call)
        return answered(_told(call, token), 200, ((b"x-subject-token", call.headers[b"x-subject-token"]), _VARY))

    async def revoke(self, call: Call) -> Answer:
        """End a token."""
        token = await self._asked_about(call)
        await self._desk.revoke(token)
        return DONE

    async def _new(self, call: Call, request: Request) -> Token:
        if request.method == "token":
            return await self._exchanged(call, request)
        client = await self._known(call, request)
        project = _project(call, client, request)
        return self._desk.issue(client, project, (request.method,), None)

    async def _known(self, call: Call, request: Request) -> Client:
        if request.method == "application_credential" and await self._desk.find(request.name) is None:
            # Keystone tells an unknown one from a wrong secret; a password's user it does not.
            raise NotThere(f"Could not find Application Credential: {request.name}.")
        client = await self._desk.client(request.name, request.secret)
        if client is None:
            raise Unknown
        return client

    async def _exchanged(self, call: Call, request: Request) -> Token:
        holder = await self._desk.holder(request.secret)
        client = None if holder is None else await self._desk.find(holder.token.client_id)
        if holder is None or client is None:
            raise NotThere("Failed to validate token")
        if "application_credential" in holder.token.methods:
            raise Forbidden("Using a delegated token to create another token is not allowed.")
        project = _project(call, client, request)
        methods = tuple(dict.fromkeys((*holder.token.methods, "token")))
        return self._desk.issue(client, project, methods, holder.token)

    async def _asked_about(self, call: Call) -> Token:
        """Return the token that the call is about, which its caller may know of."""
        asker = await self._holder(call, b"x-auth-token")
        if asker is None:
            raise Unknown
        if b"x-subject-token" not in call.headers:
            raise Forbidden("There is no X-Subject-Token.")
        text = call.headers[b"x-subject-token"].decode("latin-1")
        token = opened(self._key, text)
        if token is not None and token.client_id != asker.token.client_id and not asker.is_admin:
            raise Forbidden("You are not authorized to ask about another's token.")
        if token is None or await self._desk.holder(text) is None:
            raise NotThere("Failed to validate token")
        return token

    async def _holder(self, call: Call, header: bytes) -> Holder | None:
        return await self._desk.holder(call.headers.get(header, b"").decode("latin-1"))


_VERSION: Final = {"GET": Identity.version}
_TOKENS: Final = {"POST": Identity.issue, "GET": Identity.look, "HEAD": Identity.look, "DELETE": Identity.revoke}
_ADDRESSES: Final = {"/v3": _VERSION, "/v3/auth/tokens": _TOKENS}


def _project(call: Call, client: Client, request: Request) -> str | None:
    """Return the project of a new token; None for one that opens none.  Raises the 401 for one that is not allowed."""
    scopes = ScopeSet(client.scopes)
    if request.is_unscoped:
        return None
    project = _own(client, scopes) if request.project is None else request.project
    if project is not None and not (is_name(project) and scopes.covers(SCOPE + project)):
        raise Unknown
    if project is None and request.method == "application_credential":
        raise Unknown
    return project


def _own(client: Client, scopes: ScopeSet) -> str | None:
    """Return the project that a client means when it names none: its only one, else `DEFAULT_PROJECT`, if any."""
    named = [scope.removeprefix(SCOPE) for scope in client.scopes if scope.startswith(SCOPE)]
    if len(named) == 1 and not named[0].endswith("*"):
        return named[0]
    return DEFAULT_PROJECT if scopes.covers(SCOPE + DEFAULT_PROJECT) else None


def _told(call: Call, token: Token) -> dict[str, Any]:
    """Return a token as Keystone describes it."""
    told: dict[str, Any] = {
        "methods": list(token.methods),
        "user": {"domain": _DOMAIN, "id": token.client_id, "name": token.client_id, "password_expires_at": None},
        "audit_ids": [one for one in (token.audit, token.parent) if one],
        "expires_at": _time(token.expires),
        "issued_at": _time(token.issued),
    }
    if token.project is not None:
        told["project"] = {"domain": _DOMAIN, "id": token.project, "name": token.project}
        told |= {"is_domain": False, "roles": [{"id": "member", "name": "member"}]}
        if "nocatalog" not in call.query:
            told["catalog"] = _catalog(call)
    if "application_credential" in token.methods:
        told["application_credential"] = {"id": token.client_id, "name": token.client_id, "restricted": True}
    return {"token": told}


def _catalog(call: Call) -> list[dict[str, Any]]:
    services = (("identity", "keystone", identity_url(call)), ("messaging", "zaqar", root_url(call)))
    return [
        {
            "id": kind,
            "type": kind,
            "name": name,
            "endpoints": [
                {
                    "id": f"{kind}-{interface}",
                    "interface": interface,
                    "region": "RegionOne",
                    "region_id": "RegionOne",
                    "url": url,
                }
                for interface in ("public", "internal", "admin")
            ],
        }
        for kind, name, url in services
    ]


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


class _WrongMethod(Refusal):
    def body(self) -> bytes:
        return msgspec.json.encode({"message": "The method is not allowed for the requested URL."})


def _wrong_method(handlers: Mapping[str, object]) -> Refusal:
    allowed = ", ".join(sorted({*handlers, "HEAD", "OPTIONS"}))
    return _WrongMethod(405, "Method Not Allowed", None, (b"allow", allowed.encode()))
