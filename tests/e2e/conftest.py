"""Fixtures of the end-to-end tier: an index without a network, and the interpreters of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest

from buildyard.farm.builder.interpreters import Interpreter, Places, find_interpreters
from support.as_nobody import SMALL_DISK
from support.farmyard import bare_environment
from support.local_index import LocalIndex, served
from support.needs import missing

#: An ordinary user runs these where he has a small disk (`test_as_nobody`).
collect_ignore = [] if os.geteuid() == 0 or SMALL_DISK in os.environ else ["test_full_disk.py"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIndex]:
    """An index of the module's own, served on loopback."""
    with served(tmp_path_factory.mktemp("index")) as found:
        yield found


@pytest.fixture(scope="session")
def interpreters(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Interpreter]:
    """Every CPython of this machine that compiles; at least three of them."""
    home = tmp_path_factory.mktemp("home")
    places = Places.of(bare_environment(home, ""))
    found = [one for one in find_interpreters(places=places) if one.compiles and one.implementation == "cpython"]
    if len(found) < 3:
        missing(f"three CPythons are wanted here, and there are {[one.abi for one in found]} (user {os.geteuid()})")
    return found
