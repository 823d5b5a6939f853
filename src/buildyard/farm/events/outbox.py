"""The outbox: events are rows, written in the transaction that makes them true.

`record` is called inside a transaction body by every room above.  Readers follow the numbered log from any number on
(`after`), so that `watch` and the pages resume where they stopped; `relay` follows it to a bus.  On PostgreSQL numbers
are given before commit, so `record` takes a transaction lock that makes the order of numbers the order of commits: a
reader that has seen number N has missed nothing before it.

Messages that only a bus is told (`BusMessage`) stand in the same log, are passed over by `after`, and are gone once
the bus has confirmed them.  Whether there is a bus is an option of the store (`Store` is opened with it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ARRAY, Connection, Float, Text, bindparam, func, insert, select, true

from buildyard.farm.events.schemas import TOPICS, Event
from buildyard.farm.store.base import wake
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.tables import events

#: Woken by every transaction that recorded an event.
CHANNEL = "events"

#: Options of a store: its log is relayed to a bus; what Taskcluster's queue would publish goes there too.
BUS: Final = "buildyard_bus"
TASKCLUSTER: Final = "buildyard_taskcluster"

#: An arbitrary number that names the lock on PostgreSQL.
_ORDER_LOCK = 7_213_401

_TEXTS = ("topic", "body", "subject", "exchange", "cc")
_INSERT = Prepared(insert(events).values({name: bindparam(name) for name in (*_TEXTS, "at")}))
# A row has its number only once it was joined with the lock, that is after the lock was had.
_LOCK = select(func.pg_advisory_xact_lock(_ORDER_LOCK)).cte("in_order")
_LISTS = (bindparam(name, type_=ARRAY(Text)) for name in _TEXTS)
_ROWS = func.unnest(*_LISTS).table_valued(*_TEXTS, name="happened").render_derived()
_ORDERED = select(*_ROWS.c, bindparam("at", type_=Float)).join_from(_LOCK, _ROWS, true())
_INSERT_IN_ORDER = Prepared(insert(events).from_select([*_TEXTS, "at"], _ORDERED))

_to_json = msgspec.json.Encoder().encode


class Recorded(Struct, frozen=True, kw_only=True):
    """An event as the log holds it."""

    id: int
    topic: str
    at: float  #: seconds since 1970
    event: Event


class BusMessage(Struct, frozen=True, kw_only=True):
    """A message that a bus is told and nobody else."""

    exchange: str
    routing_key: str
    cc: tuple[str, ...] = ()  #: further routing keys
    body: dict[str, Any]  #: JSON


def has_bus(connection: Connection) -> bool:
    """Tell whether what is recorded goes to a bus."""
    return bool(connection.get_execution_options().get(BUS))


def tells_taskcluster(connection: Connection) -> bool:
    """Tell whether the bus is told what Taskcluster's queue would publish."""
    return bool(connection.get_execution_options().get(TASKCLUSTER))


def record(connection: Connection, now: float, happened: Sequence[Event], messages: Sequence[BusMessage] = ()) -> None:
    """Write these events, then these messages, into the log, in their order, in this transaction."""
    rows = [*_event_rows(happened, now), *_message_rows(messages, now)]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _INSERT_IN_ORDER.rows(connection, **{name: [row[name] for row in rows] for name in _TEXTS}, at=now)
    else:
        _INSERT.each(connection, rows)
    wake(connection, CHANNEL)


def _event_rows(happened: Sequence[Event], now: float) -> Iterator[dict[str, object]]:
    for event in happened:
        body = _to_json(event).decode()
        yield {"topic": event.topic, "body": body, "subject": event.subject, "at": now, "exchange": "", "cc": ""}


def _message_rows(messages: Sequence[BusMessage], now: float) -> Iterator[dict[str, object]]:
    for message in messages:
        cc = _to_json(message.cc).decode() if message.cc else ""
        where = {"exchange": message.exchange, "topic": message.routing_key, "cc": cc}
        yield {**where, "body": _to_json(message.body).decode(), "subject": "", "at": now}


def after(connection: Connection, number: int, *, limit: int = 500) -> list[Recorded]:
    """Return the events that follow this number, in order, at most ``limit`` of them."""
    following = select(events).where(events.c.id > number, events.c.exchange == "")
    rows = connection.execute(following.order_by(events.c.id).limit(limit))
    return [_recorded(row.id, row.topic, row.at, row.body) for row in rows]


def last_number(connection: Connection) -> int:
    """Return the newest event's number, 0 in an empty log."""
    return connection.execute(select(func.max(events.c.id))).scalar() or 0


def _recorded(number: int, topic: str, at: float, body: str) -> Recorded:
    return Recorded(id=number, topic=topic, at=at, event=msgspec.json.decode(body, type=TOPICS[topic]))
