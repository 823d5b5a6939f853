"""How messages look on a line, and progress on another."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from buildyard.cli.bus.lines import Lines, details, printable
from buildyard.cli.bus.progress import progress_line
from buildyard.cli.palette import Palette, visible_length
from buildyard.messaging.exceptions import ValidationError
from buildyard.messaging.message import ERROR, Message, register

NOW = datetime(2026, 1, 17, 14, 26, 2, tzinfo=UTC)


class Built(Message):
    @property
    def summary(self) -> str:
        return f"{self.body['package']} built"


register("test.built", Built)


def made(cls: type[Message] = Message, topic: str = "a.b", **more: object) -> Message:
    message = cls({"package": "six"}, topic=topic, **more)  # type: ignore[arg-type]
    message.headers["sent-at"] = "2026-01-17T15:26:09+01:00"
    message.id = "41bd7c1e-0000-4000-8000-000000000000"
    return message


def line(message: Message, *, is_terminal: bool = True, width: int = 80, color: bool = False) -> str:
    return Lines(Palette(width=width, color=color), is_terminal=is_terminal).of(message, None, NOW)


def test_a_person_reads_time_topic_severity_what_it_says_and_the_beginning_of_the_id() -> None:
    assert line(made(Built)).split() == ["14:26:09", "a.b", "info", "six", "built", "41bd…"]


def test_a_log_has_a_whole_time_and_the_whole_id() -> None:
    assert line(made(Built), is_terminal=False) == (
        "2026-01-17T14:26:09Z info     a.b six built 41bd7c1e-0000-4000-8000-000000000000"
    )


def test_message_without_words_of_its_own_shows_its_body() -> None:
    assert '{"package": "six"}' in line(made())


def test_line_fits_the_terminal() -> None:
    message = made()
    message.body = {"text": "x" * 500}
    assert visible_length(line(message, color=True)) == 80


def test_topics_stand_below_each_other() -> None:
    lines = Lines(Palette(width=100), is_terminal=True)
    first, second = (lines.of(made(topic=topic), None, NOW) for topic in ("a.longer.topic", "a"))
    assert first.index("info") == second.index("info")


def test_severity_is_a_word_and_a_colour() -> None:
    assert "\x1b[31merror\x1b[0m" in line(made(severity=ERROR), color=True)
    assert "\x1b" not in line(made(severity=ERROR))


def test_message_without_a_time_has_that_of_its_arrival() -> None:
    message = made()
    message.headers["sent-at"] = ["nonsense"]
    assert line(message).startswith("14:26:02")


@pytest.mark.parametrize("evil", ["\x1b[2J", "\r", "\x07", "\x9b31m", "‮", "\n"])
def test_nothing_from_the_bus_moves_the_cursor(evil: str) -> None:
    message = made(topic=f"a{evil}")
    message.body = {evil: f"x{evil}"}
    message.id = f"{evil}-id"
    shown = [line(message), line(message, is_terminal=False), *details(message, Palette())]
    shown.append(Lines(Palette(), is_terminal=True).invalid(f"a{evil}", ValidationError(f"no{evil}"), NOW))
    assert all(one.isprintable() for one in shown)
    assert (
        printable(f"a{evil}b")
        == "a" + "�" * len(evil.replace("[2J", "").replace("31m", "")) + (evil[1:] if len(evil) > 1 else "") + "b"
    )


def test_class_that_fails_on_a_body_does_not_end_who_looks_on() -> None:
    message = made(Built)
    message.body = {}
    assert "{}" in line(message)


def test_invalid_message_says_what_is_wrong_with_it() -> None:
    lines = Lines(Palette(), is_terminal=True)
    assert lines.invalid("a.b", ValidationError("'version' is missing"), NOW) == (
        "14:26:02  a.b  ! schema: 'version' is missing"
    )


@pytest.mark.parametrize(
    ("done", "limit", "elapsed", "shown"),
    [
        (5, 10, 2.0, f"● Recording  {'━' * 15}╸{'─' * 14}  5 of 10  2/s"),
        (10, 10, 2.0, f"● Recording  {'━' * 30}  10 of 10  5/s"),
        (0, 10, 0.1, f"● Recording  ╸{'─' * 29}  0 of 10"),
        (1234, None, 0.1, "● Recording  1,234 messages"),
        (1, None, 1.0, "● Recording  1 message  1/s"),
    ],
)
def test_progress_is_a_bar_where_the_end_is_known(done: int, limit: int | None, elapsed: float, shown: str) -> None:
    assert progress_line(Palette(), "Recording", done, limit, elapsed) == shown
