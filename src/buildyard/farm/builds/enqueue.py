"""From a plan to rows: what a request wants becomes builds, and builds become tasks.

Three transaction bodies, each one named step of the line: `ask` (requested), `enqueue` (planned) and `dispatch`
(pending).  Each can be killed and repeated: `enqueue` meets builds that are there already by their unique key, and
`dispatch` takes only builds that have no task.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from buildyard.farm.abi import Abi, pool_name
from buildyard.farm.builds.decisions import AnyDecision, Covered, Wanted
from buildyard.farm.builds.planning import Planned
from buildyard.farm.builds.states import SETTLED, State
from buildyard.farm.events.outbox import record
from buildyard.farm.events.schemas import BuildQueued, BuildRequested, BuildSkipped, Event
from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import builds, request_builds, requests
from buildyard.farm.tasks import mirror, service
from buildyard.farm.tasks.floor import TaskFloor
from buildyard.farm.wire import BuildPayload, Limits, Source
from buildyard.taskcluster.slugid import slugId

#: Woken when a request has been asked, or planned again.
REQUESTS = "requests"

#: Woken when a build wants a task.
WANTED = "wanted"

#: Taskcluster allows five days at most; a build that has waited longer gets a new task.
_DEADLINE_S = 5 * 86400 - 3600
_EXPIRES_S = 365 * 86400

#: builds.priority to Taskcluster's words.
_PRIORITIES = ("lowest", "very-low", "low", "medium", "high", "very-high", "highest")

#: (package normalised, version, ABI, platform); no version where none could be chosen.
Key = tuple[str, str, str, str]

PRIORITY_ASKED = 4
PRIORITY_DEPENDENCY = 3


def key_of(planned: Planned) -> Key:
    """Return what tells a decision's build from every other."""
    one = planned.decision
    return (canonicalize_name(one.package), one.version or "", one.abi, one.platform)


class Asked(Struct, frozen=True, kw_only=True):
    """What somebody asks for."""

    requirements: tuple[str, ...]  #: PEP 508
    abis: tuple[str, ...] = ()  #: none: each that the builders have
    deps: bool = True  #: with what the packages need at run time
    asked_by: str
    again: bool = False  #: builds that failed are tried once more


def ask(connection: Connection, now: float, asked: Asked) -> int:
    """Return the number of a new request."""
    row = {
        "requirements": _json(asked.requirements),
        "abis": _json(asked.abis),
        "deps": asked.deps,
        "asked_by": asked.asked_by,
        "again": asked.again,
        "state": "asked",
        "created": now,
    }
    number: int = connection.execute(insert(requests).values(row).returning(requests.c.id)).scalar_one()
    happened = BuildRequested(request_id=number, requirements=asked.requirements, asked_by=asked.asked_by)
    record(connection, now, [happened])
    wake(connection, REQUESTS)
    return number


def enqueue(
    connection: Connection,
    now: float,
    request_id: int,
    planned: Sequence[Planned],
    *,
    detail: str = "{}",
    again: bool = False,
) -> None:
    """Write the builds a request came to, and mark it planned.

    A build that is there already is only linked to the request: it was planned by an earlier one, and its state says
    how that went.  What was not wanted then and is now becomes queued; so does what failed, with ``again``.
    """
    known = _known(connection, planned)
    happened: list[Event] = []
    for one in sorted(planned, key=_first_first):
        row = known.get(key_of(one))
        if row is None:
            known[key_of(one)] = row = _insert(connection, now, one, known)
            happened.append(_event(row.id, one.decision))
        elif _is_taken_up(row, one.decision, again=again):
            _take_up(connection, one, row, known)
            happened.append(_event(row.id, one.decision))
        _link(connection, request_id, row.id, top_level=one.top_level)
    done = {"state": "planned", "planned": now, "reason": "", "detail": detail}
    connection.execute(update(requests).where(requests.c.id == request_id).values(done))
    record(connection, now, happened)
    wake(connection, WANTED)


