"""Why each wheel is there or not, in lines."""

from __future__ import annotations

import pytest

from buildyard.farm.builds.explain import ORDER, About, Explanation, Line, Row, explain, sentence
from buildyard.farm.builds.states import State
from buildyard.farm.builds.words import LOOKS

NOW = 1_768_660_000.0  # 2026-01-17 14:26:40 UTC


def row(abi: str, state: str, *, version: str = "2.2.1", platform: str = "linux_riscv64", **fields: object) -> Row:
    return Row(version=version, abi=abi, platform=platform, state=state, **fields)  # type: ignore[arg-type]


def lines(*rows: Row) -> tuple[Line, ...]:
    (version,) = explain("numpy", rows, NOW).versions
    (group,) = version.groups
    return group.lines


def told(*rows: Row) -> str:
    (line,) = lines(*rows)
    return line.sentence


def too_old(python: str) -> str:
    return f"Requires-Python is >=3.10, this is {python}"


def test_every_state_of_a_build_has_its_place_and_its_word() -> None:
    assert set(ORDER) == {state.value for state in State}
    assert set(ORDER) <= set(LOOKS)


def test_heading_tells_version_age_and_pythons() -> None:
    about = {"2.2.1": About(released=NOW - 6 * 86400, requires_python=">=3.10")}
    (version,) = explain("numpy", [row("cp310", "built")], NOW, about=about).versions
    assert version.heading == "numpy 2.2.1, released 6 d ago, Requires-Python >=3.10"


def test_heading_tells_only_what_is_known() -> None:
    assert explain("numpy", [row("cp310", "built")], NOW).versions[0].heading == "numpy 2.2.1"


def test_abis_of_one_state_and_reason_share_a_line_in_numeric_order() -> None:
    (line,) = lines(row("cp311", "built"), row("cp39", "built"), row("cp310", "built"))
    assert (line.word, line.abis, line.sentence) == ("built", ("cp39", "cp310", "cp311"), "")


def test_lines_go_from_what_is_there_to_what_nobody_waits_for() -> None:
    found = lines(*(row(f"cp3{number + 10}", state) for number, state in enumerate(reversed(ORDER))))
    assert [line.state for line in found] == list(ORDER)


def test_lines_of_one_state_stand_in_the_order_of_their_abis() -> None:
    found = lines(row("cp310", "failed", reason="a"), row("cp39", "failed", reason="b"))
    assert [line.abis for line in found] == [("cp39",), ("cp310",)]


def test_requires_python_is_told_once_for_all_pythons_it_rules_out() -> None:
    (line,) = lines(
        row("cp39", "not_wanted", reason=too_old("3.9")),
        row("pp39", "not_wanted", reason=too_old("3.9")),
    )
    assert line.abis == ("cp39", "pp39")
    assert line.sentence == "Requires-Python is >=3.10, these are 3.9"


def test_requires_python_names_each_python_once() -> None:
    found = [row(f"cp3{minor}", "not_wanted", reason=too_old(f"3.{minor}")) for minor in (9, 8)]
    assert told(*found) == "Requires-Python is >=3.10, these are 3.8 and 3.9"


def test_requires_python_of_one_interpreter_is_told_of_it_alone() -> None:
    assert told(row("cp39", "not_wanted", reason=too_old("3.9"))) == "Requires-Python is >=3.10, this is 3.9"


def test_will_retry_says_when_what_changes_and_why() -> None:
    found = row(
        "cp312",
        "will_retry",
        id=48152,
        try_at=1_768_660_800.0,
        change="1 job and 8 GB",
        reason="out of memory at 3.9 of 4 GB",
        tries=2,
        max_tries=3,
    )
    assert told(found) == "at 14:40 with 1 job and 8 GB: out of memory at 3.9 of 4 GB (2nd of 3, log 48152)"


def test_will_retry_without_a_sentence_names_its_kind() -> None:
    assert told(row("cp312", "will_retry", kind="out_of_memory")) == "soon: out of memory"


def test_queued_says_its_place_its_time_and_why() -> None:
    found = row("cp313", "queued", position=12, starts_in_s=7200.0, reason="new release")
    assert told(found) == "12th in its pool, starts in about 2 h: new release"


def test_next_in_its_pool_is_said_so() -> None:
    assert told(row("cp313", "queued", position=1)) == "next in its pool"


