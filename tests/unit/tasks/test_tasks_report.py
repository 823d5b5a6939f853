from __future__ import annotations

import pytest
from sqlalchemy import Connection

from buildyard.farm.store.base import WAKE_KEY
from buildyard.farm.tasks import service, sweep
from buildyard.farm.tasks.errors import InputError, RequestConflict, ResourceNotFound
from buildyard.farm.tasks.lifecycle import MAX_RUNS
from support.tasks import NOW, claim, last_run, make, running, topics


def woken(connection: Connection) -> set[str]:
    found: set[str] = connection.info[WAKE_KEY]
    return found


@pytest.mark.parametrize(
    ("report", "state", "topic"),
    [
        (service.report_completed, "completed", "task.completed"),
        (service.report_failed, "failed", "task.failed"),
    ],
)
def test_a_report_resolves_the_run(connection: Connection, report: object, state: str, topic: str) -> None:
    task_id = running(connection)
    assert callable(report)
    status = report(connection, NOW + 5, task_id, 0)
    assert status["state"] == state
    assert (status["runs"][0]["reasonResolved"], status["runs"][0]["resolved"]) == (state, "2027-01-15T08:00:05.000Z")
    assert topics(connection)[-1] == topic


def test_a_repeated_report_answers_the_same_and_is_no_news(connection: Connection) -> None:
    task_id = running(connection)
    first = service.report_completed(connection, NOW, task_id, 0)
    assert service.report_completed(connection, NOW + 9, task_id, 0) == first
    assert topics(connection).count("task.completed") == 1


def test_a_different_report_afterwards_is_a_conflict(connection: Connection) -> None:
    task_id = running(connection)
    service.report_completed(connection, NOW, task_id, 0)
    with pytest.raises(RequestConflict, match="is not running or failed"):
        service.report_failed(connection, NOW, task_id, 0)


def test_a_pending_run_cannot_be_reported(connection: Connection) -> None:
    task_id = make(connection)
    with pytest.raises(RequestConflict):
        service.report_completed(connection, NOW, task_id, 0)


def test_a_run_that_does_not_exist_cannot_be_reported(connection: Connection) -> None:
    with pytest.raises(ResourceNotFound):
        service.report_completed(connection, NOW, running(connection), 1)


@pytest.mark.parametrize(("reason", "created"), [("worker-shutdown", "retry"), ("intermittent-task", "task-retry")])
def test_a_passing_exception_is_followed_by_one_run(connection: Connection, reason: str, created: str) -> None:
    task_id = running(connection, retries=1)
    status = service.report_exception(connection, NOW, task_id, 0, reason)
    assert [run["state"] for run in status["runs"]] == ["exception", "pending"]
    assert (status["runs"][1]["reasonCreated"], status["retriesLeft"]) == (created, 0)
    assert topics(connection)[-2:] == ["task.exception", "task.pending"]


@pytest.mark.parametrize("reason", ["malformed-payload", "resource-unavailable", "internal-error"])
def test_a_lasting_exception_ends_the_task(connection: Connection, reason: str) -> None:
    task_id = running(connection)
    status = service.report_exception(connection, NOW, task_id, 0, reason)
    assert (status["state"], len(status["runs"]), status["retriesLeft"]) == ("exception", 1, 5)


def test_without_retries_a_passing_exception_ends_the_task(connection: Connection) -> None:
    task_id = running(connection, retries=0)
    assert service.report_exception(connection, NOW, task_id, 0, "worker-shutdown")["state"] == "exception"


def test_past_the_deadline_no_run_follows(connection: Connection) -> None:
    task_id = running(connection)
    status = service.report_exception(connection, NOW + 3600, task_id, 0, "worker-shutdown")
    assert (status["state"], len(status["runs"])) == ("exception", 1)


def test_a_repeated_exception_makes_no_second_run(connection: Connection) -> None:
    task_id = running(connection)
    service.report_exception(connection, NOW, task_id, 0, "worker-shutdown")
    again = service.report_exception(connection, NOW + 1, task_id, 0, "worker-shutdown")
    assert len(again["runs"]) == 2


def test_another_exception_afterwards_is_a_conflict(connection: Connection) -> None:
    task_id = running(connection)
    service.report_exception(connection, NOW, task_id, 0, "malformed-payload")
    with pytest.raises(RequestConflict, match="resolved or not running"):
        service.report_exception(connection, NOW, task_id, 0, "internal-error")


