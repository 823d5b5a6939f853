"""A builder that is killed while it builds: its run expires, one further run builds, nothing of it is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from buildyard.cli.answers import EventAnswer
from buildyard.farm.builder import proctree
from support.farmyard import Yard, until, without_bubblewrap, yard
from support.ledger import check
from support.local_index import LocalIndex, Recipe

ABI = f"cp{sys.version_info[0]}{sys.version_info[1]}"
CLAIM_S = 3

#: Long enough to be killed in, and it starts a process that tries to outlive it.
SLOW = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
open("left-behind", "w").write("by a run that was killed")
print("waits", flush=True)
time.sleep(1.5)
"""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", params=["bubblewrap", "unconfined"])
def farm(request: pytest.FixtureRequest, index: LocalIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A farm whose builders confine builds, or cannot."""
    with yard(tmp_path_factory.mktemp("yard") / "farm", index.url, claim_timeout_s=CLAIM_S) as made:
        made.builder_prefix = () if request.param == "bubblewrap" else without_bubblewrap()
        made.start_hub()
        yield made


@pytest.fixture(scope="module")
def aftermath(farm: Yard, index: LocalIndex) -> Aftermath:
    """What is seen after a builder was killed in its build phase and another of the same name came."""
    return Aftermath(farm, index)


class Aftermath:
    """Kills the builder once; the tests look at what came of it."""

    def __init__(self, farm: Yard, index: LocalIndex) -> None:
        index.add(Recipe(name="slow", script=SLOW))
        killed = farm.start_builder(slots=1)
        farm.await_builder()
        (self.builder,) = farm.farm.builders()
        request = farm.ask("slow", abis=[ABI])
        self.build = farm.building("slow")
        self.directory = farm.state / "builders" / "one"
        until("the build has begun", lambda: "waits" in farm.log(self.build))
        self.last = farm.farm.status().last_event
        self.tree = _identities(proctree.tree(killed.pid).pids)
        self.killed_at = time.time()
        killed.kill()
        self.survivors = _survivors(self.tree)
        self.left = {path.name for path in self.directory.glob("slot0/unpacked/*/*")}
        farm.start_builder(slots=1)
        self.ended = farm.ended(request)

    def events(self, farm: Yard, topic: str) -> Sequence[EventAnswer]:
        return [one for one in farm.events(self.last) if one.topic == topic]


def test_builder_confines_builds_where_it_is_to(farm: Yard, aftermath: Aftermath) -> None:
    assert aftermath.builder.sandbox.startswith("bubblewrap") == (not farm.builder_prefix)


def test_killed_builders_run_expires_at_the_end_of_its_claim(farm: Yard, aftermath: Aftermath) -> None:
    (expired,) = aftermath.events(farm, "task.exception")
    assert expired.body["reason"] == "claim-expired"
    assert expired.body["run_id"] == 0
    # It was renewed at half of its time at the earliest, so half of it was left at least.
    assert CLAIM_S / 2 - 0.5 <= expired.at - aftermath.killed_at <= CLAIM_S + 2


def test_exactly_one_further_run_builds_it(farm: Yard, aftermath: Aftermath) -> None:
    (running,) = aftermath.events(farm, "task.running")
    (completed,) = aftermath.events(farm, "task.completed")
    assert running.body["run_id"] == completed.body["run_id"] == 1
    (build,) = aftermath.ended.builds
    assert (build.state, build.filename) == ("built", "slow-1.0-py3-none-any.whl")
    check(farm)


def test_nothing_of_the_killed_builder_is_left_running(aftermath: Aftermath) -> None:
    assert len(aftermath.tree) >= 4, "the builder, what confines the build, the build and what it started"
    assert not aftermath.survivors


def test_work_directory_of_the_killed_builder_is_used_again_and_cleared(aftermath: Aftermath) -> None:
    assert "left-behind" in aftermath.left, "the killed run had its source there"
    assert not (aftermath.directory / "slot0").exists()
    assert not list(aftermath.directory.glob("logs/*"))
    assert not list(aftermath.directory.glob("wheels/*/*"))


def test_log_of_the_run_that_ended_well_is_the_one_that_is_shown(farm: Yard, aftermath: Aftermath) -> None:
    log = farm.log(aftermath.build)
    assert log.count("waits") == 1
    assert "slow-1.0-py3-none-any.whl" in log


def test_another_builder_takes_the_further_run(farm: Yard, index: LocalIndex, aftermath: Aftermath) -> None:
    """One that was there all along, and busy while the other had the work."""
    index.add(Recipe(name="slow-too", script=SLOW), Recipe(name="handed-over", script=SLOW))
    doomed = farm.start_builder("doomed", slots=1)
    farm.await_builder("doomed")
    requests = [farm.ask(name, abis=[ABI]) for name in ("slow-too", "handed-over")]
    until("both are built", lambda: len(farm.farm.status().building) == 2)
    doomed.kill()

    builds = [build for request in requests for build in farm.ended(request).builds]

    assert [(build.state, build.builder) for build in builds] == [("built", "one")] * 2
    check(farm)


def test_second_builder_of_a_name_is_refused(farm: Yard, aftermath: Aftermath) -> None:
    refused = farm.start_builder("one", slots=1)
    assert refused.wait(20) == 1
    assert "a builder called one works here already" in refused.output.read_text()
    assert [one.state for one in farm.farm.builders() if one.name == "one"] == ["working"]


def _identities(pids: Sequence[int]) -> dict[int, bytes]:
    """Return when each of these began: a number alone may be somebody else's later."""
    found = {}
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            continue
        found[pid] = text.rpartition(b")")[2].split()[19]
    return found


def _survivors(tree: dict[int, bytes], within: float = 3.0) -> dict[int, bytes]:
    """Return which of these processes still run, after the kernel has had a moment."""
    end = time.monotonic() + within
    while True:
        alive = {pid: began for pid, began in _identities(list(tree)).items() if began == tree[pid] and _runs(pid)}
        if not alive or time.monotonic() > end:
            return alive
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False
