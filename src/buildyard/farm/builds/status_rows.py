"""The statements behind the farm's status: each function is one, two at the most, whatever the farm's size.

From a connection and the time to the values of `status_values`; `status` calls them in one snapshot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Connection, Row, cast, func, or_, select

from buildyard.farm.abi import sorted_abis
from buildyard.farm.builds.status_values import (
    Builder,
    Building,
    Bus,
    Counts,
    Hour,
    LastDay,
    NeedsALook,
    QueuedBy,
    Wheels,
)
from buildyard.farm.builds.usual import DEFAULT_SHARES, Pair, Usual
from buildyard.farm.builds.views import SILENT_AFTER_S
from buildyard.farm.builds.words import iso, spoken
from buildyard.farm.events import outbox, relays
from buildyard.farm.store.tables import builders, builds, events, files, requests, runs

_HOUR = 3600
_DAY_HOURS = 24

#: A build is called slower than usual beyond this share and this many seconds above its usual time.
_SLOWER_BY = 0.25
_SLOWER_BY_S = 5.0

#: So many rows are grouped by cause; a farm with more failures has a cause of its own, and `/builds` lists them all.
_LOOKED_AT = 1000

#: A request that could not be planned needs a look for this long.
_FAILED_REQUEST_S = 86400.0

#: Why a build of at least that priority waits (`builds.priority`, as `enqueue` writes it).
_WHY_QUEUED = ((4, "asked_for"), (3, "needed"), (2, "new"))


def counts(connection: Connection, running: Sequence[Row[Any]]) -> Counts:
    """Return how many builds are in each state; ``running`` tells which of them a builder holds right now."""
    by_state = {row[0]: row[1] for row in connection.execute(select(builds.c.state, func.count()).group_by("state"))}
    planning = select(func.count()).select_from(requests).where(requests.c.state == "asked")
    held = by_state.get("queued", 0) + by_state.get("building", 0)
    return Counts(
        building=len(running),
        queued=held - len(running),
        blocked=by_state.get("blocked", 0),
        will_retry=by_state.get("will_retry", 0),
        failed=by_state.get("failed", 0),
        built=by_state.get("built", 0),
        planning=connection.execute(planning).scalar_one(),
    )


def running(connection: Connection) -> Sequence[Row[Any]]:
    """Return the builds that a builder holds, oldest run first, each with its run.

    The run is the truth; `builds.state` follows it within moments.
    """
    run = [runs.c.run_id, runs.c.started.label("run_started"), runs.c.phase, runs.c.phase_started, runs.c.worker_id]
    query = (
        select(builds, *run)
        .join(runs, (runs.c.task_id == builds.c.task_id) & (runs.c.state == "running"))
        .where(builds.c.state.in_(["queued", "building"]))
        .order_by(runs.c.started, builds.c.id)
    )
    return connection.execute(query).all()


def building(rows: Iterable[Row[Any]], now: float, usual: Mapping[Pair, Usual]) -> tuple[Building, ...]:
    """Return the running builds as values, measured against what is usual for them."""
    return tuple(_building(row, now, usual.get((row.package, row.platform))) for row in rows)


def queued(connection: Connection, running: Iterable[Row[Any]]) -> dict[str, tuple[QueuedBy, float]]:
    """Return, by platform, why builds wait and when the oldest of them was asked for."""
    priorities = (
        select(builds.c.platform, builds.c.priority, func.count().label("number"))
        .add_columns(func.min(builds.c.created).label("oldest"))
        .where(builds.c.state == "queued")
        .group_by(builds.c.platform, builds.c.priority)
    )
    # A run may have begun a moment before its build's state says so.
    begun = Counter((row.platform, row.priority) for row in running if row.state == "queued")
    reasons: dict[str, Counter[str]] = {}
    oldest: dict[str, float] = {}
    for row in connection.execute(priorities):
        waiting = row.number - begun[row.platform, row.priority]
        if waiting > 0:
            reasons.setdefault(row.platform, Counter())[_why_queued(row.priority)] += waiting
            oldest[row.platform] = min(row.oldest, oldest.get(row.platform, row.oldest))
    return {platform: (QueuedBy(**why), oldest[platform]) for platform, why in reasons.items()}


def _why_queued(priority: int) -> str:
    return next((word for least, word in _WHY_QUEUED if priority >= least), "backfill")


def builder_rows(connection: Connection, now: float) -> Sequence[Row[Any]]:
    """Return every builder that is there or went silent, and those that said goodbye in the last day, by name."""
    recent: ColumnElement[bool] = or_(builders.c.left.is_(None), builders.c.left > now - _DAY_HOURS * _HOUR)
    return connection.execute(select(builders).where(recent).order_by(builders.c.name)).all()


def builder_lines(rows: Iterable[Row[Any]], now: float, running: Sequence[Row[Any]]) -> tuple[Builder, ...]:
    """Return the builders as values, those that said goodbye last."""
    busy = Counter(row.worker_id for row in running)
    return tuple(sorted((_builder(row, now, busy[row.name]) for row in rows), key=lambda line: line.state == "gone"))


def last_day(connection: Connection, now: float) -> tuple[LastDay, tuple[Hour, ...]]:
    """Return what ended in the last 24 hours, in sum and by hour."""
    begin = (int(now) // _HOUR - _DAY_HOURS + 1) * _HOUR
    hour = (cast(builds.c.finished - begin, BigInteger) // _HOUR).label("hour")
    query = (
        select(builds.c.state, builds.c.kind, hour, func.count().label("number"))
        .where(builds.c.finished >= begin, builds.c.state.in_(["built", "failed", "will_retry"]))
        .group_by(builds.c.state, builds.c.kind, hour)
    )
    rows = connection.execute(query).all()
    by_state: Counter[str] = Counter()
    for row in rows:
        by_state[row.state] += row.number
    day = LastDay(
        built=by_state["built"],
        failed=by_state["failed"] + by_state["will_retry"],
        tried_again=by_state["will_retry"],
    )
    return day, tuple(_hour(begin + nth * _HOUR, [row for row in rows if row.hour == nth]) for nth in range(_DAY_HOURS))


def wheels(connection: Connection) -> Wheels:
    """Return what the index holds."""
    sums = select(func.count(), func.count(files.c.package.distinct()), func.coalesce(func.sum(files.c.size), 0))
    number, packages, size = connection.execute(sums).one()
    query = select(files.c.package, files.c.version).order_by(files.c.uploaded.desc()).limit(1)
    newest = connection.execute(query).first()
    named = f"{newest.package} {newest.version}" if newest else ""
    return Wheels(files=number, packages=packages, bytes=int(size), newest=named)


def asked_ever(connection: Connection) -> bool:
    """Tell whether anybody has ever asked for anything."""
    return connection.execute(select(requests.c.id).limit(1)).first() is not None


def last_event(connection: Connection) -> int:
    """Return the newest event's number."""
    return connection.execute(select(func.max(events.c.id))).scalar() or 0


