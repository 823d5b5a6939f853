"""Hub and workers are killed again and again: no task is lost, no run held twice, what was acknowledged stays."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from buildyard.farm.state import StateDirectory
from buildyard.taskcluster import Queue, slugId
from support.farmyard import Yard, until, yard
from support.official import official_taskcluster
from support.tasks import definition

POOL = "foreign/killed"
TASKS = 90
SCRIPT = Path(__file__).parents[2] / "support" / "foreign_loop.py"

pytestmark = pytest.mark.network


class Workers:
    """Workers of the official client's; what each said is kept, whatever became of it."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self._python = official_taskcluster()
        self._root = root
        self._environment = environment
        self._running: list[subprocess.Popen[bytes]] = []
        self._count = 0

    def start(self) -> None:
        self._count += 1
        with (self._root / f"{self._count}.out").open("wb") as out:
            command = [str(self._python), str(SCRIPT), POOL, f"w{self._count}"]
            self._running.append(subprocess.Popen(command, env=self._environment, stdout=out, stderr=out))

    def kill(self) -> None:
        """Kill the one that has worked longest, and start another."""
        oldest = self._running.pop(0)
        oldest.kill()
        oldest.wait(10)
        self.start()

    def end(self) -> None:
        for one in self._running:
            one.kill()
            one.wait(10)

    def said(self, word: str) -> list[tuple[str, int]]:
        """Return the runs of which one of them has said this, as often as it was said."""
        lines = [line.split() for path in self._root.glob("*.out") for line in path.read_text().splitlines()]
        return [(words[1], int(words[2])) for words in lines if words and words[0] == word]


@dataclass
class After:
    """What is there when all is done."""

    statuses: list[dict[str, Any]]
    claimed: list[tuple[str, int]]
    reported: list[tuple[str, int]]


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[After]:
    root = tmp_path_factory.mktemp("killed")
    with yard(root / "farm", "http://127.0.0.1:1/simple/", claim_timeout_s=2, long_poll_s=0.5) as farm:
        farm.start_hub()
        known = StateDirectory(farm.state).credentials()
        assert known is not None
        given = {"clientId": known.client_id, "accessToken": known.access_token}
        told = {"ROOT_URL": farm.url, "CLIENT_ID": known.client_id, "ACCESS_TOKEN": known.access_token}
        workers = Workers(root, {f"TASKCLUSTER_{name}": value for name, value in told.items()})
        with Queue({"rootUrl": farm.url, "credentials": given}) as queue:
            try:
                yield played(farm, queue, workers)
            finally:
                workers.end()


def played(farm: Yard, queue: Queue, workers: Workers) -> After:
    task_ids = [create(queue) for _ in range(TASKS)]
    for _ in range(3):
        workers.start()
    until("they have begun", lambda: workers.said("reported"))
    for _ in range(3):
        time.sleep(0.3)
        workers.kill()
        assert farm.hub is not None
        farm.hub.kill()
        farm.start_hub()
    until("all tasks are completed", lambda: all(one["state"] == "completed" for one in statuses(queue, task_ids)))
    workers.end()
    return After(statuses(queue, task_ids), workers.said("claimed"), workers.said("reported"))


def create(queue: Queue) -> str:
    task_id = slugId()
    queue.createTask(task_id, definition(time.time(), taskQueueId=POOL))
    return task_id


def statuses(queue: Queue, task_ids: list[str]) -> list[dict[str, Any]]:
    return [one["status"] for one in queue.iterStatuses({"taskIds": task_ids})]


def test_no_task_is_lost(after: After) -> None:
    assert [one["state"] for one in after.statuses] == ["completed"] * TASKS


def test_no_run_was_given_to_two_claims(after: After) -> None:
    assert set(Counter(after.claimed).values()) == {1}


def test_every_report_that_was_acknowledged_stays(after: After) -> None:
    states = {(one["taskId"], run["runId"]): run["state"] for one in after.statuses for run in one["runs"]}
    assert {states[run] for run in after.reported} == {"completed"}


def test_runs_before_the_last_one_ended_with_their_claims(after: After) -> None:
    earlier = [run["reasonResolved"] for one in after.statuses for run in one["runs"][:-1]]
    assert set(earlier) <= {"claim-expired"}
