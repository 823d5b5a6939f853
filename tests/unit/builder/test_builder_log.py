"""The log of a run: what is kept of it, and when each part came."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildyard.farm.builder.log import Log, Mark, parse_marks, seconds_at


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make(tmp_path: Path, limit: int = 1000, **options) -> Log:
    return Log(tmp_path / "run.log", limit=limit, **options)


def test_text_is_kept_exactly_as_it_was_printed(tmp_path):
    data = b"\x1b[31mred\x1b[0m \xff\xfe\r\n\x00 no newline at the end"
    with make(tmp_path) as log:
        log.write(data)
    assert log.path.read_bytes() == data


def test_own_line_is_on_a_line_by_itself(tmp_path):
    with make(tmp_path) as log:
        log.write(b"half a line")
        log.line("ours")
        log.write(b"more\n")
        log.line("ours again")
    assert log.path.read_text().splitlines() == ["half a line", "ours", "more", "ours again"]


def test_marks_tell_when_each_piece_came(tmp_path, clock):
    with make(tmp_path, clock=clock) as log:
        log.phase("fetch")
        clock.now += 0.5
        log.write(b"one\ntwo\n")
        clock.now += 1.25
        log.phase("build", "offline")
        log.write(b"three\n")
    marks = parse_marks(log.marks_path.read_bytes())
    assert marks == [Mark(0, 0.0, "fetch"), Mark(6, 0.5), Mark(14, 1.75, "build")]
    assert log.path.read_text() == "fetch\none\ntwo\nbuild  offline\nthree\n"
    assert [seconds_at(marks, offset) for offset in (0, 5, 6, 13, 14, 99)] == [0.0, 0.0, 0.5, 0.5, 1.75, 1.75]


def test_no_mark_is_written_for_each_line_of_one_moment(tmp_path, clock):
    with make(tmp_path, clock=clock, limit=100_000) as log:
        for number in range(1000):
            clock.now += 0.000_001
            log.write(b"line %d\n" % number)
    assert len(parse_marks(log.marks_path.read_bytes())) == 1


def test_half_a_mark_is_left_out():
    assert parse_marks(b"0 0.00 fetch\n6 0.5") == [Mark(0, 0.0, "fetch")]


def test_log_within_its_limit_is_whole(tmp_path):
    lines = [b"line %03d\n" % number for number in range(100)]  # 900 bytes
    with make(tmp_path) as log:
        for line in lines:
            log.write(line)
    assert log.path.read_bytes() == b"".join(lines)


def test_log_beyond_its_limit_keeps_first_and_last_half(tmp_path):
    with make(tmp_path) as log:
        for number in range(1000):
            log.write(b"line %03d\n" % number)
    lines = log.path.read_text().splitlines()
    assert lines[:2] == ["line 000", "line 001"]
    assert lines[-1] == "line 999"
    assert lines[55] == "⋯ 8.0 kB left out here; limit 1.0 kB"
    assert [line for line in lines if not line.startswith(("line ", "⋯"))] == []
    assert log.size <= 1000 + len(lines[55].encode()) + 1


def test_line_that_says_what_is_left_out_is_right(tmp_path):
    with make(tmp_path, limit=200) as log:
        log.write(b"a" * 99 + b"\n")
        log.write(b"b" * 5_000_000 + b"\n")
        log.write(b"c" * 98 + b"\n")
    head, notice, tail = log.path.read_text().splitlines()
    assert (head, tail) == ("a" * 99, "c" * 98)
    assert notice == "⋯ 5.0 MB left out here; limit 200 bytes"


def test_one_endless_line_is_cut_in_the_middle(tmp_path):
    with make(tmp_path) as log:
        for _ in range(100):
            log.write(b"x" * 100)
    text = log.path.read_bytes()
    assert text.startswith(b"x" * 500 + b"\n\xe2\x8b\xaf")
    assert text.endswith(b"x" * 500)


def test_phase_that_begins_in_what_is_left_out_is_still_marked(tmp_path, clock):
    with make(tmp_path, limit=200, clock=clock) as log:
        log.write(b"a" * 99 + b"\n")
        clock.now += 1
        log.phase("build")
        for _ in range(100):
            log.write(b"b" * 9 + b"\n")
    marks = parse_marks(log.marks_path.read_bytes())
    assert [(mark.phase, mark.seconds) for mark in marks if mark.phase] == [("build", 1.0)]
    assert log.path.read_bytes()[marks[-1].offset :].startswith("⋯".encode())


def test_follower_gets_the_file_in_order_without_gaps(tmp_path):
    got = bytearray()

    def follow(offset: int, data: bytes) -> None:
        assert offset == len(got)
        got.extend(data)

    with make(tmp_path, on_bytes=follow) as log:
        for number in range(500):
            log.write(b"line %03d\n" % number)
        log.write("ünï\n".encode())
    assert bytes(got) == log.path.read_bytes()


def test_mark_is_told_before_its_bytes(tmp_path):
    told: list[str] = []
    with make(
        tmp_path, on_bytes=lambda offset, _: told.append(f"bytes {offset}"), on_mark=lambda m: told.append(m.phase)
    ) as log:
        log.phase("fetch")
    assert told == ["fetch", "bytes 0"]


def test_lines_are_numbered_as_they_will_be(tmp_path):
    with make(tmp_path) as log:
        for number in range(1000):
            log.write(b"line %03d\n" % number)
        now = list(log.lines())
    after = [(number, line) for number, line in enumerate(log.path.read_text().splitlines(), 1)]
    assert now == after


@pytest.mark.parametrize("limit", [100_000, 1000])
def test_lines_since_a_position_are_those_written_after_it(tmp_path, limit):
    with make(tmp_path, limit=limit) as log:
        for number in range(500):
            log.write(b"old %03d\n" % number)
        begun = log.position
        log.write(b"new one\nnew two\n")
        found = list(log.lines(begun))
    assert [line for _, line in found] == ["new one", "new two"]
    lines = log.path.read_text().splitlines()
    assert [lines[number - 1] for number, _ in found] == ["new one", "new two"]


def test_writing_after_the_end_is_dropped(tmp_path):
    log = make(tmp_path)
    log.write(b"kept\n")
    log.close()
    log.write(b"late\n")
    log.line("late")
    log.phase("late")
    log.close()
    assert log.path.read_bytes() == b"kept\n"


def test_small_writes_take_little_memory(tmp_path):
    """A build that prints byte by byte would cost a hundred times its output otherwise."""
    log = make(tmp_path, limit=200_000)
    for _ in range(300_000):
        log.write(b"y\n")
    assert len(log._tail) < 1000
    log.close()