def bus(connection: Connection, now: float) -> Bus | None:
    """Return how far the bus is behind; None where there is none."""
    lag = relays.lag(connection) if outbox.has_bus(connection) else None
    if lag is None:
        return None
    return Bus(
        waiting=lag.waiting,
        oldest_s=None if lag.oldest is None else max(now - lag.oldest, 0.0),
        trouble=lag.trouble,
        trouble_s=None if lag.trouble_since is None else max(now - lag.trouble_since, 0.0),
    )


def unwell(connection: Connection) -> Sequence[Row[Any]]:
    """Return the builds that failed for good or are blocked, newest first."""
    query = (
        select(builds)
        .where(builds.c.state.in_(["failed", "blocked"]))
        .order_by(func.coalesce(builds.c.finished, builds.c.created).desc(), builds.c.id.desc())
        .limit(_LOOKED_AT)
    )
    return connection.execute(query).all()


def failed_requests(connection: Connection, now: float) -> Sequence[Row[Any]]:
    """Return the requests of the last day that could not be planned, newest first."""
    query = select(requests).where(requests.c.state == "failed", requests.c.created > now - _FAILED_REQUEST_S)
    return connection.execute(query.order_by(requests.c.id.desc()).limit(_LOOKED_AT)).all()


def by_cause(rows: Iterable[Row[Any]]) -> list[NeedsALook]:
    """Group builds by their cause: one row for all that failed in the same way, newest first."""
    causes: dict[tuple[str, str, str], list[Row[Any]]] = {}
    for row in rows:
        causes.setdefault((row.state, row.kind, row.reason), []).append(row)
    return [_cause(group) for group in causes.values()]


