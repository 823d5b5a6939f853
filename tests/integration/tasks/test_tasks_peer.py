"""Clients of other people's making, and our own, drive the hub over its real interface."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from buildyard.taskcluster import Queue, fromNowJSON, slugId
from buildyard.taskcluster.errors import InsufficientScopes, RequestConflict
from support.hub import Hub
from support.official import official_taskcluster
from support.tasks import POOL, definition

SCRIPT = Path(__file__).with_name("official_client.py")


@pytest.fixture(scope="session")
def official_python() -> Path:
    """The Python that has the official client of Taskcluster."""
    return official_taskcluster()


@pytest.mark.network
def test_the_official_client_does_all_that_a_worker_and_a_scheduler_do(hub: Hub, official_python: Path) -> None:
    environment = {
        **os.environ,
        "TASKCLUSTER_ROOT_URL": hub.url,
        "TASKCLUSTER_CLIENT_ID": hub.root.client_id,
        "TASKCLUSTER_ACCESS_TOKEN": hub.root.access_token,
    }
    done = subprocess.run(
        [official_python, SCRIPT],
        env=environment,
        input=json.dumps(definition(time.time())),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    place = {"provisionerId": "buildyard", "workerType": "linux-x86-64-cp312", "taskQueueId": POOL}
    assert json.loads(done.stdout) == {
        "alive": True,
        "created": "pending",
        "repeated": "pending",
        "conflict": [409, "RequestConflict"],
        "task": POOL,
        "missing": [404, "ResourceNotFound"],
        "malformed": [400, "InputValidationError"],
        "counts": {**place, "pendingTasks": 1, "claimedTasks": 0},
        "claimed": [True, 0],
        "forbidden": [403, "InsufficientScopes"],
        "small": True,
        "large": True,
        "listed": ["public/a/large.bin", "public/small + %.bin"],
        "redirect": ["storageType", "url"],
        "bewit": True,
        "signed_url": True,
        "authorized": [POOL, [403, "InsufficientScopes"]],
        "temporary": ["running", [403, "InsufficientScopes"]],
        "completed": "completed",
        "late": [409, "RequestConflict"],
        "rerun": "pending",
        "cancelled": "canceled",
        "stranger": [401, "AuthenticationFailed"],
    }


# --- our own blocking client ---


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
