from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import Connection, update

from buildyard.farm.queue import database as queue
from buildyard.farm.queue.base import NewMessage
from buildyard.farm.store.tables import messages
from buildyard.farm.tasks import service, sweep
from buildyard.farm.tasks.errors import RequestConflict, ResourceNotFound
from buildyard.farm.tasks.times import to_json
from buildyard.taskcluster.slugid import slugId
from support.tasks import NOW, OTHER_POOL, POOL, claim, definition, last_run, make, running, topics


def test_a_claim_says_who_holds_the_run_and_how_long(connection: Connection) -> None:
    task_id = make(connection)
    (claimed,) = service.claim(connection, NOW + 1, [POOL], "here", "yard-1", claim_timeout=30)
    assert (claimed.task_id, claimed.run_id, claimed.taken_until) == (task_id, 0, NOW + 31)
    assert claimed.task["payload"] == {}
    assert claimed.status["runs"][0] == {
        "runId": 0,
        "state": "running",
        "reasonCreated": "scheduled",
        "scheduled": "2027-01-15T08:00:00.000Z",
        "workerGroup": "here",
        "workerId": "yard-1",
        "started": "2027-01-15T08:00:01.000Z",
        "takenUntil": "2027-01-15T08:00:31.000Z",
    }


def test_a_run_is_claimed_once(connection: Connection) -> None:
    make(connection)
    assert len(claim(connection)) == 1
    assert claim(connection) == []


def test_the_most_urgent_goes_first_then_the_oldest(connection: Connection) -> None:
    low = make(connection, priority="low")
    highest = make(connection, priority="highest")
    low_too = make(connection, priority="low")
    assert [one.task_id for one in claim(connection, limit=3)] == [highest, low, low_too]


def test_urgency_counts_before_the_order_of_pools(connection: Connection) -> None:
    make(connection)
    urgent = make(connection, taskQueueId=OTHER_POOL, priority="high")
    (claimed,) = service.claim(connection, NOW, [POOL, OTHER_POOL], "here", "yard-1", 1)
    assert claimed.task_id == urgent


def test_no_more_is_claimed_than_was_asked_for(connection: Connection) -> None:
    for _ in range(3):
        make(connection)
    assert len(claim(connection, limit=2)) == 2
    assert service.counts(connection, POOL) == (1, 2)


def test_another_pool_is_left_alone(connection: Connection) -> None:
    make(connection, taskQueueId=OTHER_POOL)
    assert claim(connection) == []


def test_a_cancelled_run_is_dropped_and_the_next_one_claimed(connection: Connection) -> None:
    service.cancel(connection, NOW, make(connection))
    waiting = make(connection)
    assert [one.task_id for one in claim(connection)] == [waiting]


def test_a_second_message_of_one_run_is_dropped(connection: Connection) -> None:
    task_id = make(connection)
    queue.put(connection, NOW, "farm", f"{POOL}/lowest", [NewMessage(body={"taskId": task_id, "runId": 0}, ttl=60)])
    assert [one.run_id for one in claim(connection, limit=5)] == [0]


@pytest.mark.parametrize("body", [None, 7, {}, {"taskId": 1, "runId": "x"}, {"taskId": "x" * 22, "runId": 0}])
def test_a_strange_message_in_a_pool_is_dropped(connection: Connection, body: object) -> None:
    queue.put(connection, NOW, "farm", f"{POOL}/highest", [NewMessage(body=body, ttl=60)])
    task_id = make(connection)
    assert [one.task_id for one in claim(connection)] == [task_id]


def test_nothing_is_claimed_past_its_deadline(connection: Connection) -> None:
    make(connection)
    assert claim(connection, NOW + 3600) == []


def test_a_message_that_outlives_the_deadline_is_dropped(connection: Connection) -> None:
    """A message lives for whole seconds."""
    make(connection, NOW + 0.5, deadline=to_json(NOW + 3600))
    assert claim(connection, NOW + 3600.2) == []


def test_a_message_of_an_earlier_run_is_dropped(connection: Connection) -> None:
    task_id = running(connection)
    service.report_exception(connection, NOW, task_id, 0, "worker-shutdown")
    connection.execute(update(messages).values(body=msgspec.json.encode({"taskId": task_id, "runId": 0}).decode()))
    assert claim(connection) == []


def test_a_message_in_the_wrong_pool_gives_nobody_a_task_of_another(connection: Connection) -> None:
    task_id = make(connection, taskQueueId=OTHER_POOL)
    queue.put(connection, NOW, "farm", f"{POOL}/highest", [NewMessage(body={"taskId": task_id, "runId": 0}, ttl=60)])
    assert claim(connection) == []


def test_a_claim_is_told_to_the_world(connection: Connection) -> None:
    running(connection)
    assert topics(connection) == ["task.pending", "task.running"]


def test_a_renewed_claim_holds_longer_and_is_no_news(connection: Connection) -> None:
    task_id = running(connection)
    renewed = service.reclaim(connection, NOW + 40, task_id, 0, 60)
    assert renewed.taken_until == NOW + 100
    assert renewed.status["runs"][0]["started"] == "2027-01-15T08:00:00.000Z"
    assert sweep.expire_claims(connection, NOW + 99) == 0
    assert topics(connection) == ["task.pending", "task.running"]


def test_a_run_that_is_not_running_cannot_be_renewed(connection: Connection) -> None:
    task_id = make(connection)
    with pytest.raises(RequestConflict, match="resolved or not running"):
        service.reclaim(connection, NOW, task_id, 0)


def test_a_claim_is_not_renewed_past_the_deadline(connection: Connection) -> None:
    task_id = running(connection)
    with pytest.raises(RequestConflict, match="deadline"):
        service.reclaim(connection, NOW + 3600, task_id, 0)


def test_a_run_that_does_not_exist_is_not_found(connection: Connection) -> None:
    task_id = running(connection)
    with pytest.raises(ResourceNotFound, match="Run 3 not found"):
        service.reclaim(connection, NOW, task_id, 3)


def test_a_task_goes_back_to_its_pool_and_comes_out_again(connection: Connection) -> None:
    task_id = running(connection)
    service.report_exception(connection, NOW, task_id, 0, "worker-shutdown")
    (claimed,) = claim(connection, NOW + 1, "yard-2")
    assert (claimed.task_id, claimed.run_id) == (task_id, 1)
    assert last_run(connection, task_id)["reasonCreated"] == "retry"


def test_creating_again_while_it_runs_puts_nothing_into_the_pool(connection: Connection) -> None:
    task_id = slugId()
    service.create(connection, NOW, task_id, definition())
    claim(connection)
    service.create(connection, NOW, task_id, definition())
    assert claim(connection) == []
