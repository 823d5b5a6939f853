"""Workers and task queues: who claimed when, what they ran, and who may not claim."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from buildyard.farm.tasks import service, worker_records
from buildyard.farm.tasks.errors import RequestConflict, ResourceNotFound
from buildyard.farm.tasks.paging import Page
from buildyard.farm.tasks.worker_records import InQuarantine, WorkerId
from support.tasks import NOW, OTHER_POOL, POOL, claim, make, running

YARD = WorkerId(POOL, "here", "yard-1")
DAY = 86400.0


def test_who_claims_is_known_with_its_task_queue(connection: Connection) -> None:
    running(connection)
    found = worker_records.find(connection, NOW, YARD)
    assert (found.first_claim, found.last_active, found.expires) == (NOW, NOW, NOW + DAY)
    assert worker_records.task_queue(connection, NOW, POOL).last_active == NOW


def test_an_empty_look_notes_nobody(connection: Connection) -> None:
    claim(connection)
    with pytest.raises(ResourceNotFound, match="Are you sure it was created"):
        worker_records.find(connection, NOW, YARD)


def test_a_worker_is_noted_again_only_after_some_minutes(connection: Connection) -> None:
    running(connection)
    running(connection, NOW + 100)
    assert worker_records.find(connection, NOW, YARD).last_active == NOW
    running(connection, NOW + 301)
    found = worker_records.find(connection, NOW, YARD)
    assert (found.first_claim, found.last_active) == (NOW, NOW + 301)


def test_records_end_a_day_after_the_last_claim(connection: Connection) -> None:
    running(connection)
    assert worker_records.forget(connection, NOW + DAY - 1) == 0
    assert worker_records.workers_of(connection, NOW + DAY, POOL, Page()) == ([], None)
    assert worker_records.forget(connection, NOW + DAY) == 2


def test_recent_runs_are_the_newest_twenty_of_the_task_queue_the_newest_last(connection: Connection) -> None:
    made = [running(connection, NOW + number) for number in range(22)]
    make(connection, NOW + 30, taskQueueId=OTHER_POOL)
    service.claim(connection, NOW + 30, [OTHER_POOL], "here", "yard-1")
    found = worker_records.recent_runs(connection, YARD)
    assert found == [{"taskId": task_id, "runId": 0} for task_id in made[2:]]


def quarantine(connection: Connection, seconds: float = 60.0, why: str = "its disk is ill") -> None:
    worker_records.quarantine(connection, NOW, YARD, NOW + seconds, why, "static/mira")


def test_a_worker_in_quarantine_claims_nothing(connection: Connection) -> None:
    running(connection)
    task_id = make(connection)
    quarantine(connection)
    with pytest.raises(InQuarantine) as refused, connection.begin_nested():
        claim(connection)
    assert refused.value.task_queue_ids == {POOL}
    assert [one.task_id for one in claim(connection, worker="yard-2")] == [task_id]


def test_a_quarantine_is_of_one_task_queue(connection: Connection) -> None:
    running(connection)
    quarantine(connection)
    task_id = make(connection, taskQueueId=OTHER_POOL)
    (held,) = service.claim(connection, NOW, [OTHER_POOL], "here", "yard-1")
    assert held.task_id == task_id


def test_a_quarantine_ends_and_can_be_lifted(connection: Connection) -> None:
    running(connection)
    quarantine(connection)
    make(connection)
    assert len(claim(connection, NOW + 60)) == 1
    quarantine(connection)
    quarantine(connection, -1.0, "it has a new disk")
    make(connection)
    assert len(claim(connection)) == 1


def test_a_quarantine_tells_who_said_so_and_why(connection: Connection) -> None:
    running(connection)
    quarantine(connection)
    (told,) = worker_records.find(connection, NOW, YARD).quarantine_details
    assert told == {
        "updatedAt": "2027-01-15T08:00:00.000Z",
        "clientId": "static/mira",
        "quarantineUntil": "2027-01-15T08:01:00.000Z",
        "quarantineInfo": "its disk is ill",
    }


def test_a_worker_in_quarantine_is_not_forgotten(connection: Connection) -> None:
    running(connection)
    quarantine(connection, 3 * DAY)
    worker_records.forget(connection, NOW + 2 * DAY)
    assert worker_records.find(connection, NOW + 2 * DAY, YARD).quarantine_until == NOW + 3 * DAY


def test_an_unknown_worker_is_put_into_no_quarantine(connection: Connection) -> None:
    with pytest.raises(ResourceNotFound):
        quarantine(connection)


def test_workers_are_listed_by_group_and_id_in_pages(connection: Connection) -> None:
    for worker in ("b", "a", "c"):
        make(connection)
        claim(connection, worker=worker)
    first, token = worker_records.workers_of(connection, NOW, POOL, Page(limit=2))
    second, end = worker_records.workers_of(connection, NOW, POOL, Page(limit=2, token=token))
    assert [one.worker_id for one in first + second] == ["a", "b", "c"]
    assert end is None


@pytest.mark.parametrize(
    ("quarantined", "names"), [(True, ["yard-1"]), (False, ["yard-2"]), (None, ["yard-1", "yard-2"])]
)
def test_workers_are_listed_by_their_quarantine(
    connection: Connection, quarantined: bool | None, names: list[str]
) -> None:
    for worker in ("yard-1", "yard-2"):
        make(connection)
        claim(connection, worker=worker)
    quarantine(connection)
    found, _ = worker_records.workers_of(connection, NOW, POOL, Page(), quarantined=quarantined)
    assert [one.worker_id for one in found] == names


def test_task_queues_are_listed_by_name_and_provisioner(connection: Connection) -> None:
    for pool in ("b_x/w", "b1x/w", "a/w"):
        make(connection, taskQueueId=pool)
        service.claim(connection, NOW, [pool], "here", "yard-1")
    listed, _ = worker_records.queues_of(connection, NOW, Page())
    assert [one.task_queue_id for one in listed] == ["a/w", "b1x/w", "b_x/w"]
    of_one, _ = worker_records.queues_of(connection, NOW, Page(), "b_x")
    assert [one.task_queue_id for one in of_one] == ["b_x/w"]
    assert list(worker_records.provisioners(connection, NOW)) == ["a", "b1x", "b_x"]


# --- one run is claimed by its name ---


def test_a_run_is_claimed_by_its_name_and_again_by_the_same_worker(connection: Connection) -> None:
    task_id = make(connection)
    first = service.claim_one(connection, NOW, task_id, 0, "here", "yard-1")
    assert service.claim_one(connection, NOW + 5, task_id, 0, "here", "yard-1") == first
    assert claim(connection, worker="yard-2") == []


def test_a_run_that_another_worker_holds_is_not_claimed(connection: Connection) -> None:
    task_id = running(connection)
    with pytest.raises(RequestConflict, match="is not pending"):
        service.claim_one(connection, NOW, task_id, 0, "here", "yard-2")
