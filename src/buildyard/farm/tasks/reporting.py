"""How runs end by their workers' word: one report, or those of many that come at the same time.

Transaction bodies, part of `service`, which lists them.  `workers` answers the calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection

from buildyard.farm.tasks import progress
from buildyard.farm.tasks.errors import InputError, RequestConflict, ResourceNotFound
from buildyard.farm.tasks.happened import Change
from buildyard.farm.tasks.lifecycle import REPORTED_EXCEPTIONS, Action, step
from buildyard.farm.tasks.rows import Task, load, no_such_task
from buildyard.farm.tasks.rows import status as status_of
from buildyard.farm.tasks.transitions import advance, write


class Report(Struct, frozen=True, kw_only=True):
    """What a worker says of the end of its run."""

    task_id: str
    run_id: int
    action: Action
    log_bytes: int = 0  #: how long the run's log is; 0 where there is none


def report_completed(connection: Connection, now: float, task_id: str, run_id: int) -> dict[str, Any]:
    """Return the status with this run completed; a repeat is no error.

    Raises `ResourceNotFound`, and `RequestConflict` where the run is not the caller's any more.
    """
    return _report(connection, now, task_id, run_id, Action.COMPLETE)


def report_failed(connection: Connection, now: float, task_id: str, run_id: int) -> dict[str, Any]:
    """Return the status with this run failed; otherwise as `report_completed`."""
    return _report(connection, now, task_id, run_id, Action.FAIL)


def report_exception(connection: Connection, now: float, task_id: str, run_id: int, reason: str) -> dict[str, Any]:
    """Return the status with this run ended for a reason outside the task; a run may follow it.

    ``reason`` is one of `REPORTED_EXCEPTIONS`, else `InputError`; otherwise as `report_completed`.
    """
    return _report(connection, now, task_id, run_id, exception_of(reason))


def exception_of(reason: str) -> Action:
    """Return what a worker reports by this reason.  Raises `InputError` where none may."""
    if reason not in REPORTED_EXCEPTIONS:
        raise InputError(f"no worker may report {reason!r}; the reasons are {', '.join(REPORTED_EXCEPTIONS)}")
    return Action(reason)


def _report(connection: Connection, now: float, task_id: str, run_id: int, action: Action) -> dict[str, Any]:
    (told,) = report_each(connection, now, [Report(task_id=task_id, run_id=run_id, action=action)])
    if isinstance(told, Exception):
        raise told
    return told


def report_each(
    connection: Connection, now: float, reports: Sequence[Report]
) -> list[dict[str, Any] | RequestConflict | ResourceNotFound]:
    """Return the status that each of these reports leads to, or why it is refused, with one statement a table."""
    tasks = load(connection, sorted({report.task_id for report in reports}), lock=True)
    changes: list[Change] = []
    sizes: list[tuple[str, int, int]] = []
    told: list[dict[str, Any] | RequestConflict | ResourceNotFound] = []
    for report in reports:
        try:
            change = _change(tasks.get(report.task_id), report, now)
        except (RequestConflict, ResourceNotFound) as refused:
            told.append(refused)
            continue
        # A second report of the same task finds it as the first has left it.
        tasks[report.task_id] = change.after
        changes += [change] if change.after is not change.before else []
        sizes.append((report.task_id, report.run_id, report.log_bytes))
        told.append(status_of(change.after))
    write(connection, now, changes)
    progress.note_log_sizes(connection, sizes)
    return told


def _change(held: Task | None, report: Report, now: float) -> Change:
    """Return what the report does to its task; nothing where it repeats an earlier one."""
    if held is None:
        raise no_such_task(report.task_id)
    run = held.run(report.run_id)
    # Past its deadline a task gets no further run: it could not be claimed.
    left = held.retries_left if held.deadline > now else 0
    move = step(run.state, report.action, retries_left=left, reason=run.reason_resolved)
    if move is None:
        raise _refusal(report)
    return Change(held, advance(held, move, now) if move.changes else held)


_OTHERWISE: Final = {Action.COMPLETE: "completed", Action.FAIL: "failed"}


def _refusal(report: Report) -> RequestConflict:
    if report.action in REPORTED_EXCEPTIONS:
        return RequestConflict(f"Run {report.run_id} on task `{report.task_id}` is resolved or not running.")
    otherwise = _OTHERWISE[report.action]
    return RequestConflict(f"Run {report.run_id} of task `{report.task_id}` is not running or {otherwise}.")
