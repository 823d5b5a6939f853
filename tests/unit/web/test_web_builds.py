"""A build's page says how it is, why, and what follows; the list keeps its filters in the address."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, update

from buildyard.farm.store.tables import builds
from buildyard.farm.web import build_list, build_words
from buildyard.farm.web.build_facts import Facts, read
from buildyard.farm.web.build_list import Filters


def facts(connection: Connection, now: float, number: int) -> Facts:
    found = read(connection, now, number)
    assert found is not None
    return found


def told(connection: Connection, now: float, number: int) -> str:
    return build_words.headline(facts(connection, now, number), now)


def test_a_waiting_build_knows_its_place(connection: Connection, rows: Any, now: float) -> None:
    rows.builder(slots=2)
    rows.built("done", took=600)
    for nth in range(2):
        rows.build(f"before{nth}")
    number = rows.build("six", request=rows.request("six"))
    assert told(connection, now, number) == "Third in pool linux x86_64, starts in about 15 m. Asked for by mira."


def test_higher_priorities_go_before(connection: Connection, rows: Any, now: float) -> None:
    number = rows.build("six", priority=3)
    rows.build("urgent", priority=4)
    rows.build("elsewhere", priority=4, platform="linux_riscv64")
    assert facts(connection, now, number).position == 2


def test_a_build_that_waits_for_another_python_says_so(connection: Connection, rows: Any, now: float) -> None:
    number = rows.build("six", "cp311", waits_for=rows.build("six", "cp312"))
    assert told(connection, now, number).startswith("Waits for another Python of this version")


def test_a_running_build_is_measured_against_its_usual_time(connection: Connection, rows: Any, now: float) -> None:
    rows.built("numpy", took=2880)
    number = rows.build("numpy", version="2")
    rows.run(number, began=1868)
    assert told(connection, now, number) == "Building for 31 m 08 s on yard-1, usually 48 m."


def test_a_running_build_may_be_the_first_of_its_package(connection: Connection, rows: Any, now: float) -> None:
    number = rows.build("numpy")
    rows.run(number, began=11)
    assert told(connection, now, number) == "Building for 11 s on yard-1, first build of this package."


def test_a_built_one_says_how_long_it_took(connection: Connection, rows: Any, now: float) -> None:
    number = rows.built(took=20.1, ago=130, builder="ampere-1")
    assert told(connection, now, number) == "Built in 20 s on ampere-1, 2 min ago."


def test_a_failed_one_says_when(connection: Connection, rows: Any, now: float) -> None:
    number = rows.failed(builder="yard-1", ago=2280, request=rows.request("six"))
    assert told(connection, now, number) == "Failed after 5.0 s on yard-1, 38 min ago. Asked for by mira."


def test_a_lost_builder_is_a_try(connection: Connection, rows: Any, now: float) -> None:
    number = rows.failed(builder="yard-1", tries=2)
    assert "Second try." in told(connection, now, number)


@pytest.mark.parametrize(
    ("state", "more", "sentence"),
    [
        ("will_retry", {"try_at": 1_768_660_800.0}, "Will be tried again at 14:40 UTC."),
        ("covered", {"finished": 1_768_659_940.0}, "Covered by another wheel, 1 min ago."),
        ("not_wanted", {"reason": "a rule"}, "Not wanted: a rule."),
        ("left_to_upstream", {"reason": "it has no source"}, "Left to upstream: it has no source."),
        ("skipped", {"reason": "by mira"}, "Skipped: by mira."),
    ],
)
def test_each_state_has_its_sentence(
    connection: Connection, rows: Any, now: float, state: str, more: dict[str, Any], sentence: str
) -> None:
    assert told(connection, now, rows.build(state=state, **more)) == sentence


def test_the_banner_tells_kind_reason_and_what_follows(connection: Connection, rows: Any, now: float) -> None:
    number = rows.failed(next="install its headers")
    banner = build_words.banner(facts(connection, now, number))
    assert banner is not None
    assert banner.what == "Compile error: a.c:1: no."
    assert banner.next == "Install its headers. Then retry it: it is not tried again by itself."


def test_a_failure_that_nobody_can_mend_is_final(connection: Connection, rows: Any, now: float) -> None:
    banner = build_words.banner(facts(connection, now, rows.failed()))
    assert banner is not None
    assert banner.next.startswith("It fails the same way on every builder")


def test_a_passing_failure_does_not_blame_the_source(connection: Connection, rows: Any, now: float) -> None:
    banner = build_words.banner(facts(connection, now, rows.failed(kind="network")))
    assert banner is not None
    assert "the same way" not in banner.next


def test_a_built_one_has_no_banner(connection: Connection, rows: Any, now: float) -> None:
    assert build_words.banner(facts(connection, now, rows.built())) is None


def test_other_pythons_are_in_numeric_order(connection: Connection, rows: Any, now: float) -> None:
    number = rows.failed("six", "cp313t")
    for abi in ("cp310", "cp39", "pp39"):
        rows.failed("six", abi)
    rows.build("six", "cp311", version="2.0")
    found = facts(connection, now, number)
    assert [(one.abi, one.same_cause) for one in found.siblings] == [("cp39", True), ("cp310", True), ("pp39", True)]


def test_builds_that_failed_alike_are_counted(connection: Connection, rows: Any, now: float) -> None:
    number = rows.failed("cffi")
    rows.failed("lxml")
    rows.failed("other", reason="something else")
    assert facts(connection, now, number).same_cause == 2


@pytest.mark.parametrize(
    ("state", "can"),
    [("failed", True), ("will_retry", True), ("built", False), ("building", False), ("covered", False)],
)
def test_what_failed_can_be_tried_again(connection: Connection, rows: Any, now: float, state: str, can: bool) -> None:
    assert facts(connection, now, rows.build(state=state)).can_retry is can


def test_what_has_no_source_cannot_be_tried_again(connection: Connection, rows: Any, now: float) -> None:
    number = rows.failed()
    connection.execute(update(builds).values(source="null"))
    assert facts(connection, now, number).can_retry is False


def test_there_may_be_no_such_build(connection: Connection, now: float) -> None:
    assert read(connection, now, 77) is None


def test_the_list_is_newest_first(connection: Connection, rows: Any) -> None:
    first, second = rows.build("a"), rows.build("b")
    assert [one.id for one in build_list.read(connection, Filters()).builds] == [second, first]


@pytest.mark.parametrize(
    ("filters", "packages"),
    [
        (Filters(state="failed"), ["lxml", "cffi"]),
        (Filters(package="cffi"), ["cffi"]),
        (Filters(pool="linux_riscv64"), ["numpy"]),
        (Filters(kind="network"), ["lxml"]),
        (Filters(request=1), ["numpy"]),
        (Filters(state="built"), []),
    ],
)
def test_filters_choose(connection: Connection, rows: Any, filters: Filters, packages: list[str]) -> None:
    rows.build("numpy", platform="linux_riscv64", request=rows.request("numpy"))
    rows.failed("cffi")
    rows.failed("lxml", kind="network")
    assert [one.package for one in build_list.read(connection, filters).builds] == packages


def test_counts_are_of_all_that_the_other_filters_leave(connection: Connection, rows: Any) -> None:
    rows.failed("cffi")
    rows.build("cffi", "cp313")
    rows.failed("lxml")
    found = build_list.read(connection, Filters(package="cffi", state="failed"))
    assert found.counts == {"failed": 1, "queued": 1}


def test_the_list_has_pages(connection: Connection, rows: Any) -> None:
    for nth in range(build_list.PAGE + 2):
        rows.build(f"p{nth}")
    first = build_list.read(connection, Filters())
    second = build_list.read(connection, Filters(before=first.older))
    assert (len(first.builds), len(second.builds), second.older) == (build_list.PAGE, 2, None)


def test_an_address_keeps_the_other_filters() -> None:
    assert Filters(state="failed", package="cffi").query(state="built") == "state=built&package=cffi"


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        (Filters(), "2 builds"),
        (Filters(state="failed"), "1 build failed"),
        (Filters(state="built"), "No builds built"),
        (Filters(package="cffi"), "1 build of cffi"),
        (Filters(pool="linux_x86_64"), "2 builds in pool linux x86_64"),
    ],
)
def test_the_list_says_what_it_holds(connection: Connection, rows: Any, filters: Filters, told: str) -> None:
    rows.failed("cffi")
    rows.build("lxml")
    assert build_list.headline(filters, build_list.read(connection, filters)) == told


@pytest.mark.parametrize(
    ("state", "told"),
    [("asked", " is being planned"), ("failed", " could not be planned"), ("planned", ": 1 build")],
)
def test_a_request_says_how_it_is(connection: Connection, rows: Any, state: str, told: str) -> None:
    number = rows.request("six", state=state)
    if state == "planned":
        rows.build("six", request=number)
    filters = Filters(request=number)
    assert build_list.headline(filters, build_list.read(connection, filters)) == f"Request {number}{told}"
