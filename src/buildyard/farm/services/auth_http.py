"""The auth service's HTTP face for clients, roles and scopes, ``/api/auth/v1``.

Nobody gives what they do not have: who makes a client or a role, or adds to one, needs each scope that it gets
(Taskcluster: the auth service).  `judging_http` next door judges requests for others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from sqlalchemy import Connection

from buildyard.farm.roles import normal
from buildyard.farm.services import audit, clients, roles
from buildyard.farm.services.audit import Deed, noting
from buildyard.farm.services.clients import ClientInput, Scopes, check_not_static, check_scopes
from buildyard.farm.services.roles import RoleInput
from buildyard.farm.tasks.answers import json_response
from buildyard.farm.tasks.paging import PAGED, page_of
from buildyard.farm.tasks.wire import Answer, Call, Handler, Operation


class ScopeSetInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of expandScopes."""

    scopes: Scopes = []


# --- clients ---------------------------------------------------------------------------------------------------------


async def list_clients(call: Call) -> Answer:
    """Answer listClients."""
    call.caller.require("auth:list-clients")
    return await call.rooms.read(clients.listing, page_of(call.query), call.query.get("prefix", ""))


async def client(call: Call) -> Answer:
    """Answer client."""
    call.caller.require(f"auth:get-client:{call.params['clientId']}")
    return await call.rooms.read(clients.find, call.params["clientId"])


async def create_client(call: Call) -> Answer:
    """Answer createClient."""
    client_id, given = call.params["clientId"], call.decode(ClientInput)
    check_not_static(client_id)
    check_scopes(given.scopes or [])
    call.caller.require({"AllOf": [f"auth:create-client:{client_id}", *(given.scopes or [])]})
    return await _changing(call, "client", "created", clients.create, client_id, given)


async def update_client(call: Call) -> Answer:
    """Answer updateClient."""
    client_id, given = call.params["clientId"], call.decode(ClientInput)
    check_not_static(client_id)
    check_scopes(given.scopes or [])
    call.caller.require(f"auth:update-client:{client_id}")
    allow = _adding(call, f"auth:update-client:{client_id}")
    return await _changing(call, "client", "updated", clients.change, client_id, given, allow)


def _adding(call: Call, right: str) -> Callable[[Sequence[str]], None]:
    """Return what raises unless the caller has these scopes too, which are about to be added."""
    return lambda added: call.caller.require({"AllOf": [right, *added]})


#: What is noted of a call, by the scope that it needs.
_ACTIONS: Final = {
    "delete-client": "deleted",
    "reset-access-token": "reset",
    "enable-client": "enabled",
    "disable-client": "disabled",
}


def _acting(body: Callable[[Connection, float, str], Any], verb: str) -> Handler:
    """Return the handler of a call that changes a client in one way, with a scope of its own."""

    async def handler(call: Call) -> Answer:
        client_id = call.params["clientId"]
        check_not_static(client_id)
        call.caller.require(f"auth:{verb}:{client_id}")
        return await _changing(call, "client", _ACTIONS[verb], body, client_id)

    return handler


async def _changing(
    call: Call, kind: Literal["client", "role"], action: str, body: Callable[..., Any], name: str, *args: object
) -> Answer:
    by = call.caller.client_id or "anonymous"
    deed = Deed(client_id=by, entity_type=kind, entity_id=name, action=action)
    try:
        answer: Answer = await call.rooms.write(noting(deed, body), name, *args)
    finally:
        # Also where it is not known whether it was committed.
        call.rooms.auth.forget()
    return answer


# --- roles -----------------------------------------------------------------------------------------------------------


async def list_roles(call: Call) -> Answer:
    """Answer listRoles: all of them."""
    call.caller.require("auth:list-roles")
    return json_response(await call.rooms.read(roles.everything))


async def list_roles_in_pages(call: Call) -> Answer:
    """Answer listRoles2."""
    call.caller.require("auth:list-roles")
    return await call.rooms.read(roles.listing, page_of(call.query))


async def list_role_ids(call: Call) -> Answer:
    """Answer listRoleIds."""
    call.caller.require("auth:list-roles")
    return await call.rooms.read(roles.ids, page_of(call.query))


