"""Tasks that wait for others: what they wait for, and what ends the wait."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from buildyard.farm.store.prepared import Prepared
from buildyard.farm.tasks import dependencies, service, sweep
from buildyard.farm.tasks.errors import InputError, InputValidationError, ResourceNotFound
from buildyard.farm.tasks.paging import Page
from buildyard.farm.tasks.times import to_json
from buildyard.taskcluster.slugid import slugId
from support.tasks import NOW, POOL, claim, definition, make, running, topics


def state(connection: Connection, task_id: str) -> str:
    return str(service.status(connection, task_id)["state"])


def waiting(connection: Connection, *required: str, **changes: Any) -> str:
    """A task that waits for these."""
    return make(connection, dependencies=list(required), **changes)


def end(connection: Connection, task_id: str, how: str = "completed", run_id: int = 0) -> None:
    """Resolve a running task."""
    if how == "completed":
        service.report_completed(connection, NOW, task_id, run_id)
    elif how == "failed":
        service.report_failed(connection, NOW, task_id, run_id)
    else:
        service.report_exception(connection, NOW, task_id, run_id, how)


def test_a_task_that_waits_has_no_run_and_nobody_can_claim_it(connection: Connection) -> None:
    required = running(connection)
    task_id = waiting(connection, required)
    status = service.status(connection, task_id)
    assert (status["state"], status["runs"]) == ("unscheduled", [])
    assert claim(connection) == []


def test_it_is_pending_once_the_last_of_them_is_completed(connection: Connection) -> None:
    first, second = running(connection), running(connection)
    task_id = waiting(connection, first, second)
    end(connection, first)
    assert state(connection, task_id) == "unscheduled"
    end(connection, second)
    (run,) = service.status(connection, task_id)["runs"]
    assert (run["state"], run["reasonCreated"]) == ("pending", "scheduled")
    assert [one.task_id for one in claim(connection)] == [task_id]


@pytest.mark.parametrize("how", ["failed", "malformed-payload"])
def test_what_fails_satisfies_only_who_waits_for_a_resolution(connection: Connection, how: str) -> None:
    required = running(connection)
    strict = waiting(connection, required)
    easy = waiting(connection, required, requires="all-resolved")
    end(connection, required, how)
    assert (state(connection, strict), state(connection, easy)) == ("unscheduled", "pending")


def test_a_run_that_is_retried_satisfies_nobody(connection: Connection) -> None:
    required = running(connection)
    task_id = waiting(connection, required, requires="all-resolved")
    end(connection, required, "worker-shutdown")
    assert state(connection, task_id) == "unscheduled"


def test_a_rerun_that_completes_satisfies_later(connection: Connection) -> None:
    required = running(connection)
    task_id = waiting(connection, required)
    end(connection, required, "failed")
    service.rerun(connection, NOW, required)
    claim(connection)
    end(connection, required, run_id=1)
    assert state(connection, task_id) == "pending"


def test_what_was_satisfied_stays_so_when_it_is_run_again(connection: Connection) -> None:
    first, second = running(connection), running(connection)
    task_id = waiting(connection, first, second)
    end(connection, first)
    service.rerun(connection, NOW, first)
    end(connection, second)
    assert state(connection, task_id) == "pending"


@pytest.mark.parametrize(
    ("how", "requires", "expected"),
    [
        ("completed", "all-completed", "pending"),
        ("failed", "all-completed", "unscheduled"),
        ("failed", "all-resolved", "pending"),
    ],
)
def test_what_is_satisfied_already_counts_at_once(
    connection: Connection, how: str, requires: str, expected: str
) -> None:
    required = running(connection)
    end(connection, required, how)
    assert state(connection, waiting(connection, required, requires=requires)) == expected


def test_a_cancelled_task_satisfies_who_waits_for_a_resolution(connection: Connection) -> None:
    required = make(connection)
    task_id = waiting(connection, required, requires="all-resolved")
    service.cancel(connection, NOW, required)
    assert state(connection, task_id) == "pending"


def test_a_deadline_satisfies_who_waits_for_a_resolution(connection: Connection) -> None:
    required = make(connection, deadline=to_json(NOW + 60))
    task_id = waiting(connection, required, requires="all-resolved")
    sweep.expire_deadlines(connection, NOW + 61)
    assert state(connection, task_id) == "pending"


def test_whom_nobody_releases_ends_with_its_deadline(connection: Connection) -> None:
    required = running(connection)
    task_id = waiting(connection, required, deadline=to_json(NOW + 60))
    sweep.expire_deadlines(connection, NOW + 61)
    (run,) = service.status(connection, task_id)["runs"]
    assert (run["reasonCreated"], run["reasonResolved"]) == ("exception", "deadline-exceeded")
    service.report_completed(connection, NOW + 62, required, 0)
    assert state(connection, task_id) == "exception"


def test_a_chain_is_released_link_by_link(connection: Connection) -> None:
    tasks = [make(connection)]
    for _ in range(3):
        tasks.append(waiting(connection, tasks[-1]))
    for task_id in tasks:
        (held,) = claim(connection)
        assert held.task_id == task_id
        end(connection, task_id)


def test_scheduling_by_hand_asks_for_no_dependency(connection: Connection) -> None:
    required = running(connection)
    task_id = waiting(connection, required)
    service.schedule(connection, NOW, task_id)
    end(connection, required)
    assert len(service.status(connection, task_id)["runs"]) == 1


def test_a_task_that_waits_for_itself_is_scheduled_by_hand_alone(connection: Connection) -> None:
    task_id = slugId()
    service.create(connection, NOW, task_id, definition(dependencies=[task_id]))
    assert state(connection, task_id) == "unscheduled"
    service.schedule(connection, NOW, task_id)
    claim(connection)
    end(connection, task_id)
    assert state(connection, task_id) == "completed"


def test_a_circle_made_in_one_go_waits_until_somebody_schedules_it(connection: Connection) -> None:
    one, other = slugId(), slugId()
    service.create_many(connection, NOW, {one: definition(dependencies=[other]), other: definition(dependencies=[one])})
    assert (state(connection, one), state(connection, other)) == ("unscheduled", "unscheduled")
    service.schedule(connection, NOW, one)
    claim(connection)
    end(connection, one)
    assert state(connection, other) == "pending"


def test_many_that_are_created_together_may_wait_for_each_other(connection: Connection) -> None:
    first, second = slugId(), slugId()
    service.create_many(connection, NOW, {second: definition(dependencies=[first]), first: definition()})
    claim(connection)
    end(connection, first)
    assert state(connection, second) == "pending"


def test_dependencies_that_do_not_exist_are_named_and_nothing_is_created(connection: Connection) -> None:
    known, missing, task_id = make(connection), slugId(), slugId()
    with pytest.raises(InputError, match=f"non-existing tasks: \n \\* {missing}\n"), connection.begin_nested():
        service.create(connection, NOW, task_id, definition(dependencies=[known, missing]))
    with pytest.raises(ResourceNotFound):
        service.status(connection, task_id)


def test_a_dependency_that_expires_before_the_deadline_is_refused(connection: Connection) -> None:
    early = make(connection, deadline=to_json(NOW + 60), expires=to_json(NOW + 60))
    with pytest.raises(InputError, match=f"expire before .*\n \\* {early}"):
        waiting(connection, early)


def test_an_error_names_no_more_than_can_be_read(connection: Connection) -> None:
    with pytest.raises(InputError, match="and 80 more"):
        waiting(connection, *(slugId() for _ in range(100)))


def test_ten_thousand_are_enough(connection: Connection) -> None:
    with pytest.raises(InputValidationError, match="dependencies"):
        waiting(connection, *(slugId() for _ in range(10_001)))


def test_a_repeat_of_a_task_that_waits_changes_nothing(connection: Connection) -> None:
    required, task_id = running(connection), slugId()
    given = definition(dependencies=[required])
    first = service.create(connection, NOW, task_id, given)
    assert service.create(connection, NOW, task_id, given) == first
    end(connection, required)
    assert state(connection, task_id) == "pending"


def test_a_wide_fan_is_released_with_a_few_statements(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    required = running(connection)
    wanted = {slugId(): definition(dependencies=[required]) for _ in range(500)}
    service.create_many(connection, NOW, wanted)
    statements: list[object] = []
    ready = Prepared._ready
    monkeypatch.setattr(Prepared, "_ready", lambda *told: statements.append(told[0]) or ready(*told))
    end(connection, required)
    assert service.counts(connection, POOL) == (500, 0)
    assert 10 < len(statements) < 60


def test_who_waits_is_told_in_the_log_once_it_is_pending(connection: Connection) -> None:
    required = running(connection)
    waiting(connection, required)
    end(connection, required)
    assert topics(connection) == ["task.pending", "task.running", "task.completed", "task.pending"]


def test_dependents_are_listed_in_pages(connection: Connection) -> None:
    required = running(connection)
    made = sorted(waiting(connection, required) for _ in range(3))
    first, token = dependencies.dependents(connection, required, Page(limit=2))
    second, end_of_list = dependencies.dependents(connection, required, Page(limit=2, token=token))
    assert [task.task_id for task in first + second] == made
    assert end_of_list is None


def test_dependents_of_an_unknown_task_are_not_found(connection: Connection) -> None:
    with pytest.raises(ResourceNotFound):
        dependencies.dependents(connection, slugId(), Page())
