"""Twenty builds, and hub or builder killed again and again at random moments: nothing is lost, nothing done twice.

The moments follow from a seed, which is printed; BUILDYARD_TEST_SEED sets it.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import pytest

from buildyard.errors import TransportError
from support.farmyard import Late, Yard, yard
from support.ledger import check
from support.local_index import LocalIndex, Recipe

BUILDS = 20
KILLS = 10
ABI = f"cp{sys.version_info[0]}{sys.version_info[1]}"

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(params=[os.environ.get("BUILDYARD_TEST_SEED", "")], ids=["seed"])
def chance(request: pytest.FixtureRequest) -> random.Random:
    seed = request.param or str(random.SystemRandom().randrange(1_000_000))
    print(f"BUILDYARD_TEST_SEED={seed}")
    return random.Random(seed)


def _asked(farm: Yard, index: LocalIndex, label: str) -> list[int]:
    """Ask for twenty packages in five requests, two of them for every Python; return the requests' numbers."""
    names = [f"{label}-{number}" for number in range(BUILDS)]
    index.add(*(Recipe(name=name) for name in names))
    return [farm.ask(*names[:2]), *(farm.ask(*names[first::4], abis=[ABI]) for first in range(2, 6))]


def _is_over(farm: Yard, requests: list[int]) -> bool:
    try:
        for request in requests:
            farm.ended(request, within=0.0)
    except (Late, TransportError):
        return False
    return True


def _all_end_well(farm: Yard, requests: list[int]) -> None:
    ended = [farm.ended(request, within=120) for request in requests]
    builds = [build for request in ended for build in request.builds if build.state != "covered"]
    assert len(builds) == BUILDS
    for build in builds:
        assert build.state == "built" or (build.state == "failed" and build.reason), build
    # One that lost its builder six times running has failed, and that is chance.
    assert sum(build.state == "built" for build in builds) >= BUILDS - 1, [build.reason for build in builds]
    assert farm.hub is not None
    farm.hub.stop()
    farm.start_hub()
    assert not list((farm.settings.objects_dir / "staging").iterdir()), "pieces of uploads were left"
    check(farm)


def test_builds_end_although_the_hub_is_killed_at_random(
    index: LocalIndex, tmp_path: Path, chance: random.Random
) -> None:
    with yard(tmp_path / "farm", index.url, claim_timeout_s=5) as farm:
        hub = farm.start_hub()
        farm.start_builder()
        farm.await_builder()
        requests = _asked(farm, index, "hub-killed")
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 2.0))
            hub.kill()
            hub = farm.start_hub()
            if _is_over(farm, requests):
                break
        _all_end_well(farm, requests)


def test_builds_end_although_hub_and_builder_are_killed_at_random(
    index: LocalIndex, tmp_path: Path, chance: random.Random
) -> None:
    with yard(tmp_path / "farm", index.url, claim_timeout_s=3) as farm:
        hub = farm.start_hub()
        builder = farm.start_builder()
        farm.await_builder()
        requests = _asked(farm, index, "both-killed")
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 2.0))
            if chance.random() < 0.5:
                hub.kill()
                hub = farm.start_hub()
            else:
                builder.kill()
                builder = farm.start_builder()
            if _is_over(farm, requests):
                break
        _all_end_well(farm, requests)
