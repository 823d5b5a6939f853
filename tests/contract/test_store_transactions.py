"""What every store promises about transactions: acknowledged is committed, and what raised never was."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import StoreClosed
from buildyard.farm.store.tables import claims, dirty_pages, queues
from support.stores import OnStore, opened, play_in_one_lane, play_on_store


@pytest.fixture(params=[play_on_store, play_in_one_lane])
def on_store(request: pytest.FixtureRequest, store_url: str) -> OnStore:
    """Call it with `async def scenario(store)`: bodies that go side by side, then bodies of one lane."""
    return partial(request.param, store_url)


def add(name: str, since: float = 0.0) -> Any:
    def body(connection: Connection) -> str:
        connection.execute(insert(dirty_pages), {"package": name, "since": since})
        return name

    return body


def names(connection: Connection) -> list[str]:
    return list(connection.execute(select(dirty_pages.c.package).order_by(dirty_pages.c.package)).scalars())


def test_write_returns_what_its_body_returned(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        assert await store.write(add("a")) == "a"

    on_store(scenario)


def test_read_sees_what_was_acknowledged(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        for number in range(20):
            await store.write(add(f"p{number:02}"))
            assert len(await store.read(names)) == number + 1

    on_store(scenario)


def test_body_that_raises_undoes_all_it_did(on_store: OnStore) -> None:
    def body(connection: Connection) -> None:
        add("a")(connection)
        raise LookupError("of its own")

    async def scenario(store: Store) -> None:
        with pytest.raises(LookupError, match="of its own"):
            await store.write(body)
        assert await store.read(names) == []

    on_store(scenario)


def test_body_that_raises_undoes_only_itself(on_store: OnStore) -> None:
    def body(connection: Connection) -> None:
        add("bad")(connection)
        raise LookupError

    async def scenario(store: Store) -> None:
        bodies = [body if number % 3 == 0 else add(f"p{number:02}") for number in range(30)]
        results = await asyncio.gather(*map(store.write, bodies), return_exceptions=True)
        assert [type(result) is LookupError for result in results] == [number % 3 == 0 for number in range(30)]
        assert await store.read(names) == [result for result in results if isinstance(result, str)]

    on_store(scenario)


def test_violated_constraint_reaches_the_caller(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        await store.write(add("a"))
        with pytest.raises(IntegrityError):
            await store.write(add("a"))
        assert await store.read(names) == ["a"]

    on_store(scenario)


def test_reference_to_nothing_is_refused(on_store: OnStore) -> None:
    row = {"id": "c", "queue_id": 12345, "ttl": 1, "grace": 1, "created": 0.0, "expires": 1.0}

    async def scenario(store: Store) -> None:
        with pytest.raises(IntegrityError):
            await store.write(lambda connection: connection.execute(insert(claims), row))

    on_store(scenario)


def test_body_may_nest_transactions_of_its_own(on_store: OnStore) -> None:
    def inner(connection: Connection) -> None:
        with connection.begin_nested():
            add("inner")(connection)
            add("outer")(connection)

    def body(connection: Connection) -> None:
        add("outer")(connection)
        with pytest.raises(IntegrityError):
            inner(connection)

    async def scenario(store: Store) -> None:
        await asyncio.gather(store.write(body), store.write(add("other")))
        assert await store.read(names) == ["other", "outer"]

    on_store(scenario)


def test_read_cannot_write(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        with pytest.raises(Exception, match=r"read-?only"):
            await store.read(add("a"))
        assert await store.read(names) == []

    on_store(scenario)


def test_read_sees_one_snapshot(on_store: OnStore) -> None:
    """What is committed while it reads is not there for it, on its second look either."""

    async def scenario(store: Store) -> None:
        loop = asyncio.get_running_loop()
        reading = asyncio.Event()
        written = threading.Event()

        def look_twice(connection: Connection) -> list[list[str]]:
            first = names(connection)
            loop.call_soon_threadsafe(reading.set)
            if store.dialect == "sqlite":  # there a body runs in a thread, and may wait
                assert written.wait(10)
            return [first, names(connection)]

        looking = asyncio.ensure_future(store.read(look_twice))
        await reading.wait()
        await store.write(add("late"))
        written.set()
        assert await looking == [[], []]
        assert await store.read(names) == ["late"]

    on_store(scenario)


def test_no_update_is_lost_when_bodies_read_and_then_write(on_store: OnStore) -> None:
    """On PostgreSQL the bodies overlap; who would overwrite another's change is run again."""

    def count_up(connection: Connection) -> None:
        seen = connection.execute(select(dirty_pages.c.since)).scalar_one()
        connection.execute(update(dirty_pages).values(since=seen + 1))

    async def scenario(store: Store) -> None:
        await store.write(add("counter"))
        await asyncio.gather(*(store.write(count_up) for _ in range(8)))
        assert await store.read(lambda connection: connection.execute(select(dirty_pages.c.since)).scalar_one()) == 8

    on_store(scenario)


