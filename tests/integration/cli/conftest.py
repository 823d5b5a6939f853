"""The commands as programs, on an index of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.local_index import LocalIndex, Recipe, served
from support.yard import Yard


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIndex]:
    """An index with a package that builds, one that does not, and one that needs a newer Python."""
    with served(tmp_path_factory.mktemp("index") / "simple") as there:
        there.add(
            Recipe(name="tidy"),
            Recipe(name="tidy", version="0.9"),
            Recipe(name="needy", requires_dist=("tidy",)),
            Recipe(name="broken", script="raise SystemExit('broken.c:3:10: fatal error: Python.h: No such file')"),
            Recipe(name="modern", requires_python=">=3.99"),
            Recipe(name="slow", script="import time; time.sleep(30)"),
        )
        yield there


@pytest.fixture(scope="session")
def make_yard(tmp_path_factory: pytest.TempPathFactory, index: LocalIndex) -> Callable[[], Yard]:
    """Make a place to run commands in."""

    def make() -> Yard:
        directory = tmp_path_factory.mktemp("yard")
        (directory / "home").mkdir()
        return Yard(directory, index)

    return make


@pytest.fixture
def yard(make_yard: Callable[[], Yard]) -> Yard:
    """A place to run commands in, of this test alone."""
    return make_yard()
