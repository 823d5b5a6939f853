"""The farm's tasks on a Taskcluster elsewhere, when things go wrong: killed, away, forgetful, refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from sqlalchemy import Connection, delete, select

from buildyard.farm.store.base import Store
from buildyard.farm.store.tables import remote_tasks, tasks
from buildyard.farm.tasks import service, sweep
from buildyard.farm.tasks.errors import TaskclusterAway, TaskclusterRefuses
from buildyard.taskcluster import createTemporaryCredentials
from support.floors import Floor, built_six, standing

T = TypeVar("T")


@pytest.fixture(scope="module")
def standing_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    with standing(tmp_path_factory.mktemp("floor"), "taskcluster") as made:
        yield made


@pytest.fixture
def floor(standing_floor: Floor) -> Floor:
    standing_floor.clear()
    return standing_floor


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service("postgresql"))])
def on_either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Floor]:
    """The floor with the farm's rows in either database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("floor")
        return
    with standing(tmp_path, "taskcluster", request.getfixturevalue("url_of_store")("postgresql")) as made:
        yield made


class Killed(BaseException):
    """The hub is gone."""


class Dying:
    """A store whose hub is killed at its n-th commit, just before it or just after."""

    def __init__(self, store: Store, left: int, *, after: bool) -> None:
        self._store = store
        self._left = left
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, body: Callable[[Connection], T], *, lane: str = "") -> T:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        done = await self._store.write(body, lane=lane)
        if self._left == 0:
            raise Killed
        return done


def killed(floor: Floor, commit: int, *, after: bool) -> bool:
    """Let the farm's loops look until they are killed at that commit; return False where they end before."""
    try:
        floor.turn(lambda store: Dying(store, commit, after=after))  # type: ignore[arg-type, return-value]
    except Killed:
        return True
    return False


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_hub_killed_at_any_commit_makes_one_task_and_loses_no_report(on_either: Floor, *, after: bool) -> None:
    floor = on_either
    floor.ask()
    commit = 1
    while killed(floor, commit, after=after):
        commit += 1
    assert len(floor.made()) == 1
    assert floor.complete() == floor.build()["task_id"]
    while killed(floor, commit, after=after):
        commit += 1
    floor.turn()
    assert (floor.build()["state"], floor.build()["tries"]) == ("built", 1)
    assert floor.files() == ["six-1.0-py3-none-any.whl"]
    assert commit > 2


def definition(floor: Floor) -> tuple[str, dict[str, Any]]:
    row = floor.read(lambda c: c.execute(select(tasks.c.task_id, tasks.c.definition)).one())
    return row.task_id, msgspec.json.decode(row.definition)


def dispatched(floor: Floor, *, ago: float = 0.0) -> tuple[str, dict[str, Any]]:
    """Let the farm choose a task, some time ago, and be killed before it is made there; return id and definition."""
    floor.ask()
    present, floor.clock = floor.clock, lambda: floor.farm.clock() - ago
    assert killed(floor, 1, after=True)
    floor.clock = present
    assert floor.made() == []
    row = floor.read(lambda c: c.execute(select(tasks.c.task_id, tasks.c.definition)).one())
    return row.task_id, msgspec.json.decode(row.definition)


def test_task_that_was_made_before_the_kill_is_not_made_again(floor: Floor) -> None:
    task_id, whole = dispatched(floor)
    assert floor.queue.createTask(task_id, whole)["status"]["state"] == "pending"
    floor.turn()
    assert floor.made() == [task_id]


def test_task_is_dated_anew_after_a_long_absence(floor: Floor) -> None:
    task_id, whole = dispatched(floor, ago=3600)
    floor.turn()
    there = floor.queue.task(task_id)
    assert there["created"] > whole["created"]
    assert span(there) == span(whole)
    assert floor.made() == [task_id]


def span(definition: Any) -> timedelta:
    return datetime.fromisoformat(definition["deadline"]) - datetime.fromisoformat(definition["created"])


