"""SQLite's writer: many bodies in one transaction, and each as if it were alone."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from buildyard.farm.store import sqlite_engine, writer
from buildyard.farm.store.base import wake
from buildyard.farm.store.errors import StoreBusy, StoreDamaged, StoreFull, StoreUnreachable
from buildyard.farm.store.sqlite import SqliteStore, open_sqlite
from buildyard.farm.store.tables import dirty_pages


def add(name: str, size: int = 0) -> Callable[[Connection], str]:
    def body(connection: Connection) -> str:
        connection.execute(insert(dirty_pages), {"package": name + size * "x", "since": 0.0})
        return name

    return body


def names(connection: Connection) -> list[str]:
    return list(connection.execute(select(dirty_pages.c.package).order_by(dirty_pages.c.package)).scalars())


def with_store(path: Path, scenario: Callable[[SqliteStore], Any]) -> None:
    async def main() -> None:
        store = await open_sqlite(path / "yard.sqlite")
        try:
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(main())


async def held_up(store: SqliteStore, bodies: list[Callable[[Connection], Any]]) -> list[Any]:
    """What came of these bodies, which waited together while the writer was busy: they are one group."""
    busy, go = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        busy.set()
        assert go.wait(10)

    first = asyncio.ensure_future(store.write(hold))
    await asyncio.to_thread(busy.wait, 10)
    rest = asyncio.gather(*map(store.write, bodies), return_exceptions=True)
    await asyncio.sleep(0)
    go.set()
    await first
    return list(await rest)


def at_commit(store: SqliteStore, call: Callable[[], object]) -> None:
    """Have this called as each commit of the writer begins."""
    sqlite = store._connection.connection.driver_connection
    assert isinstance(sqlite, sqlite3.Connection)
    sqlite.set_trace_callback(lambda sql: call() if sql == "COMMIT" else None)


def test_bodies_that_wait_are_committed_together(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        commits: list[object] = []
        at_commit(store, lambda: commits.append(1))
        await held_up(store, [add(f"p{number}") for number in range(100)])
        assert len(commits) == 2  # the one that held the writer up, and the rest
        assert len(await store.read(names)) == 100

    with_store(tmp_path, scenario)


def test_nobody_hears_before_the_commit(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        heard_already: list[bool] = []

        def look() -> None:
            time.sleep(0.05)
            heard_already.append(writing.done())

        at_commit(store, look)
        writing = asyncio.ensure_future(store.write(add("a")))
        await writing
        assert heard_already == [False]

    with_store(tmp_path, scenario)


def test_failing_body_of_a_group_undoes_only_itself(tmp_path: Path) -> None:
    def bad(connection: Connection) -> None:
        add("bad")(connection)
        raise LookupError

    async def scenario(store: SqliteStore) -> None:
        results = await held_up(store, [add("a"), bad, add("b"), add("a")])
        assert [type(result) for result in results] == [str, LookupError, str, IntegrityError]
        assert await store.read(names) == ["a", "b"]

    with_store(tmp_path, scenario)


def test_group_that_cannot_commit_refuses_only_the_guilty(tmp_path: Path) -> None:
    """A deferred constraint fails at the commit, where the transaction of all is at stake."""

    def guilty(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql(
            "INSERT INTO claims (id, queue_id, ttl, grace, created, expires) VALUES ('c', 99, 1, 1, 1, 1)"
        )

    async def scenario(store: SqliteStore) -> None:
        results = await held_up(store, [add("a"), guilty, add("b")])
        assert [type(result) for result in results] == [str, sqlite3.IntegrityError, str]
        assert await store.read(names) == ["a", "b"]
        await store.write(add("after"))

    with_store(tmp_path, scenario)


def test_group_whose_transaction_was_rolled_back_by_sqlite_is_run_again(tmp_path: Path) -> None:
    """SQLite does that by itself on some errors, a full disk among them."""

    def ruinous(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")
        raise LookupError

    async def scenario(store: SqliteStore) -> None:
        results = await held_up(store, [add("a"), ruinous, add("b")])
        assert [type(result) for result in results] == [str, LookupError, str]
        assert await store.read(names) == ["a", "b"]

    with_store(tmp_path, scenario)


def test_wakes_of_a_group_are_those_of_its_committed_bodies(tmp_path: Path) -> None:
    def good(connection: Connection) -> None:
        wake(connection, "good")

    def bad(connection: Connection) -> None:
        wake(connection, "bad")
        raise LookupError

    async def scenario(store: SqliteStore) -> None:
        async with store.waiter(["good", "bad"]) as waiter:
            await held_up(store, [good, bad, add("a")])
            assert await waiter.wait(0) == {"good"}

    with_store(tmp_path, scenario)


def test_body_whose_caller_gave_up_in_the_queue_is_not_run(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        busy, go = threading.Event(), threading.Event()
        first = asyncio.ensure_future(store.write(lambda _: (busy.set(), go.wait(10))))
        await asyncio.to_thread(busy.wait, 10)
        abandoned = asyncio.ensure_future(store.write(add("abandoned")))
        await asyncio.sleep(0)
        abandoned.cancel()
        await asyncio.gather(abandoned, return_exceptions=True)
        go.set()
        await first
        await store.write(add("after"))
        assert await store.read(names) == ["after"]

    with_store(tmp_path, scenario)


def test_body_whose_caller_gives_up_while_it_runs_is_undone(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        busy, go = threading.Event(), threading.Event()

        def slow(connection: Connection) -> None:
            add("abandoned")(connection)
            busy.set()
            assert go.wait(10)

        task = asyncio.ensure_future(store.write(slow))
        await asyncio.to_thread(busy.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        go.set()
        await store.write(add("after"))
        assert await store.read(names) == ["after"]

    with_store(tmp_path, scenario)


@pytest.mark.parametrize("error", [StopIteration, SystemExit, KeyboardInterrupt])
def test_strange_error_of_a_body_stops_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def body(_connection: Connection) -> None:
        raise error

    async def scenario(store: SqliteStore) -> None:
        with pytest.raises((error, RuntimeError)):
            await store.write(body)
        assert await store.write(add("a")) == "a"

    with_store(tmp_path, scenario)


def test_full_disk_refuses_what_does_not_fit_and_goes_on(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        def limit(connection: Connection) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")

        await store.write(add("before"))
        await store.write(limit)
        results = await held_up(store, [add("small"), add("large", 200_000), add("little")])
        assert [type(result) for result in results] == [str, StoreFull, str]
        await store.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1000000"))
        await store.write(add("large", 200_000))
        assert [name[:6] for name in await store.read(names)] == ["before", "largex", "little", "small"]

    with_store(tmp_path, scenario)


def test_writer_waits_for_another_process_and_then_says_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_engine, "BUSY_TIMEOUT", 0.2)

    async def scenario(store: SqliteStore) -> None:
        other = sqlite3.connect(tmp_path / "yard.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        results = await asyncio.gather(*(store.write(add(f"p{n}")) for n in range(20)), return_exceptions=True)
        assert {type(result) for result in results} == {StoreBusy}
        assert time.monotonic() - begun < 3
        other.execute("ROLLBACK")
        other.close()
        assert await store.write(add("a")) == "a"

    with_store(tmp_path, scenario)


def test_idle_store_uses_no_processor_time(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        async with store.waiter(["a"]) as waiter:
            await store.write(add("a"))
            await store.read(names)
            before = time.process_time()
            await waiter.wait(0.5)
            assert time.process_time() - before < 0.02

    with_store(tmp_path, scenario)


def test_caller_whose_loop_has_ended_is_forgotten(tmp_path: Path) -> None:
    """What was begun is committed or not, and the writer's thread does not fail."""
    stores: list[SqliteStore] = []

    async def leave() -> None:
        stores.append(await open_sqlite(tmp_path / "yard.sqlite"))
        future = stores[0]._writer.submit(lambda _: time.sleep(0.1), is_short=False)
        future.add_done_callback(lambda _: None)

    asyncio.run(leave())
    asyncio.run(stores[0].close())
    with_store(tmp_path, lambda store: store.write(add("a")))


