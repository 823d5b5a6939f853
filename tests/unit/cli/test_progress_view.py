"""From a request's builds to what a person is shown."""

from __future__ import annotations

import pytest

from buildyard.cli.answers import BuildAnswer
from buildyard.cli.progress import changes, fraction, tally_of, view_of


def build(package: str = "msgpack", abi: str = "cp312", state: str = "queued", **more: object) -> BuildAnswer:
    return BuildAnswer(package=package, version="1.0", abi=abi, state=state, **more)  # type: ignore[arg-type]


def test_builds_of_one_version_that_are_built_are_one_row() -> None:
    view = view_of([build(abi="cp39", state="built", elapsed_s=1.0), build(state="built", elapsed_s=2.5)])
    (row,) = view.finished
    assert (row.abis, row.elapsed_s) == (("cp39", "cp312"), 3.5)


def test_a_pure_wheel_serves_every_python() -> None:
    first = build("six", "cp39", "built", filename="six-1.0-py3-none-any.whl")
    second = build("six", "cp312", "covered", covered_by="six-1.0-py3-none-any.whl")
    (row,) = view_of([first, second]).finished
    assert row.serves_all


def test_an_abi3_wheel_shows_the_pythons_it_covers_beside_its_own() -> None:
    first = build("x", "cp39", "built", filename="x-1.0-cp39-abi3-linux_x86_64.whl")
    covered = [build("x", abi, "covered", covered_by=first.filename) for abi in ("cp310", "cp311")]
    (row,) = view_of([first, *covered]).finished
    assert (row.abis, row.serves_all) == (("cp39", "cp310", "cp311"), False)


def test_failures_with_different_reasons_stay_apart() -> None:
    view = view_of([build(abi="cp39", state="failed", reason="a"), build(state="failed", reason="b")])
    assert [row.one.reason for row in view.finished] == ["a", "b"]


def test_what_will_not_be_built_does_not_count() -> None:
    states = ("built", "building", "queued", "covered", "not_wanted", "left_to_upstream", "skipped")
    view = view_of([build(abi=f"cp3{number}", state=state) for number, state in enumerate(states, start=8)])
    assert (view.done, view.total, view.waiting) == (1, 3, 1)


def test_a_failed_build_is_done() -> None:
    assert view_of([build(state="failed")]).done == 1


def test_the_next_build_is_the_first_that_waits() -> None:
    assert view_of([build(abi="cp39", state="building"), build(abi="cp310"), build()]).next_up == "msgpack cp310"


def test_time_left_comes_from_usual_times_over_the_slots() -> None:
    builds = [build(abi="cp39", state="building", elapsed_s=4.0, usual_s=10.0), build(usual_s=10.0)]
    assert view_of(builds, slots=2).left_s == pytest.approx(8.0)


def test_time_left_of_what_was_never_built_comes_from_what_was_built_here() -> None:
    builds = [build("six", state="built", elapsed_s=3.0), build("a"), build("b")]
    assert view_of(builds, slots=1).left_s == pytest.approx(6.0)


def test_time_left_is_unknown_before_anything_was_built() -> None:
    assert view_of([build(), build(abi="cp39", state="building", elapsed_s=1.0)]).left_s is None


def test_no_time_is_left_when_nothing_waits() -> None:
    assert view_of([build(state="built", elapsed_s=1.0)]).left_s is None


def test_a_build_beyond_its_usual_time_is_whole_and_no_more() -> None:
    assert fraction(build(state="building", elapsed_s=30.0, usual_s=10.0)) == 1.0


def test_without_a_usual_time_the_phase_tells_how_far_it_is() -> None:
    fractions = [
        fraction(build(state="building", phase=phase)) for phase in ("fetch", "prepare", "build", "check", "upload")
    ]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] < 1


def test_a_phase_of_a_newer_hub_counts_as_the_beginning() -> None:
    assert fraction(build(state="building", phase="polish")) == 0.0


def test_changes_are_builds_whose_state_differs() -> None:
    before = {1: build(id=1, state="queued"), 2: build(id=2, state="building")}
    after = [build(id=1, state="building"), build(id=2, state="building"), build(id=3, state="queued")]
    assert [(change.before, change.build.id) for change in changes(before, after)] == [("queued", 1), (None, 3)]


def test_a_tally_is_good_when_everything_is_built_or_was_not_wanted() -> None:
    assert tally_of([build(state="built"), build(state="not_wanted", reason="Requires-Python")]).is_good


@pytest.mark.parametrize("state", ["failed", "will_retry", "blocked"])
def test_a_tally_with_anything_else_is_not_good(state: str) -> None:
    assert not tally_of([build(state="built"), build(state=state)]).is_good


def test_packages_left_out_for_want_of_something_are_named_with_the_reason() -> None:
    reason = "left out, no compiler"
    builds = [build(name, abi, "not_wanted", reason=reason) for name in ("markupsafe", "msgpack") for abi in ("a", "b")]
    assert tally_of(builds).left_out == ((reason, ("markupsafe", "msgpack")),)
