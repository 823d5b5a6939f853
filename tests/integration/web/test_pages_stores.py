"""What the pages and the index read is the same from SQLite and from PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, select

from buildyard.farm.builds.status import status
from buildyard.farm.index.publish import publish
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.tables import dirty_pages, pages
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.web import build_facts, build_list, feed, packages, project
from buildyard.farm.web.build_list import Filters
from support.demo_farm import Rows, fill_a_little

T = TypeVar("T")
Read = Callable[[Callable[[Connection, float, dict[str, int]], T]], T]


@pytest.fixture
def read(store_url: str, tmp_path: Path) -> Read[Any]:
    """Fill a farm, then read it in a transaction of its own."""

    def run(body: Callable[[Connection, float, dict[str, int]], T]) -> T:
        async def filled() -> T:
            store = await open_store(store_url)
            now, logs = time.time(), LogStore(tmp_path / "logs")
            try:
                known = await store.write(lambda connection: fill_a_little(connection, now, logs))
                return await store.write(lambda connection: body(connection, now, known))
            finally:
                await store.close()

        return asyncio.run(filled())

    return run


def test_the_status(read: Read[Any]) -> None:
    found = read(lambda connection, now, known: status(connection, now))
    assert (found.counts.building, found.counts.blocked, len(found.pools)) == (6, 1, 3)
    assert found.last_24h.failed == 7
    assert sum(hour.built for hour in found.hours) == found.last_24h.built
    assert [cause.package for cause in found.needs_a_look][:2] == ["", "cffi"]


def test_why_builds_wait(read: Read[Any]) -> None:
    def body(connection: Connection, now: float, known: dict[str, int]) -> Any:
        for nth, priority in enumerate((4, 3, 2, 1, 0)):
            Rows(connection, now).build(f"waits{nth}", "1.0", "cp312", priority=priority)
        return status(connection, now)

    (pool,) = [pool for pool in read(body).pools if pool.queued.total]
    queued = pool.queued
    assert (queued.asked_for, queued.needed, queued.new, queued.backfill) == (1, 1, 1, 2)


def test_a_build(read: Read[Any]) -> None:
    found = read(lambda connection, now, known: build_facts.read(connection, now, known["failed"]))
    assert (found.build.state, found.same_cause, found.can_retry, found.asked.by) == ("failed", 1, True, "mira")


def test_the_list_of_builds(read: Read[Any]) -> None:
    found = read(lambda connection, now, known: build_list.read(connection, Filters(request=known["request"])))
    assert found.counts["building"] == 6


def test_packages(read: Read[Any]) -> None:
    found = read(lambda connection, now, known: packages.read(connection, "msg", ""))
    assert [(one.name, one.version) for one in found.packages] == [("msgpack", "1.1.0")]


def test_all_packages(read: Read[Any]) -> None:
    found = read(lambda connection, now, known: packages.read(connection, "", "cffi"))
    assert found.packages[0].name == "cryptography"


def test_a_package(read: Read[Any]) -> None:
    found = read(lambda connection, now, known: project.read(connection, now, "msgpack", 6))
    assert found.summary == "MessagePack serializer"
    assert len(found.files) == found.files_total == 2


def test_events(read: Read[Any]) -> None:
    found = read(lambda connection, now, known: feed.latest(connection, limit=3))
    assert found[0].text == "went silent; 2 builds given back"


def test_publishing(read: Read[Any]) -> None:
    def body(connection: Connection, now: float, known: dict[str, int]) -> tuple[list[str], list[str], list[str]]:
        Rows(connection, now).wheel(known["building cffi"], "cffi-1.17.1-cp312-cp312-linux_aarch64.whl")
        names = connection.scalars(select(pages.c.package).order_by(pages.c.package)).all()
        return publish(connection, now), list(names), list(connection.scalars(select(dirty_pages.c.package)))

    assert read(body) == ([], ["", "cffi", "msgpack"], [])
