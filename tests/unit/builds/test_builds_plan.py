"""From a page and interpreters to decisions."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from buildyard.farm.builds.decisions import (
    AnyDecision,
    Covered,
    LeftToUpstream,
    NotWanted,
    Plan,
    UnknownVersion,
    Wanted,
)
from buildyard.farm.builds.plan import EARLIEST_EPOCH, Existing, none_wheel_is_trusted, plan
from buildyard.farm.builds.states import State
from buildyard.farm.upstream.pages import File, Page
from buildyard.farm.wire import BuildResult, InterpreterInfo, WheelRecord

LINUX = "linux_x86_64"
SHA = "ab" * 32
PYTHONS = {
    "cp38": "3.8.18",
    "cp39": "3.9.18",
    "cp310": "3.10.13",
    "cp312": "3.12.1",
    "cp313": "3.13.0",
    "cp313t": "3.13.0",
    "cp314": "3.14.0rc2",
    "pp39": "3.9.16",
}


def interpreter(abi: str, **fields: object) -> InterpreterInfo:
    implementation = "pypy" if abi.startswith("pp") else "cpython"
    return InterpreterInfo(abi=abi, version=PYTHONS[abi], implementation=implementation, **fields)  # type: ignore[arg-type]


def upstream(*files: File) -> Page:
    return Page(name="demo", files=files)


def sdist(version: str, **fields: object) -> File:
    name = f"demo-{version}.tar.gz"
    told: dict[str, object] = {"filename": name, "url": f"https://h/{name}", "hashes": {"sha256": SHA}, **fields}
    return msgspec.convert({key.replace("_", "-"): value for key, value in told.items()}, File)


def wheel(version: str, tags: str = "py3-none-any", **fields: object) -> File:
    name = f"demo-{version}-{tags}.whl"
    told: dict[str, object] = {"filename": name, "url": f"https://h/{name}", **fields}
    return msgspec.convert({key.replace("_", "-"): value for key, value in told.items()}, File)


def per_abi(version: str, *abis: str) -> list[File]:
    return [wheel(version, f"{abi}-{abi}-manylinux_2_17_x86_64") for abi in abis]


def planned(requirement: str, page: Page, *abis: str, existing: tuple[Existing, ...] = ()) -> Plan:
    return plan(Requirement(requirement), page, [interpreter(abi) for abi in abis], LINUX, existing=existing)


def only(found: Plan) -> AnyDecision:
    (decision,) = found.decisions
    return decision


def order(found: Plan) -> dict[str, str | None]:
    return {one.abi: one.waits_for for one in found.wanted}


# --- which version


def test_newest_version_is_wanted_with_its_source() -> None:
    page = upstream(sdist("1.9"), sdist("1.10", size=7, upload_time="2024-01-02T03:04:05Z", requires_python=">=3.8"))
    decision = only(planned("demo", page, "cp312"))
    assert isinstance(decision, Wanted)
    assert (decision.version, decision.state) == ("1.10", State.QUEUED)
    assert (decision.source.filename, decision.source.sha256, decision.source.size) == ("demo-1.10.tar.gz", SHA, 7)
    assert (decision.source_date_epoch, decision.requires_python) == (1704164645, ">=3.8")


def test_each_abi_gets_the_newest_that_its_python_is_allowed() -> None:
    page = upstream(sdist("1.0"), sdist("2.0", requires_python=">=3.10"))
    versions = {one.abi: one.version for one in planned("demo", page, "cp312", "cp39").decisions}
    assert versions == {"cp39": "1.0", "cp312": "2.0"}


def test_abis_stand_in_numeric_order() -> None:
    found = planned("demo", upstream(sdist("1.0")), "cp313", "pp39", "cp39", "cp313t", "cp310")
    assert [one.abi for one in found.decisions] == ["cp39", "cp310", "cp313", "cp313t", "pp39"]


def test_python_that_no_version_allows_is_told_so() -> None:
    decision = only(planned("demo", upstream(sdist("1.0", requires_python=">=3.10")), "cp39"))
    assert isinstance(decision, NotWanted)
    assert decision.reason == "Requires-Python is >=3.10, this is 3.9"


def test_reason_names_the_whole_version_where_only_a_micro_release_is_too_old() -> None:
    decision = only(planned("demo", upstream(sdist("1.0", requires_python="<3.9.1")), "cp39"))
    assert isinstance(decision, NotWanted)
    assert decision.reason == "Requires-Python is <3.9.1, this is 3.9.18"


def test_version_without_source_is_passed_over_for_an_older_one_with() -> None:
    page = upstream(sdist("1.0"), *per_abi("2.0", "cp312"))
    assert only(planned("demo", page, "cp312")).version == "1.0"


def test_final_release_stands_before_a_newer_pre_release() -> None:
    assert only(planned("demo", upstream(sdist("1.0"), sdist("2.0rc1")), "cp312")).version == "1.0"


def test_pre_release_is_taken_where_nothing_else_was_released() -> None:
    assert only(planned("demo", upstream(sdist("2.0rc1")), "cp312")).version == "2.0rc1"


def test_pre_release_is_taken_where_it_is_named() -> None:
    page = upstream(sdist("1.0"), sdist("2.0rc1"))
    assert only(planned("demo>=2.0rc1", page, "cp312")).version == "2.0rc1"


def test_yanked_version_is_passed_over() -> None:
    assert only(planned("demo", upstream(sdist("1.0"), sdist("2.0", yanked="broken")), "cp312")).version == "1.0"


def test_yanked_version_is_taken_where_it_is_pinned() -> None:
    decision = only(planned("demo==2.0", upstream(sdist("2.0", yanked="broken")), "cp312"))
    assert isinstance(decision, Wanted)


@pytest.mark.parametrize("requirement", ["demo", "demo>=1", "demo==2.*"])
def test_nothing_but_yanked_versions_is_told_with_the_reason(requirement: str) -> None:
    decision = only(planned(requirement, upstream(sdist("2.0", yanked="broken")), "cp312"))
    assert isinstance(decision, NotWanted)
    assert decision.reason == "every version is yanked: broken"


def test_pre_release_is_taken_where_the_only_final_is_yanked() -> None:
    page = upstream(sdist("1.0", yanked=True), sdist("2.0rc1"))
    assert only(planned("demo", page, "cp312")).version == "2.0rc1"


def test_version_that_does_not_exist_is_told_with_the_newest_there_are() -> None:
    page = upstream(*(sdist(version) for version in ("1.0", "1.1", "1.10", "1.9")))
    with pytest.raises(UnknownVersion) as caught:
        planned("demo==99", page, "cp312")
    assert caught.value.newest == ("1.10", "1.9", "1.1")
    assert str(caught.value) == "no version of demo matches ==99; the newest are 1.10, 1.9, 1.1"


def test_project_without_any_release_is_told() -> None:
    with pytest.raises(UnknownVersion, match="demo has no release"):
        planned("demo", upstream(), "cp312")


# --- what is not built


def test_binary_only_version_is_left_to_upstream_where_a_wheel_fits() -> None:
    decision = only(planned("demo", upstream(*per_abi("1.0", "cp312")), "cp312"))
    assert isinstance(decision, LeftToUpstream)
    assert decision.by == "demo-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"
    assert decision.reason == "no source distribution: binary only"


def test_binary_only_version_is_not_wanted_where_no_wheel_fits() -> None:
    decision = only(planned("demo", upstream(*per_abi("1.0", "cp312")), "cp313"))
    assert isinstance(decision, NotWanted)
    assert (decision.version, decision.reason) == ("1.0", "no source distribution: binary only")


def test_of_binary_only_versions_the_newest_that_fits_is_named() -> None:
    page = upstream(*per_abi("1.0", "cp39"), *per_abi("2.0", "cp312"))
    assert only(planned("demo", page, "cp39")).version == "1.0"


def test_source_without_a_hash_is_not_built() -> None:
    decision = only(planned("demo", upstream(sdist("1.0", hashes={"md5": "00"})), "cp312"))
    assert isinstance(decision, NotWanted)
    assert "sha256" in decision.reason


def test_marker_that_does_not_apply_is_told() -> None:
    found = planned('demo; python_version < "3.10"', upstream(sdist("1.0")), "cp39", "cp312")
    first, second = found.decisions
    assert isinstance(first, Wanted)
    assert isinstance(second, NotWanted)
    assert second.reason == 'the request is for python_version < "3.10" only'


def test_interpreter_that_cannot_be_used_is_told_with_its_reason() -> None:
    broken = interpreter("cp312", usable=False, reason="its headers are missing")
    decision = only(plan(Requirement("demo"), upstream(sdist("1.0")), [broken], LINUX))
    assert isinstance(decision, NotWanted)
    assert decision.reason == "its headers are missing"


def test_package_with_extensions_is_left_out_without_a_compiler() -> None:
    page = upstream(sdist("1.0"), *per_abi("1.0", "cp312"))
    decision = only(plan(Requirement("demo"), page, [interpreter("cp312", compiles=False)], LINUX))
    assert isinstance(decision, NotWanted)
    assert (decision.version, decision.reason) == ("1.0", "left out, no compiler")


@pytest.mark.parametrize("wheels", [[], [wheel("1.0")], [wheel("1.0"), *per_abi("1.0", "cp312")]])
def test_package_that_may_be_pure_is_tried_without_a_compiler(wheels: list[File]) -> None:
    page = upstream(sdist("1.0"), *wheels)
    decision = only(plan(Requirement("demo"), page, [interpreter("cp312", compiles=False)], LINUX))
    assert isinstance(decision, Wanted)


# --- what is there already


@pytest.mark.parametrize("tags", ["py3-none-any", "cp39-abi3-linux_x86_64", "py2.py3-none-any"])
def test_wheel_that_is_there_covers_each_interpreter_it_fits(tags: str) -> None:
    there = Existing(filename="demo.whl", version="1.0", tags=(tags,))
    found = planned("demo", upstream(sdist("1.0")), "cp39", "cp313", existing=(there,))
    assert [type(one) for one in found.decisions] == [Covered, Covered]
    assert {one.by for one in found.decisions if isinstance(one, Covered)} == {"demo.whl"}


def test_abi3_wheel_covers_no_older_python_and_no_free_threaded_one() -> None:
    there = Existing(filename="demo.whl", version="1.0", tags=("cp310-abi3-linux_x86_64",))
    found = planned("demo", upstream(sdist("1.0")), "cp39", "cp310", "cp313t", "pp39", existing=(there,))
    assert [one.abi for one in found.wanted] == ["cp39", "cp313t", "pp39"]


def test_wheel_of_another_version_covers_nothing() -> None:
    there = Existing(filename="demo.whl", version="0.9", tags=("py3-none-any",))
    assert isinstance(only(planned("demo", upstream(sdist("1.0")), "cp312", existing=(there,))), Wanted)


def test_version_is_compared_not_spelt() -> None:
    there = Existing(filename="demo.whl", version="1.0.0", tags=("py3-none-any",))
    assert isinstance(only(planned("demo", upstream(sdist("1.0")), "cp312", existing=(there,))), Covered)


def test_wheel_that_is_not_trusted_covers_only_the_abi_it_was_built_for() -> None:
    there = Existing(filename="demo.whl", version="1.0", tags=("py3-none-any",), only_abi="cp312")
    found = planned("demo", upstream(sdist("1.0")), "cp312", "cp313", existing=(there,))
    assert [type(one) for one in found.decisions] == [Covered, Wanted]


def test_binary_only_version_that_is_there_is_covered() -> None:
    there = Existing(filename="demo.whl", version="1.0", tags=("cp312-cp312-linux_x86_64",))
    page = upstream(*per_abi("1.0", "cp312"))
    assert isinstance(only(planned("demo", page, "cp312", existing=(there,))), Covered)


# --- which goes first


def test_pure_version_is_built_on_the_newest_final_cpython_first() -> None:
    found = planned("demo", upstream(sdist("1.0"), wheel("1.0")), "cp39", "cp313", "cp313t", "cp314", "pp39")
    assert order(found) == {"cp313": None, "cp39": "cp313", "cp313t": "cp313", "cp314": "cp313", "pp39": "cp313"}
    assert all(one.upstream_has_none for one in found.wanted)


def test_those_that_others_wait_for_come_first_in_the_plan() -> None:
    found = planned("demo", upstream(sdist("1.0")), "cp39", "cp312", "cp310")
    assert [one.waits_for_first for one in found.wanted] == [False, True, True]


def test_version_with_wheels_for_each_abi_is_built_for_all_at_once() -> None:
    found = planned("demo", upstream(sdist("1.0"), *per_abi("1.0", "cp312")), "cp39", "cp312")
    assert order(found) == {"cp39": None, "cp312": None}


def test_pure_fall_back_of_upstream_is_not_taken_for_a_pure_version() -> None:
    page = upstream(sdist("1.0"), wheel("1.0"), *per_abi("1.0", "cp312"))
    found = planned("demo", page, "cp39", "cp312")
    assert order(found) == {"cp39": None, "cp312": None}
    assert not any(one.upstream_has_none for one in found.wanted)


def test_version_of_which_nothing_is_known_is_tried_on_one_first() -> None:
    assert order(planned("demo", upstream(sdist("1.0")), "cp39", "cp312")) == {"cp312": None, "cp39": "cp312"}


def test_only_those_that_abi3_may_serve_wait_for_an_abi3_version() -> None:
    page = upstream(sdist("1.0"), wheel("1.0", "cp39-abi3-manylinux_2_17_x86_64"))
    found = planned("demo", page, "cp39", "cp313", "cp313t", "pp39")
    assert order(found) == {"cp313": None, "cp39": "cp313", "cp313t": None, "pp39": None}


def test_each_version_has_its_own_first() -> None:
    page = upstream(sdist("1.0"), sdist("2.0", requires_python=">=3.10"))
    found = planned("demo", page, "cp38", "cp39", "cp310", "cp312")
    assert order(found) == {"cp39": None, "cp38": "cp39", "cp312": None, "cp310": "cp312"}


def test_interpreter_that_compiles_goes_before_a_newer_one_that_does_not() -> None:
    pythons = [interpreter("cp312"), interpreter("cp313", compiles=False)]
    assert order(plan(Requirement("demo"), upstream(sdist("1.0")), pythons, LINUX)) == {"cp312": None, "cp313": "cp312"}


def test_farms_own_wheels_show_that_each_abi_needs_its_own() -> None:
    there = Existing(filename="demo.whl", version="1.0", tags=("cp312-cp312-linux_x86_64",))
    found = planned("demo", upstream(sdist("1.0")), "cp39", "cp310", "cp312", existing=(there,))
    assert order(found) == {"cp39": None, "cp310": None}


def test_pypy_goes_first_where_there_is_nothing_else() -> None:
    assert order(planned("demo", upstream(sdist("1.0")), "pp39")) == {"pp39": None}


def test_source_that_tells_no_time_gets_the_earliest_a_zip_can_hold() -> None:
    decision = only(planned("demo", upstream(sdist("1.0")), "cp312"))
    assert isinstance(decision, Wanted)
    assert decision.source_date_epoch == EARLIEST_EPOCH


def test_decisions_can_be_written_as_json_and_read_again() -> None:
    page = upstream(sdist("1.0", requires_python=">=3.9"), wheel("1.0"))
    found = planned("demo", page, "cp38", "cp312")
    assert msgspec.json.decode(msgspec.json.encode(found), type=Plan) == found


# --- trust


def result(*tags: str, has_extension_sources: bool, python: str = "CPython 3.12.1") -> BuildResult:
    record = WheelRecord(
        filename="demo.whl", sha256=SHA, size=1, package="demo", version="1.0", tags=tags, metadata="Name: demo"
    )
    return BuildResult(outcome="built", wheel=record, has_extension_sources=has_extension_sources, interpreter=python)


@pytest.mark.parametrize(
    ("built", "upstream_has_none", "trusted"),
    [
        (result("py3-none-any", has_extension_sources=False), False, True),
        (result("py3-none-any", has_extension_sources=True), False, False),
        (result("py3-none-any", has_extension_sources=True), True, True),
        (result("py2-none-any", "py3-none-any", has_extension_sources=False), False, True),
        (result("py3-none-linux_x86_64", has_extension_sources=True), True, True),
        (result("py3-none-any", has_extension_sources=True, python="PyPy 3.9.16"), False, False),
        (result("cp312-cp312-linux_x86_64", has_extension_sources=False), True, False),
        (result("cp39-abi3-linux_x86_64", has_extension_sources=False), True, False),
    ],
)
def test_none_wheel_serves_all_only_where_there_was_nothing_to_compile(
    built: BuildResult, upstream_has_none: bool, trusted: bool
) -> None:
    told, reason = none_wheel_is_trusted(built, upstream_has_none=upstream_has_none)
    assert told is trusted
    assert reason


def test_failed_build_has_no_wheel_to_trust() -> None:
    assert not none_wheel_is_trusted(BuildResult(outcome="failed"), upstream_has_none=True)[0]


# --- whatever the page

VERSIONS = st.sampled_from(["1.0", "1.1", "2.0", "2.0rc1", "2.0.dev1", "3!1", "0"])
PYTHON_RULES = st.sampled_from([None, "", ">=3.9", ">=3.13", "<3", "nonsense", "!=3.12.*"])
TAGS = st.sampled_from(
    ["py3-none-any", "cp312-cp312-linux_x86_64", "cp39-abi3-linux_x86_64", "pp39-pypy39_pp73-linux_x86_64", "x-y-z"]
)
FILES = st.builds(
    lambda version, tags, rule, yanked: (
        wheel(version, tags, requires_python=rule, yanked=yanked)
        if tags
        else sdist(version, requires_python=rule, yanked=yanked)
    ),
    VERSIONS,
    st.none() | TAGS,
    PYTHON_RULES,
    st.sampled_from([False, True, "why"]),
)
REQUIREMENTS = st.sampled_from(["demo", "demo>1", "demo==2.0", "demo<2", 'demo; python_version>"3.9"', "demo==2.*"])


@given(
    files=st.lists(FILES, max_size=12),
    requirement=REQUIREMENTS,
    abis=st.sets(st.sampled_from(sorted(PYTHONS)), min_size=1),
)
def test_every_abi_gets_one_decision_whatever_the_page(files: list[File], requirement: str, abis: set[str]) -> None:
    try:
        found = planned(requirement, upstream(*files), *abis)
    except UnknownVersion:
        return
    assert {one.abi for one in found.decisions} == abis
    assert len(found.decisions) == len(abis)
    assert all(one.reason for one in found.left_out)
    first = {one.abi: one for one in found.wanted if not one.waits_for_first}
    for one in found.wanted:
        assert one.waits_for is None or first[one.waits_for].version == one.version
