"""Our own blocking client drives a hub over HTTP; `taskcluster/test_documented_use` has the official one beside it."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from buildyard.taskcluster import Queue, fromNowJSON, slugId
from buildyard.taskcluster.errors import InsufficientScopes, RequestConflict
from support.hub import Hub
from support.tasks import POOL, definition


def claimed_by(queue: Queue, **changes: Any) -> tuple[str, Queue]:
    task_id = slugId()
    queue.createTask(task_id, definition(time.time(), **changes))
    (claimed,) = queue.claimWork(POOL, {"workerGroup": "here", "workerId": "yard-1"})["tasks"]
    return task_id, queue.with_credentials(claimed["credentials"])


def test_our_own_client_carries_a_task_through_its_life(hub: Hub) -> None:
    with Queue(hub.options()) as queue:
        task_id, worker = claimed_by(queue)
        worker = queue.with_credentials(worker.reclaimTask(task_id, 0)["credentials"])
        assert worker.reportCompleted(task_id, 0)["status"]["state"] == "completed"
        with pytest.raises(RequestConflict):
            worker.reportFailed(task_id, 0)
        with pytest.raises(InsufficientScopes):
            worker.cancelTask(task_id)


@pytest.mark.parametrize("size", [0, 1, 8191, 8192, 3_000_000])
def test_our_own_client_uploads_content_of_any_size(hub: Hub, size: int, tmp_path: Path) -> None:
    wheel = tmp_path / "six.whl"
    wheel.write_bytes(bytes(size))
    with Queue(hub.options()) as queue:
        task_id, worker = claimed_by(queue)
        expires = fromNowJSON("1 hour")
        worker.uploadArtifact(task_id, 0, "public/six.whl", wheel, contentType="application/zip", expires=expires)
    found = hub.call("GET", f"/api/queue/v1/task/{task_id}/artifacts/public/six.whl")
    got = hub.call("GET", found.headers["location"])
    assert hashlib.sha256(got.content).hexdigest() == hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_our_own_client_reads_through_a_signed_address(hub: Hub) -> None:
    with Queue(hub.options()) as queue:
        task_id, _ = claimed_by(queue)
        answer = hub.call("GET", queue.buildSignedUrl("task", task_id))
    assert (answer.status, answer.json["taskQueueId"]) == (200, POOL)
