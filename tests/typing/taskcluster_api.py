"""Public calls of `buildyard.taskcluster`, for mypy to judge; see `faces_api.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

from twisted.internet.defer import Deferred

from buildyard import taskcluster
from buildyard.faces.deferred import DeferredIterator
from buildyard.taskcluster import aio, client, tx, types

OPTIONS = {"rootUrl": "https://tc.example", "credentials": {"clientId": "c", "accessToken": "t"}}


def four_ways_of_a_call(queue: taskcluster.Queue, payload: dict[str, Any]) -> None:
    assert_type(queue.createTask("id", payload), types.StatusAnswer)
    assert_type(queue.createTask(payload, taskId="id"), types.StatusAnswer)
    assert_type(queue.createTask(payload=payload, query={}, params={"taskId": "id"}), types.StatusAnswer)
    assert_type(queue.createTask("id", payload=payload, query={"x": None}), types.StatusAnswer)


def wrong_calls(queue: taskcluster.Queue) -> None:
    queue.createTask("id")  # type: ignore[call-overload]
    queue.createTask(taskId="id")  # type: ignore[call-overload]
    queue.status()  # type: ignore[call-overload]
    queue.status(None)  # type: ignore[call-overload]
    queue.status(taskid="id")  # type: ignore[call-overload]
    queue.status("id", 0)  # type: ignore[call-overload]
    queue.status("id", query="limit=2")  # type: ignore[call-overload]
    queue.absent()  # type: ignore[attr-defined]


async def asyncio_face() -> None:
    async with aio.Queue(OPTIONS) as queue:
        assert_type(await queue.reclaimTask("id", 0), types.ReclaimAnswer)
        assert_type(await queue.finishArtifact("id", 0, "name", {"uploadId": "u"}), None)
        assert_type(await queue.listTaskGroup("id", paginationHandler=print), None)
        assert_type(queue.iterTaskGroup("id"), AsyncIterator[types.TaskInGroup])
        assert_type([task["status"]["state"] async for task in queue.iterTaskGroup("id")], list[types.State])
    assert_type(await aio.Auth(OPTIONS).listRoles(), list[dict[str, Any]])


def blocking_face() -> None:
    with taskcluster.Queue(OPTIONS) as queue:
        assert_type(queue.ping(), types.Ping)
        assert_type(queue.listTaskGroup("id"), types.TaskGroupPage)
        assert_type(queue.listTaskGroup("id", paginationHandler=print, paginationLimit=3), None)
        assert_type(queue.iterTaskGroup("id"), Iterator[types.TaskInGroup])
        assert_type(queue.buildUrl("task", "id"), str)
        assert_type(queue.buildSignedUrl("task", "id", expiration=60), str)
    assert_type(taskcluster.Secrets(OPTIONS).get("name"), dict[str, Any])
    assert_type(list(taskcluster.Secrets(OPTIONS).iterSecrets()), list[str])


def twisted_face() -> None:
    queue = tx.Queue(OPTIONS)
    assert_type(queue.status("id"), Deferred[types.StatusAnswer])
    assert_type(queue.iterTaskGroup("id"), DeferredIterator[types.TaskInGroup])
    assert_type(queue.listTaskGroup("id", paginationHandler=print), Deferred[None])
    queue.status()  # type: ignore[call-overload]


def exchanges() -> None:
    events = client.QueueEvents({"rootUrl": "https://tc.example"})
    assert_type(events.taskCompleted(taskId="id", runId=0)["routingKeyPattern"], str)
    events.taskCompleted({"taskId": "id"})
    events.taskCompleted("primary.#")
    events.taskCompleted(taskid="id")  # type: ignore[call-overload]


def transfers(objects: taskcluster.Object, deferred: tx.Object) -> None:
    buffer, content_type = taskcluster.download.downloadToBuf(name="n", objectService=objects)
    assert_type((bytes(buffer), content_type), tuple[bytes, str])
    assert_type(tx.download.downloadToBuf(name="n", objectService=deferred), Deferred[tuple[memoryview, str]])
    taskcluster.download.downloadToBuf(name="n", objectService=deferred)  # type: ignore[arg-type]
    tx.download.downloadToBuf(name="n")  # type: ignore[call-arg]


async def asyncio_transfers(objects: aio.Object) -> None:
    assert_type(await aio.download.downloadToBuf(name="n", objectService=objects), tuple[memoryview, str])
    await aio.upload.uploadFromBuf(
        projectId="p", name="n", contentType="a/b", expires="e", objectService=objects, data=b""
    )
