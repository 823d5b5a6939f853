"""The store on SQLite beside raw `sqlite3` that does the same statements in the same batches.

Small transactions of a queue, one message each: put; claim and delete.  `raw` is a plain loop in one thread that
prepares everything beforehand and commits every N transactions; `store` has N tasks that each await their own commit.
The ratio is what the store's service costs: threads, savepoints, SQLAlchemy, JSON, wake-ups, a future each.  The
columns of processor time (microseconds a transaction) hold on a busy machine, too.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from buildyard.farm.queue import database as queue
from buildyard.farm.queue.base import NewMessage
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store

P, Q = "project", "jobs"
BODY = {"taskId": "AAAAAAAAAAAAAAAAAAAAAA", "runId": 0}
AT_ONCE = (1, 10, 100)

FIND = "SELECT id, metadata FROM queues WHERE project = ? AND name = ?"
PUT = (
    "INSERT INTO messages (queue_id, body, ttl, client_id, created, visible_at, expires) "
    "VALUES (?, ?, 3600, '', ?, ?, ?) RETURNING id"
)
FREE_ENDED = (
    "UPDATE messages SET claim_id = NULL, claim_expires = NULL WHERE id IN (SELECT id FROM messages "
    "WHERE queue_id = ? AND claim_id IS NOT NULL AND claim_expires <= ?) RETURNING id"
)
CLAIM = (
    "UPDATE messages SET claim_id = ?, claim_expires = ?, claim_count = claim_count + 1, "
    "expires = CASE WHEN expires < ? THEN ? ELSE expires END WHERE id IN (SELECT id FROM messages "
    "WHERE queue_id = ? AND claim_id IS NULL AND visible_at <= ? AND expires > ? ORDER BY id LIMIT 1) RETURNING *"
)
NOTE = "INSERT INTO claims (id, queue_id, ttl, grace, created, expires) VALUES (?, ?, 300, 60, ?, ?)"
DELETE = "DELETE FROM messages WHERE id IN (?)"


class Measured(NamedTuple):
    rate: float  #: transactions a second
    cpu: float  #: microseconds of processor time a transaction


class Raw:
    """The same statements on one connection, with nothing around them."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self.sqlite = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", f"synchronous = {synchronous}", "foreign_keys = ON"):
            self.sqlite.execute(f"PRAGMA {pragma}")

    def put(self) -> None:
        now = time.time()
        number, _ = self.sqlite.execute(FIND, (P, Q)).fetchone()
        self.sqlite.execute(
            PUT, (number, '{"taskId":"AAAAAAAAAAAAAAAAAAAAAA","runId":0}', now, now, now + 3600)
        ).fetchall()

    def claim(self) -> None:
        now, name = time.time(), uuid.uuid4().hex
        number, _ = self.sqlite.execute(FIND, (P, Q)).fetchone()
        self.sqlite.execute(FREE_ENDED, (number, now)).fetchall()
        ends = now + 300
        rows = self.sqlite.execute(CLAIM, (name, ends, ends, ends + 60, number, now, now)).fetchall()
        if rows:
            self.sqlite.execute(NOTE, (name, number, now, ends))
            self.sqlite.execute(DELETE, (rows[0][0],))

    def rate(self, operation: Callable[[], None], at_once: int, seconds: float) -> Measured:
        done, begun, used = 0, time.perf_counter(), time.process_time()
        while (spent := time.perf_counter() - begun) < seconds:
            self.sqlite.execute("BEGIN IMMEDIATE")
            for _ in range(at_once):
                operation()
            self.sqlite.execute("COMMIT")
            done += at_once
        return Measured(done / spent, (time.process_time() - used) / done * 1e6)


def put(connection):  # type: ignore[no-untyped-def]
    queue.put(connection, time.time(), P, Q, [NewMessage(body=BODY)])


def put_hundred(connection):  # type: ignore[no-untyped-def]
    queue.put(connection, time.time(), P, Q, [NewMessage(body=BODY)] * 100)


