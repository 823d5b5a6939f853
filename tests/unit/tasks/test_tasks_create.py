from __future__ import annotations

import pytest
from sqlalchemy import Connection, select, update

from buildyard.farm.queue import database as queue
from buildyard.farm.store.tables import runs, tasks
from buildyard.farm.tasks import service
from buildyard.farm.tasks.errors import InputError, RequestConflict, ResourceNotFound
from buildyard.taskcluster.slugid import slugId
from support.tasks import NOW, OTHER_POOL, POOL, claim, definition, make, topics


def test_a_created_task_waits_in_its_pool(connection: Connection) -> None:
    status = service.create(connection, NOW, slugId(), definition())
    assert status["state"] == "pending"
    assert status["runs"] == [
        {"runId": 0, "state": "pending", "reasonCreated": "scheduled", "scheduled": "2027-01-15T08:00:00.000Z"}
    ]
    assert service.counts(connection, POOL) == (1, 0)


def test_its_status_names_place_priority_and_retries(connection: Connection) -> None:
    task_id, group = slugId(), slugId()
    given = definition(priority="high", retries=2, taskGroupId=group, schedulerId="farm", projectId="p")
    status = service.create(connection, NOW, task_id, given)
    assert {key: status[key] for key in status if key != "runs"} == {
        "taskId": task_id,
        "provisionerId": "buildyard",
        "workerType": "linux-x86-64-cp312",
        "taskQueueId": POOL,
        "schedulerId": "farm",
        "projectId": "p",
        "taskGroupId": group,
        "priority": "high",
        "deadline": "2027-01-15T09:00:00.000Z",
        "expires": "2028-01-15T09:00:00.000Z",
        "retriesLeft": 2,
        "state": "pending",
    }


def test_the_definition_is_answered_with_its_defaults(connection: Connection) -> None:
    task_id = make(connection, payload={"x": 1})
    found = service.task(connection, task_id)
    assert (found["payload"], found["priority"], found["taskGroupId"]) == ({"x": 1}, "lowest", task_id)


def test_the_same_definition_again_is_no_second_task(connection: Connection) -> None:
    task_id = slugId()
    first = service.create(connection, NOW, task_id, definition())
    assert service.create(connection, NOW + 1, task_id, definition()) == first
    assert topics(connection) == ["task.pending"]


def test_a_repeat_answers_the_present_status(connection: Connection) -> None:
    task_id = make(connection)
    claim(connection)
    assert service.create(connection, NOW, task_id, definition())["state"] == "running"


def test_another_definition_under_the_same_id_is_a_conflict(connection: Connection) -> None:
    task_id = make(connection)
    with pytest.raises(RequestConflict, match="already used by another task"):
        service.create(connection, NOW, task_id, definition(priority="high"))


def test_a_group_has_one_scheduler(connection: Connection) -> None:
    group = make(connection, schedulerId="one")
    with pytest.raises(RequestConflict, match="same schedulerId"):
        make(connection, taskGroupId=group, schedulerId="two")


def test_a_refused_definition_leaves_nothing(connection: Connection) -> None:
    task_id = slugId()
    with pytest.raises(InputError):
        service.create(connection, NOW, task_id, definition(retries=99))
    with pytest.raises(ResourceNotFound):
        service.status(connection, task_id)
    assert topics(connection) == []


def test_many_tasks_are_created_together(connection: Connection) -> None:
    wanted = {slugId(): definition(), slugId(): definition(taskQueueId=OTHER_POOL)}
    statuses = service.create_many(connection, NOW, wanted)
    assert {task_id: status["taskQueueId"] for task_id, status in statuses.items()} == {
        task_id: given["taskQueueId"] for task_id, given in wanted.items()
    }
    assert topics(connection) == ["task.pending", "task.pending"]


def test_among_many_those_that_exist_are_repeats(connection: Connection) -> None:
    known = make(connection)
    fresh = slugId()
    statuses = service.create_many(connection, NOW, {known: definition(), fresh: definition()})
    assert [statuses[known]["state"], statuses[fresh]["state"]] == ["pending", "pending"]
    assert topics(connection) == ["task.pending", "task.pending"]


def test_creating_nothing_is_nothing(connection: Connection) -> None:
    assert service.create_many(connection, NOW, {}) == {}


def test_the_message_is_only_a_hint_and_ends_with_the_deadline(connection: Connection) -> None:
    task_id = make(connection)
    number = connection.execute(select(runs.c.message_id)).scalar_one()
    (message,) = queue.get(connection, NOW, "farm", f"{POOL}/lowest", [number])
    assert (message.body, message.ttl) == ({"taskId": task_id, "runId": 0}, 3600)


def test_an_unscheduled_task_is_scheduled_by_hand(connection: Connection) -> None:
    task_id = make(connection)
    connection.execute(runs.delete())
    connection.execute(update(tasks).values(state="unscheduled"))
    assert service.schedule(connection, NOW + 1, task_id)["runs"][0]["reasonCreated"] == "scheduled"


def test_scheduling_a_pending_task_changes_nothing(connection: Connection) -> None:
    task_id = make(connection)
    assert service.schedule(connection, NOW, task_id) == service.status(connection, task_id)


@pytest.mark.parametrize("call", [service.status, service.task])
def test_an_unknown_task_is_not_found(connection: Connection, call: object) -> None:
    assert callable(call)
    with pytest.raises(ResourceNotFound, match="does not correspond to a task that exists"):
        call(connection, slugId())
