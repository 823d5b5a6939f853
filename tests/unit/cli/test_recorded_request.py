"""The screen of a request at moments recorded from a real farm: from asked to built, on a terminal and without one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from buildyard.cli.answers import RequestAnswer
from buildyard.cli.palette import Palette
from buildyard.cli.progress import changes, tally_of, view_of
from buildyard.cli.report import final_lines, live_lines, plain_changes, summary_line

PLAIN = Palette(width=80)
_LINES = (Path(__file__).parent / "recorded" / "request.jsonl").read_bytes().splitlines()
ASKED, BEGUN, MIDDLE, LATE, DONE = (msgspec.json.decode(line, type=RequestAnswer) for line in _LINES)


def table(request: RequestAnswer, width: int = 80, height: int = 20) -> list[str]:
    return live_lines(view_of(request.builds, slots=2), Palette(width=width), elapsed_s=30.0, height=height)


def test_a_request_that_was_only_asked_has_nothing_to_show() -> None:
    assert table(ASKED) == ["Building" + "0 of 0 done, 30 s".rjust(72)]


def test_at_the_beginning_two_slots_work_and_no_time_is_known() -> None:
    assert table(BEGUN)[1:] == [
        "● markupsafe  3.0.4  cp39    check    ━━━━━━━━━━━━━━━━━╸─     3.1 s  yard-1",
        "● msgpack     1.1.2  cp39    build    ━━━━━━━━━╸─────────     3.1 s  yard-1",
        "○ 10 waiting, next markupsafe cp311",
    ]


def test_in_the_middle_the_time_that_is_left_is_known() -> None:
    assert table(MIDDLE)[1:] == [
        "✓ markupsafe  3.0.4  cp39 cp311                                            8.2 s",
        "✓ msgpack     1.1.2  cp39                                                   14 s",
        "● markupsafe  3.0.4  cp312   upload   ━━━━━━━━━━━━━━╸────     3.2 s  yard-1",
        "● msgpack     1.1.2  cp311   build    ━━━━━━━━━━━━╸──────     8.8 s  yard-1",
        "○ 7 waiting, next markupsafe cp313, about 28 s left",
    ]


def test_at_the_end_a_pure_wheel_serves_every_python_and_its_others_no_longer_count() -> None:
    assert table(DONE)[0].endswith("9 of 9 done, 30 s")
    assert final_lines(view_of(DONE.builds), PLAIN) == [
        "✓ markupsafe  3.0.4   cp39 cp311 cp312 cp313                                18 s",
        "✓ msgpack     1.1.2   cp39 cp311 cp312 cp313                            1 m 05 s",
        "✓ six         1.17.0  every Python                                         3.7 s",
    ]
    assert summary_line(tally_of(DONE.builds), PLAIN, elapsed_s=38.0) == "✓ 9 built, 0 failed, 38 s"


@pytest.mark.parametrize("request_", [ASKED, BEGUN, MIDDLE, LATE, DONE], ids=lambda request: f"{len(request.builds)}")
@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_every_line_fits(request_: RequestAnswer, width: int) -> None:
    assert all(len(line) <= width for line in table(request_, width))


def test_without_a_terminal_each_build_that_ended_between_two_looks_is_a_line() -> None:
    before = {build.id: build for build in LATE.builds}
    lines = plain_changes(1768660229.0, changes(before, DONE.builds))
    assert [line.partition("Z ")[2].rpartition(" ")[0] for line in lines] == [
        "built    msgpack 1.1.2 cp313 linux_x86_64",
        "built    six 1.17.0 cp313 linux_x86_64",
    ]
