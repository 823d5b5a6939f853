"""Every documented use of the official client, by it and by ours, blocking and asyncio, against one hub.

A step (`support.uses`) states itself what it must give; here what it gave is the same whoever took it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from buildyard.farm.tasks.rooms import TaskSettings
from support.hub import Hub, running_hub
from support.official import official_taskcluster
from support.uses import STEPS

TESTS = Path(__file__).resolve().parents[2]
OURS = "buildyard.taskcluster"
OFFICIAL = "taskcluster"
CLIENTS = [(OFFICIAL, "blocking"), (OFFICIAL, "aio"), (OURS, "blocking"), (OURS, "aio")]

pytestmark = pytest.mark.network


Outcomes = Callable[[tuple[str, str]], dict[str, Any]]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """Call it with a package and a face for what came of each step, which is carried out once."""
    official = official_taskcluster()
    with running_hub(tmp_path_factory.mktemp("hub"), settings=TaskSettings(long_poll_s=0.2)) as hub:

        @cache
        def outcomes_of(client: tuple[str, str]) -> dict[str, Any]:
            return taken(hub, official if client[0] == OFFICIAL else Path(sys.executable), *client)

        yield outcomes_of


def taken(hub: Hub, python: Path, package: str, face: str) -> dict[str, Any]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(TESTS),
        "TASKCLUSTER_ROOT_URL": hub.url,
        "TASKCLUSTER_CLIENT_ID": hub.root.client_id,
        "TASKCLUSTER_ACCESS_TOKEN": hub.root.access_token,
    }
    command = [str(python), "-m", "support.uses", package, face]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("client", CLIENTS, ids=" ".join)
def test_each_step_gives_what_it_says(client: tuple[str, str], outcomes: Outcomes) -> None:
    raised = {name: outcome["raised"] for name, outcome in outcomes(client).items() if "raised" in outcome}
    assert not raised, "\n".join(f"{name}: {error}" for name, error in raised.items())


@pytest.mark.parametrize("name", STEPS)
def test_step_comes_to_the_same_with_both_clients(name: str, outcomes: Outcomes) -> None:
    found = {client: outcomes(client)[name].get("gave") for client in CLIENTS}
    assert all(outcome == found[CLIENTS[0]] for outcome in found.values()), found
