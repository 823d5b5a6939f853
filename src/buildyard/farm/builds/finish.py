"""How a build ends: what its task came to is written into the state table, and the wheel becomes a file.

`follow` brings the builds' states up to their tasks' (one set-based statement a direction); `ended` names the builds
whose task is resolved; `finish` settles one of them.  The bytes of results and wheels are read before, outside any
transaction, by `service`.  A wheel becomes a file only if its own METADATA and name match the build that made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from sqlalchemy import Connection, Row, exists, func, insert, select, update

from buildyard.farm.abi import covers
from buildyard.farm.builds.enqueue import WANTED
from buildyard.farm.builds.plan import serves
from buildyard.farm.builds.states import Move, State, after
from buildyard.farm.events.outbox import record
from buildyard.farm.events.schemas import BuildCompleted, BuildFailed, BuildSkipped, Event
from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import builds, dirty_pages, files, runs, tasks
from buildyard.farm.tasks import service
from buildyard.farm.tasks.floor import TaskFloor
from buildyard.farm.wire import TRANSIENT, BuildResult, Failure, FailureKind, WheelRecord

#: Woken when a project's pages are older than its files.
PAGES = "pages"

#: Seconds before a build is tried again after a passing failure: the first time, the second, and so on; then it is
#: final.  What passes by itself passes within minutes, or it is an outage that a person sees.
BACK_OFF_S = (60.0, 300.0, 1800.0)


class Ended(Struct, frozen=True, kw_only=True):
    """A build whose task is resolved, and how."""

    build_id: int
    package: str
    version: str
    abi: str
    platform: str
    upstream_has_none: bool  #: upstream publishes a pure wheel of this version
    task_id: str
    run_id: int
    state: str  #: of the task: completed, failed, exception
    reason: str  #: ``reasonResolved`` of the last run
    builder: str


class Outcome(Struct, frozen=True, kw_only=True):
    """What the files of a run say: the builder's result, and the wheel as the hub itself has read it."""

    result: BuildResult | None
    wheel: WheelRecord | None
    trusted_none: bool = False  #: its ``none`` wheel may serve every ABI


def follow(connection: Connection, now: float) -> int:
    """Bring queued and building up to what the tasks say; return how many builds moved."""
    claimed = _claimed_builds(connection)
    for row in claimed:
        values = {"state": State.BUILDING, "started": row.run_started or now, "builder": row.worker_id or ""}
        connection.execute(update(builds).where(builds.c.id == row.id).values(values))
    given_back = exists().where(tasks.c.task_id == builds.c.task_id, tasks.c.state == "pending")
    back = update(builds).where(builds.c.state == State.BUILDING, given_back)
    return len(claimed) + connection.execute(back.values(state=State.QUEUED, started=None, builder="")).rowcount


def ended(connection: Connection, *, limit: int = 100) -> list[Ended]:
    """Return the builds whose task is resolved and that have not been settled, oldest first."""
    last = select(func.max(runs.c.run_id)).where(runs.c.task_id == tasks.c.task_id).correlate(tasks).scalar_subquery()
    query = (
        select(builds, tasks.c.state.label("task_state"), runs.c.run_id, runs.c.reason_resolved, runs.c.worker_id)
        .join(tasks, tasks.c.task_id == builds.c.task_id)
        .join(runs, (runs.c.task_id == tasks.c.task_id) & (runs.c.run_id == last))
        .where(
            builds.c.state.in_([State.QUEUED, State.BUILDING]),
            tasks.c.state.in_(["completed", "failed", "exception"]),
        )
        .order_by(runs.c.resolved)
        .limit(limit)
    )
    return [_ended(row) for row in connection.execute(query)]


def finish(connection: Connection, now: float, end: Ended, outcome: Outcome, floor: TaskFloor = service) -> bool:
    """Settle one build; return False where another hub has done so already."""
    row = connection.execute(select(builds).where(builds.c.id == end.build_id).with_for_update()).first()
    if row is None or row.task_id != end.task_id or State(row.state) not in (State.QUEUED, State.BUILDING):
        return False
    failure = _why_not(end, outcome)
    if failure is None:
        assert outcome.wheel is not None
        assert outcome.result is not None
        _complete(connection, now, row, end, outcome.result, outcome.wheel, floor, trusted_none=outcome.trusted_none)
    else:
        _fail(connection, now, row, end, outcome.result, failure)
    return True