def test_queued_behind_another_abi_says_which_and_why() -> None:
    assert told(row("cp39", "queued", waits_for="cp313")) == "waits for cp313, whose wheel may serve it too"


def test_building_says_how_long_how_long_usually_and_where() -> None:
    found = row("cp313t", "building", elapsed_s=1868.0, usual_s=2880.0, builder="visionfive-1")
    assert told(found) == "31 m 08 s, usually 48 m, on visionfive-1"


def test_package_that_was_never_built_has_no_usual_time() -> None:
    assert told(row("cp313t", "building", elapsed_s=3.0)) == "3 s, first build"


def test_failed_says_its_kind_its_reason_and_whether_it_is_final() -> None:
    found = row("cp313", "failed", id=7, kind="compile_error", reason="no member named 'ob_refcnt'", final=True)
    assert told(found) == "compile error: no member named 'ob_refcnt' (final, log 7)"


def test_covered_names_the_wheel() -> None:
    (line,) = lines(row("cp313", "covered", covered_by="demo-1.0-py3-none-any.whl"))
    assert (line.word, line.sentence) == ("covered by another wheel", "demo-1.0-py3-none-any.whl")


def test_skipped_says_who_when_and_why() -> None:
    found = row("cp313", "skipped", by="mira", since=NOW - 3 * 86400, reason="needs a licence")
    assert told(found) == "by mira, 3 d ago: needs a licence"


@pytest.mark.parametrize("state", ["blocked", "left_to_upstream", "not_wanted"])
def test_other_states_tell_their_reason_as_it_is(state: str) -> None:
    assert sentence(row("cp313", state, reason="because"), NOW) == "because"


def groups(*rows: Row) -> list[tuple[str, ...]]:
    (version,) = explain("numpy", rows, NOW).versions
    return [group.platforms for group in version.groups]


def test_platforms_of_which_the_same_is_to_say_stand_together() -> None:
    platforms = ("linux_x86_64", "linux_aarch64")
    found = [row("cp313", "left_to_upstream", platform=platform, reason="a wheel is there") for platform in platforms]
    assert groups(*found) == [("linux_aarch64", "linux_x86_64")]


def test_platforms_that_somebody_waits_for_come_first() -> None:
    assert groups(row("cp313", "built", platform="linux_aarch64"), row("cp313", "queued", platform="linux_x86_64")) == [
        ("linux_x86_64",),
        ("linux_aarch64",),
    ]


def versions(found: Explanation) -> list[str]:
    return [one.version for one in found.versions]


def test_newest_version_comes_first_and_older_ones_are_counted() -> None:
    found = explain("numpy", [row("cp313", "failed", version=text) for text in ("2.9", "2.10", "2.1")], NOW)
    assert versions(found) == ["2.10"]
    assert found.hint == "2 older versions have reasons: buildyard explain numpy --all"


def test_older_version_that_is_some_interpreters_newest_is_shown() -> None:
    found = explain("numpy", [row("cp313", "built", version="2.10"), row("cp39", "built", version="2.0")], NOW)
    assert versions(found) == ["2.10", "2.0"]
    assert found.hint == ""


def test_older_versions_that_are_all_built_have_nothing_to_say() -> None:
    found = explain("numpy", [row("cp313", "built", version="2.10"), row("cp313", "built", version="2.0")], NOW)
    assert (found.older, found.hint, found.is_all_built) == (0, "", True)


def test_one_older_version_is_counted_in_the_singular() -> None:
    found = explain("numpy", [row("cp313", "failed", version=text) for text in ("2.1", "2.0")], NOW)
    assert found.hint == "1 older version has reasons: buildyard explain numpy --all"


def test_all_versions_are_shown_when_asked_for() -> None:
    found = explain("numpy", [row("cp313", "failed", version=text) for text in ("2.9", "2.10")], NOW, all_versions=True)
    assert versions(found) == ["2.10", "2.9"]


def test_something_that_is_not_built_needs_an_explanation() -> None:
    assert not explain("numpy", [row("cp313", "queued")], NOW).is_all_built


def test_package_of_which_nothing_is_known_has_no_lines() -> None:
    found = explain("numpy", [], NOW)
    assert (found.versions, found.is_all_built) == ((), False)


def test_version_that_is_no_version_stands_last() -> None:
    found = explain("numpy", [row("cp313", "built", version="x"), row("cp39", "built", version="1")], NOW)
    assert versions(found) == ["1", "x"]
