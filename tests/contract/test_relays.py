"""The relay's row: one hub relays at a time, the number only follows what was confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from buildyard.farm.events import outbox, relays
from buildyard.farm.events.outbox import BusMessage
from buildyard.farm.events.schemas import BuilderLost
from buildyard.farm.store.base import Store
from buildyard.farm.store.tables import events
from support.stores import play_on_store

IDENTITY = UUID(int=7)
NOW = 1_800_000_000.0


def record(connection: Connection, *names: str, told: int = 0) -> None:
    lost = [BuilderLost(builder=name, reason="said goodbye") for name in names]
    more = [BusMessage(exchange="e", routing_key=f"told.{number}", body={}) for number in range(told)]
    outbox.record(connection, NOW, lost, more)


def claimed(connection: Connection, holder: str, now: float = NOW, limit: int = 10) -> list[Any] | None:
    batch = relays.claim(connection, now, holder, now + 30, limit)
    return None if batch is None else list(batch.rows)


def played(url: str, body: Callable[[Connection], None]) -> None:
    """Run this in a transaction of a store where events are relayed and one was recorded before."""

    async def scenario(store: Store) -> None:
        await store.write(lambda connection: record(connection, "before"))
        await store.write(lambda connection: relays.begin(connection, IDENTITY))
        await store.write(body)

    play_on_store(url, scenario)


def test_only_what_is_recorded_from_then_on_is_relayed(store_url: str) -> None:
    def body(connection: Connection) -> None:
        record(connection, "after")
        rows = claimed(connection, "one")
        assert rows is not None
        assert ["after" in row.body for row in rows] == [True]

    played(store_url, body)


def test_a_second_start_goes_on_where_the_first_stopped(store_url: str) -> None:
    def body(connection: Connection) -> None:
        record(connection, "a")
        relays.begin(connection, UUID(int=8))
        batch = relays.claim(connection, NOW, "one", NOW + 30, 10)
        assert batch is not None
        assert (batch.identity, len(batch.rows)) == (IDENTITY, 1)

    played(store_url, body)


def test_of_two_hubs_one_relays_until_its_claim_ends(store_url: str) -> None:
    def body(connection: Connection) -> None:
        record(connection, "a")
        assert claimed(connection, "one") is not None
        assert claimed(connection, "two", NOW + 29) is None
        assert claimed(connection, "one", NOW + 29) is not None
        assert claimed(connection, "two", NOW + 60) is not None

    played(store_url, body)


def test_a_hub_that_lost_its_claim_moves_nothing(store_url: str) -> None:
    def body(connection: Connection) -> None:
        record(connection, "a")
        rows = claimed(connection, "one")
        assert rows is not None
        claimed(connection, "two", NOW + 31)
        assert relays.move(connection, "one", rows) is False
        assert claimed(connection, "two", NOW + 31) == rows

    played(store_url, body)


def test_what_the_bus_has_is_not_claimed_again_and_what_it_alone_is_told_is_deleted(store_url: str) -> None:
    def body(connection: Connection) -> None:
        record(connection, "a", told=2)
        record(connection, "b", told=1)
        rows = claimed(connection, "one", limit=3)
        assert rows is not None
        assert relays.move(connection, "one", rows)
        left = connection.execute(select(events.c.topic, events.c.exchange).order_by(events.c.id)).all()
        assert [tuple(row) for row in left] == [*[("builder.lost", "")] * 3, ("told.0", "e")]
        following = claimed(connection, "one")
        assert following is not None
        assert [row.topic for row in following] == ["builder.lost", "told.0"]

    played(store_url, body)


def test_readers_of_the_log_pass_over_what_only_the_bus_is_told(store_url: str) -> None:
    def body(connection: Connection) -> None:
        record(connection, "a", told=2)
        record(connection, "b")
        assert [one.event.subject for one in outbox.after(connection, 0)] == ["before", "a", "b"]

    played(store_url, body)


def test_lag_counts_what_waits_and_trouble_keeps_its_beginning_until_it_is_over(store_url: str) -> None:
    def body(connection: Connection) -> None:
        record(connection, "a", "b")
        relays.note_trouble(connection, NOW + 5, "refused")
        relays.note_trouble(connection, NOW + 9, "timed out")
        lag = relays.lag(connection)
        assert lag is not None
        assert (lag.waiting, lag.oldest, lag.trouble, lag.trouble_since) == (2, NOW, "timed out", NOW + 5)
        rows = claimed(connection, "one")
        assert rows is not None
        relays.move(connection, "one", rows)
        relays.note_well(connection)
        assert relays.lag(connection) == relays.Lag(
            waiting=0, oldest=None, holder="one", held_until=NOW + 30, trouble="", trouble_since=None
        )

    played(store_url, body)


def test_without_a_bus_there_is_no_lag(store_url: str) -> None:
    async def scenario(store: Store) -> None:
        assert await store.read(relays.lag) is None

    play_on_store(store_url, scenario)
