"""The upstream index that pip is configured with, as it is today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from packaging.version import Version

from buildyard.farm.builds.plan import plan
from buildyard.farm.builds.requirements import parse_requirement
from buildyard.farm.builds.resolve import Resolution, Resolver, Target, host_platform
from buildyard.farm.upstream.errors import UnknownPackage
from buildyard.farm.upstream.locations import UpstreamIndex
from buildyard.farm.upstream.opening import open_upstream
from buildyard.farm.upstream.pipconfig import pip_index
from buildyard.farm.upstream.releases import Shape, releases
from buildyard.farm.upstream.sdists import requirements_of
from buildyard.farm.upstream.simple import Upstream
from buildyard.farm.wire import InterpreterInfo

pytestmark = pytest.mark.network

PYTHONS = {"cp39": "3.9.18", "cp312": "3.12.1", "cp313": "3.13.0"}


@pytest.fixture(scope="module")
def index() -> UpstreamIndex:
    """What pip on this machine is configured with."""
    return pip_index()


@pytest.fixture(scope="module")
def upstream(index: UpstreamIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """A client of it, with a cache of its own."""
    with open_upstream(index, tmp_path_factory.mktemp("pages")) as client:
        yield client


@pytest.mark.parametrize(
    ("package", "shape"),
    [
        ("six", Shape.NONE),
        ("blinker", Shape.NONE),
        ("markupsafe", Shape.PER_ABI),
        ("msgpack", Shape.PER_ABI),
        ("numpy", Shape.PER_ABI),
    ],
)
def test_known_package_is_planned_from_its_source(upstream: Upstream, package: str, shape: Shape) -> None:
    page = upstream.page(package)
    pythons = [InterpreterInfo(abi=abi, version=full, implementation="cpython") for abi, full in PYTHONS.items()]
    found = plan(parse_requirement(package), page, pythons, host_platform())
    assert [one.abi for one in found.wanted if one.waits_for is None] == (
        ["cp313"] if shape is Shape.NONE else list(PYTHONS)
    )
    known = releases(page.name, page.files)
    assert {known[Version(one.version)].shape for one in found.wanted} == {shape}
    for one in found.wanted:
        assert re.fullmatch("[0-9a-f]{64}", one.source.sha256)
        assert one.source_date_epoch > 1_000_000_000


def test_mistyped_package_is_unknown(upstream: Upstream) -> None:
    with pytest.raises(UnknownPackage) as caught:
        upstream.page("numpyy")
    assert "numpy" in caught.value.likely


def test_dependencies_are_resolved_for_each_python(index: UpstreamIndex, tmp_path: Path) -> None:
    resolver = Resolver(index, cache_dir=tmp_path)
    platform = host_platform()
    targets = [Target(abi=abi, python_version=full, platform=platform) for abi, full in PYTHONS.items()]
    pypy = Target(abi="pp39", python_version="3.9.16", platform=platform)
    answers = resolver.resolve_blocking([parse_requirement("jinja2")], [*targets, pypy])
    for answer in answers.values():
        assert isinstance(answer, Resolution)
        assert set(answer.versions) == {"jinja2", "markupsafe"}


def test_sources_of_a_package_without_any_wheel_are_read(
    index: UpstreamIndex, upstream: Upstream, tmp_path: Path
) -> None:
    read = partial(requirements_of, upstream._core)
    resolver = Resolver(index, cache_dir=tmp_path, read_sdist=read)
    target = Target(abi="cp312", python_version="3.12.1", platform=host_platform())
    answers = resolver.resolve_blocking([parse_requirement("docopt")], [target])
    assert answers == {"cp312": Resolution(versions={"docopt": "0.6.2"})}