def mismatch(end: Ended, wheel: WheelRecord) -> str | None:
    """Return why this wheel is not the one the build was to make, or None."""
    if canonicalize_name(wheel.package) != end.package:
        return f"the wheel is {wheel.package}, not {end.package}"
    if not _same_version(wheel.version, end.version):
        return f"the wheel is version {wheel.version}, not {end.version}"
    if not covers(wheel.tags, end.abi, end.platform):
        return f"the wheel {wheel.filename} does not install on {end.abi} {end.platform}"
    return None


def _why_not(end: Ended, outcome: Outcome) -> Failure | None:
    """Return why this is not a build that gave its wheel, or None."""
    result = outcome.result
    if end.state == "exception":
        return _exceptional(end)
    if result is None:
        return _internal(end, "the builder reported no result")
    if result.failure is not None:
        return result.failure
    if end.state != "completed" or outcome.wheel is None:
        return _internal(end, "the builder uploaded no wheel")
    wrong = mismatch(end, outcome.wheel)
    return Failure(kind=FailureKind.WRONG_WHEEL, reason=wrong, phase="upload") if wrong else None


def _exceptional(end: Ended) -> Failure:
    reasons = {
        "claim-expired": "its builders went silent each time it was tried",
        "deadline-exceeded": "no builder came for it within five days",
        "canceled": "it was cancelled",
        "worker-shutdown": "its builders were stopped each time it was tried",
    }
    kind = FailureKind.STOPPED if end.reason == "deadline-exceeded" else FailureKind.INTERNAL
    reason = reasons.get(end.reason, f"its task ended with {end.reason}")
    return Failure(kind=kind, reason=reason, phase="fetch", next="retry it once its builders are well")


def _internal(end: Ended, reason: str) -> Failure:
    return Failure(kind=FailureKind.INTERNAL, reason=f"{reason} ({end.builder}, task {end.task_id})", phase="upload")


def _complete(
    connection: Connection,
    now: float,
    row: Row[Any],
    end: Ended,
    result: BuildResult,
    wheel: WheelRecord,
    floor: TaskFloor,
    *,
    trusted_none: bool,
) -> None:
    there = connection.execute(select(files).where(files.c.filename == wheel.filename)).first()
    if there is None:
        _add_file(connection, now, row, wheel, trusted_none=trusted_none)
    happened: list[Event]
    if there is not None and there.sha256 != wheel.sha256:
        # A published file never changes.  The wheel that is there serves this interpreter too, so this one is let go.
        happened = [_cover(connection, now, row, wheel.filename)]
    else:
        values = {"state": after(State(row.state), Move.COMPLETE), "filename": wheel.filename, "reason": "", "kind": ""}
        _settle(connection, now, row, end, result, values)
        happened = [
            BuildCompleted(
                **_about(row),
                filename=wheel.filename,
                elapsed_s=result.elapsed_s,
                builder=result.builder or end.builder,
            )
        ]
    happened += _tell_siblings(connection, now, row, wheel, floor, trusted_none=trusted_none)
    record(connection, now, happened)


def _fail(
    connection: Connection,
    now: float,
    row: Row[Any],
    end: Ended,
    result: BuildResult | None,
    failure: Failure,
) -> None:
    transient = failure.kind in TRANSIENT and row.tries <= len(BACK_OFF_S) and end.reason != "canceled"
    try_at = now + BACK_OFF_S[min(row.tries, len(BACK_OFF_S)) - 1] if transient else None
    values = {
        "state": after(State(row.state), Move.POSTPONE if transient else Move.FAIL),
        "kind": failure.kind,
        "reason": failure.reason,
        "next": failure.next or "",
        "log_line": failure.log_line,
        "final": not transient,
        "try_at": try_at,
    }
    _settle(connection, now, row, end, result, values)
    happened = BuildFailed(
        **_about(row),
        kind=failure.kind,
        reason=failure.reason,
        final=not transient,
        try_at=try_at,
        builder=end.builder,
    )
    record(connection, now, [happened])
    # Where the first of a version fails, the others are tried all the same: it may be this interpreter alone.
    connection.execute(update(builds).where(builds.c.waits_for == row.id).values(waits_for=None))
    wake(connection, WANTED)


