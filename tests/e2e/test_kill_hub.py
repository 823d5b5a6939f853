"""A hub that is killed at any named step of the line, just before or after its commit, loses and doubles nothing.

One builder lives through it all; each test lets the hub die at its step, and starts another.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildyard.errors import TransportError
from support.doomed_hub import arm
from support.farmyard import Yard, yard
from support.ledger import check
from support.local_index import LocalIndex, Recipe
from support.needs import missing
from support.postgresql import Cluster, PostgresqlMissing

#: The step of DESIGN's line, and the event that its transaction records.
STEPS = {
    "requested": "build.requested",
    "planned": "build.queued",
    "pending": "task.pending",
    "running": "task.running",
    "first-phase": "build.phase",
    "third-phase": "build.phase:3",
    "uploaded": "artifact.stored",
    "result-uploaded": "artifact.stored:2",
    "resolved": "task.completed",
    "finished": "build.completed",
    "published": "file.published",
}
ABI = f"cp{sys.version_info[0]}{sys.version_info[1]}"

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service("postgresql"))])
def farm(request: pytest.FixtureRequest, index: LocalIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A farm with one builder, on either database, both careful enough to survive a loss of power."""
    root = tmp_path_factory.mktemp("yard")
    if request.param == "sqlite":
        yield from _farm(root, index, synchronous="FULL")
        return
    try:
        cluster = Cluster(fsync=True)
    except PostgresqlMissing as reason:
        missing(str(reason))
    try:
        yield from _farm(root, index, database=cluster.database())
    finally:
        cluster.close()


def _farm(root: Path, index: LocalIndex, **settings: object) -> Iterator[Yard]:
    with yard(root / "farm", index.url, claim_timeout_s=3, **settings) as made:
        _start_hub(made)
        made.start_builder(slots=1)
        made.await_builder()
        yield made


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_build_ends_once_although_the_hub_is_killed(farm: Yard, index: LocalIndex, step: str, moment: str) -> None:
    recipe = Recipe(name=f"{step}-{moment}-{farm.root.parent.name}")
    index.add(recipe)
    last = _killed(farm, recipe.name, step, moment)
    _start_hub(farm)

    if not _requests(farm, last):
        assert (step, moment) == ("requested", "before"), "a request that was committed is not there"
        farm.ask(recipe.name, abis=[ABI])
    (request,) = _requests(farm, last)
    ended = farm.ended(request)

    (build,) = ended.builds
    assert build.state == "built", build.reason
    # A claim that was committed and not answered is nobody's, so that it has to run out; any other is taken up again.
    assert _runs(farm, build.id) == (2 if (step, moment) == ("running", "after") else 1)
    check(farm, numbered_without_gap=farm.settings.database_url.startswith("sqlite"))


def _start_hub(farm: Yard) -> None:
    farm.start_hub("support.doomed_hub", str(farm.root / "doom"))


def _killed(farm: Yard, package: str, step: str, moment: str) -> int:
    """Ask for a package, let the hub die of it; return the number of the last event before."""
    assert farm.hub is not None
    last = farm.farm.status().last_event
    arm(farm.root / "doom", STEPS[step], moment)
    try:
        farm.ask(package, abis=[ABI])
    except TransportError:
        assert step == "requested"
    assert farm.hub.wait(30) == -signal.SIGKILL
    return last


def _requests(farm: Yard, after: int) -> list[int]:
    """Return the requests that were asked since this event."""
    return [int(one.body["request_id"]) for one in farm.events(after) if one.topic == "build.requested"]


def _runs(farm: Yard, build: int) -> int:
    return int(farm.facts(build)["run_id"]) + 1