def claim(connection):  # type: ignore[no-untyped-def]
    claimed = queue.claim(connection, time.time(), P, Q, limit=1)
    if claimed is not None:
        queue.delete_messages(connection, [message.id for message in claimed.messages])


async def rate(store: Store, body: Callable[..., None], at_once: int, seconds: float) -> Measured:
    begun, used = time.perf_counter(), time.process_time()
    end = begun + seconds

    async def one() -> int:
        done = 0
        while time.perf_counter() < end:
            await store.write(body)
            done += 1
        return done

    done = sum(await asyncio.gather(*(one() for _ in range(at_once))))
    return Measured(done / (time.perf_counter() - begun), (time.process_time() - used) / done * 1e6)


async def prepared(url: str, synchronous: str) -> Store:
    """A store with a queue and enough messages for all claims of a round."""
    store = await open_store(url, synchronous=synchronous)  # type: ignore[arg-type]
    for _ in range(40):
        await store.write(lambda c: queue.put(c, time.time(), P, Q, [NewMessage(body=BODY)] * 1000))
    return store


def on_sqlite(seconds: float) -> None:
    print(f"{'':24}{'raw/s':>10}{'store/s':>10}{'store/raw':>11}{'raw us':>10}{'store us':>10}")
    for synchronous in ("NORMAL", "FULL"):
        for at_once in AT_ONCE:
            for name, body in (("put", put), ("claim+delete", claim)):
                raw, ours = one_pair(synchronous, at_once, name, body, seconds)
                rates = f"{raw.rate:10.0f}{ours.rate:10.0f}{ours.rate / raw.rate:10.0%}"
                print(f"{synchronous:7}{at_once:4} {name:12}{rates} {raw.cpu:10.1f}{ours.cpu:10.1f}", flush=True)


def one_pair(
    synchronous: str, at_once: int, name: str, body: Callable[..., None], seconds: float
) -> tuple[Measured, Measured]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "raw.sqlite")
        asyncio.run(_close(prepared(f"sqlite:///{path}", synchronous)))
        raw = Raw(path, synchronous)
        raw_rate = raw.rate(raw.put if name == "put" else raw.claim, at_once, seconds)
        raw.sqlite.close()
        return raw_rate, asyncio.run(_measure(f"sqlite:///{folder}/store.sqlite", synchronous, body, at_once, seconds))


def on_postgresql(url: str, seconds: float) -> None:
    for at_once in AT_ONCE:
        for name, body in (("put", put), ("claim+delete", claim)):
            ours = asyncio.run(_measure(url, "NORMAL", body, at_once, seconds))
            print(f"postgresql{at_once:4} {name:12}{ours.rate:10.0f}/s {ours.cpu:10.1f} us", flush=True)


async def _measure(url: str, synchronous: str, body: Callable[..., None], at_once: int, seconds: float) -> Measured:
    store = await prepared(url, synchronous)
    try:
        return await rate(store, body, at_once, seconds)
    finally:
        await store.close()


async def _close(opening):  # type: ignore[no-untyped-def]
    await (await opening).close()


def backlog() -> None:
    """What a claim of ten costs before ten messages, and before a hundred thousand."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_backlog(f"sqlite:///{folder}/yard.sqlite"))


async def _backlog(url: str) -> None:
    store = await open_store(url)
    for size in (100, 10_000, 100_000):
        while (await store.read(lambda c: queue.stats(c, time.time(), P, Q))).free < size:
            await store.write(put_hundred)
        times = []
        for _ in range(8):
            begun = time.perf_counter()
            await store.write(lambda c: queue.claim(c, time.time(), P, Q, limit=10))
            times.append(time.perf_counter() - begun)
        print(f"claim of 10 from {size:7}: {min(times) * 1000:6.2f} ms")
    await store.close()


def main(*, quick: bool, postgresql: str = "") -> None:
    """Print all rows; ``postgresql`` is the address of an empty database to measure too."""
    seconds = 1.0 if quick else 2.0
    on_sqlite(seconds)
    backlog()
    if postgresql:
        on_postgresql(postgresql, seconds)