def _settle(
    connection: Connection,
    now: float,
    row: Row[Any],
    end: Ended,
    result: BuildResult | None,
    values: Mapping[str, object],
) -> None:
    kept = {"finished": now, "builder": end.builder, "result": _without_metadata(result), "started": row.started or now}
    connection.execute(update(builds).where(builds.c.id == row.id).values({**kept, **values}))


def _without_metadata(result: BuildResult | None) -> str | None:
    """Return the result as JSON; METADATA is kept once, with the file."""
    if result is None:
        return None
    if result.wheel is not None:
        result = msgspec.structs.replace(result, wheel=msgspec.structs.replace(result.wheel, metadata=""))
    return msgspec.json.encode(result).decode()


def _add_file(connection: Connection, now: float, row: Row[Any], wheel: WheelRecord, *, trusted_none: bool) -> None:
    values = {
        "filename": wheel.filename,
        "package": row.package,
        "version": row.version,
        "build_id": row.id,
        "sha256": wheel.sha256,
        "size": wheel.size,
        "tags": msgspec.json.encode(wheel.tags).decode(),
        "requires_python": wheel.requires_python,
        "metadata": wheel.metadata,
        "metadata_sha256": sha256(wheel.metadata.encode()).hexdigest(),
        "trusted_none": trusted_none,
        "uploaded": now,
    }
    connection.execute(insert(files).values(values))
    if connection.execute(select(dirty_pages).where(dirty_pages.c.package == row.package)).first() is None:
        connection.execute(insert(dirty_pages).values(package=row.package, since=now))
    wake(connection, PAGES)


def _tell_siblings(
    connection: Connection, now: float, row: Row[Any], wheel: WheelRecord, floor: TaskFloor, *, trusted_none: bool
) -> list[Event]:
    """Cover the builds of this version that the wheel serves; let the others of it begin."""
    happened: list[Event] = []
    for sibling in _siblings(connection, row):
        if serves(wheel, sibling.abi, sibling.platform, trusted_none=trusted_none):
            if sibling.task_id is not None:
                floor.cancel(connection, now, sibling.task_id)
            happened.append(_cover(connection, now, sibling, wheel.filename))
    connection.execute(update(builds).where(builds.c.waits_for == row.id).values(waits_for=None))
    wake(connection, WANTED)
    return happened


def _siblings(connection: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
    """Return the other builds of this version and platform that nobody works on yet."""
    query = select(builds).where(
        builds.c.package == row.package,
        builds.c.version == row.version,
        builds.c.platform == row.platform,
        builds.c.id != row.id,
        builds.c.state.in_([State.QUEUED, State.WILL_RETRY]),
    )
    return connection.execute(query).all()


def _cover(connection: Connection, now: float, row: Row[Any], filename: str) -> Event:
    state = after(State(row.state), Move.COVER)
    values = {"state": state, "covered_by": filename, "reason": f"{filename} serves it", "waits_for": None}
    connection.execute(update(builds).where(builds.c.id == row.id).values({**values, "finished": now, "try_at": None}))
    return BuildSkipped(**_about(row), state=state, reason=f"{filename} serves it")


def _claimed_builds(connection: Connection) -> Sequence[Any]:
    query = (
        select(builds.c.id, runs.c.started.label("run_started"), runs.c.worker_id)
        .join(tasks, tasks.c.task_id == builds.c.task_id)
        .join(runs, (runs.c.task_id == tasks.c.task_id) & (runs.c.state == "running"))
        .where(builds.c.state == State.QUEUED, tasks.c.state == "running")
    )
    return connection.execute(query).all()


def _ended(row: Row[Any]) -> Ended:
    return Ended(
        build_id=row.id,
        package=row.package,
        version=row.version,
        abi=row.abi,
        platform=row.platform,
        upstream_has_none=row.upstream_has_none,
        task_id=row.task_id,
        run_id=row.run_id,
        state=row.task_state,
        reason=row.reason_resolved or "",
        builder=row.worker_id or "",
    )


def _about(row: Row[Any]) -> dict[str, Any]:
    return {
        "build_id": row.id,
        "package": row.display,
        "version": row.version,
        "abi": row.abi,
        "platform": row.platform,
    }


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other
