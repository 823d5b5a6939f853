"""The queue without HTTP beside raw `sqlite3` that executes the same statements in the same batches.

`raw` is a plain loop in one thread: the very SQL of the queue's statements, its values in tuples, N callers' step by
step in one transaction each time.  `queue` is N tasks that each await their own operations (`DatabaseQueue`), so what
it adds is the price of a service: values made and read, JSON, savepoints, a future each.  `in one` is how many
operations a commit held: group commit, from callers that know nothing of one another.

Then what a claim of ten costs with a thousand messages in the queue and with a million, half of them claimed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from buildyard.farm.queue import messages, queues, taking
from buildyard.farm.queue.base import NewMessage
from buildyard.farm.queue.database import DatabaseQueue
from buildyard.farm.store import writer
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.prepared import Prepared

P, Q = "project", "jobs"
TEXT = '{"taskId":"AAAAAAAAAAAAAAAAAAAAAA","runId":0}'
ONE = [NewMessage(body={"taskId": "AAAAAAAAAAAAAAAAAAAAAA", "runId": 0})]
AT_ONCE = (1, 32)
ROUNDS = 3


class Statement:
    """A statement of the queue as raw `sqlite3` executes it: its SQL, and its values in order."""

    def __init__(self, prepared: Prepared) -> None:
        compiled = prepared.statement.compile(dialect=sqlite.dialect())  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        self.sql = compiled.string
        self._names = compiled.positiontup or []
        self._fixed = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}

    def run(self, connection: sqlite3.Connection, values: dict[str, Any]) -> list[Any]:
        if self._fixed:
            values = {**self._fixed, **values}
        return connection.execute(self.sql, [values[name] for name in self._names]).fetchall()


FIND, FIND_TO_CLAIM = Statement(queues._FIND), Statement(taking._FIND)
PUT = {count: Statement(messages._put(count)[0]) for count in (1, 10)}
CLAIM, NOTE = Statement(taking._CLAIM), Statement(taking._NOTE_CLAIM)
DELETE, DELETE_MANY = Statement(messages._DELETE_CLAIMED), Statement(messages._DELETE_ALLOWED)

#: The values of rows to put, but for their queue and the time.
ROWS: dict[int, dict[str, Any]] = {
    count: {
        f"{name}_{at}": value
        for at in range(count)
        for name, value in zip(messages.NewRow._fields, (TEXT, 3600, "", 0.0, time.time() + 3600), strict=True)
    }
    for count in (1, 10)
}

Step = Callable[[sqlite3.Connection], None]


def put(count: int) -> Iterator[Step]:
    def step(connection: sqlite3.Connection) -> None:
        ((number, _metadata),) = FIND.run(connection, {"project": P, "queue": Q})
        PUT[count].run(connection, {**ROWS[count], "number": number, "now": time.time()})

    yield step


def claim(*, each: bool) -> Iterator[Step]:
    held: list[int] = []
    asked: dict[str, Any] = {"project": P, "queue": Q, "limit": 10, "ttl": 300, "grace": 60, "client": ""}

    def take(connection: sqlite3.Connection) -> None:
        now = time.time()
        asked.update(now=now, claim=uuid.uuid4().hex, ends=now + 300)
        ((number, *_),) = FIND_TO_CLAIM.run(connection, asked)
        asked["number"] = number
        held.extend(row[0] for row in CLAIM.run(connection, asked))
        NOTE.run(connection, asked)

    def delete_one(connection: sqlite3.Connection) -> None:
        if held:
            DELETE.run(connection, {**asked, "number": held.pop()})

    def delete_all(connection: sqlite3.Connection) -> None:
        DELETE_MANY.run(connection, {**asked, "ids": str(held), "claims": f'["{asked["claim"]}"]'})

    yield take
    yield from [delete_one] * 10 if each else [delete_all]


class Operation(NamedTuple):
    name: str
    raw: Callable[[], Iterator[Step]]
    ours: Callable[[DatabaseQueue], Awaitable[None]]
    transactions: int


async def _put(queue: DatabaseQueue) -> None:
    await queue.put(P, Q, ONE)


async def _put_ten(queue: DatabaseQueue) -> None:
    await queue.put(P, Q, ONE * 10)


async def _claim_and_delete_each(queue: DatabaseQueue) -> None:
    if (claim := await queue.claim(P, Q, limit=10)) is not None:
        for message in claim.messages:
            await queue.delete(P, Q, message.id, claim_id=claim.id)


async def _claim_and_delete_all(queue: DatabaseQueue) -> None:
    if (claim := await queue.claim(P, Q, limit=10)) is not None:
        await queue.delete_many(P, Q, [message.id for message in claim.messages], claim_ids=[claim.id])


OPERATIONS = (
    Operation("put 1", lambda: put(1), _put, 1),
    Operation("put 10", lambda: put(10), _put_ten, 1),
    Operation("claim 10, delete each", lambda: claim(each=True), _claim_and_delete_each, 11),
    Operation("claim 10, delete all", lambda: claim(each=False), _claim_and_delete_all, 2),
)


class Measured(NamedTuple):
    rate: float  #: operations a second
    cpu: float  #: microseconds of processor time an operation
    in_one: float = 0.0  #: transactions in a commit


def raw_rate(path: Path, synchronous: str, operation: Operation, at_once: int, seconds: float) -> Measured:
    connection = sqlite3.connect(path, isolation_level=None)
    pragmas = ("journal_mode = WAL", f"synchronous = {synchronous}", "foreign_keys = ON", "wal_autocheckpoint = 4000")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    done, begun, used = 0, time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - begun) < seconds:
        for steps in zip(*(operation.raw() for _ in range(at_once)), strict=True):
            connection.execute("BEGIN IMMEDIATE")
            for step in steps:
                step(connection)
            connection.execute("COMMIT")
        done += at_once
    measured = Measured(done / spent, (time.process_time() - used) / done * 1e6)
    connection.close()
    return measured


async def our_rate(store: Store, operation: Operation, at_once: int, seconds: float) -> Measured:
    queue = DatabaseQueue(store)
    commits, done = 0, 0
    original = writer.commit

    def counting(*arguments: Any) -> set[str]:
        nonlocal commits
        commits += 1
        return original(*arguments)

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await operation.ours(queue)
            done += 1

    begun, used = time.perf_counter(), time.process_time()
    end = begun + seconds
    writer.commit = counting
    try:
        await asyncio.gather(*(caller() for _ in range(at_once)))
    finally:
        writer.commit = original
    rate, cpu = done / (time.perf_counter() - begun), (time.process_time() - used) / done * 1e6
    return Measured(rate, cpu, done * operation.transactions / commits if commits else 0.0)


async def opened(url: str, synchronous: str, count: int = 40) -> Store:
    """A store with a queue and thousands of messages, enough for all claims of a round."""
    store = await open_store(url, synchronous=synchronous)  # type: ignore[arg-type]
    for _ in range(count):
        await DatabaseQueue(store).put(P, Q, ONE * 1_000)
    return store


def pair(synchronous: str, at_once: int, operation: Operation, seconds: float) -> tuple[Measured, Measured]:
    """Raw, then the queue, on the same file."""

    async def main() -> tuple[Measured, Measured]:
        path = Path(folder, "yard.sqlite")
        count = 40 if operation.transactions > 1 else 1
        await (await opened(f"sqlite:///{path}", synchronous, count)).close()
        raw = raw_rate(path, synchronous, operation, at_once, seconds)
        store = await opened(f"sqlite:///{path}", synchronous, count)
        try:
            return raw, await our_rate(store, operation, at_once, seconds)
        finally:
            await store.close()

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(main())


def on_sqlite(seconds: float, rounds: int) -> None:
    print(f"{'':34}{'raw/s':>9}{'queue/s':>9}{'of raw':>8}{'raw us':>9}{'queue us':>9}{'in one':>8}")
    for synchronous in ("NORMAL", "FULL"):
        for at_once in AT_ONCE:
            for operation in OPERATIONS:
                pairs = [pair(synchronous, at_once, operation, seconds) for _ in range(rounds)]
                raw, ours = ([one[side] for one in pairs] for side in (0, 1))
                ratio = median(our.rate / its.rate for its, our in pairs)
                row = f"{_mid(raw, 0):9.0f}{_mid(ours, 0):9.0f}{ratio:8.0%}{_mid(raw, 1):9.0f}{_mid(ours, 1):9.0f}"
                print(f"{synchronous:8}{at_once:3} {operation.name:22}{row}{_mid(ours, 2):8.1f}", flush=True)


def _mid(measured: list[Measured], field: int) -> float:
    return median(one[field] for one in measured)


def on_postgresql(url: str, seconds: float) -> None:
    async def main() -> None:
        store = await opened(url, "NORMAL", 1)
        for at_once in AT_ONCE:
            for operation in OPERATIONS:
                await DatabaseQueue(store).put(P, Q, ONE * 10_000)
                ours = await our_rate(store, operation, at_once, seconds)
                print(f"postgresql {at_once:3} {operation.name:22}{ours.rate:9.0f}/s{ours.cpu:9.0f} us", flush=True)
        await store.close()

    asyncio.run(main())


def backlog(url: str, large: int) -> None:
    """What a claim of ten costs from a small queue and from a large one, half claimed, in turn."""
    asyncio.run(_backlog(url, {"small": 1_000, "large": large}))


async def _backlog(url: str, sizes: dict[str, int]) -> None:
    store = await open_store(url)
    queue = DatabaseQueue(store)
    for name, size in sizes.items():
        for _ in range(size // 1_000):
            await queue.put(P, name, ONE * 1_000)
        for _ in range(size // 1_000):
            await queue.claim(P, name, limit=500, ttl=3600)
    await _time_claims(store, queue, sizes, "")
    if store.dialect == "postgresql":
        # What it left of the claimed ones in its index is passed over by each claim until a vacuum, as each minute.
        driver = await asyncpg.connect(url)
        await driver.execute("VACUUM messages")
        await driver.close()
        await _time_claims(store, queue, sizes, ", vacuumed")
    await store.close()


async def _time_claims(store: Store, queue: DatabaseQueue, sizes: dict[str, int], how: str) -> None:
    times: dict[str, list[float]] = {name: [] for name in sizes}
    for _ in range(20):
        for name in sizes:
            begun = time.perf_counter()
            await queue.claim(P, name, limit=10)
            times[name].append((time.perf_counter() - begun) * 1000)
    for name, size in sizes.items():
        middle, slow = median(times[name]), sorted(times[name])[-2]
        told = f"median {middle:6.2f} ms, one in ten above {slow:6.2f} ms"
        print(f"{store.dialect:11}claim of 10 from {size:9,}: {told}{how}", flush=True)


def main(*, quick: bool, postgresql: str = "") -> None:
    """Print all rows; ``postgresql`` is the address of an empty database to measure too."""
    seconds, rounds = (0.5, 1) if quick else (1.0, ROUNDS)
    large = 100_000 if quick else 1_000_000
    on_sqlite(seconds, rounds)
    with tempfile.TemporaryDirectory() as folder:
        backlog(f"sqlite:///{folder}/yard.sqlite", large)
    if postgresql:
        on_postgresql(postgresql, seconds)
        backlog(postgresql, large)
