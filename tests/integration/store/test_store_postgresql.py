"""The store on a PostgreSQL that conflicts, restarts, goes away and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text, update

from buildyard.farm.store import postgresql_try as subject
from buildyard.farm.store.base import wake
from buildyard.farm.store.errors import StoreBusy, StoreFull, StoreUnreachable
from buildyard.farm.store.postgresql import PostgresqlStore
from buildyard.farm.store.tables import dirty_pages
from support.needs import missing
from support.postgresql import Cluster, PostgresqlMissing
from support.stores import opened

pytestmark = pytest.mark.service("postgresql")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server of this module's own, to kill and to start; it keeps what it has acknowledged."""
    try:
        cluster = Cluster(fsync=True)
    except PostgresqlMissing as reason:
        missing(str(reason))
    yield cluster
    cluster.close()


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    url = cluster.database()
    yield url
    cluster.drop(url)


def play(url: str, scenario: Callable[[PostgresqlStore], Any]) -> None:
    async def main() -> None:
        async with opened(url) as store:
            assert isinstance(store, PostgresqlStore)
            await scenario(store)

    asyncio.run(main())


def add(name: str) -> Callable[[Connection], str]:
    def body(connection: Connection) -> str:
        connection.execute(insert(dirty_pages), {"package": name, "since": 0.0})
        return name

    return body


def names(connection: Connection) -> list[str]:
    return list(connection.execute(select(dirty_pages.c.package).order_by(dirty_pages.c.package)).scalars())


def end_connections(cluster: Cluster, url: str, which: str = "true") -> None:
    database = url.rpartition("/")[2]
    cluster.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND {which}")


def test_body_that_met_a_conflict_is_run_again(url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        await store.write(add("counter"))
        runs = []

        def count_up(connection: Connection) -> None:
            runs.append(1)
            seen = connection.execute(select(dirty_pages.c.since)).scalar_one()
            connection.execute(text("SELECT pg_sleep(0.02)"))
            connection.execute(update(dirty_pages).values(since=seen + 1))

        await asyncio.gather(*(store.write(count_up) for _ in range(4)))
        assert await store.read(lambda c: c.execute(select(dirty_pages.c.since)).scalar_one()) == 4
        assert len(runs) > 4

    play(url, scenario)


def test_deadlock_is_resolved(url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        await store.write(add("a"))
        await store.write(add("b"))

        def touch(*order: str) -> Callable[[Connection], None]:
            def body(connection: Connection) -> None:
                for name in order:
                    change = update(dirty_pages).where(dirty_pages.c.package == name)
                    connection.execute(change.values(since=dirty_pages.c.since + 1))
                    connection.execute(text("SELECT pg_sleep(0.1)"))

            return body

        await asyncio.gather(store.write(touch("a", "b")), store.write(touch("b", "a")))
        assert set(await store.read(lambda c: c.execute(select(dirty_pages.c.since)).scalars().all())) == {2.0}

    play(url, scenario)


def test_endless_conflict_is_told_as_busy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "TRIES", 3)
    runs = []

    def body(connection: Connection) -> None:
        runs.append(1)
        connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))

    async def scenario(store: PostgresqlStore) -> None:
        with pytest.raises(StoreBusy):
            await store.write(body)
        assert len(runs) == 3

    play(url, scenario)


