from __future__ import annotations

from sqlalchemy import Connection, delete, func, select, update

from buildyard.farm.store.tables import messages, runs, tasks
from buildyard.farm.tasks import service, sweep
from support.tasks import NOW, claim, last_run, make, running, topics


def test_nothing_is_due_on_an_idle_farm(connection: Connection) -> None:
    assert sweep.next_due(connection) is None


def test_a_waiting_task_is_due_at_its_deadline(connection: Connection) -> None:
    make(connection)
    assert sweep.next_due(connection) == NOW + 3600


def test_a_running_task_is_due_when_its_claim_ends(connection: Connection) -> None:
    running(connection)
    assert sweep.next_due(connection) == NOW + 60


def test_a_resolved_task_is_never_due(connection: Connection) -> None:
    service.report_completed(connection, NOW, running(connection), 0)
    assert sweep.next_due(connection) is None


def test_an_expired_claim_is_followed_by_exactly_one_run(connection: Connection) -> None:
    task_id = running(connection)
    assert sweep.expire_claims(connection, NOW + 60) == 1
    assert sweep.expire_claims(connection, NOW + 60) == 0
    status = service.status(connection, task_id)
    assert [(run["state"], run.get("reasonResolved")) for run in status["runs"]] == [
        ("exception", "claim-expired"),
        ("pending", None),
    ]
    assert len(claim(connection, NOW + 60, limit=5)) == 1


def test_a_claim_that_holds_is_left_alone(connection: Connection) -> None:
    running(connection)
    assert sweep.expire_claims(connection, NOW + 59.9) == 0


def test_the_last_retry_gone_the_task_ends_as_claim_expired(connection: Connection) -> None:
    task_id = running(connection, retries=1)
    sweep.expire_claims(connection, NOW + 60)
    claim(connection, NOW + 60)
    sweep.expire_claims(connection, NOW + 120)
    status = service.status(connection, task_id)
    assert (status["state"], status["runs"][-1]["reasonResolved"], len(status["runs"])) == (
        "exception",
        "claim-expired",
        2,
    )


def test_the_end_of_a_claim_is_told_before_the_next_run(connection: Connection) -> None:
    running(connection)
    sweep.expire_claims(connection, NOW + 60)
    assert topics(connection)[-2:] == ["task.exception", "task.pending"]


def test_a_deadline_ends_a_waiting_task(connection: Connection) -> None:
    task_id = make(connection)
    assert sweep.expire_deadlines(connection, NOW + 3600) == 1
    assert last_run(connection, task_id)["reasonResolved"] == "deadline-exceeded"


def test_a_deadline_ends_a_running_task_though_its_claim_ended_too(connection: Connection) -> None:
    task_id = running(connection)
    assert sweep.expire_claims(connection, NOW + 3600) == 0
    assert sweep.expire_deadlines(connection, NOW + 3600) == 1
    assert last_run(connection, task_id)["reasonResolved"] == "deadline-exceeded"
    assert sweep.next_due(connection) is None


def test_a_deadline_gives_a_task_that_never_ran_a_run_that_says_why(connection: Connection) -> None:
    task_id = make(connection)
    connection.execute(delete(runs))
    connection.execute(update(tasks).values(state="unscheduled"))
    assert sweep.expire_deadlines(connection, NOW + 3600) == 1
    run = last_run(connection, task_id)
    assert (run["reasonCreated"], run["reasonResolved"]) == ("exception", "deadline-exceeded")


def test_a_resolved_task_is_not_ended_again(connection: Connection) -> None:
    service.report_completed(connection, NOW, running(connection), 0)
    assert sweep.expire_deadlines(connection, NOW + 9999) == 0


def test_more_than_a_batch_is_taken_by_the_next_sweep(connection: Connection) -> None:
    for _ in range(sweep.BATCH + 1):
        make(connection)
    assert sweep.expire_deadlines(connection, NOW + 3600) == sweep.BATCH
    assert sweep.next_due(connection) == NOW + 3600
    assert sweep.expire_deadlines(connection, NOW + 3600) == 1


def test_a_pending_run_without_a_message_gets_one(connection: Connection) -> None:
    task_id = make(connection)
    connection.execute(delete(messages))
    assert claim(connection) == []
    assert sweep.repost(connection, NOW) == 1
    assert [one.task_id for one in claim(connection)] == [task_id]


def test_a_run_that_never_had_a_message_gets_one(connection: Connection) -> None:
    make(connection)
    connection.execute(delete(messages))
    connection.execute(update(runs).values(message_id=None))
    assert sweep.repost(connection, NOW) == 1
    assert sweep.repost(connection, NOW) == 0


def test_a_run_whose_message_is_there_is_left_alone(connection: Connection) -> None:
    make(connection)
    assert sweep.repost(connection, NOW) == 0


def test_a_running_run_needs_no_message(connection: Connection) -> None:
    running(connection)
    assert sweep.repost(connection, NOW) == 0


def test_reposting_goes_on_past_a_batch(connection: Connection) -> None:
    count = sweep.BATCH + 3
    for _ in range(count):
        make(connection)
    connection.execute(delete(messages))
    assert sweep.repost(connection, NOW) == count


def test_what_ends_while_it_waits_leaves_no_message_behind(connection: Connection) -> None:
    service.cancel(connection, NOW, make(connection))
    make(connection)
    sweep.expire_deadlines(connection, NOW + 3600)
    assert connection.execute(select(func.count()).select_from(messages)).scalar_one() == 0
