"""The table of a task's life, every pair of it."""

from __future__ import annotations

import itertools

import pytest

from buildyard.farm.tasks.lifecycle import RESOLVED, TABLE, Action, State, Step, step

# What the reference says (taskcluster.md, sections 16 to 18), written out once more by hand:
# state, action -> state of the run, its reasonResolved, the run added, the run that follows while retries are left.
EXPECTED = {
    ("unscheduled", "schedule"): ("pending", None, "scheduled", None),
    ("unscheduled", "canceled"): ("exception", "canceled", "exception", None),
    ("unscheduled", "deadline-exceeded"): ("exception", "deadline-exceeded", "exception", None),
    ("unscheduled", "rerun"): ("pending", None, "rerun", None),
    ("pending", "claim"): ("running", None, None, None),
    ("pending", "canceled"): ("exception", "canceled", None, None),
    ("pending", "deadline-exceeded"): ("exception", "deadline-exceeded", None, None),
    ("running", "reclaim"): ("running", None, None, None),
    ("running", "completed"): ("completed", "completed", None, None),
    ("running", "failed"): ("failed", "failed", None, None),
    ("running", "worker-shutdown"): ("exception", "worker-shutdown", None, "retry"),
    ("running", "intermittent-task"): ("exception", "intermittent-task", None, "task-retry"),
    ("running", "malformed-payload"): ("exception", "malformed-payload", None, None),
    ("running", "resource-unavailable"): ("exception", "resource-unavailable", None, None),
    ("running", "internal-error"): ("exception", "internal-error", None, None),
    ("running", "claim-expired"): ("exception", "claim-expired", None, "retry"),
    ("running", "canceled"): ("exception", "canceled", None, None),
    ("running", "deadline-exceeded"): ("exception", "deadline-exceeded", None, None),
    ("completed", "rerun"): ("pending", None, "rerun", None),
    ("failed", "rerun"): ("pending", None, "rerun", None),
    ("exception", "rerun"): ("pending", None, "rerun", None),
}
UNCHANGED = {
    *((state, "schedule") for state in ("pending", "running", "completed", "failed", "exception")),
    *((state, "canceled") for state in ("completed", "failed", "exception")),
    *((state, "rerun") for state in ("pending", "running")),
}
PAIRS = list(itertools.product(State, Action))


@pytest.mark.parametrize(("state", "action"), PAIRS)
def test_each_pair_does_what_the_reference_says(state: State, action: Action) -> None:
    found = step(state, action, retries_left=1)
    if (state.value, action.value) in UNCHANGED:
        assert found == Step(state=state, changes=False)
    elif (state.value, action.value) in EXPECTED:
        assert found is not None
        assert found.changes
        assert (found.state.value, found.resolved, found.created, found.retry) == EXPECTED[state.value, action.value]
    else:
        assert found is None


@pytest.mark.parametrize(("state", "action"), [pair for pair, found in TABLE.items() if found.retry])
def test_no_run_follows_without_retries(state: State, action: Action) -> None:
    found = step(state, action, retries_left=0)
    assert found is not None
    assert (found.state, found.retry) == (State.EXCEPTION, None)


@pytest.mark.parametrize("action", [Action.COMPLETE, Action.FAIL, Action.MALFORMED_PAYLOAD, Action.WORKER_SHUTDOWN])
def test_a_repeated_report_changes_nothing(action: Action) -> None:
    first = step(State.RUNNING, action, retries_left=1)
    assert first is not None
    again = step(first.state, action, retries_left=1, reason=first.resolved)
    assert again == Step(state=first.state, changes=False)


@pytest.mark.parametrize(
    ("reason", "action"), [("completed", Action.FAIL), ("claim-expired", Action.COMPLETE), ("canceled", Action.FAIL)]
)
def test_a_different_report_after_the_end_is_a_conflict(reason: str, action: Action) -> None:
    state = State.COMPLETED if reason == "completed" else State.EXCEPTION
    assert step(state, action, retries_left=1, reason=reason) is None


def test_a_resolved_run_has_a_reason_and_an_open_one_has_none() -> None:
    for found in TABLE.values():
        if found.changes:
            assert (found.resolved is not None) == (found.state in RESOLVED)


def test_every_state_is_reached_from_unscheduled() -> None:
    reached, frontier = {State.UNSCHEDULED}, [State.UNSCHEDULED]
    while frontier:
        here = frontier.pop()
        after = {found.state for (state, _), found in TABLE.items() if state is here} - reached
        reached |= after
        frontier += after
    assert reached == set(State)
