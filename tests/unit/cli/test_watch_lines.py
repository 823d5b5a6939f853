"""Events as lines, logs without escapes, and long texts folded for continuous integration."""

from __future__ import annotations

import pytest

from buildyard.cli.answers import EventAnswer
from buildyard.cli.folding import folded
from buildyard.cli.logs import without_escapes
from buildyard.cli.palette import Palette
from buildyard.cli.watch import event_line

PLAIN = Palette()
AT = 1768660229.0  # 2026-01-17T14:30:29Z


def event(topic: str, **body: object) -> EventAnswer:
    return EventAnswer(id=1, topic=topic, at=AT, summary="msgpack 1.1.0 cp312 happened", body=body)


@pytest.mark.parametrize(
    ("happened", "glyph"),
    [
        (event("build.completed"), "✓"),
        (event("file.published"), "✓"),
        (event("build.phase", phase="build"), "●"),
        (event("build.queued"), "○"),
        (event("build.failed", final=True), "✗"),
        (event("build.failed", final=False), "↻"),
        (event("build.skipped", state="not_wanted"), "-"),
        (event("build.skipped", state="covered"), "="),
        (event("builder.lost"), "!"),
        (event("request.failed"), "✗"),
        (event("something.new"), " "),
    ],
)
def test_an_event_has_its_time_its_sign_and_its_summary(happened: EventAnswer, glyph: str) -> None:
    assert event_line(happened, PLAIN, is_terminal=True) == f"14:30:29  {glyph} msgpack 1.1.0 cp312 happened"


@pytest.mark.parametrize(
    ("happened", "word"),
    [
        (event("build.completed"), "built"),
        (event("build.failed", final=True), "failed"),
        (event("build.failed", final=False), "retry"),
        (event("task.running"), "running"),
    ],
)
def test_without_a_terminal_an_event_has_its_whole_time_and_a_word(happened: EventAnswer, word: str) -> None:
    line = event_line(happened, PLAIN, is_terminal=False)
    assert line == f"2026-01-17T14:30:29Z {word:<8} msgpack 1.1.0 cp312 happened"


def test_escapes_leave_a_log_that_goes_into_a_pipe() -> None:
    log = b"\x1b[31merror:\x1b[0m no\n\x1b]0;title\x07plain\r\n"
    assert b"".join(without_escapes([log])) == b"error: no\nplain\r\n"


def test_an_escape_that_is_cut_in_two_is_still_taken_out() -> None:
    assert b"".join(without_escapes([b"one \x1b[3", b"1mred\x1b", b"[0m\n"])) == b"one red\n"


def test_a_last_line_without_its_end_is_kept() -> None:
    assert b"".join(without_escapes([b"one\ntw", b"o"])) == b"one\ntwo"


def test_github_folds_a_log_in_a_group() -> None:
    text = folded("wrapt failed", "line\n::error::mine", {"GITHUB_ACTIONS": "true"}, now=AT)
    assert text == "::group::wrapt failed\nline\n ::error::mine\n::endgroup::"


def test_gitlab_folds_a_log_in_a_section() -> None:
    text = folded("wrapt 1.17 failed", "line", {"GITLAB_CI": "true"}, now=12.5)
    assert text == (
        "\x1b[0Ksection_start:12:wrapt_1_17_failed[collapsed=true]\r\x1b[0Kwrapt 1.17 failed\n"
        "line\n\x1b[0Ksection_end:12:wrapt_1_17_failed\r\x1b[0K"
    )


def test_elsewhere_nothing_is_folded() -> None:
    assert folded("x", "y", {}, now=AT) is None
