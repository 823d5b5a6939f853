"""Packages are found by their names, and each page says what is there and why not the rest."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from buildyard.farm.web import packages, project


def names(connection: Connection, asked: str = "", after: str = "") -> list[str]:
    return [one.name for one in packages.read(connection, asked, after).packages]


def test_packages_are_in_the_order_of_their_names(connection: Connection, rows: Any) -> None:
    for name in ("wrapt", "six", "numpy"):
        rows.build(name)
    assert names(connection) == ["numpy", "six", "wrapt"]


def test_the_name_itself_comes_first_then_what_begins_with_it(connection: Connection, rows: Any) -> None:
    for name in ("a-six", "six", "sixer"):
        rows.build(name)
    assert names(connection, "Six") == ["six", "sixer", "a-six"]


@pytest.mark.parametrize("asked", ["%", "_", "100%", "no such"])
def test_signs_of_the_query_language_mean_themselves(connection: Connection, rows: Any, asked: str) -> None:
    rows.build("six")
    assert names(connection, asked) == []


def test_names_are_compared_normalised(connection: Connection, rows: Any) -> None:
    rows.build("zope-interface")
    assert names(connection, "Zope.Inter") == ["zope-interface"]


def test_all_packages_have_pages(connection: Connection, rows: Any) -> None:
    for nth in range(packages.PAGE + 1):
        rows.build(f"p{nth:03d}")
    first = packages.read(connection, "", "")
    assert first.after == "p099"
    assert names(connection, after=first.after) == ["p100"]


def test_a_line_tells_of_the_newest_version(connection: Connection, rows: Any) -> None:
    rows.built("six", version="1.9")
    rows.built("six", version="1.10")
    rows.failed("six", "cp313", version="1.10")
    (line,) = packages.read(connection, "", "").packages
    assert (line.version, line.states, line.versions) == ("1.10", {"built": 1, "failed": 1}, 2)


@pytest.mark.parametrize(
    ("asked", "told"), [("", "2 packages"), ("six", "1 package matches “six”"), ("no", "No package matches “no”")]
)
def test_the_headline_says_what_was_found(connection: Connection, rows: Any, asked: str, told: str) -> None:
    rows.build("six")
    rows.build("wrapt")
    assert packages.headline(packages.read(connection, asked, "")) == told


def page(connection: Connection, now: float, limit: int = 6, platform: str = "") -> project.Project:
    found = project.read(connection, now, "six", limit, platform)
    assert found is not None
    return found


def test_versions_are_newest_first_and_older_ones_are_counted(connection: Connection, rows: Any, now: float) -> None:
    for version in ("1.9", "1.10", "1.10rc1"):
        rows.built("six", version=version)
    found = page(connection, now, limit=2)
    assert ([one.version for one in found.versions], found.older) == (["1.10", "1.10rc1"], 1)


def test_columns_are_the_pythons_that_were_ever_wanted(connection: Connection, rows: Any, now: float) -> None:
    for abi in ("cp313t", "cp39", "pp39", "cp310"):
        rows.built("six", abi)
    rows.built("six", "cp312", platform="linux_aarch64")
    found = page(connection, now)
    assert [(one.platform, one.abi) for one in found.columns] == [
        ("linux_x86_64", "cp39"),
        ("linux_x86_64", "cp310"),
        ("linux_x86_64", "cp313t"),
        ("linux_x86_64", "pp39"),
        ("linux_aarch64", "cp312"),
    ]


def test_one_platform_can_be_chosen(connection: Connection, rows: Any, now: float) -> None:
    rows.built("six")
    rows.built("six", platform="linux_aarch64")
    assert page(connection, now, platform="linux_aarch64").platforms == [("linux_aarch64", 1)]


def test_a_version_without_a_build_for_a_python_has_an_empty_cell(
    connection: Connection, rows: Any, now: float
) -> None:
    rows.built("six", "cp39", version="1.0")
    rows.built("six", "cp312", version="2.0")
    newest = page(connection, now).versions[0]
    assert [cell and cell.state for cell in newest.cells] == [None, "built"]


def test_a_cell_leads_to_its_reason(connection: Connection, rows: Any, now: float) -> None:
    rows.build("six", "cp39", state="not_wanted", reason="Requires-Python is >=3.10, this is 3.9")
    found = page(connection, now)
    cell = found.versions[0].cells[0]
    assert cell is not None
    assert cell.why == found.reasons[0].anchor


def test_reasons_join_what_has_one_cause(connection: Connection, rows: Any, now: float) -> None:
    for abi in ("cp310", "cp311"):
        rows.failed("six", abi)
    (why,) = page(connection, now).reasons
    assert (why.what, len(why.builds)) == ("1.0 cp310 and cp311 linux x86_64", 2)


def test_what_is_built_needs_no_reason(connection: Connection, rows: Any, now: float) -> None:
    rows.built("six")
    assert page(connection, now).reasons == []


def test_the_summary_is_that_of_the_newest_wheel(connection: Connection, rows: Any, now: float) -> None:
    rows.wheel(rows.built("six"))
    assert page(connection, now).summary == "Sixes and sevens"


def test_a_version_is_yanked_when_all_its_files_are(connection: Connection, rows: Any, now: float) -> None:
    rows.wheel(rows.built("six"), yanked="broken")
    assert page(connection, now).versions[0].yanked == "broken"


def test_an_unknown_package_is_answered_with_what_it_may_have_been(connection: Connection, rows: Any) -> None:
    rows.build("markupsafe")
    problem = project.unknown(connection, "markupsafee")
    assert (problem.status, problem.facts["likely"]) == (404, ["markupsafe"])
