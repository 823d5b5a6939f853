"""The rows, final lines and plain lines of a request, as they are printed."""

from __future__ import annotations

from buildyard.cli.answers import BuildAnswer
from buildyard.cli.palette import Palette, visible_length
from buildyard.cli.progress import Change, Tally, view_of
from buildyard.cli.report import (
    active_line,
    final_lines,
    live_lines,
    plain_changes,
    plain_done,
    plain_progress,
    plan_lines,
    summary_line,
)

PLAIN = Palette(width=80)
AT = 1768660229.0  # 2026-01-17T14:30:29Z


def build(package: str = "msgpack", abi: str = "cp312", state: str = "queued", **more: object) -> BuildAnswer:
    version = {"six": "1.17.0", "wrapt": "1.17.2"}.get(package, "1.1.0")
    return BuildAnswer(package=package, version=version, abi=abi, platform="linux_x86_64", state=state, **more)  # type: ignore[arg-type]


BUILDS = [
    build("six", "cp39", "built", filename="six-1.17.0-py2.py3-none-any.whl", elapsed_s=1.3),
    build("six", "cp312", "covered", covered_by="six-1.17.0-py2.py3-none-any.whl"),
    build(abi="cp39", state="building", phase="build", elapsed_s=6.0, usual_s=12.0, builder="yard-1"),
    build(),
]


def test_the_live_table_reads_from_done_over_running_to_waiting() -> None:
    head, six, running, waiting = live_lines(view_of(BUILDS), PLAIN, elapsed_s=12.0, height=20)
    assert head == "Building" + " " * 53 + "1 of 3 done, 12 s".rjust(19)
    assert six == "✓ six      1.17.0  every Python" + "1.3 s".rjust(49)
    assert running.startswith("● msgpack  1.1.0   cp39    build    ━━━━━━━━━╸─────────")
    assert waiting == "○ 1 waiting, next msgpack cp312, about 7 s left"


def test_no_line_is_wider_than_the_terminal() -> None:
    for width in (60, 80, 100, 120):
        lines = live_lines(view_of(BUILDS), Palette(width=width), elapsed_s=12.0, height=20)
        assert max(map(len, lines)) <= width


def test_where_room_is_scarce_the_usual_time_goes_first_then_the_track_then_the_builder() -> None:
    running = BUILDS[2]
    shown = {width: active_line(running, Palette(width=width)) for width in (120, 76, 62, 45)}
    kept = {width: ("usually" in line, "━" in line, "yard-1" in line) for width, line in shown.items()}
    assert kept == {
        120: (True, True, True),
        76: (False, True, True),
        62: (False, False, True),
        45: (False, False, False),
    }


def test_names_are_never_cut() -> None:
    long = build("a" * 50, state="building", phase="build", elapsed_s=1.0)
    assert "a" * 50 in active_line(long, Palette(width=60))


def test_the_table_is_never_taller_than_its_height() -> None:
    builds = [build(f"p{number}", state="built", elapsed_s=1.0) for number in range(30)]
    builds += [build(f"q{number}", state="building") for number in range(30)]
    builds += [build("r")]
    for height in range(4, 70):
        assert len(live_lines(view_of(builds), PLAIN, elapsed_s=1.0, height=height)) <= height


def test_what_does_not_fit_is_counted() -> None:
    builds = [build(f"p{number}", state="building") for number in range(40)]
    assert live_lines(view_of(builds), PLAIN, elapsed_s=1.0, height=10)[-1] == "○ 32 more"


def test_running_builds_stay_while_finished_ones_go() -> None:
    builds = [build(f"p{number}", state="built", elapsed_s=1.0) for number in range(40)]
    lines = live_lines(view_of([*builds, build("q", state="building")]), PLAIN, elapsed_s=1.0, height=6)
    assert lines[1] == "✓ 37 more"
    assert "q" in lines[-1]


def test_a_failure_tells_its_phase_its_reason_and_what_to_do_next() -> None:
    failed = build(
        "wrapt", "cp313", "failed", phase="build", elapsed_s=1.9, reason="Python.h: No such file", next="install them"
    )
    assert final_lines(view_of([failed]), PLAIN) == [
        "✗ wrapt  1.17.2  cp313  build" + "1.9 s".rjust(51),
        "  Python.h: No such file",
        "  Next: install them",
    ]


def test_a_build_that_will_be_tried_again_tells_when() -> None:
    again = build(state="will_retry", reason="upstream closed the connection", try_at="2026-01-17T14:40:00Z")
    assert final_lines(view_of([again]), PLAIN)[0] == "↻ msgpack  1.1.0  cp312  will retry at 14:40"


def test_the_summary_counts() -> None:
    assert summary_line(Tally(built=10), PLAIN, elapsed_s=38.0) == "✓ 10 built, 0 failed, 38 s"


def test_the_summary_of_a_failure_says_so_and_where_the_rest_is() -> None:
    line = summary_line(Tally(built=7, failed=1), PLAIN, elapsed_s=7.1, more=["wheels in wheels/"])
    assert line == "✗ 7 built, 1 failed, 7.1 s · wheels in wheels/"


def test_the_summary_names_what_was_left_out_and_why() -> None:
    tally = Tally(built=2, left_out=(("left out, no compiler", ("markupsafe", "msgpack")),))
    assert summary_line(tally, PLAIN, elapsed_s=1.0).endswith("· left out, no compiler: markupsafe, msgpack")


def test_a_plan_tells_what_is_queued_and_what_is_not_wanted() -> None:
    builds = [
        build("numpy", "cp39", "not_wanted", reason="Requires-Python is >=3.10"),
        build("numpy", "cp311"),
        build("numpy", "cp312"),
    ]
    assert plan_lines(builds, PLAIN) == [
        "○ numpy 1.1.0  2 builds: cp311 cp312 · cp39 not wanted, Requires-Python is >=3.10"
    ]


def test_a_plan_tells_what_is_there_already() -> None:
    there = [build("wrapt", abi, "built", filename=f"wrapt-{abi}.whl") for abi in ("cp39", "cp311")]
    assert plan_lines(there, PLAIN) == ["= wrapt 1.17.2  nothing to build, 2 wheels are there"]


def test_plain_lines_have_time_word_and_fields_in_order() -> None:
    built = build(state="built", elapsed_s=20.06)
    failed = build("wrapt", "cp313", "failed", phase="build", elapsed_s=1.9, reason="Python.h: No such file\nmore")
    assert plain_changes(AT, [Change(before="building", build=one) for one in (built, failed)]) == [
        "2026-01-17T14:30:29Z built    msgpack 1.1.0 cp312 linux_x86_64 20.1s",
        "2026-01-17T14:30:29Z failed   wrapt 1.17.2 cp313 linux_x86_64 1.9s build: Python.h: No such file",
    ]


def test_a_build_that_only_begins_is_no_plain_line() -> None:
    assert plain_changes(AT, [Change(before="queued", build=build(state="building"))]) == []


def test_the_still_alive_line_counts() -> None:
    assert plain_progress(AT, view_of(BUILDS)) == "2026-01-17T14:30:29Z progress 1 of 3 done, 1 building, 1 waiting"


def test_the_last_plain_line_counts() -> None:
    assert plain_done(AT, Tally(built=7, failed=1), 69.2) == "2026-01-17T14:30:29Z done     7 built, 1 failed, 69s"


def test_colour_is_on_sign_and_track_alone() -> None:
    line = active_line(BUILDS[2], Palette(color=True, width=120))
    assert line.startswith("\x1b[36m●\x1b[0m msgpack")
    assert visible_length(line) == len(active_line(BUILDS[2], Palette(width=120)))