def test_two_that_add_the_same_row_if_it_is_not_there_both_succeed(on_store: OnStore) -> None:
    def ensure(connection: Connection) -> None:
        if "a" not in names(connection):
            add("a")(connection)

    async def scenario(store: Store) -> None:
        await asyncio.gather(*(store.write(ensure) for _ in range(8)))
        assert await store.read(names) == ["a"]

    on_store(scenario)


def test_cancelled_caller_leaves_the_store_at_work(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        tasks = [asyncio.ensure_future(store.write(add(f"p{number:02}"))) for number in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        told = [result for result in results if isinstance(result, str)]
        assert len(told) >= 10
        assert set(told) <= set(await store.read(names))
        await store.write(add("after"))

    on_store(scenario)


def test_cancelled_reader_leaves_the_store_at_work(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        tasks = [asyncio.ensure_future(store.read(names)) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await store.read(names) == []

    on_store(scenario)


def test_many_writers_at_once(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        wanted = [f"p{number:03}" for number in range(300)]
        assert await asyncio.gather(*(store.write(add(name)) for name in wanted)) == wanted
        assert await store.read(names) == wanted

    on_store(scenario)


def test_close_finishes_what_was_begun(store_url: str) -> None:
    async def scenario() -> None:
        async with opened(store_url) as store:
            tasks = [asyncio.ensure_future(store.write(add(f"p{number}"))) for number in range(10)]
            await asyncio.sleep(0)
            await store.close()
            assert await asyncio.gather(*tasks) == [f"p{number}" for number in range(10)]
        async with opened(store_url) as store:
            assert len(await store.read(names)) == 10

    asyncio.run(scenario())


def test_closed_store_says_so(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        await store.close()
        await store.close()
        with pytest.raises(StoreClosed):
            await store.write(add("a"))
        with pytest.raises(StoreClosed):
            await store.read(names)

    on_store(scenario)


def test_loop_runs_on_while_a_body_works(store_url: str) -> None:
    """The loop's own clock ticks through a write and a read that take long in the database."""
    slow = {
        "sqlite": "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<2000000) SELECT max(i) FROM n",
        "postgresql": "SELECT pg_sleep(0.5)",
    }

    async def scenario(store: Store) -> None:
        def body(connection: Connection) -> None:
            connection.exec_driver_sql(slow[store.dialect])

        loop = asyncio.get_running_loop()
        working = asyncio.gather(store.write(body), store.read(body))
        ticks = [loop.time()]
        while not working.done():
            await asyncio.sleep(0.005)
            ticks.append(loop.time())
        await working
        longest = max(later - earlier for earlier, later in pairwise(ticks))
        assert longest < (ticks[-1] - ticks[0]) / 3

    play_on_store(store_url, scenario)


def test_rows_survive_the_store(store_url: str) -> None:
    async def scenario() -> None:
        async with opened(store_url) as store:
            await store.write(add("kept"))
        async with opened(store_url) as store:
            assert await store.read(names) == ["kept"]
            assert await store.read(lambda c: c.execute(select(func.count()).select_from(queues)).scalar_one()) == 0

    asyncio.run(scenario())
