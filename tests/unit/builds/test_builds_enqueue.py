"""From a plan to builds, and from builds to tasks."""

from sqlalchemy import func, select

from buildyard.farm.builds.enqueue import dispatch, requeue_due, take_back
from buildyard.farm.store.tables import builds, request_builds, tasks
from buildyard.farm.tasks import mirror, service
from buildyard.farm.wire import FailureKind, Limits
from support.farm_rows import (
    NOW,
    claim,
    complete,
    fail,
    failed,
    farm,
    not_wanted,
    request,
    row_of,
    state_of,
    topics,
    wanted,
    wheel,
)


def test_what_is_wanted_is_queued_and_what_is_not_keeps_its_reason() -> None:
    with farm() as connection:
        request(connection, wanted(), not_wanted())
        assert state_of(connection, "cp312") == "queued"
        assert row_of(connection, "cp39")["reason"] == "Requires-Python is >=3.10"


def test_each_step_of_a_request_is_an_event_in_order() -> None:
    with farm() as connection:
        request(connection, wanted())
        dispatch(connection, NOW, Limits())
        assert topics(connection) == ["build.requested", "build.queued", "task.pending"]


def test_a_second_request_for_a_build_is_linked_to_the_first() -> None:
    with farm() as connection:
        request(connection, wanted())
        request(connection, wanted())
        assert connection.execute(select(func.count()).select_from(builds)).scalar() == 1
        assert connection.execute(select(func.count()).select_from(request_builds)).scalar() == 2


def test_dispatch_gives_each_build_one_task_however_often_it_runs() -> None:
    with farm() as connection:
        request(connection, wanted(), wanted(abi="cp313"))
        assert [dispatch(connection, NOW, Limits()) for _ in range(2)] == [2, 0]
        assert connection.execute(select(func.count()).select_from(tasks)).scalar() == 2


def test_a_build_that_waits_for_the_first_gets_no_task_before_it() -> None:
    with farm() as connection:
        request(connection, wanted(abi="cp313"), wanted(waits_for="cp313"))
        assert dispatch(connection, NOW, Limits()) == 1
        assert row_of(connection, "cp312")["task_id"] is None


def test_a_build_does_not_wait_for_a_first_that_ended_long_ago() -> None:
    with farm() as connection:
        request(connection, wanted(abi="cp313"))
        complete(connection, wheel("cp313-cp313-linux_x86_64"), abi="cp313")
        request(connection, wanted(abi="cp313"), wanted(waits_for="cp313"))
        assert row_of(connection, "cp312")["waits_for"] is None


def test_what_failed_stays_failed_when_asked_for_again() -> None:
    with farm() as connection:
        request(connection, wanted())
        fail(connection, failed())
        request(connection, wanted())
        assert state_of(connection) == "failed"


def test_what_failed_is_queued_once_more_when_asked_for_with_again() -> None:
    with farm() as connection:
        request(connection, wanted())
        fail(connection, failed())
        request(connection, wanted(), again=True)
        row = row_of(connection)
        assert (row["state"], row["reason"], row["task_id"], row["tries"]) == ("queued", "", None, 0)


def test_what_was_not_wanted_becomes_queued_when_a_later_plan_wants_it() -> None:
    with farm() as connection:
        request(connection, not_wanted(abi="cp312"))
        request(connection, wanted(version=""))
        assert state_of(connection) == "queued"


def test_a_build_that_will_retry_is_queued_when_its_time_has_come() -> None:
    with farm() as connection:
        request(connection, wanted())
        fail(connection, failed(FailureKind.NETWORK))
        assert requeue_due(connection, NOW + 59) == 0
        assert requeue_due(connection, NOW + 61) == 1
        claim(connection, now=NOW + 61)
        assert state_of(connection) == "building"


def test_a_payload_tells_the_builder_all_it_needs() -> None:
    with farm() as connection:
        request(connection, wanted())
        dispatch(connection, NOW, Limits(wall_s=5))
        definition = connection.execute(select(tasks.c.definition)).scalar_one()
        assert '"wall_s":5' in definition
        assert '"package":"wrapt"' in definition


def test_builds_come_back_from_a_taskcluster_that_is_not_set_any_more() -> None:
    with farm() as connection:
        request(connection, wanted())
        dispatch(connection, NOW, Limits(), floor=mirror)
        away = row_of(connection)["task_id"]
        assert take_back(connection, NOW) == 1
        assert row_of(connection)["task_id"] is None
        claim(connection)
        assert state_of(connection) == "building"
        assert service.status(connection, str(away))["runs"][0]["reasonResolved"] == "canceled"


def test_nothing_comes_back_twice() -> None:
    with farm() as connection:
        request(connection, wanted())
        dispatch(connection, NOW, Limits(), floor=mirror)
        assert [take_back(connection, NOW) for _ in range(2)] == [1, 0]
