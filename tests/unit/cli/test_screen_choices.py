"""What a stream may show: colours, signs, a live table; and where each kind of line goes."""

from __future__ import annotations

import io

import pytest

from buildyard.cli.palette import Palette, justified, visible_length
from buildyard.cli.screen import Screen, wants_color


class Stream(io.StringIO):
    """A text stream that is a terminal or not."""

    def __init__(self, *, terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal = terminal
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


def screen(environment: dict[str, str] | None = None, *, terminal: bool = True, **more: object) -> Screen:
    streams = Stream(terminal=terminal), Stream(terminal=terminal)
    return Screen(*streams, environment or {}, columns=80, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("environment", "choice", "terminal", "wanted"),
    [
        ({}, "auto", True, True),
        ({}, "auto", False, False),
        ({"NO_COLOR": "1"}, "auto", True, False),
        ({"NO_COLOR": ""}, "auto", True, True),
        ({"FORCE_COLOR": "1"}, "auto", False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, "auto", True, False),
        ({"NO_COLOR": "1"}, "always", False, True),
        ({"FORCE_COLOR": "1"}, "never", True, False),
        ({"TERM": "dumb"}, "auto", True, False),
    ],
)
def test_colour_follows_the_flag_then_the_environment_then_the_stream(
    environment: dict[str, str], choice: str, terminal: bool, wanted: bool
) -> None:
    assert wants_color(Stream(terminal=terminal), environment, choice) is wanted  # type: ignore[arg-type]


def test_a_live_table_needs_a_terminal() -> None:
    assert screen().is_live
    assert not screen(terminal=False).is_live


def test_a_live_table_needs_a_terminal_that_moves_its_cursor() -> None:
    assert not screen({"TERM": "dumb"}).is_live


def test_a_live_table_needs_sixty_columns() -> None:
    narrow = Screen(Stream(terminal=True), Stream(terminal=True), {}, columns=59)
    assert not narrow.is_live


@pytest.mark.parametrize("verbosity", [-1, 1, 2])
def test_there_is_no_live_table_where_nothing_or_each_step_is_told(verbosity: int) -> None:
    assert not screen(verbosity=verbosity).is_live


def test_at_most_120_columns_are_used() -> None:
    wide = Screen(Stream(), Stream(), {}, columns=300)
    assert wide.out.width == 120


def test_results_go_to_stdout_and_all_else_to_stderr() -> None:
    shown = screen()
    shown.result("result")
    shown.note("note")
    shown.warn("careful")
    shown.error("error: no")
    assert shown.stdout.getvalue() == "result\n"  # type: ignore[attr-defined]
    assert [line.removeprefix("\x1b[33m") for line in shown.stderr.getvalue().splitlines()] == [  # type: ignore[attr-defined]
        "note",
        "!\x1b[0m careful",
        "error: no",
    ]


def test_quiet_leaves_only_results_and_errors() -> None:
    shown = screen(verbosity=-1)
    shown.note("note")
    shown.warn("careful")
    shown.error("error: no")
    assert shown.stderr.getvalue() == "error: no\n"  # type: ignore[attr-defined]


def test_steps_are_told_to_whoever_wants_them() -> None:
    quiet, verbose = screen(), screen(verbosity=1, color="never")
    for one in (quiet, verbose):
        one.step("request 77")
    assert (quiet.stderr.getvalue(), verbose.stderr.getvalue()) == ("", "request 77\n")  # type: ignore[attr-defined]


def test_a_stream_that_is_not_utf8_gets_signs_it_can_show() -> None:
    stream = Stream(encoding="ascii")
    shown = Screen(stream, Stream(), {}, columns=80)
    shown.result("✓ built · 1 … ━╸─ ✗ ↻ ‖ ⊘ ↑ ● ○ –")
    stream.getvalue().encode("ascii")
    assert stream.getvalue() == "+ built - 1 ... =>- x ~ % / ^ * o -\n"


def test_json_is_one_line() -> None:
    shown = screen()
    shown.json({"error": {"code": "x"}})
    assert shown.stdout.getvalue() == '{"error":{"code":"x"}}\n'  # type: ignore[attr-defined]


def test_justified_leaves_two_spaces_at_least() -> None:
    assert justified("a" * 10, "b", 8) == f"{'a' * 10}  b"


def test_colour_takes_no_room() -> None:
    painted = Palette(color=True).paint("ok", "built")
    assert visible_length(painted) == 5
    assert visible_length(justified(painted, "1 s", 20)) == 20
