"""What a worker tells of a run while it holds it: the phase it is in, and how long its log is.

Transaction bodies; the log itself is `logs`'.  A worker that has lost its claim is told so by `RequestConflict`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select, update

from buildyard.farm.events import outbox
from buildyard.farm.events.schemas import BuildPhase, BuildStarted, Event
from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import builds, runs
from buildyard.farm.tasks.errors import RequestConflict, ResourceNotFound
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.transitions import CHANNEL, task_channel


def check_running(connection: Connection, task_id: str, run_id: int) -> None:
    """Return if the run is running.  Raises `ResourceNotFound`, and `RequestConflict` once it has ended."""
    _running(connection, task_id, run_id)


def enter_phase(
    connection: Connection, now: float, task_id: str, run_id: int, phase: str, at: float, log_bytes: int
) -> None:
    """Note that the run entered this phase, ``at`` seconds after it began; a repeat changes nothing.

    Raises as `check_running`.
    """
    run = _running(connection, task_id, run_id)
    if run.phase == phase:
        return
    # The worker's own measure, since its telling may be late; but never in the future.
    began = now if run.started is None else min(now, run.started + at)
    its_row = (runs.c.task_id == task_id) & (runs.c.run_id == run_id)
    connection.execute(update(runs).where(its_row).values(phase=phase, phase_started=began, log_bytes=log_bytes))
    _tell(connection, now, task_id, run_id, phase, run.worker_id or "", is_first=run.phase is None)
    wake(connection, CHANNEL, task_channel(task_id))


def note_log_size(connection: Connection, task_id: str, run_id: int, log_bytes: int) -> None:
    """Note how many bytes the run's log holds."""
    its_row = (runs.c.task_id == task_id) & (runs.c.run_id == run_id)
    connection.execute(update(runs).where(its_row).values(log_bytes=log_bytes))


def note_log_sizes(connection: Connection, sizes: Iterable[tuple[str, int, int]]) -> None:
    """Note how many bytes the logs of these runs hold; of one without a log there is nothing to note."""
    for task_id, run_id, log_bytes in sizes:
        if log_bytes:
            note_log_size(connection, task_id, run_id, log_bytes)


def is_resolved(connection: Connection, task_id: str, run_id: int) -> bool:
    """Tell whether nothing more comes of this run: it has ended, or there is no such run."""
    state = connection.execute(
        select(runs.c.state).where(runs.c.task_id == task_id, runs.c.run_id == run_id)
    ).scalar_one_or_none()
    return state not in (State.PENDING, State.RUNNING)


def _running(connection: Connection, task_id: str, run_id: int) -> Row[*tuple[Any, ...]]:
    its_row = (runs.c.task_id == task_id) & (runs.c.run_id == run_id)
    row = connection.execute(
        select(runs.c.state, runs.c.started, runs.c.phase, runs.c.worker_id).where(its_row)
    ).first()
    if row is None:
        raise ResourceNotFound(f"Run {run_id} not found on task `{task_id}`.")
    if row.state != State.RUNNING:
        raise RequestConflict(f"Run {run_id} of task `{task_id}` is not running: stop work on it.")
    return row


def _tell(
    connection: Connection, now: float, task_id: str, run_id: int, phase: str, builder: str, *, is_first: bool
) -> None:
    build = connection.execute(select(builds).where(builds.c.task_id == task_id)).first()
    if build is None:  # a task that is no build
        return
    about: dict[str, Any] = {
        "build_id": build.id,
        "package": build.package,
        "version": build.version,
        "abi": build.abi,
        "platform": build.platform,
        "task_id": task_id,
        "run_id": run_id,
        "builder": builder,
    }
    happened: list[Event] = [BuildStarted(**about)] if is_first else []
    outbox.record(connection, now, [*happened, BuildPhase(**about, phase=phase)])
