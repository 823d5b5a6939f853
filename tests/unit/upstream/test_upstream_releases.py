"""Files grouped by version."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from buildyard.farm.upstream.pages import JSON_TYPE, File, parse_page
from buildyard.farm.upstream.releases import Release, Shape, releases, version_text

PAGES = Path(__file__).parent / "pages"


def files(*names: str, **fields: object) -> list[File]:
    return [File(filename=name, url=f"https://h/{name}", **fields) for name in names]  # type: ignore[arg-type]


def release(*names: str) -> Release:
    (found,) = releases("demo", files(*names)).values()
    return found


def test_real_page_gives_each_version_its_source_and_wheels() -> None:
    name, found = parse_page((PAGES / "markupsafe.json").read_bytes(), JSON_TYPE, "https://h/simple/markupsafe/")
    grouped = releases(name, found)
    newest = grouped[Version("3.0.2")]
    assert newest.sdist is not None
    assert newest.sdist.filename == "markupsafe-3.0.2.tar.gz"
    assert newest.shape is Shape.PER_ABI
    assert grouped[Version("2.1.5")].requires_python == ">=3.7"


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("demo-1.0.tar.gz", "demo", "1.0"),
        ("Demo.Pkg-1.0-2.tar.gz", "demo-pkg", "1.0-2"),
        ("demo-pkg-1.0.zip", "demo-pkg", "1.0"),
        ("demo_pkg-1.0-1-py3-none-any.whl", "demo-pkg", "1.0"),
        ("demo-pkg-1.0.tar.gz", "demo", "pkg-1.0"),
        ("other-1.0.tar.gz", "demo", ""),
        ("other-1.0-py3-none-any.whl", "demo", ""),
        ("demo-1.0.exe", "demo", ""),
        ("demo.tar.gz", "demo", ""),
        ("demo-1.0-any.whl", "demo", ""),
    ],
)
def test_version_is_what_follows_the_projects_own_name(filename: str, name: str, version: str) -> None:
    assert version_text(filename, name) == version


def test_file_of_another_project_or_no_version_is_passed_over() -> None:
    assert releases("demo", files("other-1.0.tar.gz", "demo-x.tar.gz", "demo-pkg-1.0.tar.gz", "README")) == {}


def test_versions_that_are_equal_are_one_release() -> None:
    found = releases("demo", files("demo-1.0.tar.gz", "demo-1.0.0-py3-none-any.whl"))
    assert len(found) == 1


def test_gzipped_tar_is_preferred_among_sources() -> None:
    sdist = release("demo-1.0.tar.bz2", "demo-1.0.zip", "demo-1.0.tar.gz").sdist
    assert sdist is not None
    assert sdist.filename == "demo-1.0.tar.gz"


def test_source_that_is_not_yanked_is_preferred_to_its_form() -> None:
    yanked = files("demo-1.0.tar.gz", yanked=True)
    (found,) = releases("demo", [*yanked, *files("demo-1.0.zip")]).values()
    assert found.sdist is not None
    assert found.sdist.filename == "demo-1.0.zip"


@pytest.mark.parametrize(
    ("wheels", "shape"),
    [
        ((), Shape.UNKNOWN),
        (("demo-1.0-py2.py3-none-any.whl",), Shape.NONE),
        (("demo-1.0-py3-none-manylinux_2_17_x86_64.whl",), Shape.NONE),
        (("demo-1.0-cp39-abi3-win_amd64.whl", "demo-1.0-py3-none-any.whl"), Shape.ABI3),
        (("demo-1.0-cp39-abi3-win_amd64.whl", "demo-1.0-pp311-pypy311_pp73-win_amd64.whl"), Shape.ABI3),
        (("demo-1.0-cp39-abi3-win_amd64.whl", "demo-1.0-cp314-cp314t-win_amd64.whl"), Shape.ABI3),
        (("demo-1.0-cp315-abi3.abi3t-win_amd64.whl",), Shape.ABI3),
        (("demo-1.0-cp313-cp313-win_amd64.whl", "demo-1.0-py3-none-any.whl"), Shape.PER_ABI),
        (("demo-1.0-pp311-pypy311_pp73-win_amd64.whl",), Shape.PER_ABI),
    ],
)
def test_shape_is_read_from_upstreams_wheels(wheels: tuple[str, ...], shape: Shape) -> None:
    assert release("demo-1.0.tar.gz", *wheels).shape is shape


def test_version_with_a_wheel_for_any_platform_needs_no_compiler() -> None:
    assert not release("demo-1.0-cp313-cp313-win_amd64.whl", "demo-1.0-py3-none-any.whl").needs_compiler


def test_version_with_wheels_for_platforms_only_needs_a_compiler() -> None:
    assert release("demo-1.0-cp313-cp313-win_amd64.whl").needs_compiler


def test_version_without_wheels_is_not_said_to_need_a_compiler() -> None:
    assert not release("demo-1.0.tar.gz").needs_compiler


def test_compatible_wheel_of_upstream_is_found() -> None:
    found = release("demo-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
    assert found.wheel_for("cp312", "linux_x86_64") is not None
    assert found.wheel_for("cp313", "linux_x86_64") is None


def test_release_is_yanked_as_its_source_is() -> None:
    found = releases("demo", [*files("demo-1.0.tar.gz", yanked="bad"), *files("demo-1.0-py3-none-any.whl")])
    assert found[Version("1.0")].is_yanked
    assert found[Version("1.0")].yank_reason == "bad"


NAMES = st.lists(
    st.sampled_from(["demo", "-", "1.0", ".tar.gz", ".whl", "cp39", "abi3", "none", "any", "_", "2!3", ".zip", "ü"]),
    max_size=10,
).map("".join)


@given(names=st.lists(NAMES, max_size=6))
def test_any_file_names_can_be_grouped(names: list[str]) -> None:
    for version, found in releases("demo", files(*names)).items():
        assert found.version == version
        assert isinstance(found.shape, Shape)
        assert found.wheel_for("cp312", "linux_x86_64") is None or found.wheels