async def role(call: Call) -> Answer:
    """Answer role."""
    call.caller.require(f"auth:get-role:{call.params['roleId']}")
    return await call.rooms.read(roles.find, call.params["roleId"])


async def create_role(call: Call) -> Answer:
    """Answer createRole."""
    role_id, given = call.params["roleId"], call.decode(RoleInput)
    check_scopes(given.scopes)
    call.caller.require({"AllOf": [f"auth:create-role:{role_id}", *given.scopes]})
    return await _changing(call, "role", "created", roles.create, role_id, given)


async def update_role(call: Call) -> Answer:
    """Answer updateRole."""
    role_id, given = call.params["roleId"], call.decode(RoleInput)
    check_scopes(given.scopes)
    call.caller.require(f"auth:update-role:{role_id}")
    allow = _adding(call, f"auth:update-role:{role_id}")
    return await _changing(call, "role", "updated", roles.change, role_id, given, allow)


async def delete_role(call: Call) -> Answer:
    """Answer deleteRole."""
    call.caller.require(f"auth:delete-role:{call.params['roleId']}")
    return await _changing(call, "role", "deleted", roles.remove, call.params["roleId"])


# --- scopes ----------------------------------------------------------------------------------------------------------


async def expand_scopes(call: Call) -> Answer:
    """Answer expandScopes."""
    call.caller.require("auth:expand-scopes")
    return {"scopes": (await call.rooms.auth.fetch_roles()).expand(call.decode(ScopeSetInput).scopes)}


async def current_scopes(call: Call) -> Answer:
    """Answer currentScopes: what the caller may do."""
    call.caller.require("auth:current-scopes")
    return {"scopes": normal(call.caller.scopes)}


# --- who did what ----------------------------------------------------------------------------------------------------


async def entity_history(call: Call) -> Answer:
    """Answer getEntityHistory: what was done to a client, a role or a secret."""
    kind = call.params["entityType"]
    call.caller.require(f"auth:audit-history:{kind}")
    return await call.rooms.read(audit.of_entity, kind, call.params["entityId"], page_of(call.query))


async def audit_history(call: Call) -> Answer:
    """Answer listAuditHistory: what a client did."""
    client_id = call.params["clientId"]
    call.caller.require(f"auth:client-audit-history:{client_id}")
    return await call.rooms.read(audit.by_client, client_id, page_of(call.query))


_CLIENT, _ROLE = "/clients/{clientId}", "/roles/{roleId}"

OPERATIONS: Final = (
    Operation("listClients", "GET", "/clients/", list_clients, query=PAGED | {"prefix"}),
    Operation("client", "GET", _CLIENT, client),
    Operation("createClient", "PUT", _CLIENT, create_client, body="json"),
    Operation("updateClient", "POST", _CLIENT, update_client, body="json"),
    Operation("deleteClient", "DELETE", _CLIENT, _acting(clients.remove, "delete-client")),
    Operation("resetAccessToken", "POST", f"{_CLIENT}/reset", _acting(clients.reset_token, "reset-access-token")),
    Operation("enableClient", "POST", f"{_CLIENT}/enable", _acting(clients.enable, "enable-client")),
    Operation("disableClient", "POST", f"{_CLIENT}/disable", _acting(clients.disable, "disable-client")),
    Operation("listRoles", "GET", "/roles/", list_roles),
    Operation("listRoles2", "GET", "/roles2/", list_roles_in_pages, query=PAGED),
    Operation("listRoleIds", "GET", "/roleids/", list_role_ids, query=PAGED),
    Operation("role", "GET", _ROLE, role),
    Operation("createRole", "PUT", _ROLE, create_role, body="json"),
    Operation("updateRole", "POST", _ROLE, update_role, body="json"),
    Operation("deleteRole", "DELETE", _ROLE, delete_role),
    Operation("expandScopes", "POST", "/scopes/expand", expand_scopes, body="json"),
    Operation("getEntityHistory", "GET", "/audit/{entityType}/{entityId}", entity_history, query=PAGED),
    Operation("listAuditHistory", "GET", f"{_CLIENT}/audit", audit_history, query=PAGED),
    Operation("currentScopes", "GET", "/scopes/current", current_scopes),
)
