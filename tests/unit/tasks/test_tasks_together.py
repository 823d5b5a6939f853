"""What many callers want at one time: each is answered as if it were alone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from buildyard.farm.tasks import service, worker_records
from buildyard.farm.tasks.definition import complete
from buildyard.farm.tasks.errors import RequestConflict, ResourceNotFound
from buildyard.farm.tasks.lifecycle import Action
from buildyard.farm.tasks.service import Report, Wish
from buildyard.farm.tasks.worker_records import InQuarantine, WorkerId
from buildyard.taskcluster.slugid import slugId
from support.tasks import NOW, OTHER_POOL, POOL, definition, last_run, make, running, topics


def wish(worker: str, limit: int = 1, *pools: str) -> Wish:
    return Wish(pools=pools or (POOL,), worker_group="here", worker_id=worker, limit=limit)


def wanted(task_id: str, **changes: Any) -> Any:
    return task_id, complete(task_id, definition(**changes), NOW)


def completed(task_id: str, run_id: int = 0, **more: Any) -> Report:
    return Report(task_id=task_id, run_id=run_id, action=Action.COMPLETE, **more)


# Creating


def test_each_creation_answers_its_own_task_in_order(connection: Connection) -> None:
    ids = [slugId() for _ in range(5)]
    told: list[Any] = service.create_each(connection, NOW, [wanted(task_id) for task_id in ids])
    assert [status["taskId"] for status in told] == ids
    assert topics(connection) == ["task.pending"] * 5


def test_id_that_two_want_alike_is_made_once(connection: Connection) -> None:
    task_id = slugId()
    first, second = service.create_each(connection, NOW, [wanted(task_id), wanted(task_id)])
    assert first == second
    assert topics(connection) == ["task.pending"]


def test_id_that_two_want_with_different_definitions_is_a_conflict(connection: Connection) -> None:
    task_id = slugId()
    with pytest.raises(RequestConflict):
        service.create_each(connection, NOW, [wanted(task_id), wanted(task_id, retries=1)])


def test_task_may_wait_for_one_that_is_made_at_the_same_time(connection: Connection) -> None:
    first, second = slugId(), slugId()
    told: list[Any] = service.create_each(connection, NOW, [wanted(first), wanted(second, dependencies=[first])])
    assert [status["state"] for status in told] == ["pending", "unscheduled"]


# Claiming


def test_workers_that_ask_together_share_what_there_is(connection: Connection) -> None:
    ids = [make(connection) for _ in range(3)]
    claimed = service.claim_each(connection, NOW, [wish("a", 2), wish("b", 2), wish("c", 2)])
    assert [[one.task_id for one in its] for its in claimed] == [ids[:2], ids[2:], []]
    assert [one.worker_id for its in claimed for one in its] == ["a", "a", "b"]
    assert {last_run(connection, task_id)["state"] for task_id in ids} == {"running"}


def test_each_worker_claims_from_its_own_pools(connection: Connection) -> None:
    here, there = make(connection), make(connection, taskQueueId=OTHER_POOL)
    claimed = service.claim_each(connection, NOW, [wish("a", 9, OTHER_POOL), wish("b", 9)])
    assert [[one.task_id for one in its] for its in claimed] == [[there], [here]]


def test_claims_hold_as_long_as_each_wish_says(connection: Connection) -> None:
    make(connection), make(connection)
    wishes = [Wish(pools=(POOL,), worker_group="here", worker_id="w", claim_timeout=seconds) for seconds in (9, 99)]
    claimed = service.claim_each(connection, NOW, wishes)
    assert [its[0].taken_until - NOW for its in claimed] == [9, 99]


def test_worker_in_quarantine_is_told_though_others_ask_with_it(connection: Connection) -> None:
    shut = WorkerId(POOL, "here", "shut")
    worker_records.seen(connection, NOW, [shut])
    worker_records.quarantine(connection, NOW, shut, NOW + 60, "why", "me")
    make(connection), make(connection)
    with pytest.raises(InQuarantine):
        service.claim_each(connection, NOW, [wish("fine"), wish("shut")])


# Reporting


def test_reports_together_end_each_its_run(connection: Connection) -> None:
    ids = [running(connection) for _ in range(3)]
    told: list[Any] = service.report_each(connection, NOW, [completed(task_id) for task_id in ids])
    assert [(status["taskId"], status["state"]) for status in told] == [(task_id, "completed") for task_id in ids]
    assert topics(connection)[-3:] == ["task.completed"] * 3


def test_report_that_is_refused_leaves_the_others_alone(connection: Connection) -> None:
    good, pending, unknown = running(connection), make(connection), slugId()
    told = service.report_each(connection, NOW, [completed(unknown), completed(good), completed(pending)])
    assert [type(one) for one in told] == [ResourceNotFound, dict, RequestConflict]
    assert last_run(connection, good)["state"] == "completed"
    assert last_run(connection, pending)["state"] == "pending"


def test_two_reports_of_one_run_at_one_time_are_a_report_and_its_repeat(connection: Connection) -> None:
    task_id = running(connection)
    first, second = service.report_each(connection, NOW, [completed(task_id), completed(task_id)])
    assert first == second
    assert topics(connection).count("task.completed") == 1


def test_second_report_of_another_kind_is_refused(connection: Connection) -> None:
    task_id = running(connection)
    failed = Report(task_id=task_id, run_id=0, action=Action.FAIL)
    told = service.report_each(connection, NOW, [completed(task_id), failed])
    assert [type(one) for one in told] == [dict, RequestConflict]
