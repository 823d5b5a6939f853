"""A worker that knows nothing of us, Mozilla's scriptworker, runs tasks of a hub; both are killed while it does."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from buildyard.farm.state import StateDirectory
from buildyard.taskcluster import Queue, download, slugId
from support.farmyard import Yard, until, yard
from support.scriptworker import scriptworker_program, working
from support.tasks import definition

POOL = "foreign/script"
SCRIPT = Path(__file__).parents[2] / "support" / "small_task.py"
CONTENT = bytes(range(256)) * 64

pytestmark = pytest.mark.network


@dataclass
class Story:
    """Tasks that are all resolved, by what happened while they ran."""

    queue: Queue
    good: str  #: nothing
    bad: str  #: its script failed
    hub_killed: str  #: the hub was killed, and started again
    worker_killed: str  #: the worker was killed, and another came

    def runs(self, task_id: str) -> list[tuple[str, str, str]]:
        """Return state, reason and worker of each run."""
        told = self.queue.status(task_id)["status"]["runs"]
        return [(run["state"], run["reasonResolved"], run["workerId"]) for run in told]

    def read(self, task_id: str, name: str) -> bytes:
        content, _ = download.downloadArtifactToBuf(taskId=task_id, name=name, queueService=self.queue)
        return bytes(content)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    scriptworker_program()
    root = tmp_path_factory.mktemp("foreign")
    with yard(root / "farm", "http://127.0.0.1:1/simple/", claim_timeout_s=3) as farm:
        farm.start_hub()
        options = options_of(farm)
        with Queue(options) as queue:
            yield played(root, farm, options, queue)


def options_of(farm: Yard) -> dict[str, Any]:
    known = StateDirectory(farm.state).credentials()
    assert known is not None
    return {"rootUrl": farm.url, "credentials": {"clientId": known.client_id, "accessToken": known.access_token}}


def played(root: Path, farm: Yard, options: dict[str, Any], queue: Queue) -> Story:
    good, bad = create(queue, seconds=1.2), create(queue, exit=1)
    hub_killed, worker_killed = create(queue, seconds=2.5), create(queue, seconds=1)
    one, other = root / "one", root / "other"
    with working(options, one, pool=POOL, name="worker-1", script=script_of(one)) as worker:
        until_state(queue, hub_killed, "running")
        assert farm.hub is not None
        farm.hub.kill()
        farm.start_hub()
        until_state(queue, worker_killed, "running")
        worker.kill()
    with working(options, other, pool=POOL, name="worker-2", script=script_of(other)):
        until_state(queue, worker_killed, "completed")
    return Story(queue, good, bad, hub_killed, worker_killed)


def script_of(root: Path) -> tuple[str, ...]:
    return (sys.executable, str(SCRIPT), str(root / "work"), str(root / "artifacts"))


def create(queue: Queue, **payload: object) -> str:
    task_id = slugId()
    queue.createTask(task_id, definition(time.time(), taskQueueId=POOL, payload={"name": "six", **payload}))
    return task_id


def until_state(queue: Queue, task_id: str, state: str) -> None:
    until(f"the task is {state}", lambda: queue.status(task_id)["status"]["state"] == state, within=30)


def test_its_report_and_artifacts_are_read_with_our_client(story: Story) -> None:
    assert story.runs(story.good) == [("completed", "completed", "worker-1")]
    assert story.read(story.good, "public/built.bin") == CONTENT
    assert story.read(story.good, "public/about.json") == b'{"name": "six"}'


def test_its_log_is_read_with_our_client(story: Story) -> None:
    assert b"working on six" in story.read(story.good, "public/logs/live_backing.log")


def test_its_failure_is_the_task_s(story: Story) -> None:
    assert story.runs(story.bad) == [("failed", "failed", "worker-1")]


def test_its_run_goes_on_although_the_hub_was_killed(story: Story) -> None:
    assert story.runs(story.hub_killed) == [("completed", "completed", "worker-1")]
    assert story.read(story.hub_killed, "public/built.bin") == CONTENT


def test_killed_worker_loses_its_run_to_the_next(story: Story) -> None:
    assert story.runs(story.worker_killed) == [
        ("exception", "claim-expired", "worker-1"),
        ("completed", "completed", "worker-2"),
    ]
    assert story.read(story.worker_killed, "public/built.bin") == CONTENT
