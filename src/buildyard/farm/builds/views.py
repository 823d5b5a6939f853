"""What is told of builds, requests and builders: the values behind the farm's API, the terminal and the pages.

Reading only; each function takes a connection and the time and costs a fixed number of statements.  Keys are only ever
added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Row, Select, func, select

from buildyard.farm.abi import Abi
from buildyard.farm.builds.usual import Pair, Usual, usual
from buildyard.farm.builds.words import iso
from buildyard.farm.events.outbox import Recorded
from buildyard.farm.store.tables import builders as builders_table
from buildyard.farm.store.tables import builds, files, request_builds, requests, runs
from buildyard.farm.wire import BuilderInfo, BuildResult, InterpreterInfo

#: A builder that has not asked for work for this long is silent; it asks at least every long poll (20 s).
SILENT_AFTER_S = 60.0


class BuildView(Struct, frozen=True, kw_only=True):
    """One build, as told to people and scripts."""

    id: int
    package: str  #: as upstream spells it
    version: str
    abi: str
    platform: str
    state: str
    reason: str
    next: str
    kind: str
    final: bool
    log_line: int | None
    phase: str | None
    phase_elapsed_s: float | None
    elapsed_s: float | None  #: of the run that is on, or of the one that ended it
    usual_s: float | None
    builder: str
    filename: str | None
    is_published: bool  #: False for one that is built while the index does not show its wheel yet
    covered_by: str | None
    try_at: str | None  #: ISO 8601, UTC
    tries: int
    task_id: str | None
    run_id: int | None
    top_level: bool = True
    result: BuildResult | None = None


class RequestView(Struct, frozen=True, kw_only=True):
    """One request and what it came to."""

    id: int
    state: str  #: asked, planned, failed
    reason: str
    requirements: list[str]
    abis: list[str]
    detail: msgspec.Raw
    builds: list[BuildView]


class BuilderView(Struct, frozen=True, kw_only=True):
    """One builder, as told to people and scripts."""

    name: str
    state: str  #: working, silent, gone
    platform: str
    slots: int
    busy: int
    interpreters: tuple[InterpreterInfo, ...]
    sandbox: str
    version: str
    seen: str


def build(connection: Connection, now: float, number: int) -> BuildView | None:
    """Return one build with its result, or None."""
    row = connection.execute(_with_run().where(builds.c.id == number)).first()
    if row is None:
        return None
    usually = usual(connection, [(row.package, row.platform)])
    result = msgspec.json.decode(row.result, type=BuildResult) if row.result else None
    return msgspec.structs.replace(_view(row, now, usually), result=result)


def request(connection: Connection, now: float, number: int) -> RequestView | None:
    """Return one request with its builds, first asked for first, or None."""
    row = connection.execute(select(requests).where(requests.c.id == number)).first()
    if row is None:
        return None
    query = (
        _with_run(request_builds.c.top_level)
        .join(request_builds, request_builds.c.build_id == builds.c.id)
        .where(request_builds.c.request_id == number)
    )
    rows = connection.execute(query).all()
    usually = usual(connection, {(one.package, one.platform) for one in rows})
    views = [msgspec.structs.replace(_view(one, now, usually), top_level=one.top_level) for one in rows]
    return RequestView(
        id=row.id,
        state=row.state,
        reason=row.reason,
        requirements=msgspec.json.decode(row.requirements),
        abis=msgspec.json.decode(row.abis),
        detail=msgspec.Raw(row.detail.encode()),
        builds=sorted(views, key=lambda one: (not one.top_level, one.package, one.version, Abi.parse(one.abi))),
    )


def builders(connection: Connection, now: float) -> list[BuilderView]:
    """Return every builder that has said hello, those that work first."""
    running = select(runs.c.worker_id, func.count()).where(runs.c.state == "running").group_by(runs.c.worker_id)
    busy: dict[str, int] = {row[0]: row[1] for row in connection.execute(running)}
    rows = connection.execute(select(builders_table).order_by(builders_table.c.name)).all()
    views = [_builder(row, now, busy.get(row.name, 0)) for row in rows]
    return sorted(views, key=lambda view: ("working", "silent", "gone").index(view.state))


def known_interpreters(connection: Connection) -> dict[str, dict[str, InterpreterInfo]]:
    """Return the usable interpreters by platform and ABI, over all builders that have not said goodbye."""
    known: dict[str, dict[str, InterpreterInfo]] = {}
    for row in connection.execute(select(builders_table).where(builders_table.c.left.is_(None))):
        info = msgspec.json.decode(row.info, type=BuilderInfo)
        for interpreter in info.interpreters:
            there = known.setdefault(info.platform, {}).get(interpreter.abi)
            if interpreter.usable and (there is None or not there.compiles):
                known[info.platform][interpreter.abi] = interpreter
    return known


def event(recorded: Recorded) -> dict[str, object]:
    """Return an event as its JSON object."""
    return {
        "id": recorded.id,
        "topic": recorded.topic,
        "at": recorded.at,
        "summary": recorded.event.summary,
        "subject": recorded.event.subject,
        "body": recorded.event,
    }


def normalised(name: str) -> str:
    """Return a package's name as the farm compares it (PEP 503)."""
    return str(canonicalize_name(name))


def _with_run(*more: Any) -> Select[Any]:
    """Select builds, each with the last run of its task and when its file was published."""
    last = select(func.max(runs.c.run_id)).where(runs.c.task_id == builds.c.task_id).correlate(builds).scalar_subquery()
    run = [runs.c.run_id, runs.c.phase, runs.c.phase_started, runs.c.started.label("run_started")]
    return (
        select(builds, *run, files.c.published.label("file_published"), *more)
        .outerjoin(runs, (runs.c.task_id == builds.c.task_id) & (runs.c.run_id == last))
        .outerjoin(files, files.c.filename == builds.c.filename)
    )


def _view(row: Row[Any], now: float, usually: Mapping[Pair, Usual]) -> BuildView:
    building = row.state == "building"
    started = row.run_started if building else row.started
    ended = now if building else row.finished
    its_usual = usually.get((row.package, row.platform))
    return BuildView(
        id=row.id,
        package=row.display,
        version=row.version,
        abi=row.abi,
        platform=row.platform,
        state=row.state,
        reason=row.reason,
        next=row.next,
        kind=row.kind,
        final=row.final,
        log_line=row.log_line,
        phase=row.phase if building else None,
        phase_elapsed_s=now - row.phase_started if building and row.phase_started else None,
        elapsed_s=ended - started if started and ended else None,
        usual_s=its_usual.seconds if its_usual else None,
        builder=row.builder,
        filename=row.filename,
        is_published=row.state != "built" or row.file_published is not None,
        covered_by=row.covered_by,
        try_at=iso(row.try_at) if row.try_at is not None else None,
        tries=row.tries,
        task_id=row.task_id,
        run_id=row.run_id,
    )


def _builder(row: Row[Any], now: float, busy: int) -> BuilderView:
    info = msgspec.json.decode(row.info, type=BuilderInfo)
    silent = now - row.seen > SILENT_AFTER_S
    return BuilderView(
        name=row.name,
        state="gone" if row.left is not None else "silent" if silent else "working",
        platform=info.platform,
        slots=info.slots,
        busy=busy,
        interpreters=info.interpreters,
        sandbox=info.sandbox,
        version=info.version,
        seen=iso(row.seen),
    )
