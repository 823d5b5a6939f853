"""The outbox: events are rows, written in the transaction that makes them true.

`record` is called inside a transaction body by every room above.  Readers follow the numbered log from any number on
(`after`), so that `watch` and the pages resume where they stopped.  On PostgreSQL numbers are given before commit, so
`record` takes a transaction lock that makes the order of numbers the order of commits: a reader that has seen number
N has missed nothing before it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, text

from buildyard.farm.events.schemas import TOPICS, Event
from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import events

#: Woken by every transaction that recorded an event.
CHANNEL = "events"

#: An arbitrary number that names the lock on PostgreSQL.
_ORDER_LOCK = 7_213_401

_to_json = msgspec.json.Encoder().encode


class Recorded(Struct, frozen=True, kw_only=True):
    """An event as the log holds it."""

    id: int
    topic: str
    at: float  #: seconds since 1970
    event: Event


def record(connection: Connection, now: float, happened: Sequence[Event]) -> None:
    """Write these events into the log, in this order, in this transaction."""
    if not happened:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ORDER_LOCK})
    rows = [
        {"topic": event.topic, "body": _to_json(event).decode(), "subject": event.subject, "at": now}
        for event in happened
    ]
    connection.execute(insert(events), rows)
    wake(connection, CHANNEL)


def after(connection: Connection, number: int, *, limit: int = 500) -> list[Recorded]:
    """Return the events that follow this number, in order, at most ``limit`` of them."""
    rows = connection.execute(select(events).where(events.c.id > number).order_by(events.c.id).limit(limit))
    return [_recorded(row.id, row.topic, row.at, row.body) for row in rows]


def last_number(connection: Connection) -> int:
    """Return the newest event's number, 0 in an empty log."""
    return connection.execute(select(func.max(events.c.id))).scalar() or 0


def _recorded(number: int, topic: str, at: float, body: str) -> Recorded:
    return Recorded(id=number, topic=topic, at=at, event=msgspec.json.decode(body, type=TOPICS[topic]))
