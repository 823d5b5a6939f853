"""Who changed clients, roles and secrets, and when: noted in the transaction that does it, kept for a year.

Transaction bodies over ``audit_history``; `auth_http` answers what is asked of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select

from buildyard.farm.store.tables import audit_history
from buildyard.farm.tasks.paging import Page, cut, paged
from buildyard.farm.tasks.times import to_json

T = TypeVar("T")

KEPT_S: Final = 365 * 86_400.0
#: More than any number of an entry.
_NEWEST: Final = 2**62


class Deed(Struct, frozen=True, kw_only=True):
    """What somebody did to something."""

    client_id: str  #: who did it
    entity_type: Literal["client", "role", "secret"]
    entity_id: str
    action: str  #: ``created``, ``updated``, ``deleted``, ...


def note(connection: Connection, now: float, deed: Deed) -> None:
    """Note a deed."""
    row = {
        "client_id": deed.client_id,
        "entity_type": deed.entity_type,
        "entity_id": deed.entity_id,
        "action": deed.action,
        "created": now,
    }
    connection.execute(insert(audit_history), row)


def noting(deed: Deed, body: Callable[..., T]) -> Callable[..., T]:
    """Return the transaction body that also notes the deed, unless it raises."""

    def noted(connection: Connection, now: float, *args: object) -> T:
        answer = body(connection, now, *args)
        note(connection, now, deed)
        return answer

    return noted


def of_entity(connection: Connection, entity_type: str, entity_id: str, page: Page) -> dict[str, Any]:
    """Return a page of what was done to something, the latest first."""
    its = (audit_history.c.entity_type == entity_type, audit_history.c.entity_id == entity_id)
    return _page(connection, its, page)


def by_client(connection: Connection, client_id: str, page: Page) -> dict[str, Any]:
    """Return a page of what a client did, the latest first."""
    return _page(connection, (audit_history.c.client_id == client_id,), page)


def _page(connection: Connection, conditions: tuple[ColumnElement[bool], ...], page: Page) -> dict[str, Any]:
    (before,) = page.place((int,), (_NEWEST,))
    order = audit_history.c.id.desc()
    chosen = select(audit_history).where(*conditions, audit_history.c.id < before).order_by(order).limit(page.rows)
    shown, token = cut(connection.execute(chosen).all(), page, lambda row: (row.id,))
    return paged({"auditHistory": [_told(row) for row in shown]}, token)


def _told(row: Row[Any]) -> dict[str, Any]:
    return {
        "clientId": row.client_id,
        "actionType": row.action,
        "created": to_json(row.created),
        "entityId": row.entity_id,
        "entityType": row.entity_type,
    }


def sweep(connection: Connection, now: float, limit: int) -> int:
    """Return how many entries were deleted that are older than `KEPT_S`; ``limit`` at most."""
    old = select(audit_history.c.id).where(audit_history.c.created <= now - KEPT_S).limit(limit)
    found: int = connection.execute(delete(audit_history).where(audit_history.c.id.in_(old))).rowcount
    return found
