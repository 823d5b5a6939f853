"""What builds may expect of the floor that keeps their tasks: the hub's own, and a Taskcluster elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.floors import Floor, standing


@pytest.fixture(scope="module", params=["hub", "taskcluster"])
def standing_floor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    with standing(tmp_path_factory.mktemp("floor"), request.param) as made:
        yield made


@pytest.fixture
def floor(standing_floor: Floor) -> Floor:
    standing_floor.clear()
    return standing_floor


def test_wanted_build_waits_in_its_pool_with_its_payload(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    (claimed,) = floor.claims()
    assert claimed["task"]["payload"]["build_id"] == floor.build()["id"]
    assert claimed["status"]["taskId"] == floor.build()["task_id"]


def test_build_has_one_task_however_often_the_farm_looks(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    floor.turn()
    assert floor.made() == [floor.build()["task_id"]]


def test_claimed_build_is_building_and_names_its_builder(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    floor.claim()
    floor.turn()
    assert (floor.build()["state"], floor.build()["builder"]) == ("building", "yard-1")


def test_reported_wheel_becomes_a_file(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    floor.complete()
    floor.turn()
    assert floor.build()["state"] == "built"
    assert floor.files() == ["six-1.0-py3-none-any.whl"]


def test_reported_failure_is_the_build_s_own(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    floor.fail()
    floor.turn()
    assert (floor.build()["state"], floor.build()["reason"]) == ("failed", "no Python.h")


def test_build_that_was_given_back_is_queued_and_built_by_the_next(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    task_id, worker = floor.claim()
    floor.turn()
    worker.reportException(task_id, 0, {"reason": "worker-shutdown"})
    floor.turn()
    assert floor.build()["state"] == "queued"
    assert floor.complete(run_id=1) == task_id
    floor.turn()
    assert floor.build()["state"] == "built"


def test_task_that_was_cancelled_there_is_tried_no_more(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    floor.queue.cancelTask(floor.build()["task_id"])
    floor.turn()
    assert (floor.build()["state"], floor.build()["reason"]) == ("failed", "it was cancelled")


def test_completed_without_a_result_is_tried_again_with_a_new_task(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    task_id, worker = floor.claim()
    worker.reportCompleted(task_id, 0)
    floor.turn()
    assert floor.build()["state"] == "will_retry"
    floor.due()
    floor.turn()
    floor.complete()
    floor.turn()
    assert floor.build()["state"] == "built"


def test_nobody_begins_what_another_wheel_serves(floor: Floor) -> None:
    floor.ask("cp312", "cp313")
    floor.turn()
    floor.complete()
    floor.turn()
    assert floor.build("cp313")["state"] == "covered"
    assert floor.claims("buildyard/linux-x86-64-cp313") == []


def test_result_without_its_wheel_is_no_file(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    task_id, worker = floor.claim()
    floor.leave(task_id, worker, "public/result.json", b'{"outcome": "built"}')
    worker.reportCompleted(task_id, 0)
    floor.turn()
    assert floor.build()["state"] == "will_retry"
    assert floor.files() == []
