"""A log becomes sections of numbered lines; long middles fold, what matters stays in sight."""

from __future__ import annotations

import pytest

from buildyard.farm.tasks.logs import Mark
from buildyard.farm.web.log import Cursor, Fold, GrowingLog, Log, LogLine, Section, Wanted

CAUSE = b"a.c:9:1: error: no\n  9 | x\n    | ^\n"


def lines(number: int, word: str = "line") -> bytes:
    return b"".join(f"{word} {nth}\n".encode() for nth in range(1, number + 1))


def log_of(build: bytes, after: bytes = b"", *, grows: bool = False) -> Log:
    head = b"fetch\n"
    middle = b"build  offline, bubblewrap\n" + build
    marks = [
        Mark(offset=0, at=0.0, phase="fetch"),
        Mark(offset=len(head), at=0.3, phase="build"),
        Mark(offset=len(head) + len(middle), at=9.0, phase="check"),
    ]
    return Log(head + middle + after, marks if after else marks[:2], grows=grows)


def numbers(section: Section) -> list[int]:
    return [row.number for row in section.rows if isinstance(row, LogLine)]


def folds(section: Section) -> list[tuple[int, int]]:
    return [(row.first, row.last) for row in section.rows if isinstance(row, Fold)]


def test_a_section_begins_where_its_phase_does() -> None:
    fetch, build, check = log_of(lines(3), b"check\nok\n").sections(Wanted())
    assert [(one.phase, one.first, one.count) for one in (fetch, build, check)] == [
        ("fetch", 1, 0),
        ("build", 2, 3),
        ("check", 6, 1),
    ]


def test_the_line_that_begins_a_phase_is_its_heading() -> None:
    build = log_of(lines(3)).sections(Wanted())[1]
    assert (build.note, build.is_headed, numbers(build)) == ("offline, bubblewrap", True, [3, 4, 5])


def test_a_phase_without_such_a_line_keeps_all_its_lines() -> None:
    (section,) = Log(b"gcc a.c\n", [Mark(offset=0, at=0.0, phase="build")]).sections(Wanted())
    assert (section.is_headed, numbers(section)) == (False, [1])


def test_a_phase_took_until_the_next_one_began() -> None:
    fetch, build, check = log_of(lines(3), b"check\n").sections(Wanted())
    assert (fetch.elapsed_s, build.elapsed_s, check.elapsed_s) == (0.3, 8.7, None)


def test_a_log_without_marks_is_one_section() -> None:
    (section,) = Log(b"one\ntwo\n").sections(Wanted())
    assert (section.phase, numbers(section)) == ("", [1, 2])


def test_what_came_before_the_first_phase_is_a_section_of_its_own() -> None:
    first, second = Log(b"hello\nbuild\n", [Mark(offset=6, at=1.0, phase="build")]).sections(Wanted())
    assert (first.phase, second.phase) == ("", "build")


def test_an_empty_log_has_no_sections() -> None:
    assert Log(b"").sections(Wanted()) == []


def test_a_long_middle_folds() -> None:
    build = log_of(lines(100)).sections(Wanted())[1]
    assert folds(build) == [(15, 78)]


def test_a_short_middle_is_shown() -> None:
    assert folds(log_of(lines(40)).sections(Wanted())[1]) == []


def test_a_fold_counts_its_warnings() -> None:
    build = log_of(lines(50) + b"a.c: warning: hm\n" * 3 + lines(50)).sections(Wanted())[1]
    assert [row.warnings for row in build.rows if isinstance(row, Fold)] == [3]


def test_of_a_failed_build_only_the_phase_that_failed_is_open() -> None:
    fetch, build = log_of(lines(5)).sections(Wanted(has_failed=True, cause=4))
    assert (fetch.is_open, build.is_open) == (False, True)


def test_of_a_built_one_every_phase_is_open() -> None:
    assert all(section.is_open for section in log_of(lines(5), b"check\n").sections(Wanted()))


