"""Builds whose tasks are another hub's: built by a builder that claims there, served here, with this hub killed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buildyard.farm.state import StateDirectory
from buildyard.messaging.broker import Broker, serve_in_thread
from buildyard.taskcluster import Auth, Queue, fromNowJSON
from support.farmyard import Yard, until, yard
from support.ledger import check
from support.local_index import LocalIndex, Recipe

ABI = f"cp{sys.version_info[0]}{sys.version_info[1]}"

SLOW = """
import time
for number in range(25):
    print("line", number, flush=True)
    time.sleep(0.2)
"""


#: What the how-to says that the hub's client needs there, and the builders'.
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "existing-taskcluster.md"
SCOPES = [block.split() for block in re.findall(r"(?:^    queue:.*\n)+", HOW_TO.read_text(), flags=re.MULTILINE)]


@pytest.fixture(scope="module")
def pulse() -> Iterator[str]:
    """The address of a broker."""
    with serve_in_thread(Broker.named("pulse")) as server:
        yield server.url


@pytest.fixture(scope="module")
def there(index: LocalIndex, pulse: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """The Taskcluster: a hub that has no builder and plans nothing."""
    with yard(tmp_path_factory.mktemp("there") / "farm", index.url, **{"bus.url": pulse}) as made:
        made.start_hub()
        yield made


@pytest.fixture(scope="module")
def here(there: Yard, pulse: str, index: LocalIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """The farm, which asks so seldom that it lives by what it is told."""
    root = tmp_path_factory.mktemp("here")
    hub, builder = (client(there, root, name, scopes) for name, scopes in zip(("hub", "builder"), SCOPES, strict=True))
    settings = {"tasks.root_url": there.url, "tasks.credentials": hub, "tasks.poll_s": 300, "tasks.pulse": pulse}
    with yard(root / "farm", index.url, **settings) as made:
        made.start_hub()
        made.start_builder(tasks_credentials=builder, tasks_storage="s3", tasks_poll_s=0.3)
        made.await_builder()
        yield made


def client(there: Yard, root: Path, name: str, scopes: list[str]) -> Path:
    """Make a client there that has these scopes, and return the file with its credentials."""
    with Auth(options_of(there)) as auth:
        wanted = {"expires": fromNowJSON("1 day"), "description": name, "scopes": scopes}
        made = auth.createClient(f"farm/{name}", wanted)
    path = root / f"{name}.json"
    path.write_text(json.dumps({"clientId": made["clientId"], "accessToken": made["accessToken"]}))
    return path


def options_of(there: Yard) -> dict[str, Any]:
    known = StateDirectory(there.state).credentials()
    assert known is not None
    return {"rootUrl": there.url, "credentials": {"clientId": known.client_id, "accessToken": known.access_token}}


def test_build_is_claimed_there_and_served_here_although_the_hub_is_killed(
    here: Yard, there: Yard, index: LocalIndex
) -> None:
    index.add(Recipe(name="elsewhere", script=SLOW))
    request = here.ask("elsewhere", abis=[ABI])
    until("it is being built", lambda: [one.state for one in here.farm.request(request).builds] == ["building"])
    assert here.hub is not None
    here.hub.kill()
    here.start_hub()
    (build,) = here.ended(request).builds
    assert (build.state, build.builder) == ("built", "one")
    assert f"Tasks     {there.url}\n" in here.hub.output.read_text()
    assert "line 24" in here.log(build.id)
    assert here.get("/simple/elsewhere/").status == 200
    check(here)

    with Queue(options_of(there)) as queue:
        (run,) = queue.status(here.facts(build.id)["task_id"])["status"]["runs"]
    assert (run["state"], run["workerId"]) == ("completed", "one")
