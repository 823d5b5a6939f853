"""A farm database in memory, and short ways to put rows into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Engine, create_engine, event, insert, update
from sqlalchemy.pool import StaticPool

from buildyard.farm.store.tables import builders, builds, files, metadata, request_builds, requests, runs, tasks
from buildyard.farm.wire import PHASES, BuilderInfo, BuildResult, InterpreterInfo, PhaseRecord

NOW = 1_768_660_000.0


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The tables of a farm, made once for the tests of a file."""
    made = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """One transaction on an empty farm, undone at the end."""
    with engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


class Rows:
    """Writes rows as the farm's rooms do."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def builder(self, name: str = "yard-1", *, slots: int = 2, platform: str = "linux_x86_64", **more: Any) -> None:
        python = InterpreterInfo(abi="cp312", version="3.12.8", implementation="cpython")
        info = BuilderInfo(
            name=name,
            worker_group="yard",
            platform=platform,
            slots=slots,
            interpreters=(python,),
            sandbox="bubblewrap",
            version="1.0",
        )
        row = {"name": name, "info": msgspec.json.encode(info).decode(), "platform": platform, "slots": slots}
        self.connection.execute(insert(builders).values({**row, "first_seen": NOW, "seen": NOW - 1, **more}))

    def request(self, *requirements: str, state: str = "planned", **more: Any) -> int:
        row = {
            "requirements": msgspec.json.encode(requirements).decode(),
            "abis": "[]",
            "deps": True,
            "asked_by": "mira",
            "state": state,
            "created": NOW - 60,
        }
        statement = insert(requests).values({**row, **more}).returning(requests.c.id)
        number: int = self.connection.execute(statement).scalar_one()
        return number

    def build(self, package: str = "six", abi: str = "cp312", *, request: int | None = None, **more: Any) -> int:
        row = {
            "package": package,
            "display": package,
            "version": "1.0",
            "abi": abi,
            "platform": "linux_x86_64",
            "state": "queued",
            "source": '{"filename":"a.tar.gz","url":"file:///a","sha256":"00"}',
            "created": NOW - 300,
            "priority": 4,
        }
        statement = insert(builds).values({**row, **more}).returning(builds.c.id)
        number: int = self.connection.execute(statement).scalar_one()
        if request is not None:
            link = {"request_id": request, "build_id": number, "top_level": True}
            self.connection.execute(insert(request_builds).values(link))
        return number

    def built(
        self, package: str = "six", abi: str = "cp312", *, took: float = 30.0, ago: float = 60, **more: Any
    ) -> int:
        result = BuildResult(outcome="built", phases=phases(took))
        times = {"started": NOW - ago - took, "finished": NOW - ago}
        return self.build(package, abi, state="built", result=msgspec.json.encode(result).decode(), **times, **more)

    def failed(self, package: str = "six", abi: str = "cp312", *, ago: float = 60, **more: Any) -> int:
        told = {"kind": "compile_error", "reason": "a.c:1: no", "final": True, "started": NOW - ago - 5}
        return self.build(package, abi, **{"state": "failed", "finished": NOW - ago, **told, **more})

    def run(
        self, build: int, *, began: float = 10.0, builder: str = "yard-1", state: str = "running", **more: Any
    ) -> str:
        task = {
            "task_id": f"task-{build}",
            "task_queue_id": "buildyard/linux-x86-64-cp312",
            "scheduler_id": "buildyard",
            "project_id": "buildyard",
            "task_group_id": f"task-{build}",
            "priority": 4,
            "retries_left": 5,
            "definition": "{}",
            "state": state,
            "created": NOW,
            "deadline": NOW + 1e6,
            "expires": NOW + 1e6,
        }
        self.connection.execute(insert(tasks).values(task))
        row = {"task_id": task["task_id"], "run_id": 0, "state": state, "reason_created": "scheduled"}
        began_at = {"scheduled": NOW - began, "started": NOW - began, "worker_id": builder}
        self.connection.execute(insert(runs).values({**row, **began_at, **more}))
        tied = {"task_id": task["task_id"], "state": "building", "tries": 1, "builder": builder}
        self.connection.execute(update(builds).where(builds.c.id == build).values(tied))
        return f"task-{build}"

    def wheel(self, build: int, filename: str = "six-1.0-py3-none-any.whl", **more: Any) -> None:
        package, version = filename.split("-")[:2]
        row = {
            "filename": filename,
            "package": package,
            "version": version,
            "build_id": build,
            "sha256": "ab" * 32,
            "size": 11_000,
            "tags": "[]",
            "metadata": f"Name: {package}\nSummary: Sixes and sevens\n\nSummary: no",
            "metadata_sha256": "cd" * 32,
            "uploaded": NOW - 50,
            "published": NOW - 49,
        }
        self.connection.execute(insert(files).values({**row, **more}))


def phases(took: float) -> tuple[PhaseRecord, ...]:
    shares = zip(PHASES, (0.1, 0.1, 0.6, 0.0, 0.1, 0.1), strict=True)
    return tuple(PhaseRecord(name=name, state="done", started_s=0, elapsed_s=took * share) for name, share in shares)


@pytest.fixture
def rows(connection: Connection) -> Rows:
    return Rows(connection)


@pytest.fixture
def statements(connection: Connection) -> Iterator[list[str]]:
    """Every statement that is sent to the database."""
    sent: list[str] = []

    def note(*args: Any) -> None:
        sent.append(args[2])

    event.listen(connection, "before_cursor_execute", note)
    yield sent
    event.remove(connection, "before_cursor_execute", note)
