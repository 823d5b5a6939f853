"""Builds for the builder's tests: as whoever runs them, and where that is root, also as an ordinary user."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from buildyard.farm.builder.disk import remove_tree
from buildyard.farm.builder.interpreters import Interpreter, find_interpreters
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.sandbox import Kind, Sandbox, SandboxConfig
from buildyard.farm.wire import BuildPayload, Limits
from support.building import (
    ORDINARY_USER,
    Answer,
    Order,
    as_ordinary_user,
    ordinary_python,
    payload_of,
    run,
    run_elsewhere,
    usable,
)
from support.local_index import Recipe
from support.needs import missing

IS_ROOT = os.geteuid() == 0


class Build(Protocol):
    """Builds a recipe or an archive."""

    def __call__(
        self,
        recipe: Recipe | bytes,
        *,
        limits: Limits | None = None,
        abi: str = "",
        change: Callable[[BuildPayload], BuildPayload] = ...,
        slot: int = 0,
        bubblewrap: str = "bwrap",
        check: bool = False,
        stop_after_s: float | None = None,
        index: str = "",
    ) -> Answer: ...


@pytest.fixture(scope="session")
def interpreters() -> list[Interpreter]:
    """This machine's Pythons that compile; at least one."""
    found = usable(find_interpreters())
    if not found:
        missing("there is no Python with headers and a compiler")
    return found


@pytest.fixture(scope="session")
def python(interpreters: list[Interpreter]) -> Interpreter:
    """The newest of them."""
    return interpreters[-1]


@pytest.fixture(scope="session", autouse=True)
def _bubblewrap() -> None:
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed")


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """The sandbox of this machine, which must be bubblewrap's."""
    found = Sandbox.detect(SandboxConfig(directory=tmp_path / "sandbox"))
    if not found.kind.is_bubblewrap:
        missing(found.warning)
    return found


@pytest.fixture
def bare(tmp_path: Path) -> Sandbox:
    """A sandbox that does without bubblewrap."""
    return Sandbox.detect(SandboxConfig(directory=tmp_path / "sandbox", bubblewrap=""))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log that is closed at the end."""
    with Log(tmp_path / "test.log", limit=1_000_000) as made:
        yield made


@pytest.fixture
def yard() -> Iterator[Path]:
    """A directory that any user may enter, for a builder of any user; gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="buildyard-"))
    directory.chmod(0o755)
    yield directory
    remove_tree(directory)


@pytest.fixture(scope="session")
def ordinary() -> str:
    """A Python for an ordinary user."""
    found = ordinary_python()
    if found is None:
        missing("there is no Python of this version that an ordinary user can start with these tests' libraries")
    return found


@pytest.fixture(scope="session")
def shared() -> Iterator[Callable[[bool], Path]]:
    """Directories of root's and of an ordinary user's, for what builds need to find out once only."""
    made: dict[bool, Path] = {}

    def directory(elsewhere: bool) -> Path:
        if elsewhere not in made:
            made[elsewhere] = Path(tempfile.mkdtemp(prefix="buildyard-shared-"))
            if elsewhere:
                os.chown(made[elsewhere], ORDINARY_USER, ORDINARY_USER)
        return made[elsewhere]

    yield directory
    for path in made.values():
        remove_tree(path)


@pytest.fixture(params=["as root", "as an ordinary user"] if IS_ROOT else ["as an ordinary user"])
def build(request: pytest.FixtureRequest, yard: Path, shared: Callable[[bool], Path]) -> Build:
    """Builds, as root and as an ordinary user in turn."""
    elsewhere = IS_ROOT and request.param != "as root"
    python = request.getfixturevalue("ordinary") if elsewhere else ""
    if elsewhere:
        os.chown(yard, ORDINARY_USER, ORDINARY_USER)

    def builds(
        recipe: Recipe | bytes,
        *,
        limits: Limits | None = None,
        abi: str = "",
        change: Callable[[BuildPayload], BuildPayload] = lambda payload: payload,
        slot: int = 0,
        bubblewrap: str = "bwrap",
        check: bool = False,
        stop_after_s: float | None = None,
        index: str = "",
    ) -> Answer:
        order = Order(
            directory=str(yard),
            shared=str(shared(elsewhere)),
            payload=change(payload_of(recipe, yard, abi=abi, limits=limits)),
            slot=slot,
            bubblewrap=bubblewrap,
            check=check,
            stop_after_s=stop_after_s,
            index=index,
        )
        answer = run_elsewhere(order, python, as_ordinary_user()) if elsewhere else run(order)
        # A build leaves nothing behind, however it ended.
        assert answer.left_behind == ()
        return answer

    return builds


@pytest.fixture
def is_own_uid(sandbox: Sandbox) -> bool:
    """Whether slots are users of their own here."""
    return sandbox.kind is Kind.OWN_UID
