"""The life of a task, as data: what may happen to its last run, and what follows.

Pure.  `TABLE` is the whole law; `transitions` writes what `step` answers, and the docs draw their picture from it.  A
task's state is that of its last run, or ``unscheduled`` while it has none; only the last run is ever pending or
running.  What a pair (state, action) lacks in the table cannot happen and is a conflict (Taskcluster: queue service).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

#: Taskcluster's bound on the runs of one task, reruns included.
MAX_RUNS: Final = 50


class State(StrEnum):
    """What a run is, and by its last run a task."""

    UNSCHEDULED = "unscheduled"  #: of a task without runs
    PENDING = "pending"  #: waits in its pool
    RUNNING = "running"  #: a worker holds it
    COMPLETED = "completed"  #: it did what it was to do
    FAILED = "failed"  #: it ended, and did not
    EXCEPTION = "exception"  #: it ended for a reason outside it


#: States in which nothing more happens by itself.
RESOLVED: Final = frozenset({State.COMPLETED, State.FAILED, State.EXCEPTION})


class Action(StrEnum):
    """What may happen to a task; those that end a run with ``exception`` carry their reason as value."""

    SCHEDULE = "schedule"
    CLAIM = "claim"
    RECLAIM = "reclaim"
    COMPLETE = "completed"
    FAIL = "failed"
    WORKER_SHUTDOWN = "worker-shutdown"
    INTERMITTENT_TASK = "intermittent-task"
    MALFORMED_PAYLOAD = "malformed-payload"
    RESOURCE_UNAVAILABLE = "resource-unavailable"
    INTERNAL_ERROR = "internal-error"
    CLAIM_EXPIRED = "claim-expired"
    DEADLINE_EXCEEDED = "deadline-exceeded"
    CANCEL = "canceled"
    RERUN = "rerun"


#: The exceptions that a worker reports.
REPORTED_EXCEPTIONS: Final = (
    Action.WORKER_SHUTDOWN,
    Action.MALFORMED_PAYLOAD,
    Action.RESOURCE_UNAVAILABLE,
    Action.INTERNAL_ERROR,
    Action.INTERMITTENT_TASK,
)


class Step(Struct, frozen=True, kw_only=True):
    """What an action does: to the last run, or to one that it adds."""

    state: State  #: of that run, afterwards
    resolved: str | None = None  #: its ``reasonResolved``, where the action ends it
    created: str | None = None  #: the action adds a run, and this is its ``reasonCreated``
    retry: str | None = None  #: while retries are left, a pending run follows with this ``reasonCreated``
    changes: bool = True  #: False: it is so already, and the caller is told the present status


def _same(state: State) -> Step:
    return Step(state=state, changes=False)


def _exception(reason: Action, retry: str | None = None) -> Step:
    return Step(state=State.EXCEPTION, resolved=reason.value, retry=retry)


def _never_ran(reason: Action) -> Step:
    return Step(state=State.EXCEPTION, created="exception", resolved=reason.value)


_RERUN = Step(state=State.PENDING, created="rerun")

#: (state, action) -> what follows.
TABLE: Final[dict[tuple[State, Action], Step]] = {
    (State.UNSCHEDULED, Action.SCHEDULE): Step(state=State.PENDING, created="scheduled"),
    (State.UNSCHEDULED, Action.CANCEL): _never_ran(Action.CANCEL),
    (State.UNSCHEDULED, Action.DEADLINE_EXCEEDED): _never_ran(Action.DEADLINE_EXCEEDED),
    (State.UNSCHEDULED, Action.RERUN): _RERUN,
    (State.PENDING, Action.CLAIM): Step(state=State.RUNNING),
    (State.PENDING, Action.CANCEL): _exception(Action.CANCEL),
    (State.PENDING, Action.DEADLINE_EXCEEDED): _exception(Action.DEADLINE_EXCEEDED),
    (State.RUNNING, Action.RECLAIM): Step(state=State.RUNNING),
    (State.RUNNING, Action.COMPLETE): Step(state=State.COMPLETED, resolved="completed"),
    (State.RUNNING, Action.FAIL): Step(state=State.FAILED, resolved="failed"),
    (State.RUNNING, Action.WORKER_SHUTDOWN): _exception(Action.WORKER_SHUTDOWN, retry="retry"),
    (State.RUNNING, Action.INTERMITTENT_TASK): _exception(Action.INTERMITTENT_TASK, retry="task-retry"),
    (State.RUNNING, Action.MALFORMED_PAYLOAD): _exception(Action.MALFORMED_PAYLOAD),
    (State.RUNNING, Action.RESOURCE_UNAVAILABLE): _exception(Action.RESOURCE_UNAVAILABLE),
    (State.RUNNING, Action.INTERNAL_ERROR): _exception(Action.INTERNAL_ERROR),
    (State.RUNNING, Action.CLAIM_EXPIRED): _exception(Action.CLAIM_EXPIRED, retry="retry"),
    (State.RUNNING, Action.CANCEL): _exception(Action.CANCEL),
    (State.RUNNING, Action.DEADLINE_EXCEEDED): _exception(Action.DEADLINE_EXCEEDED),
    **{(state, Action.SCHEDULE): _same(state) for state in State if state is not State.UNSCHEDULED},
    **{(state, Action.CANCEL): _same(state) for state in RESOLVED},
    **{(state, Action.RERUN): _RERUN for state in RESOLVED},
    **{(state, Action.RERUN): _same(state) for state in (State.PENDING, State.RUNNING)},
}


def step(state: State, action: Action, *, retries_left: int = 0, reason: str | None = None) -> Step | None:
    """Return what the action does to a run in this state, or ``None`` where it cannot happen.

    ``retries_left`` decides whether a retry follows.  ``reason`` is the run's ``reasonResolved``: a worker that
    repeats the report that ended the run is told the present status rather than a conflict, since its first report's
    answer may have been lost.
    """
    if state in RESOLVED and reason == action.value:
        return _same(state)
    found = TABLE.get((state, action))
    if found is not None and found.retry and retries_left <= 0:
        return Step(state=found.state, resolved=found.resolved)
    return found