def test_task_made_under_its_old_date_is_followed_after_a_long_absence(floor: Floor) -> None:
    task_id, whole = dispatched(floor, ago=3600)
    floor.where.write(lambda connection, now: service.create(connection, now - 3600, task_id, whole))
    floor.turn()
    assert floor.queue.task(task_id)["created"] == whole["created"]
    assert floor.claims()[0]["status"]["taskId"] == task_id


def test_deployment_that_is_away_is_told_plainly_and_nothing_is_lost(floor: Floor) -> None:
    floor.ask()
    gone = Floor(floor.farm, floor.where, url="http://127.0.0.1:1")
    with pytest.raises(TaskclusterAway, match=r"the Taskcluster at http://127\.0\.0\.1:1 does not answer"):
        gone.turn()
    assert floor.made() == []
    floor.turn()
    assert floor.made() == [floor.build()["task_id"]]


def test_deployment_that_refuses_the_farm_names_the_scopes_and_nothing_is_lost(floor: Floor) -> None:
    floor.ask()
    given, expiry = floor.where.options()["credentials"], datetime.now(UTC) + timedelta(minutes=5)
    poor = createTemporaryCredentials(
        given["clientId"], given["accessToken"], datetime.now(UTC), expiry, ["queue:status:*"]
    )
    with pytest.raises(TaskclusterRefuses, match="queue:scheduler-id:buildyard"):
        Floor(floor.farm, floor.where, credentials=poor).turn()
    floor.turn()
    assert floor.made() == [floor.build()["task_id"]]


def test_task_that_the_deployment_forgot_is_tried_again_as_another(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    forgotten = floor.build()["task_id"]
    floor.where.write(lambda connection, _: connection.execute(delete(tasks)))
    floor.turn()
    assert floor.build()["state"] == "will_retry"
    floor.due()
    floor.turn()
    assert floor.made() == [floor.build()["task_id"]] != [forgotten]


def test_task_that_waits_elsewhere_is_not_given_to_the_hub_s_own_builders(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    floor.farm.write(sweep.repost)
    pool = "buildyard/linux-x86-64-cp312"
    worker = {"workerGroup": "here", "workerId": "w"}
    path = "/api/queue/v1/claim-work/" + pool.replace("/", "%2F")
    assert floor.farm.call("POST", path, worker, sign=floor.farm.root).json == {"tasks": []}


def test_cancelled_build_of_a_killed_hub_is_cancelled_there(floor: Floor) -> None:
    floor.ask("cp312", "cp313")
    floor.turn()
    floor.complete()
    commit = 1
    while killed(floor, commit, after=True):
        commit += 1
    other = floor.build("cp313")["task_id"]
    state = floor.where.call("GET", f"/api/queue/v1/task/{other}/status").json["status"]["state"]
    assert state == "exception"
    assert floor.read(lambda c: c.execute(select(remote_tasks).where(~remote_tasks.c.settled)).all()) == []


@pytest.mark.parametrize("storage", ["object", "s3"])
def test_wheel_is_fetched_whatever_its_storage_type(floor: Floor, storage: str) -> None:
    floor.ask()
    floor.turn()
    task_id, worker = floor.claim()
    result, name, wheel = built_six(floor.farm.state)
    floor.leave(task_id, worker, f"public/{name}", wheel, storageType=storage)
    floor.leave(task_id, worker, "public/result.json", msgspec.json.encode(result), storageType=storage)
    worker.reportCompleted(task_id, 0)
    floor.turn()
    assert floor.files() == [name]


def test_log_that_a_run_left_is_the_farm_s_log_of_it(floor: Floor) -> None:
    floor.ask()
    floor.turn()
    task_id, worker = floor.claim()
    log = b"a line\n" * 200_000
    floor.leave(task_id, worker, "public/logs/build.log", log)
    worker.reportFailed(task_id, 0)
    floor.turn()

    async def scenario(rooms: Any) -> bytes:
        return await asyncio.to_thread(rooms.logs.read, task_id, 0)

    assert floor.farm.does(scenario) == log
