"""Clients, as the auth service changes them: make, look at, change, shut out, give a new token, delete.

Transaction bodies over ``clients``; `auth_http` asks whether the caller may.  Those whose ids begin with ``static/``
are the farm's own and are not changed here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import Connection, Row, delete, func, select, update

from buildyard.farm.roles import Roles, in_order
from buildyard.farm.store.tables import clients
from buildyard.farm.tasks.clients import load_roles
from buildyard.farm.tasks.definition import Moment, Scope
from buildyard.farm.tasks.errors import InputError, InputValidationError, RequestConflict, ResourceNotFound
from buildyard.farm.tasks.paging import Page, cut, paged
from buildyard.farm.tasks.times import from_datetime, to_json
from buildyard.farm.tasks.upsert import insert_new
from buildyard.taskcluster.slugid import slugId

#: Whoever repeats a createClient whose answer was lost gets it again for so long.
REPEAT_S: Final = 15 * 60
MAX_DESCRIPTION: Final = 10_240
MAX_SCOPES: Final = 10_000

Description = Annotated[str, Meta(max_length=MAX_DESCRIPTION)]
Scopes = Annotated[list[Scope], Meta(max_length=MAX_SCOPES)]


class ClientInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of createClient and updateClient."""

    expires: Moment
    description: Description
    scopes: Scopes | None = None  #: an update without them leaves them as they are
    delete_on_expiration: bool = False


def check_scopes(scopes: list[str]) -> None:
    """Return if a client or role may have these scopes.  Raises `InputError`."""
    if len(set(scopes)) != len(scopes):
        raise InputValidationError("`scopes` names something twice")
    if any(scope.endswith("**") for scope in scopes):
        raise InputError("scopes must not end with `**`")


def check_not_static(client_id: str) -> None:
    """Return if the client may be changed.  Raises `InputError` for the farm's own."""
    if client_id.startswith("static/"):
        raise InputError(f'clientId "{client_id}" starts with "static/", which is reserved for the farm\'s own clients')


def listing(connection: Connection, page: Page, prefix: str) -> dict[str, Any]:
    """Return a page of the clients whose ids begin so, without their access tokens."""
    begins_so = func.substr(clients.c.client_id, 1, len(prefix)) == prefix
    chosen = (
        select(clients)
        .where(begins_so, clients.c.client_id > page.after())
        .order_by(clients.c.client_id)
        .limit(page.rows)
    )
    roles = load_roles(connection)
    shown, token = cut(connection.execute(chosen).all(), page, lambda row: (row.client_id,))
    return paged({"clients": [_told(row, roles) for row in shown]}, token)


def find(connection: Connection, client_id: str) -> dict[str, Any]:
    """Return what is known of the client, without its access token.  Raises `ResourceNotFound`."""
    return _told(_row(connection, client_id), load_roles(connection))


def create(connection: Connection, now: float, client_id: str, given: ClientInput) -> dict[str, Any]:
    """Return the client that this makes, with its access token; a repeat within `REPEAT_S` gives it again.

    Raises `RequestConflict` where there is another one of this id, or an older one.
    """
    moments = ("created", "last_modified", "last_date_used", "last_rotated")
    fresh = {
        "client_id": client_id,
        "access_token": slugId() + slugId(),
        "disabled": False,
        **_given(given, given.scopes or []),
        **dict.fromkeys(moments, now),
    }
    if not insert_new(connection, clients, [fresh]):
        known = _row(connection, client_id)
        same = all(getattr(known, name) == fresh[name] for name in ("description", "expires", "scopes", "disabled"))
        if not same or known.created < now - REPEAT_S:
            raise RequestConflict(
                "client with same clientId already exists, possibly an issue with retry logic or idempotency"
            )
    return _with_token(connection, client_id)


def change(
    connection: Connection, now: float, client_id: str, given: ClientInput, allow: Callable[[Sequence[str]], None]
) -> dict[str, Any]:
    """Return the client, changed.

    ``allow`` is called with the scopes that it gets and did not have, and raises where the caller may not give them.
    Raises `ResourceNotFound`.
    """
    known = _scopes(_row(connection, client_id))
    scopes = known if given.scopes is None else given.scopes
    allow([scope for scope in scopes if scope not in known])
    return _changed(connection, client_id, **_given(given, scopes), last_modified=now)


def enable(connection: Connection, now: float, client_id: str) -> dict[str, Any]:
    """Return the client, usable.  Raises `ResourceNotFound`."""
    return _changed(connection, client_id, disabled=False)


def disable(connection: Connection, now: float, client_id: str) -> dict[str, Any]:
    """Return the client, shut out until it is enabled.  Raises `ResourceNotFound`."""
    return _changed(connection, client_id, disabled=True)


def reset_token(connection: Connection, now: float, client_id: str) -> dict[str, Any]:
    """Return the client with a new access token; the old one is worthless.  Raises `ResourceNotFound`."""
    _changed(connection, client_id, access_token=slugId() + slugId(), last_rotated=now)
    return _with_token(connection, client_id)


def remove(connection: Connection, now: float, client_id: str) -> None:
    """Delete the client, if it is there."""
    connection.execute(delete(clients).where(clients.c.client_id == client_id))


def sweep(connection: Connection, now: float) -> int:
    """Return how many clients were deleted that have expired and asked to be."""
    over = (clients.c.expires <= now, clients.c.delete_on_expiration)
    found: int = connection.execute(delete(clients).where(*over)).rowcount
    return found


def _changed(connection: Connection, client_id: str, **values: object) -> dict[str, Any]:
    connection.execute(update(clients).where(clients.c.client_id == client_id).values(**values))
    return find(connection, client_id)


def _with_token(connection: Connection, client_id: str) -> dict[str, Any]:
    row = _row(connection, client_id)
    return {**_told(row, load_roles(connection)), "accessToken": row.access_token}


def _given(given: ClientInput, scopes: list[str]) -> dict[str, Any]:
    return {
        "description": given.description,
        "expires": from_datetime(given.expires),
        "scopes": msgspec.json.encode(sorted(scopes, key=in_order)).decode(),
        "delete_on_expiration": given.delete_on_expiration,
    }


def _row(connection: Connection, client_id: str) -> Row[Any]:
    row = connection.execute(select(clients).where(clients.c.client_id == client_id)).one_or_none()
    if row is None:
        raise ResourceNotFound("Client not found")
    return row


def _scopes(row: Row[Any]) -> list[str]:
    return msgspec.json.decode(row.scopes, type=list[str])


def _told(row: Row[Any], roles: Roles) -> dict[str, Any]:
    scopes = _scopes(row)
    return {
        "clientId": row.client_id,
        "description": row.description,
        "expires": to_json(row.expires),
        "created": to_json(row.created),
        "lastModified": to_json(row.last_modified),
        "lastDateUsed": to_json(row.last_date_used),
        "lastRotated": to_json(row.last_rotated),
        "deleteOnExpiration": row.delete_on_expiration,
        "scopes": scopes,
        "expandedScopes": roles.expand(scopes),
        "disabled": row.disabled,
    }