def test_the_line_that_tells_why_is_in_sight_with_what_is_drawn_below_it() -> None:
    log = log_of(lines(100) + CAUSE + lines(100))
    build = log.sections(Wanted(has_failed=True, cause=103))[1]
    marked = [row.number for row in build.rows if isinstance(row, LogLine) and row.mark == "cause"]
    assert marked == [103, 104, 105]


def test_lines_after_the_cause_that_are_not_drawn_below_it_are_not_marked() -> None:
    build = log_of(b"a.c: error: no\nmake: stop\n").sections(Wanted(has_failed=True, cause=3))[1]
    assert [row.mark for row in build.rows if isinstance(row, LogLine)] == ["cause", ""]


def test_lines_that_were_asked_for_are_shown() -> None:
    build = log_of(lines(1000)).sections(Wanted(asked=range(500, 503)))[1]
    assert {500, 501, 502} <= set(numbers(build))
    assert len(folds(build)) == 2


def test_lines_that_are_not_there_may_be_asked_for() -> None:
    assert log_of(lines(3)).sections(Wanted(asked=range(500, 10_000_000)))[1].count == 3


def test_of_a_running_build_the_last_lines_are_shown() -> None:
    build = log_of(lines(1000)).sections(Wanted(is_running=True))[1]
    assert numbers(build)[-200:] == list(range(803, 1003))


def test_of_a_growing_log_only_whole_lines_are_shown() -> None:
    log = Log(b"one\ntw", grows=True)
    assert (len(log), log.end) == (1, Cursor(offset=4, line=2))


def test_the_last_line_of_a_finished_log_needs_no_line_feed() -> None:
    assert len(Log(b"one\ntwo")) == 2


def test_errors_alone_leave_out_the_rest() -> None:
    build = log_of(lines(50) + CAUSE + lines(50)).sections(Wanted(only_errors=True))[1]
    assert numbers(build) == [53]
    assert folds(build) == []


def test_lines_know_when_they_came() -> None:
    log = Log(b"one\ntwo\nthree\n", [Mark(offset=0, at=0.5), Mark(offset=4, at=2.5)])
    (section,) = log.sections(Wanted())
    assert [row.seconds for row in section.rows if isinstance(row, LogLine)] == [0.5, 2.5, 2.5]


def test_a_line_that_prints_over_others_takes_their_place() -> None:
    (section,) = Log(b"kept\none\ntwo\n\x1b[2A\x1b[Jboth\n").sections(Wanted())
    assert [row.html for row in section.rows if isinstance(row, LogLine)] == ["kept", "both"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    (section,) = Log(b"\xff\xfe\n").sections(Wanted())
    assert [row.html for row in section.rows if isinstance(row, LogLine)] == ["��"]


def test_a_growing_log_goes_on_where_a_page_left_off() -> None:
    growing = GrowingLog(Log(b"one\ntwo\n", grows=True).end)
    found = growing.feed(b"three\nfo", [Mark(offset=0, at=1.0), Mark(offset=8, at=3.0)])
    assert [(line.number, line.html, line.seconds) for line in found] == [(3, "three", 3.0)]
    assert [line.html for line in growing.feed(b"ur\n", [])] == ["four"]
    assert growing.cursor == Cursor(offset=19, line=5)


def test_a_growing_log_tells_where_a_phase_begins() -> None:
    growing = GrowingLog(Cursor())
    found = growing.feed(b"build  offline\ngcc\n", [Mark(offset=0, at=0.0, phase="build")])
    assert [line.mark for line in found] == ["phase", ""]


def test_a_cursor_survives_the_address() -> None:
    assert Cursor.parse(str(Cursor(offset=48213, line=2900))) == Cursor(offset=48213, line=2900)


@pytest.mark.parametrize("text", ["", "1", "-1-2", "1-x", "9" * 40 + "-1"])
def test_a_bad_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a place in a log"):
        Cursor.parse(text)
