"""A full state disk: building pauses or is refused with a clear reason, nothing is lost, and it goes on by itself."""

from __future__ import annotations

import html
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildyard.errors import RemoteError
from support.as_nobody import SMALL_DISK, mount_small_disk, unmount
from support.farmyard import Process, Yard, until, yard
from support.ledger import check
from support.local_index import LocalIndex, Recipe
from support.needs import missing

ABI = f"cp{sys.version_info[0]}{sys.version_info[1]}"
SLOW = "import time; print('waits', flush=True); time.sleep(4)"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB, mounted by root; an ordinary user has it from whoever let the tests run."""
    given = os.environ.get(SMALL_DISK)
    if given:
        yield Path(given)
        shutil.rmtree(Path(given) / "state", ignore_errors=True)
        return
    if os.geteuid() != 0:
        missing(f"only root mounts a small disk; {SMALL_DISK} may name one")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount_small_disk(disk)
    yield disk
    unmount(disk)


class Filler:
    """A file that takes up the disk."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._path = disk / "filler"

    def leave(self, free: int) -> None:
        """Fill the disk until so many bytes are free."""
        with self._path.open("wb", buffering=0) as file:
            try:
                while (room := shutil.disk_usage(self._disk).free) > free:
                    file.write(bytes(min(100_000, max(4096, room - free))))
            except OSError:
                return

    def remove(self) -> None:
        self._path.unlink()


class Place:
    """A farm whose hub has the small disk, and whose builder has not."""

    def __init__(self, farm: Yard, filler: Filler) -> None:
        self.farm, self.filler = farm, filler


def _farm(root: Path, disk: Path, index: LocalIndex, **settings: object) -> Iterator[Place]:
    with yard(root / "farm", index.url, long_poll_s=2, **settings) as farm:
        farm.state = disk / "state"
        farm.start_hub()
        filler = Filler(disk)
        yield Place(farm, filler)
        if (disk / "filler").exists():
            filler.remove()


@pytest.fixture
def full(tmp_path: Path, small_disk: Path, index: LocalIndex) -> Iterator[Place]:
    """A farm that works on until its disk has hardly any room."""
    yield from _farm(tmp_path, small_disk, index, disk_floor_bytes=500_000)


@pytest.fixture
def careful(tmp_path: Path, small_disk: Path, index: LocalIndex) -> Iterator[Place]:
    """A farm that pauses below 8 MB."""
    yield from _farm(tmp_path, small_disk, index, disk_floor_bytes=8_000_000)


def _start_builder(place: Place) -> Process:
    """Return a builder with a state directory of its own, on another disk."""
    farm = place.farm
    elsewhere = farm.root / "builder-state"
    elsewhere.mkdir()
    credentials = farm.state / "credentials.json"
    known = {"TASKCLUSTER_ROOT_URL": farm.url} | _credential(credentials)
    command = ("-m", "buildyard.cli", "builder", "--name", "one", "--slots", "1", "--hub", farm.url)
    return farm.run("builder-one", *command, **known, BUILDYARD_STATE=str(elsewhere))


def _credential(path: Path) -> dict[str, str]:
    told = json.loads(path.read_text())
    return {"TASKCLUSTER_CLIENT_ID": told["client_id"], "TASKCLUSTER_ACCESS_TOKEN": told["access_token"]}


def test_building_pauses_and_goes_on_by_itself(careful: Place, index: LocalIndex) -> None:
    farm = careful.farm
    _start_builder(careful)
    farm.await_builder()
    index.add(Recipe(name="paused"))
    careful.filler.leave(4_000_000)

    request = farm.ask("paused", abis=[ABI])
    (build,) = until("it is planned", lambda: farm.farm.request(request).builds or None)
    status = farm.farm.status()
    told = farm.command("status").stdout
    page = html.unescape(farm.get("/", accept="text/html").data.decode())

    assert status.headline.startswith("Building is paused: ")
    assert "Building is paused" in told
    assert "Building is paused" in page
    assert build.state == "queued"
    assert not [one for one in farm.events() if one.topic == "task.running"]

    careful.filler.remove()
    (built,) = farm.ended(request).builds
    assert built.state == "built"
    check(farm)


def test_request_to_a_full_hub_is_refused_with_the_reason(full: Place, index: LocalIndex) -> None:
    farm = full.farm
    index.add(Recipe(name="refused"))
    full.filler.leave(0)

    # SQLite's log has some room of its own.
    refusal = until("it has no room for requests", lambda: _refusal(farm))
    told = farm.command("request", "refused")

    assert refusal.status == 503
    assert "The disk is full." in str(refusal.body)
    assert told.returncode == 3
    assert "disk is full" in told.stderr
    assert farm.get("/", accept="text/html").status == 200, "pages are readable"
    full.filler.remove()
    assert until("it takes requests again", lambda: farm.ask("refused", abis=[ABI]))


def test_build_under_way_is_kept_until_there_is_room(full: Place, index: LocalIndex) -> None:
    farm = full.farm
    _start_builder(full)
    farm.await_builder()
    large = "\n".join(os.urandom(4000).hex() for _ in range(100))
    index.add(Recipe(name="kept", script=SLOW, modules={"kept.py": f'"""\n{large}\n"""\n'}))
    assert farm.hub is not None
    request = farm.ask("kept", abis=[ABI])
    build = farm.building("kept")
    until("it has begun", lambda: "waits" in farm.log(build))
    full.filler.leave(0)

    until("the wheel is made", lambda: list((farm.root / "builder-state").rglob("kept-1.0*.whl")) or None)
    time.sleep(5)  # longer than a claim holds, which nobody can renew meanwhile
    assert farm.farm.status().headline.startswith("Building is paused: ")
    assert farm.farm.request(request).builds[0].state == "building"
    full.filler.remove()
    (ended,) = farm.ended(request).builds

    assert (ended.state, farm.facts(build)["run_id"]) == ("built", 0)
    assert "waits" in farm.log(build)
    assert "Traceback" not in farm.hub.output.read_text()
    check(farm)


def test_builder_that_comes_while_the_disk_is_full_waits(full: Place, index: LocalIndex) -> None:
    index.add(Recipe(name="waited-for"))
    full.filler.leave(0)
    until("it has no room for requests", lambda: _refusal(full.farm))
    builder = _start_builder(full)
    time.sleep(4)
    assert builder.code is None, builder.output.read_text()
    full.filler.remove()
    full.farm.await_builder()
    (build,) = full.farm.built("waited-for", abis=[ABI])
    assert build.state == "built"


def test_hub_that_finds_its_disk_full_says_so_and_ends(full: Place) -> None:
    farm = full.farm
    assert farm.hub is not None
    farm.hub.stop()
    full.filler.leave(0)
    told = farm.command("hub")
    assert told.returncode == 1
    assert "No space left on device" in told.stderr or "disk is full" in told.stderr
    assert "fault of buildyard" not in told.stderr


def _refusal(farm: Yard) -> RemoteError | None:
    try:
        farm.ask("refused", abis=[ABI])
    except RemoteError as error:
        return error
    return None