@pytest.mark.parametrize("setting", ["NORMAL", "FULL"])
def test_commits_are_as_careful_as_asked(tmp_path: Path, setting: Any) -> None:
    async def main() -> None:
        store = await open_sqlite(tmp_path / "yard.sqlite", synchronous=setting)
        found = await store.write(lambda connection: connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
        assert found == {"NORMAL": 1, "FULL": 2}[setting]
        assert await store.write(lambda c: c.exec_driver_sql("PRAGMA journal_mode").scalar_one()) == "wal"
        await store.close()

    asyncio.run(main())


def test_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "yard.sqlite"
    path.write_bytes(b"a letter to my mother" * 500)
    with pytest.raises(StoreDamaged):
        asyncio.run(open_sqlite(path))
    assert path.read_bytes().startswith(b"a letter")


def test_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="unable to open"):
        asyncio.run(open_sqlite(tmp_path / "none" / "yard.sqlite"))


def test_closed_store_leaves_one_file(tmp_path: Path) -> None:
    with_store(tmp_path, lambda store: store.write(add("a")))
    assert [path.name for path in tmp_path.iterdir()] == ["yard.sqlite"]


def where(_connection: Connection) -> str:
    return threading.current_thread().name


def test_short_bodies_of_one_turn_of_the_loop_are_committed_together(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        commits: list[object] = []
        at_commit(store, lambda: commits.append(1))
        await asyncio.gather(*(store.write(add(f"p{number}"), lane="queue") for number in range(300)))
        assert len(commits) == 2  # of 256 and of the rest
        assert len(await store.read(names)) == 300

    with_store(tmp_path, scenario)


def test_short_body_runs_in_the_loop_unless_the_thread_has_something_to_do(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        assert await store.write(where, lane="queue") == "MainThread"
        assert await store.write(where) == "buildyard-writer"
        together = await asyncio.gather(store.write(where), store.write(where, lane="queue"))
        assert together == ["buildyard-writer", "buildyard-writer"]
        assert await store.write(where, lane="queue") == "MainThread"

    with_store(tmp_path, scenario)


def test_short_body_is_the_threads_where_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    async def main() -> None:
        store = await open_sqlite(tmp_path / "yard.sqlite", synchronous="FULL")
        assert await store.write(where, lane="queue") == "buildyard-writer"
        await store.close()

    asyncio.run(main())


def test_loop_goes_on_while_a_short_body_waits_for_another_process(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        other = sqlite3.connect(tmp_path / "yard.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(store.write(where, lane="queue"))
        for _ in range(10):
            await asyncio.sleep(0.01)
        assert not writing.done()
        other.execute("ROLLBACK")
        other.close()
        assert await writing == "buildyard-writer"

    with_store(tmp_path, scenario)


def test_checkpoints_are_made_by_the_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_CHECKPOINT_AFTER", 5)

    async def scenario(store: SqliteStore) -> None:
        made: list[str] = []
        sqlite = store._connection.connection.driver_connection
        assert isinstance(sqlite, sqlite3.Connection)
        sqlite.set_trace_callback(lambda sql: made.append(where(store._connection)) if "checkpoint" in sql else None)
        for number in range(12):
            await store.write(add(f"p{number}"), lane="queue")
        await store.write(where)
        assert made == 2 * ["buildyard-writer"]

    with_store(tmp_path, scenario)


def test_short_bodies_wait_for_a_checkpoint_and_stay_in_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the thread, once it has some of them, would have the rest of a busy hub's as well."""
    monkeypatch.setattr(writer, "_CHECKPOINT_AFTER", 1)

    async def scenario(store: SqliteStore) -> None:
        async def caller(number: int) -> set[str]:
            seen = set()
            for step in range(20):
                await asyncio.sleep(0.0001 * (number + step))
                seen.add(await store.write(where, lane="queue"))
            return seen

        assert await asyncio.gather(*(caller(number) for number in range(10))) == 10 * [{"MainThread"}]

    with_store(tmp_path, scenario)


def test_store_that_is_closed_writes_what_is_short_first(tmp_path: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        writing = asyncio.gather(store.write(add("a")), store.write(add("b"), lane="queue"))
        await asyncio.sleep(0)
        await store.close()
        assert await writing == ["a", "b"]

    with_store(tmp_path, scenario)
