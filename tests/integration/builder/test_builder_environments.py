"""Build environments: made by the real uv from a local index, shared, renewed, thrown away."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from uv import find_uv_bin

from buildyard.farm.builder.budget import Budget
from buildyard.farm.builder.environments import Environment, Environments, Wish
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.uv import Uv
from buildyard.farm.upstream.locations import Location, UpstreamIndex
from buildyard.farm.wire import FailureKind
from support.building import runner_config
from support.local_index import LocalIndex, Recipe
from support.tiny_wheels import wheel_of


class Farm:
    """A local index, a cache, and a clock."""

    def __init__(self, directory: Path, interpreter: Interpreter, log: Log) -> None:
        self.index = LocalIndex(directory / "index")
        self.index.root.mkdir()
        self.directory = directory
        self.interpreter = interpreter
        self.log = log
        self.now = 1000.0
        self.budget = Budget()
        config = replace(
            runner_config(directory), index=UpstreamIndex(indexes=(Location.parse(self.index.file_url + "/"),))
        )
        self.uv = Uv(
            program=Path(find_uv_bin()),
            cache=directory / "uv",
            settings=config.index.uv(),
            environment=config.environment,
        )
        self.environments = self.fresh()

    def fresh(self, *, shared: bool = True) -> Environments:
        """Return environments as another builder on the same directory has them."""
        return Environments(self.directory / "environments", self.uv, shared=shared, keep_s=100, clock=lambda: self.now)

    def offer(self, name: str, version: str) -> None:
        filename, data = wheel_of(name, version)
        self.index.add_file(name, filename, data)

    @contextmanager
    def hold(
        self, *requirements: str, slot: str = "slot0", environments: Environments | None = None
    ) -> Iterator[Environment]:
        workshop = self.directory / slot
        workshop.mkdir(exist_ok=True)
        wish = Wish(interpreter=self.interpreter, requirements=requirements)
        with (environments or self.environments).hold(
            wish, workshop=workshop, budget=self.budget, log=self.log
        ) as environment:
            yield environment

    def kept(self) -> int:
        return len(list((self.directory / "environments").iterdir()))


@pytest.fixture
def farm(tmp_path: Path, python: Interpreter, log: Log) -> Farm:
    made = Farm(tmp_path, python, log)
    made.offer("helper", "1.0")
    return made


def test_environment_holds_what_was_asked_for(farm):
    with farm.hold("helper") as environment:
        code = "import helper, sys; print(helper.__version__, sys.prefix != sys.base_prefix)"
        done = subprocess.run([environment.path / "bin" / "python", "-c", code], capture_output=True, text=True)
    assert done.stdout == "1.0 True\n"
    assert [(package.name, package.version) for package in environment.packages] == [("helper", "1.0")]
    assert len(environment.packages[0].record_sha256) == 64
    assert not environment.was_there


def test_nothing_asked_for_is_an_empty_environment(farm):
    with farm.hold() as environment:
        assert environment.packages == ()


def test_same_wish_is_served_again_without_asking_upstream(farm):
    with farm.hold("helper"):
        pass
    farm.offer("helper", "2.0")
    with farm.hold("helper") as environment:
        assert environment.was_there
        assert environment.packages[0].version == "1.0"


def test_environment_of_two_builds_is_compiled_for_the_second(farm):
    with farm.hold("helper") as first:
        assert not list(first.path.rglob("helper*.pyc"))
    with farm.hold("helper") as second:
        assert list(second.path.rglob("helper*.pyc"))
    with farm.hold("helper") as third:
        assert third.path == second.path


def test_upstream_is_asked_anew_after_a_while(farm):
    with farm.hold("helper"):
        pass
    farm.offer("helper", "2.0")
    farm.now += 101
    with farm.hold("helper") as environment:
        assert environment.packages[0].version == "2.0"


def test_compiling_does_not_make_an_environment_younger(farm):
    with farm.hold("helper"):
        pass
    farm.now += 60
    with farm.hold("helper"):
        pass
    farm.now += 60
    with farm.hold("helper") as environment:
        assert not environment.was_there


def test_other_requirements_and_other_pythons_have_their_own(farm, interpreters):
    with farm.hold("helper") as one, farm.hold("helper>=1") as two:
        assert one.path != two.path
    if len(interpreters) > 1:
        farm.interpreter = interpreters[0]
        with farm.hold("helper") as three:
            assert not three.was_there


def test_another_builder_on_the_directory_shares_it(farm):
    with farm.hold("helper"):
        pass
    with farm.hold("helper", environments=farm.fresh()) as environment:
        assert environment.was_there


def test_old_environments_are_swept_away_but_not_those_in_use(farm):
    with farm.hold("helper") as used:
        with farm.hold("helper>=1"):
            pass
        assert farm.kept() == 2
        farm.now += 101
        farm.environments.sweep()
        assert list((farm.directory / "environments").iterdir()) == [used.path]
    farm.environments.sweep()
    assert farm.kept() == 0


def test_two_slots_that_want_the_same_wait_for_one(farm):
    made: list[Environment] = []

    def build(slot: str) -> None:
        with farm.hold("helper", slot=slot) as environment:
            made.append(environment)

    threads = [threading.Thread(target=build, args=(f"slot{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(environment.was_there for environment in made) == [False, True, True]


def test_unshared_environments_are_made_each_time(farm):
    alone = farm.fresh(shared=False)
    for _ in range(2):
        with farm.hold("helper", environments=alone) as environment:
            assert not environment.was_there
            assert environment.path.parent == farm.directory / "slot0"


def test_requirement_that_is_nowhere_is_told(farm):
    with pytest.raises(PhaseFailed) as caught, farm.hold("no-such-thing"):
        pass
    assert caught.value.kind is FailureKind.BUILD_REQUIRES
    assert "no-such-thing" in caught.value.reason
    assert farm.kept() == 0


def test_requirement_without_a_wheel_is_not_built(farm, tmp_path):
    """A source would be built outside of the sandbox."""
    farm.index.add(Recipe(name="evil", script=f"open({str(tmp_path / 'harm')!r}, 'w')"))
    with pytest.raises(PhaseFailed) as caught, farm.hold("evil"):
        pass
    assert caught.value.kind is FailureKind.BUILD_REQUIRES
    assert "has no wheel for this Python" in caught.value.reason
    assert not (tmp_path / "harm").exists()


def test_index_that_does_not_answer_is_a_network_failure(farm):
    settings = UpstreamIndex(indexes=(Location.parse("http://127.0.0.1:9/simple/"),)).uv()
    farm.uv = replace(farm.uv, settings=settings, environment={**farm.uv.environment, "UV_HTTP_RETRIES": "0"})
    with pytest.raises(PhaseFailed) as caught, farm.hold("helper", environments=farm.fresh()):
        pass
    assert caught.value.kind is FailureKind.NETWORK


def test_run_that_is_stopped_does_not_wait_for_anothers_environment(farm):
    entered, leave = threading.Event(), threading.Event()
    slow = farm.fresh()
    wish = Wish(interpreter=farm.interpreter, requirements=("helper",))
    key = wish.key((*farm.uv.settings.arguments, *sorted(farm.uv.settings.environment.values())))

    def occupy() -> None:
        with slow._lock_for(key):
            entered.set()
            leave.wait(20)

    thread = threading.Thread(target=occupy)
    thread.start()
    entered.wait(5)
    threading.Timer(0.2, farm.budget.stop.set).start()
    with pytest.raises(PhaseFailed) as caught, farm.hold("helper", environments=slow):
        pass
    leave.set()
    thread.join(5)
    assert caught.value.kind is FailureKind.STOPPED
