"""How far the log has been relayed to the bus, as transactions over the one row that says so.

The row is claimed, for a while, by the hub that relays, so that of several hubs on one database one does at a time; it
lapses by itself where that hub is gone.  The number moves once the bus has confirmed, so what was published and not
noted is published again, with the same id.  `relay` next door calls these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from buildyard.farm.events import outbox
from buildyard.farm.store.tables import events, relays

#: The row's name.
BUS: Final = "bus"

#: How many waiting messages are counted; beyond, they are "more than" that.
COUNTED: Final = 10_000

_ROW: Final = select(relays).where(relays.c.name == BUS)
_MINE: Final = relays.c.name == BUS


class Batch(Struct, frozen=True, kw_only=True):
    """A piece of the log, for its holder to publish."""

    identity: UUID
    rows: Sequence[Row[Any]]  #: of the log, in order


class Lag(Struct, frozen=True, kw_only=True):
    """What waits for the bus."""

    waiting: int  #: messages, `COUNTED` for that many or more
    oldest: float | None  #: when the first of them was recorded
    holder: str
    held_until: float
    trouble: str  #: why nothing is relayed, '' where all is well
    trouble_since: float | None


def begin(connection: Connection, identity: UUID) -> None:
    """Let what is recorded from now on be relayed; where that is so already, go on from there."""
    if connection.execute(_ROW).first() is None:
        number = outbox.last_number(connection)
        connection.execute(insert(relays), {"name": BUS, "identity": str(identity), "number": number})


def claim(connection: Connection, now: float, holder: str, until: float, limit: int) -> Batch | None:
    """Return what is to be published next, held by this hub until then; None while another holds it."""
    free = or_(relays.c.holder == holder, relays.c.held_until <= now)
    claiming = update(relays).where(_MINE, free).values(holder=holder, held_until=until)
    row = connection.execute(claiming.returning(relays.c.identity, relays.c.number)).first()
    if row is None:
        return None
    following = select(events).where(events.c.id > row.number).order_by(events.c.id).limit(limit)
    return Batch(identity=UUID(row.identity), rows=connection.execute(following).all())


def move(connection: Connection, holder: str, rows: Sequence[Row[Any]]) -> bool:
    """Note that these are with the bus; False where another hub holds the relay by now.

    What only the bus is told is deleted: nobody else reads it.
    """
    moving = update(relays).where(_MINE, relays.c.holder == holder).values(number=rows[-1].id)
    moved = connection.execute(moving).rowcount
    if moved and any(row.exchange for row in rows):
        published = events.c.id.between(rows[0].id, rows[-1].id)
        connection.execute(delete(events).where(published, events.c.exchange != ""))
    return bool(moved)


def note_trouble(connection: Connection, now: float, why: str) -> None:
    """Note why nothing can be relayed; since when stays as it was noted first."""
    since = func.coalesce(relays.c.trouble_since, now)
    connection.execute(update(relays).where(_MINE).values(trouble=why, trouble_since=since))


def note_well(connection: Connection) -> None:
    """Note that the bus is there."""
    connection.execute(update(relays).where(_MINE).values(trouble="", trouble_since=None))


def lag(connection: Connection) -> Lag | None:
    """Return what waits for the bus; None where nothing was ever relayed."""
    row = connection.execute(_ROW).first()
    if row is None:
        return None
    behind = select(events.c.id, events.c.at).where(events.c.id > row.number).order_by(events.c.id).limit(COUNTED)
    counted = behind.subquery()
    waiting, oldest = connection.execute(select(func.count(), func.min(counted.c.at))).one()
    names = ("holder", "held_until", "trouble", "trouble_since")
    return Lag(waiting=waiting, oldest=oldest, **{name: getattr(row, name) for name in names})
