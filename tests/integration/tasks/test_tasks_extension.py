"""The farm's own worker routes: several pools in one poll, hello and goodbye, the live log, phases."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from buildyard.farm.events import outbox
from buildyard.farm.store.tables import builders, runs
from buildyard.farm.tasks import service, sweep
from buildyard.farm.tasks.extension import follow_log
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.wire import BuilderInfo
from buildyard.taskcluster._hawk import payload_hash
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.slugid import slugId
from support.hub import Answer, Hub
from support.tasks import OTHER_POOL, POOL, definition

FARM = "/api/farm/v1"
WORKER = {"workerGroup": "here", "workerId": "yard-1"}
INFO = msgspec.to_builtins(
    BuilderInfo(
        name="yard-1",
        worker_group="here",
        platform="linux_x86_64",
        slots=2,
        interpreters=(),
        sandbox="none",
        version="0.1",
    )
)


def create(hub: Hub, **changes: Any) -> str:
    task_id = slugId()
    hub.write(lambda connection, now: service.create(connection, now, task_id, definition(now, **changes)))
    return task_id


def claim(hub: Hub, pools: list[str], **changes: Any) -> Answer:
    return hub.call("POST", f"{FARM}/claim-work", {"taskQueueIds": pools, **WORKER, **changes}, sign=hub.builder)


def running(hub: Hub) -> tuple[str, Credentials]:
    create(hub)
    (claimed,) = claim(hub, [POOL]).json["tasks"]
    return claimed["status"]["taskId"], Credentials.from_options(claimed["credentials"])


def append(hub: Hub, task_id: str, worker: Credentials, offset: int, data: bytes, at: str = "0.5") -> Answer:
    path = f"{FARM}/tasks/{task_id}/runs/0/log?offset={offset}&at={at}"
    return hub.call("POST", path, body=data, content_type="application/octet-stream", sign=worker)


def phase(hub: Hub, task_id: str, worker: Credentials, **changes: Any) -> Answer:
    told = {"phase": "build", "at": 1.5, "log_offset": 0, **changes}
    return hub.call("POST", f"{FARM}/tasks/{task_id}/runs/0/phase", told, sign=worker)


# --- claiming ---


def test_one_poll_claims_from_several_pools(hub: Hub) -> None:
    made = {create(hub), create(hub, taskQueueId=OTHER_POOL)}
    answer = claim(hub, [POOL, OTHER_POOL], tasks=4)
    assert {one["status"]["taskId"] for one in answer.json["tasks"]} == made
    assert answer.json["tasks"][0].keys() >= {"status", "runId", "takenUntil", "task", "credentials"}


def test_every_pool_must_be_allowed(hub: Hub) -> None:
    answer = claim(hub, [POOL, "other/pool"])
    assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")
    assert answer.json["code"] == "InsufficientScopes"
    assert "queue:claim-work:other/pool" in answer.json["detail"]


@pytest.mark.parametrize("pools", [[], ["nonsense"], [POOL] * 65])
def test_pools_that_cannot_be_are_refused(hub: Hub, pools: list[str]) -> None:
    answer = claim(hub, pools)
    assert (answer.status, answer.json["code"]) == (400, "InputValidationError")
    assert "taskQueueIds" in answer.json["detail"]


def test_a_problem_has_the_members_of_problem_details(hub: Hub) -> None:
    answer = claim(hub, [])
    assert answer.json.keys() == {"type", "title", "status", "detail", "code", "next"}
    assert (answer.json["title"], answer.json["status"]) == ("Bad Request", 400)


# --- builders ---


def hello(hub: Hub, name: str = "yard-1", **changes: Any) -> Answer:
    return hub.call("PUT", f"{FARM}/builders/{name}", {**INFO, **changes}, sign=hub.builder)


def topics(hub: Hub) -> list[str]:
    return hub.write(lambda connection, _: [one.topic for one in outbox.after(connection, 0)])


def test_a_builder_says_hello_and_goodbye(hub: Hub) -> None:
    assert hello(hub).json == {}
    assert hub.call("DELETE", f"{FARM}/builders/yard-1", sign=hub.builder).json == {}
    assert topics(hub) == ["builder.seen", "builder.lost"]


def test_a_builder_that_asks_for_work_is_seen(hub: Hub) -> None:
    hello(hub)
    hub.offset = 60.0
    claim(hub, [POOL])
    seen = hub.write(lambda connection, _: connection.execute(select(builders.c.seen)).scalar_one())
    assert seen > time.time() + 55


def test_a_builder_that_renews_its_claim_is_seen(hub: Hub) -> None:
    hello(hub)
    task_id, worker = running(hub)
    hub.offset = 50.0
    hub.call("POST", f"/api/queue/v1/task/{task_id}/runs/0/reclaim", sign=worker)
    seen = hub.write(lambda connection, _: connection.execute(select(builders.c.seen)).scalar_one())
    assert seen > time.time() + 45


def test_a_builder_speaks_for_itself_alone(hub: Hub) -> None:
    answer = hello(hub, name="other")
    assert (answer.status, "calls itself 'yard-1'" in answer.json["detail"]) == (400, True)


def test_a_builder_must_be_signed(hub: Hub) -> None:
    answer = hub.call("PUT", f"{FARM}/builders/yard-1", INFO)
    assert (answer.status, "farm:builder:yard-1" in answer.json["detail"]) == (403, True)


def test_a_builder_that_is_none_is_refused_by_name(hub: Hub) -> None:
    answer = hello(hub, slots="two")
    assert (answer.status, "slots" in answer.json["detail"]) == (400, True)


# --- the log ---


def test_a_log_grows_by_pieces(hub: Hub) -> None:
    task_id, worker = running(hub)
    assert append(hub, task_id, worker, 0, b"one\n").json == {"size": 4}
    assert append(hub, task_id, worker, 4, b"two\xff\n").json == {"size": 9}
    assert append(hub, task_id, worker, 4, b"two\xff\n").json == {"size": 9}
    assert hub.rooms.logs.read(task_id, 0) == b"one\ntwo\xff\n"


def test_a_gap_tells_the_size_that_is_known(hub: Hub) -> None:
    task_id, worker = running(hub)
    append(hub, task_id, worker, 0, b"one\n")
    answer = append(hub, task_id, worker, 9, b"x")
    assert (answer.status, answer.json["size"], answer.json["code"]) == (409, 4, "LogGap")


def test_a_piece_past_the_bound_is_refused(hub: Hub) -> None:
    task_id, worker = running(hub)
    answer = append(hub, task_id, worker, 0, bytes(4 * 1024**2 + 1))
    assert (answer.status, answer.json["code"]) == (413, "InputTooLarge")


@pytest.mark.parametrize("query", ["offset=1", "at=0", "offset=-1&at=0", "offset=x&at=0", "offset=0&at=nan"])
def test_a_piece_without_its_place_is_refused(hub: Hub, query: str) -> None:
    task_id, worker = running(hub)
    path = f"{FARM}/tasks/{task_id}/runs/0/log?{query}"
    answer = hub.call("POST", path, body=b"x", content_type="text/plain", sign=worker)
    assert answer.status == 400


def test_a_piece_that_was_changed_on_its_way_is_refused(hub: Hub) -> None:
    task_id, worker = running(hub)
    path = f"{FARM}/tasks/{task_id}/runs/0/log?offset=0&at=0"
    digest = payload_hash("text/plain", b"other")
    answer = hub.call("POST", path, body=b"x", content_type="text/plain", sign=worker, hashed=digest)
    assert (answer.status, hub.rooms.logs.size(task_id, 0)) == (401, 0)


def test_only_the_claims_credentials_write_its_log(hub: Hub) -> None:
    task_id, _ = running(hub)
    _, other = running(hub)
    answer = append(hub, task_id, other, 0, b"x")
    assert (answer.status, f"queue:reclaim-task:{task_id}/0" in answer.json["detail"]) == (403, True)


def test_a_worker_that_lost_its_claim_writes_nothing(hub: Hub) -> None:
    task_id, worker = running(hub)
    hub.offset = 61.0
    hub.write(sweep.expire_claims)
    assert append(hub, task_id, worker, 0, b"x").status == 409
    assert phase(hub, task_id, worker).status == 409
    assert hub.rooms.logs.size(task_id, 0) == 0


def test_the_size_of_the_log_is_kept_when_the_run_ends(hub: Hub) -> None:
    task_id, worker = running(hub)
    append(hub, task_id, worker, 0, b"12345")
    hub.call("POST", f"/api/queue/v1/task/{task_id}/runs/0/completed", sign=worker)
    assert hub.write(lambda connection, _: connection.execute(select(runs.c.log_bytes)).scalar_one()) == 5


def test_a_full_disk_asks_for_the_piece_again(hub: Hub) -> None:
    task_id, worker = running(hub)
    path = hub.rooms.logs.path(task_id, 0)
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    answer = append(hub, task_id, worker, 0, b"x")
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    path.unlink()
    assert append(hub, task_id, worker, 0, b"x").status == 200


# --- phases ---


def test_a_phase_is_kept_and_marked_in_the_log(hub: Hub) -> None:
    task_id, worker = running(hub)
    append(hub, task_id, worker, 0, b"fetched\n")
    assert phase(hub, task_id, worker, log_offset=8).json == {}
    assert hub.write(lambda connection, _: connection.execute(select(runs.c.phase)).scalar_one()) == "build"
    assert hub.rooms.logs.marks(task_id, 0)[-1].phase == "build"


@pytest.mark.parametrize("change", [{"phase": "dance"}, {"at": -1}, {"log_offset": -1}, {"colour": "red"}])
def test_a_phase_that_cannot_be_is_refused(hub: Hub, change: dict[str, Any]) -> None:
    task_id, worker = running(hub)
    answer = phase(hub, task_id, worker, **change)
    assert (answer.status, next(iter(change)) in answer.json["detail"]) == (400, True)


# --- following ---


def test_a_followed_log_ends_with_its_run(hub: Hub) -> None:
    task_id, worker = running(hub)
    append(hub, task_id, worker, 0, b"one\n")

    async def scenario(rooms: TaskRooms) -> bytes:
        following = asyncio.ensure_future(_all(rooms, task_id))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(append, hub, task_id, worker, 4, b"two\n")
        assert not following.done()
        await rooms.write(service.report_completed, task_id, 0)
        return await asyncio.wait_for(following, 5)

    assert hub.does(scenario) == b"one\ntwo\n"


def test_a_followed_log_ends_when_its_claim_expires(hub: Hub) -> None:
    task_id, _ = running(hub)

    async def scenario(rooms: TaskRooms) -> bytes:
        following = asyncio.ensure_future(_all(rooms, task_id))
        await asyncio.sleep(0.1)
        hub.offset = 61.0
        await rooms.write(sweep.expire_claims)
        return await asyncio.wait_for(following, 5)

    assert hub.does(scenario) == b""


def test_a_followed_log_ends_when_the_hub_stops(hub: Hub) -> None:
    task_id, _ = running(hub)

    async def scenario(rooms: TaskRooms) -> bytes:
        following = asyncio.ensure_future(_all(rooms, task_id))
        await asyncio.sleep(0.1)
        rooms.shutdown.set()
        return await asyncio.wait_for(following, 5)

    assert hub.does(scenario) == b""


async def _all(rooms: TaskRooms, task_id: str) -> bytes:
    return b"".join([piece async for piece in follow_log(rooms, task_id, 0)])
