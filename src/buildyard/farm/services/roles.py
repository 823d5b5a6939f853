"""Roles, as the auth service changes them.

Transaction bodies over ``roles``; what roles mean is `buildyard.farm.roles`'s, and whether the caller may is asked by
`auth_http`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, delete, select, update

from buildyard.farm.roles import ASSUME, BadRoles, Roles, check, in_order
from buildyard.farm.services.clients import Description, Scopes
from buildyard.farm.store.tables import roles
from buildyard.farm.tasks.clients import load_roles
from buildyard.farm.tasks.errors import InputError, RequestConflict, ResourceNotFound
from buildyard.farm.tasks.paging import Page, cut, paged
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.upsert import insert_new
from buildyard.taskcluster.scopes import ScopeSet


class RoleInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of createRole and updateRole."""

    scopes: Scopes
    description: Description


def everything(connection: Connection) -> list[dict[str, Any]]:
    """Return all roles."""
    ready = load_roles(connection)
    return [_told(row, ready) for row in connection.execute(select(roles).order_by(roles.c.role_id))]


def listing(connection: Connection, page: Page) -> dict[str, Any]:
    """Return a page of the roles."""
    shown, token = _page(connection, page)
    ready = load_roles(connection)
    return paged({"roles": [_told(row, ready) for row in shown]}, token)


def ids(connection: Connection, page: Page) -> dict[str, Any]:
    """Return a page of the roles' ids."""
    shown, token = _page(connection, page)
    return paged({"roleIds": [row.role_id for row in shown]}, token)


def _page(connection: Connection, page: Page) -> tuple[list[Row[Any]], str | None]:
    chosen = select(roles).where(roles.c.role_id > page.after()).order_by(roles.c.role_id).limit(page.rows)
    return cut(connection.execute(chosen).all(), page, lambda row: (row.role_id,))


def find(connection: Connection, role_id: str) -> dict[str, Any]:
    """Return the role, with what it comes to.  Raises `ResourceNotFound`."""
    return _told(_row(connection, role_id), load_roles(connection))


def create(connection: Connection, now: float, role_id: str, given: RoleInput) -> dict[str, Any]:
    """Return the role that this makes; the same again is no error.

    Raises `RequestConflict` where there is another one of this id, and `InputError` for scopes that cannot be.
    """
    _check(connection, role_id, given)
    fresh = {"role_id": role_id, "created": now, **_given(given, now)}
    if not insert_new(connection, roles, [fresh]):
        known = _row(connection, role_id)
        if (known.scopes, known.description) != (fresh["scopes"], fresh["description"]):
            raise RequestConflict(f"Role with roleId '{role_id}' already exists")
    return find(connection, role_id)


def change(
    connection: Connection, now: float, role_id: str, given: RoleInput, allow: Callable[[Sequence[str]], None]
) -> dict[str, Any]:
    """Return the role, changed.

    ``allow`` is called with the scopes that it does not come to yet, and raises where the caller may not give them.
    Raises `ResourceNotFound`, and `InputError` for scopes that cannot be.
    """
    held = ScopeSet(load_roles(connection).expand(_scopes(_row(connection, role_id))))
    allow([scope for scope in given.scopes if not held.covers(scope)])
    _check(connection, role_id, given)
    connection.execute(update(roles).where(roles.c.role_id == role_id).values(_given(given, now)))
    return find(connection, role_id)


def remove(connection: Connection, now: float, role_id: str) -> None:
    """Delete the role, if it is there."""
    connection.execute(delete(roles).where(roles.c.role_id == role_id))


def _check(connection: Connection, role_id: str, given: RoleInput) -> None:
    others = connection.execute(select(roles).where(roles.c.role_id != role_id).with_for_update())
    try:
        check({row.role_id: _scopes(row) for row in others} | {role_id: given.scopes})
    except BadRoles as error:
        raise InputError(str(error)) from error


def _given(given: RoleInput, now: float) -> dict[str, Any]:
    scopes = msgspec.json.encode(sorted(given.scopes, key=in_order)).decode()
    return {"scopes": scopes, "description": given.description, "last_modified": now}


def _row(connection: Connection, role_id: str) -> Row[Any]:
    row = connection.execute(select(roles).where(roles.c.role_id == role_id)).one_or_none()
    if row is None:
        raise ResourceNotFound(f"Role with roleId '{role_id}' not found")
    return row


def _scopes(row: Row[Any]) -> list[str]:
    return msgspec.json.decode(row.scopes, type=list[str])


def _told(row: Row[Any], ready: Roles) -> dict[str, Any]:
    return {
        "roleId": row.role_id,
        "scopes": _scopes(row),
        "expandedScopes": ready.expand([ASSUME + row.role_id]),
        "description": row.description,
        "lastModified": to_json(row.last_modified),
        "created": to_json(row.created),
    }