@pytest.mark.parametrize("reason", ["claim-expired", "canceled", "deadline-exceeded", "completed", "nonsense"])
def test_a_worker_cannot_report_what_only_the_hub_knows(connection: Connection, reason: str) -> None:
    with pytest.raises(InputError, match="no worker may report"):
        service.report_exception(connection, NOW, running(connection), 0, reason)


@pytest.mark.parametrize("report", [service.report_completed, service.report_failed], ids=["completed", "failed"])
def test_a_worker_that_lost_its_claim_is_told_so(connection: Connection, report: object) -> None:
    task_id = running(connection)
    sweep.expire_claims(connection, NOW + 61)
    claim(connection, NOW + 61, "yard-2")
    assert callable(report)
    with pytest.raises(RequestConflict):
        report(connection, NOW + 62, task_id, 0)
    with pytest.raises(RequestConflict):
        service.reclaim(connection, NOW + 62, task_id, 0)
    assert last_run(connection, task_id)["workerId"] == "yard-2"


def test_a_pending_task_is_cancelled(connection: Connection) -> None:
    task_id = make(connection)
    status = service.cancel(connection, NOW, task_id)
    assert (status["state"], status["runs"][0]["reasonResolved"]) == ("exception", "canceled")
    assert claim(connection) == []


def test_a_running_task_is_cancelled_under_its_worker(connection: Connection) -> None:
    task_id = running(connection)
    service.cancel(connection, NOW, task_id)
    with pytest.raises(RequestConflict):
        service.reclaim(connection, NOW, task_id, 0)


def test_cancelling_a_resolved_task_changes_nothing(connection: Connection) -> None:
    task_id = running(connection)
    done = service.report_completed(connection, NOW, task_id, 0)
    assert service.cancel(connection, NOW, task_id) == done


def test_past_its_deadline_a_task_cannot_be_cancelled(connection: Connection) -> None:
    task_id = make(connection)
    with pytest.raises(RequestConflict, match="deadline"):
        service.cancel(connection, NOW + 3600, task_id)


def test_a_rerun_waits_again_with_its_retries_restored(connection: Connection) -> None:
    task_id = running(connection, retries=2)
    service.report_exception(connection, NOW, task_id, 0, "worker-shutdown")
    claim(connection)
    service.report_failed(connection, NOW, task_id, 1)
    status = service.rerun(connection, NOW, task_id)
    assert (status["state"], status["retriesLeft"], status["runs"][2]["reasonCreated"]) == ("pending", 2, "rerun")


def test_a_rerun_of_a_pending_task_changes_nothing(connection: Connection) -> None:
    task_id = make(connection)
    assert service.rerun(connection, NOW, task_id) == service.status(connection, task_id)


def test_a_task_has_no_more_than_fifty_runs(connection: Connection) -> None:
    task_id = running(connection)
    service.report_failed(connection, NOW, task_id, 0)
    for run_id in range(1, MAX_RUNS):
        service.rerun(connection, NOW, task_id)
        claim(connection)
        service.report_failed(connection, NOW, task_id, run_id)
    with pytest.raises(RequestConflict, match="50 runs"):
        service.rerun(connection, NOW, task_id)


def test_retries_after_a_rerun_never_lead_past_fifty_runs(connection: Connection) -> None:
    task_id = running(connection, retries=49)
    service.report_failed(connection, NOW, task_id, 0)
    assert service.rerun(connection, NOW, task_id)["retriesLeft"] == 48


def test_every_transition_wakes_who_watches_tasks(connection: Connection) -> None:
    task_id = make(connection)
    assert {"tasks", f"task:{task_id}"} <= woken(connection)
    assert "resolved" not in woken(connection)


def test_a_retry_does_not_wake_who_waits_for_the_end(connection: Connection) -> None:
    task_id = running(connection)
    connection.info.clear()
    service.report_exception(connection, NOW, task_id, 0, "worker-shutdown")
    assert "resolved" not in woken(connection)


def test_the_end_of_a_task_wakes_who_waits_for_it(connection: Connection) -> None:
    task_id = running(connection)
    connection.info.clear()
    service.report_completed(connection, NOW, task_id, 0)
    assert "resolved" in woken(connection)
