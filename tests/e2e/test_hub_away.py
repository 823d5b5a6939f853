"""A hub that goes away while a builder works: the builder goes on, and reports when the hub is back."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator

import pytest

from support.farmyard import Yard, until, yard
from support.ledger import check
from support.local_index import LocalIndex, Recipe

ABI = f"cp{sys.version_info[0]}{sys.version_info[1]}"

CLAIM_S = 8

SLOW = """
import time
for number in range(20):
    print("line", number, flush=True)
    time.sleep(0.2)
"""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def farm(index: LocalIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with yard(tmp_path_factory.mktemp("yard") / "farm", index.url, claim_timeout_s=CLAIM_S) as made:
        made.start_hub()
        made.start_builder()
        made.await_builder()
        yield made


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
class TestHubThatIsAwayForAWhile:
    def test_same_run_ends_well_with_its_whole_log(self, farm: Yard, index: LocalIndex, how: signal.Signals) -> None:
        name = f"away-{how.name.lower()}"
        index.add(Recipe(name=name, script=SLOW))
        request = farm.ask(name, abis=[ABI])
        build = farm.building(name)
        until("a part of the log is there", lambda: "line 2" in farm.log(build))
        assert farm.hub is not None
        last = farm.farm.status().last_event

        if how is signal.SIGKILL:
            farm.hub.kill()
        else:
            assert farm.hub.stop() == 0
        told = farm.command("status")
        # The build ends meanwhile, and in the second case the claim would have too.
        time.sleep(5 if how is signal.SIGTERM else CLAIM_S + 1)
        farm.start_hub()
        (ended,) = farm.ended(request).builds

        assert told.returncode == 3
        assert "no hub runs on" in told.stderr or "does not answer" in told.stderr
        assert (ended.state, farm.facts(build)["run_id"]) == ("built", 0)
        lines = [line for line in farm.log(build).splitlines() if line.startswith("line ")]
        assert lines == [f"line {number}" for number in range(20)]
        assert not [one for one in farm.events(last) if one.topic in ("task.exception", "task.failed")]
        check(farm)


def test_builder_that_starts_before_its_hub_waits_for_it(farm: Yard) -> None:
    assert farm.hub is not None
    url = farm.url
    farm.hub.stop()
    early = farm.run("builder-early", "-m", "buildyard.cli", "builder", "--name", "early", "--hub", url)
    time.sleep(2)
    assert early.code is None, early.output.read_text()

    farm.start_hub()

    # It has no credential for this hub, which is told as such rather than waited for.
    assert early.wait(30) == 4
