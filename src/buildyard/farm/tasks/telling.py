"""Tell of what happened, in the transaction that makes it true: the farm's own events, and Taskcluster's messages.

From `happened`'s records to rows of the outbox.  `pulse` says which of Taskcluster's messages a record is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from buildyard.farm.events import outbox
from buildyard.farm.events.schemas import Event, TaskCompleted, TaskException, TaskFailed, TaskPending, TaskRunning
from buildyard.farm.tasks.happened import Change, Happening
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.pulse import messages_of
from buildyard.farm.tasks.rows import Run, Task


def tell(connection: Connection, now: float, happenings: Sequence[Happening]) -> None:
    """Note what happened, in this order, in this transaction: for the farm's log, and for a bus that wants it."""
    changes = [happening for happening in happenings if isinstance(happening, Change)]
    events = [_event(change.after, run) for change in changes for run in change.moved]
    # Pages of JSON that nobody but a bus reads, so they are not even made without one.
    wanted = happenings if outbox.tells_taskcluster(connection) else ()
    outbox.record(connection, now, events, [message for one in wanted for message in messages_of(one)])


_ENDINGS: Final[dict[State, type[TaskCompleted | TaskFailed | TaskException]]] = {
    State.COMPLETED: TaskCompleted,
    State.FAILED: TaskFailed,
    State.EXCEPTION: TaskException,
}


def _event(task: Task, run: Run) -> Event:
    facts: dict[str, Any] = {
        "task_id": task.task_id,
        "task_queue_id": task.task_queue_id,
        "run_id": run.run_id,
        "state": run.state.value,
        "reason": run.reason_resolved or run.reason_created,
        "worker_group": run.worker_group or "",
        "worker_id": run.worker_id or "",
    }
    if run.state is State.PENDING:
        return TaskPending(**facts)
    if run.state is State.RUNNING:
        return TaskRunning(**facts, taken_until=run.taken_until or 0.0)
    return _ENDINGS[run.state](**facts)