def dispatch(
    connection: Connection, now: float, limits: Limits, *, floor: TaskFloor = service, limit: int = 100
) -> int:
    """Give a task to each build that wants one; return how many got theirs."""
    wanting = (
        select(builds)
        .where(builds.c.state == State.QUEUED, builds.c.task_id.is_(None), builds.c.waits_for.is_(None))
        .order_by(builds.c.priority.desc(), builds.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = {slugId(): row for row in connection.execute(wanting)}
    if rows:
        floor.create_many(connection, now, {task_id: _definition(row, now, limits) for task_id, row in rows.items()})
        its_task = update(builds).where(builds.c.id == bindparam("build")).values(task_id=bindparam("task"))
        given = [{"build": row.id, "task": task_id} for task_id, row in rows.items()]
        connection.execute(its_task.values(tries=builds.c.tries + 1), given)
    return len(rows)


def requeue_due(connection: Connection, now: float) -> int:
    """Queue again each build whose time to try again has come; return how many."""
    due = (builds.c.state == State.WILL_RETRY) & (builds.c.try_at <= now)
    queued = {"state": State.QUEUED, "task_id": None, "try_at": None}
    count = connection.execute(update(builds).where(due).values(queued)).rowcount
    if count:
        wake(connection, WANTED)
    return count


def take_back(connection: Connection, now: float) -> int:
    """Queue again the builds whose tasks were to run on a Taskcluster that is not set any more; return how many.

    Their tasks are cancelled, which that Taskcluster is told should it be set again.
    """
    away = sorted(one.task.task_id for one in mirror.unsettled(connection))
    for task_id in away:
        mirror.cancel(connection, now, task_id)
    left = builds.c.task_id.in_(away) & builds.c.state.in_([State.QUEUED, State.BUILDING])
    queued = {"state": State.QUEUED, "task_id": None, "started": None, "builder": ""}
    count = connection.execute(update(builds).where(left).values(queued)).rowcount
    if count:
        wake(connection, WANTED)
    return count


def _known(connection: Connection, planned: Sequence[Planned]) -> dict[Key, Row[Any]]:
    names = sorted({key_of(one)[0] for one in planned})
    rows = connection.execute(select(builds).where(builds.c.package.in_(names))).all()
    return {(row.package, row.version, row.abi, row.platform): row for row in rows}


def _first_first(one: Planned) -> tuple[object, ...]:
    """Order builds so that each comes after the one it waits for."""
    return (
        isinstance(one.decision, Wanted) and one.decision.waits_for_first,
        *key_of(one)[:2],
        Abi.parse(key_of(one)[2]),
    )


def _insert(connection: Connection, now: float, one: Planned, known: dict[Key, Row[Any]]) -> Row[Any]:
    package, version, abi, platform = key_of(one)
    row = {
        "package": package,
        "display": one.decision.package,
        "version": version,
        "abi": abi,
        "platform": platform,
        "created": now,
        **_planned_values(one, known),
    }
    return connection.execute(insert(builds).values(row).returning(builds)).one()


def _is_taken_up(row: Row[Any], decision: AnyDecision, *, again: bool) -> bool:
    """Tell whether this plan says of a known build what an earlier one did not."""
    state = State(row.state)
    left_out = state in (State.NOT_WANTED, State.LEFT_TO_UPSTREAM, State.COVERED)
    failed = again and state in (State.FAILED, State.WILL_RETRY)
    return (left_out and decision.state is not state) or (failed and decision.state is State.QUEUED)


def _take_up(connection: Connection, one: Planned, row: Row[Any], known: dict[Key, Row[Any]]) -> None:
    fresh = {"task_id": None, "tries": 0, "try_at": None, "kind": "", "next": "", "final": False, "log_line": None}
    values = {**_planned_values(one, known), **fresh}
    connection.execute(update(builds).where(builds.c.id == row.id).values(values))


def _planned_values(one: Planned, known: dict[Key, Row[Any]]) -> dict[str, object]:
    decision = one.decision
    values: dict[str, object] = {
        "state": decision.state,
        "reason": "" if isinstance(decision, Wanted) else decision.reason,
        "covered_by": decision.by if isinstance(decision, Covered) else None,
        "priority": PRIORITY_ASKED if one.top_level else PRIORITY_DEPENDENCY,
        "source": "null",
        "waits_for": None,
    }
    if isinstance(decision, Wanted):
        values |= {
            "source": _json(decision.source),
            "requires_python": decision.requires_python,
            "source_date_epoch": decision.source_date_epoch,
            "upstream_has_none": decision.upstream_has_none,
            "waits_for": _first_of(one, decision, known),
        }
    return values


def _first_of(one: Planned, decision: Wanted, known: dict[Key, Row[Any]]) -> int | None:
    """Return the number of the build that goes first, or None where there is none or it has ended."""
    if decision.waits_for is None:
        return None
    package, version, _, platform = key_of(one)
    first = known.get((package, version, decision.waits_for, platform))
    if first is None or State(first.state) in SETTLED:
        return None
    number: int = first.id
    return number


def _link(connection: Connection, request_id: int, build_id: int, *, top_level: bool) -> None:
    there = select(request_builds.c.build_id).where(
        request_builds.c.request_id == request_id, request_builds.c.build_id == build_id
    )
    if connection.execute(there).first() is None:
        row = {"request_id": request_id, "build_id": build_id, "top_level": top_level}
        connection.execute(insert(request_builds).values(row))


def _event(number: int, decision: AnyDecision) -> Event:
    about: dict[str, Any] = {
        "build_id": number,
        "package": decision.package,
        "version": decision.version or "",
        "abi": decision.abi,
        "platform": decision.platform,
    }
    if isinstance(decision, Wanted):
        return BuildQueued(**about)
    return BuildSkipped(**about, state=decision.state, reason=decision.reason)


def _definition(row: Row[Any], now: float, limits: Limits) -> dict[str, object]:
    """Return the Taskcluster definition of a build's task (createTask's input)."""
    payload = BuildPayload(
        build_id=row.id,
        package=row.display,
        version=row.version,
        abi=row.abi,
        platform=row.platform,
        source=msgspec.json.decode(row.source, type=Source),
        source_date_epoch=row.source_date_epoch,
        requires_python=row.requires_python,
        limits=limits,
    )
    return {
        "taskQueueId": pool_name(row.platform, row.abi),
        "schedulerId": "buildyard",
        "projectId": "buildyard",
        "priority": _PRIORITIES[row.priority],
        "retries": 5,
        "created": _iso(now),
        "deadline": _iso(now + _DEADLINE_S),
        "expires": _iso(now + _EXPIRES_S),
        "payload": msgspec.to_builtins(payload),
        "metadata": {
            "name": f"{row.display} {row.version} {row.abi}",
            "description": f"Build the wheel of {row.display} {row.version} for {row.abi} on {row.platform}",
            "owner": "buildyard",
            "source": "https://buildyard.invalid/builds",
        },
        "tags": {"build": str(row.id)},
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