def silent(rows: Iterable[Row[Any]], now: float) -> list[NeedsALook]:
    """Return a line for each builder that does not answer."""
    return [_silent(row, now) for row in rows if row.left is None and now - row.seen > SILENT_AFTER_S]


def unplanned(rows: Iterable[Row[Any]]) -> list[NeedsALook]:
    """Return a line for each request that could not be planned."""
    return [_unplanned(row) for row in rows]


def _building(row: Row[Any], now: float, usual: Usual | None) -> Building:
    started = row.run_started or now
    elapsed = max(now - started, 0.0)
    return Building(
        id=row.id,
        package=row.display,
        version=row.version,
        abi=row.abi,
        platform=row.platform,
        phase=row.phase,
        phase_elapsed_s=max(now - row.phase_started, 0.0) if row.phase_started else None,
        elapsed_s=elapsed,
        usual_s=usual.seconds if usual else None,
        usual_of=usual.of if usual else None,
        shares=usual.shares if usual else DEFAULT_SHARES,
        slower=usual is not None and is_slower(elapsed, usual),
        builder=row.worker_id or row.builder,
        started=iso(started),
        attempt=max(row.tries, 1) + row.run_id,
    )


def is_slower(elapsed_s: float, usual: Usual) -> bool:
    """Tell whether a build of a known package takes clearly longer than it usually does."""
    longest = max(usual.seconds * (1 + _SLOWER_BY), usual.seconds + _SLOWER_BY_S)
    return usual.of == "package" and elapsed_s > longest


def _builder(row: Row[Any], now: float, busy: int) -> Builder:
    is_silent = now - row.seen > SILENT_AFTER_S
    state = "gone" if row.left is not None else "silent" if is_silent else "working"
    return Builder(name=row.name, state=state, platform=row.platform, slots=row.slots, busy=busy, seen=iso(row.seen))


def _hour(begin: int, rows: Sequence[Row[Any]]) -> Hour:
    failed: Counter[str] = Counter()
    for row in rows:
        if row.state != "built":
            failed[row.kind] += row.number
    built = sum(row.number for row in rows if row.state == "built")
    return Hour(at=iso(begin), built=built, failed=failed.total(), cause=_main_cause(failed))


def _main_cause(failed: Counter[str]) -> str:
    if not failed:
        return ""
    kind, number = failed.most_common(1)[0]
    return kind if 2 * number >= failed.total() else ""


def _cause(group: Sequence[Row[Any]]) -> NeedsALook:
    newest = group[0]
    return NeedsALook(
        id=newest.id,
        state=newest.state,
        kind=newest.kind,
        final=newest.final,
        reason=newest.reason,
        next=newest.next,
        log_line=newest.log_line,
        package=newest.display,
        version=newest.version,
        abis=tuple(sorted_abis({row.abi for row in group})),
        platforms=tuple(sorted({row.platform for row in group})),
        packages=len({row.package for row in group}),
        builds=tuple(row.id for row in group),
        at=iso(newest.finished or newest.created),
    )


def _silent(row: Row[Any], now: float) -> NeedsALook:
    return NeedsALook(
        id=0,
        state="silent",
        kind="silent_builder",
        final=False,
        reason=f"{row.name} has been silent for {spoken(now - row.seen)}; its builds go back to the queue",
        next="it comes back by itself when it reaches the hub again",
        log_line=None,
        package="",
        version="",
        abis=(),
        platforms=(row.platform,),
        packages=0,
        builds=(),
        builder=row.name,
        at=iso(row.seen),
    )


def _unplanned(row: Row[Any]) -> NeedsALook:
    asked: list[str] = msgspec.json.decode(row.requirements)
    facts: dict[str, object] = msgspec.json.decode(row.detail, type=dict[str, object])
    return NeedsALook(
        id=row.id,
        state="failed",
        kind=str(facts.get("code", "request")),
        final=True,
        reason=row.reason,
        next=str(facts.get("next") or "nothing was queued for it; ask again for what there is"),
        log_line=None,
        package=", ".join(asked),
        version="",
        abis=(),
        platforms=(),
        packages=len(asked),
        builds=(),
        request=row.id,
        at=iso(row.created),
    )
