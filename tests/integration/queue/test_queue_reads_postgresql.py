"""On PostgreSQL, too, the first messages of a queue cost the same whatever waits behind or beside them.

Statistics may be missing, old or true; the rows that a call reads are counted, since time tells little.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, text

from buildyard.farm.queue import database as queue
from buildyard.farm.queue.base import NewMessage
from buildyard.farm.store.base import Store
from support.postgresql import Cluster
from support.stores import START, opened

pytestmark = pytest.mark.service("postgresql")

P = "project"
BESIDE, CLAIMED, BEHIND = 8_000, 1_000, 3_000

#: Most rows that a call may read: it takes ten, from a queue of thousands.
FEW = 300

#: A page that shows claimed messages looks at all of the queue: no more are claimed than builders work on.
READS_CLAIMED = "late page with claimed"

READ = """SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
          FROM pg_stat_xact_user_tables WHERE relname = 'messages'"""


def messages(count: int) -> list[NewMessage]:
    return [NewMessage(body=None)] * count


async def fill(store: Store) -> int:
    """Fill one queue with old messages and one with younger ones, the first of them claimed; return a late marker."""
    await store.write(lambda connection: queue.put(connection, START, P, "none", [NewMessage(body=1, ttl=1)]))
    for _ in range(BESIDE // 1_000):
        await store.write(lambda connection: queue.put(connection, START, P, "old", messages(1_000)))
    await store.write(lambda connection: queue.put(connection, START, P, "jobs", messages(CLAIMED)))
    await store.write(lambda connection: queue.claim(connection, START, P, "jobs", limit=CLAIMED))
    behind = [
        await store.write(lambda c: queue.put(c, START, P, "jobs", messages(1_000))) for _ in range(BEHIND // 1_000)
    ]
    return behind[-1][500]


@pytest.fixture(scope="module")
def filled(postgresql: Cluster) -> Iterator[tuple[str, int]]:
    url = postgresql.database()

    async def main() -> int:
        async with opened(url) as store:
            return await fill(store)

    yield url, asyncio.run(main())
    postgresql.drop(url)


CALLS: dict[str, Callable[[Connection, int], object]] = {
    "claim": lambda c, marker: queue.claim(c, START + 1, P, "jobs", limit=10),
    "pop": lambda c, marker: queue.pop(c, START + 1, P, ["none", "jobs", "old"], 10),
    "pop of nothing": lambda c, marker: queue.pop(c, START + 1, P, ["none", "other"], 10) == [],
    "late page": lambda c, marker: queue.page(c, START + 1, P, "jobs", marker=marker).messages,
    READS_CLAIMED: lambda c, marker: queue.page(c, START + 1, P, "jobs", marker=marker, include_claimed=True).messages,
    "sweep": lambda c, marker: queue.sweep(c, START + 2),
}


@pytest.mark.parametrize("statistics", ["none", "true"])
@pytest.mark.parametrize("call", CALLS)
def test_call_reads_few_rows(postgresql: Cluster, filled: tuple[str, int], call: str, statistics: str) -> None:
    url, marker = filled

    def body(connection: Connection) -> None:
        if statistics == "true":
            connection.execute(text("ANALYZE messages"))
        else:
            connection.execute(text("DELETE FROM pg_statistic WHERE starelid = 'messages'::regclass"))
        before = connection.execute(text(READ)).scalar() or 0
        assert CALLS[call](connection, marker)
        read = connection.execute(text(READ)).scalar_one() - before
        raise Undone(read)

    async def main() -> None:
        async with opened(url) as store:
            with pytest.raises(Undone) as undone:
                await store.write(body)
            assert undone.value.args[0] <= FEW + (CLAIMED if call == READS_CLAIMED else 0)

    asyncio.run(main())


class Undone(Exception):
    """Ends a transaction without leaving anything of it; carries the rows it read."""
