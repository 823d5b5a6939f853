"""An empty farm in memory, and the values that tests of builds start from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, create_engine, event, select

from buildyard.farm.builds import finish
from buildyard.farm.builds.decisions import NotWanted, Wanted
from buildyard.farm.builds.enqueue import Asked, ask, dispatch, enqueue
from buildyard.farm.builds.planning import Planned
from buildyard.farm.store.tables import builds, metadata
from buildyard.farm.tasks import service as tasks
from buildyard.farm.wire import BuildResult, Failure, FailureKind, Limits, Source, WheelRecord

NOW = 1_800_000_000.0
PLATFORM = "linux_x86_64"


@contextmanager
def farm() -> Iterator[Connection]:
    """A connection to an empty farm, in one transaction that is thrown away."""
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def wanted(package: str = "wrapt", abi: str = "cp312", version: str = "1.17.2", **more: object) -> Planned:
    source = Source(filename=f"{package}-{version}.tar.gz", url=f"file:///{package}.tar.gz", sha256="0" * 64)
    decision = Wanted(
        package=package,
        version=version,
        abi=abi,
        platform=PLATFORM,
        source=source,
        source_date_epoch=1,
        **more,  # type: ignore[arg-type]
    )
    return Planned(decision=decision)


def not_wanted(package: str = "wrapt", abi: str = "cp39", reason: str = "Requires-Python is >=3.10") -> Planned:
    return Planned(decision=NotWanted(package=package, abi=abi, platform=PLATFORM, reason=reason))


def request(connection: Connection, *planned: Planned, now: float = NOW, again: bool = False) -> int:
    """Ask for these builds and plan them; return the request's number."""
    number = ask(connection, now, Asked(requirements=("wrapt",), asked_by="mira", again=again))
    enqueue(connection, now, number, planned, again=again)
    return number


def state_of(connection: Connection, abi: str = "cp312") -> str:
    return str(connection.execute(select(builds.c.state).where(builds.c.abi == abi)).scalar_one())


def row_of(connection: Connection, abi: str = "cp312") -> dict[str, object]:
    return dict(connection.execute(select(builds).where(builds.c.abi == abi)).mappings().one())


def claim(connection: Connection, abi: str = "cp312", now: float = NOW) -> tuple[str, int]:
    """Give tasks to what wants them and claim the one of this ABI."""
    dispatch(connection, now, Limits())
    pool = f"buildyard/linux-x86-64-{abi}"
    (claimed,) = tasks.claim(connection, now, [pool], "here", "yard-1", 1)
    finish.follow(connection, now)
    return claimed.task_id, claimed.run_id


def wheel(tag: str = "cp312-cp312-linux_x86_64", package: str = "wrapt", version: str = "1.17.2") -> WheelRecord:
    return WheelRecord(
        filename=f"{package}-{version}-{tag}.whl",
        sha256="1" * 64,
        size=1000,
        package=package,
        version=version,
        tags=(tag,),
        metadata=f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
    )


def built(record: WheelRecord, *, has_extension_sources: bool = False) -> BuildResult:
    return BuildResult(outcome="built", wheel=record, has_extension_sources=has_extension_sources, elapsed_s=2.0)


def failed(kind: FailureKind = FailureKind.COMPILE_ERROR, reason: str = "no Python.h") -> BuildResult:
    return BuildResult(outcome="failed", failure=Failure(kind=kind, reason=reason, phase="build"))


def settle(
    connection: Connection, result: BuildResult | None, *, trusted: bool = False, now: float = NOW
) -> list[bool]:
    """Settle each build whose task is resolved with this result."""
    outcome = finish.Outcome(result=result, wheel=result.wheel if result else None, trusted_none=trusted)
    return [finish.finish(connection, now, end, outcome) for end in finish.ended(connection)]


def complete(connection: Connection, record: WheelRecord, *, abi: str = "cp312", trusted: bool = False) -> None:
    """Let a builder build this wheel, from claim to settled."""
    task_id, run_id = claim(connection, abi)
    tasks.report_completed(connection, NOW, task_id, run_id)
    settle(connection, built(record), trusted=trusted)


def fail(connection: Connection, result: BuildResult, *, abi: str = "cp312", now: float = NOW) -> None:
    """Let a builder fail, from claim to settled."""
    task_id, run_id = claim(connection, abi, now)
    tasks.report_failed(connection, now, task_id, run_id)
    settle(connection, result, now=now)


def topics(connection: Connection) -> list[str]:
    from buildyard.farm.events.outbox import after

    return [one.topic for one in after(connection, 0)]


def decoded(text: object) -> object:
    return msgspec.json.decode(str(text))
