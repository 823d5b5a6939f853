"""Secrets: small JSON objects under names, for those who have a scope for the name, until they expire.

Transaction bodies over ``secrets``.  `buildyard.farm.sealing` says how they lie there; `secrets_http` calls these.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from buildyard.farm.services.audit import Deed, note
from buildyard.farm.store.tables import secrets
from buildyard.farm.tasks.definition import Moment
from buildyard.farm.tasks.errors import ResourceNotFound
from buildyard.farm.tasks.paging import Page, cut, paged


class SecretInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of set."""

    secret: dict[str, Any]
    expires: Moment


class Sealed(Struct, frozen=True, kw_only=True):
    """A secret as it lies in the store."""

    sealed: bytes
    expires: float


def put(connection: Connection, now: float, name: str, given: Sealed, by: str) -> None:
    """Keep this under the name, in place of what was there; ``by`` is who says so."""
    is_known = connection.execute(select(secrets.c.name).where(secrets.c.name == name)).first() is not None
    action = "updated" if is_known else "created"
    note(connection, now, Deed(client_id=by, entity_type="secret", entity_id=name, action=action))
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {"sealed": given.sealed, "expires": given.expires}
    statement = make(secrets).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def find(connection: Connection, now: float, name: str) -> Sealed:
    """Return what lies under the name.  Raises `ResourceNotFound`, also for what has expired."""
    chosen = select(secrets.c.sealed, secrets.c.expires).where(secrets.c.name == name, secrets.c.expires > now)
    row = connection.execute(chosen).one_or_none()
    if row is None:
        raise ResourceNotFound("Secret not found")
    return Sealed(sealed=row.sealed, expires=row.expires)


def names(connection: Connection, now: float, page: Page) -> dict[str, Any]:
    """Return a page of the names under which something lies."""
    chosen = (
        select(secrets.c.name)
        .where(secrets.c.name > page.after(), secrets.c.expires > now)
        .order_by(secrets.c.name)
        .limit(page.rows)
    )
    shown, token = cut(list(connection.execute(chosen).scalars()), page, lambda name: (name,))
    return paged({"secrets": shown}, token)


def remove(connection: Connection, now: float, name: str, by: str) -> None:
    """Forget what lies under the name, if anything does; ``by`` is who says so."""
    note(connection, now, Deed(client_id=by, entity_type="secret", entity_id=name, action="deleted"))
    connection.execute(delete(secrets).where(secrets.c.name == name))


def sweep(connection: Connection, now: float) -> int:
    """Return how many were deleted because they have expired."""
    found: int = connection.execute(delete(secrets).where(secrets.c.expires <= now)).rowcount
    return found
