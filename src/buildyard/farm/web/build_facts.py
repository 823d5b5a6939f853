"""Everything a build's page tells, read in one snapshot with a fixed number of statements.

`build_page` shows it, `build_words` makes its sentence.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, func, select, tuple_

from buildyard.farm.abi import Abi
from buildyard.farm.builds import views
from buildyard.farm.builds.states import MOVES, Move, State
from buildyard.farm.builds.usual import Usual, usual
from buildyard.farm.store.tables import builders, builds, files, request_builds, requests, runs, tasks
from buildyard.farm.wire import BuildPayload, Limits, Source

#: Other builds of the version that are listed.
_SIBLINGS = 60


class Sibling(Struct, frozen=True, kw_only=True):
    """Another build of the same version."""

    id: int
    abi: str
    platform: str
    state: str
    reason: str
    elapsed_s: float | None
    same_cause: bool


class Wheel(Struct, frozen=True, kw_only=True):
    """The file that serves this build."""

    filename: str
    package: str
    sha256: str
    size: int
    published: float | None
    build_id: int


class Run(Struct, frozen=True, kw_only=True):
    """One attempt at the task."""

    run_id: int
    state: str
    reason: str
    builder: str
    started: float | None
    resolved: float | None
    taken_until: float | None
    log_bytes: int


class Asked(Struct, frozen=True, kw_only=True):
    """The first request that wanted this build."""

    id: int
    by: str
    at: float
    top_level: bool  #: by name, not as a dependency


class Facts(Struct, frozen=True, kw_only=True):
    """A build and all around it."""

    build: views.BuildView
    name: str  #: normalised
    created: float
    started: float | None
    finished: float | None
    try_at: float | None
    waits_for: int | None
    source: Source | None
    source_date_epoch: int
    requires_python: str | None
    asked: Asked | None
    siblings: tuple[Sibling, ...]
    wheel: Wheel | None
    runs: tuple[Run, ...]
    limits: Limits | None
    usual: Usual | None
    position: int | None  #: 1 is next; None where it does not wait
    starts_in_s: float | None
    same_cause: int  #: how many builds failed for the same reason, this one among them
    can_retry: bool

    @property
    def log_run(self) -> Run | None:
        """The run whose log is shown: the last one that began."""
        begun = [run for run in self.runs if run.started is not None]
        return begun[-1] if begun else None


def read(connection: Connection, now: float, number: int) -> Facts | None:
    """Return what there is to tell of a build, or None where there is none of that number."""
    view = views.build(connection, now, number)
    if view is None:
        return None
    row = connection.execute(select(builds).where(builds.c.id == number)).one()
    usually = usual(connection, [(row.package, row.platform)]).get((row.package, row.platform))
    position = _position(connection, row)
    return Facts(
        build=view,
        name=row.package,
        created=row.created,
        started=row.started,
        finished=row.finished,
        try_at=row.try_at,
        waits_for=row.waits_for,
        source=msgspec.json.decode(row.source, type=Source | None),
        source_date_epoch=row.source_date_epoch,
        requires_python=row.requires_python,
        asked=_asked(connection, number),
        siblings=_siblings(connection, row),
        wheel=_wheel(connection, row.filename or row.covered_by),
        runs=_runs(connection, row.task_id),
        limits=_limits(connection, row.task_id),
        usual=usually,
        position=position,
        starts_in_s=_starts_in(connection, now, row, position, usually),
        same_cause=_same_cause(connection, row),
        can_retry=(State(row.state), Move.RETRY) in MOVES and row.source != "null",
    )


def _asked(connection: Connection, number: int) -> Asked | None:
    query = (
        select(requests.c.id, requests.c.asked_by, requests.c.created, request_builds.c.top_level)
        .join(request_builds, request_builds.c.request_id == requests.c.id)
        .where(request_builds.c.build_id == number)
        .order_by(requests.c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else Asked(id=row.id, by=row.asked_by, at=row.created, top_level=row.top_level)


def _siblings(connection: Connection, row: Row[Any]) -> tuple[Sibling, ...]:
    same = tuple_(builds.c.package, builds.c.version) == tuple_(row.package, row.version)
    rows = connection.execute(select(builds).where(same, builds.c.id != row.id).limit(_SIBLINGS)).all()
    found = [
        Sibling(
            id=one.id,
            abi=one.abi,
            platform=one.platform,
            state=one.state,
            reason=one.reason,
            elapsed_s=one.finished - one.started if one.finished and one.started and one.state == "built" else None,
            same_cause=bool(row.kind) and (one.kind, one.reason) == (row.kind, row.reason),
        )
        for one in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.platform, Abi.parse(one.abi))))


def _wheel(connection: Connection, filename: str | None) -> Wheel | None:
    row = connection.execute(select(files).where(files.c.filename == filename)).first()
    if row is None:
        return None
    return Wheel(
        filename=row.filename,
        package=row.package,
        sha256=row.sha256,
        size=row.size,
        published=row.published,
        build_id=row.build_id,
    )


def _runs(connection: Connection, task_id: str | None) -> tuple[Run, ...]:
    rows = connection.execute(select(runs).where(runs.c.task_id == task_id).order_by(runs.c.run_id)).all()
    return tuple(
        Run(
            run_id=row.run_id,
            state=row.state,
            reason=row.reason_resolved or "",
            builder=row.worker_id or "",
            started=row.started,
            resolved=row.resolved,
            taken_until=row.taken_until,
            log_bytes=row.log_bytes,
        )
        for row in rows
    )


class _Definition(Struct):
    """The part of a task's definition that matters here."""

    payload: BuildPayload


def _limits(connection: Connection, task_id: str | None) -> Limits | None:
    text = connection.execute(select(tasks.c.definition).where(tasks.c.task_id == task_id)).scalar()
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=_Definition).payload.limits
    except msgspec.ValidationError:  # a task that somebody else made
        return None


def _position(connection: Connection, row: Row[Any]) -> int | None:
    if row.state != "queued":
        return None
    goes_before = (builds.c.priority > row.priority) | ((builds.c.priority == row.priority) & (builds.c.id < row.id))
    query = select(func.count()).where(builds.c.state == "queued", builds.c.platform == row.platform, goes_before)
    return int(connection.execute(query).scalar_one()) + 1


def _starts_in(
    connection: Connection, now: float, row: Row[Any], position: int | None, usually: Usual | None
) -> float | None:
    """Return when a builder is about to come for it, None where nobody knows."""
    if position is None or usually is None:
        return None
    is_there = builders.c.left.is_(None) & (builders.c.seen > now - views.SILENT_AFTER_S)
    query = select(func.sum(builders.c.slots)).where(builders.c.platform == row.platform, is_there)
    slots = connection.execute(query).scalar()
    return position * usually.seconds / slots if slots else None


def _same_cause(connection: Connection, row: Row[Any]) -> int:
    if row.state != "failed":
        return 0
    same = (builds.c.kind == row.kind) & (builds.c.reason == row.reason)
    return int(connection.execute(select(func.count()).where(builds.c.state == "failed", same)).scalar_one())