def test_full_disk_of_the_server_is_told_as_full(url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        with pytest.raises(StoreFull):
            await store.write(lambda c: c.execute(text("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$")))
        await store.write(add("after"))

    play(url, scenario)


def test_write_and_read_go_on_after_their_connections_were_ended(cluster: Cluster, url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        await asyncio.gather(*(store.write(add(f"p{number}")) for number in range(8)))
        await asyncio.to_thread(end_connections, cluster, url)
        results = await asyncio.gather(*(store.write(add(f"q{number}")) for number in range(8)))
        assert len(results) == 8
        await asyncio.to_thread(end_connections, cluster, url)
        assert len(await store.read(names)) == 16

    play(url, scenario)


def test_connection_that_breaks_while_a_body_runs_gives_another_run(cluster: Cluster, url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        runs = []

        def body(connection: Connection) -> None:
            runs.append(1)
            add("a")(connection)
            if len(runs) == 1:
                connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

        await store.write(body)
        assert len(runs) == 2
        assert await store.read(names) == ["a"]

    play(url, scenario)


def test_waiters_hear_of_what_happened_while_nobody_listened(cluster: Cluster, url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        async with store.waiter(["a"]) as waiter:
            # A commit beside the ended listener: its notification reaches nobody.
            await asyncio.to_thread(end_connections, cluster, url, "query LIKE '%LISTEN%'")
            await store.write(lambda connection: wake(connection, "a"))
            assert await waiter.wait(10) == {"a"}

    play(url, scenario)


def test_listener_listens_again(cluster: Cluster, url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        async with store.waiter(["a"]) as waiter:
            await asyncio.to_thread(end_connections, cluster, url)
            assert await waiter.wait(10) == {"a"}  # all were woken, to look again
            assert await waiter.wait(0.1) == frozenset()
            await store.write(lambda connection: wake(connection, "a"))
            assert await waiter.wait(10) == {"a"}

    play(url, scenario)


def test_server_that_went_away_is_told_and_found_again(cluster: Cluster, url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        await store.write(add("before"))
        await asyncio.to_thread(cluster.kill)
        try:
            for attempt in (store.write(add("lost")), store.read(names)):
                with pytest.raises(StoreUnreachable) as told:
                    await attempt
                assert not told.value.may_be_committed
        finally:
            await asyncio.to_thread(cluster.start)
        async with store.waiter(["a"]) as waiter:
            await store.write(add("after"))
            assert await store.read(names) == ["after", "before"]
            await waiter.wait(10)
            await store.write(lambda connection: wake(connection, "a"))
            assert await waiter.wait(10) == {"a"}

    play(url, scenario)


def test_break_in_the_commit_says_that_it_may_be_committed(cluster: Cluster, url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        def body(connection: Connection) -> None:
            add("a")(connection)
            # The commit waits in a deferred trigger, and its connection is ended there.
            connection.exec_driver_sql(
                "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$"
            )
            connection.exec_driver_sql(
                "CREATE CONSTRAINT TRIGGER waiting AFTER INSERT ON dirty_pages "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()"
            )
            add("b")(connection)

        with pytest.raises(StoreUnreachable) as told:
            await store.write(body)
        assert told.value.may_be_committed

    play(url, scenario)


@pytest.mark.parametrize(
    "address",
    ["postgresql://farm@127.0.0.1:{closed}/none", "postgresql://farm@127.0.0.1:{port}/no_such_database"],
)
def test_database_that_is_not_there_is_told_at_once(cluster: Cluster, address: str, unused_port: int) -> None:
    begun = time.monotonic()
    with pytest.raises(StoreUnreachable):
        play(address.format(closed=unused_port, port=cluster.port), lambda store: store.close())
    assert time.monotonic() - begun < 5


def test_cancelled_write_gives_its_connection_back(url: str) -> None:
    async def scenario(store: PostgresqlStore) -> None:
        def slow(connection: Connection) -> None:
            add("abandoned")(connection)
            connection.execute(text("SELECT pg_sleep(30)"))

        tasks = [asyncio.ensure_future(store.write(slow)) for _ in range(16)]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(10):
            await asyncio.gather(*(store.write(add(f"p{number}")) for number in range(20)))
        assert "abandoned" not in await store.read(names)

    play(url, scenario)


def test_closed_store_leaves_no_connection(cluster: Cluster, url: str) -> None:
    play(url, lambda store: store.write(add("a")))
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'".format(url.rpartition("/")[2])
    deadline = time.monotonic() + 5
    while cluster.execute(count) != "0" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert cluster.execute(count) == "0"
