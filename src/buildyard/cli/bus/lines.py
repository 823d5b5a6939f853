"""How a message looks on a line: time, topic, severity, what it says, id.

Pure.  What comes from the bus is anybody's, so nothing of it reaches the terminal that could move its cursor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from buildyard.cli.palette import Palette, visible_length
from buildyard.messaging import Message
from buildyard.messaging.exceptions import ValidationError
from buildyard.messaging.message import DEBUG, ERROR, INFO, SENT_AT_HEADER, WARNING

#: Word and tone of a severity.
_SEVERITIES = {DEBUG: ("debug", "muted"), INFO: ("info", ""), WARNING: ("warn", "warn"), ERROR: ("error", "bad")}
_WORD = 5

#: Characters of an id that are shown to a person; ``--json`` has all of them.
_ID = 4
#: Topics line up until one is longer than this.
_TOPIC = 48
#: Characters of a body that stand for a summary, without a terminal.
_EXCERPT = 200
#: Columns of a summary at least, however narrow the terminal.
_NARROWEST = 20


class Lines:
    """Messages as lines, their topics below each other."""

    def __init__(self, palette: Palette, *, is_terminal: bool) -> None:
        self._palette = palette
        self._is_terminal = is_terminal
        self._width = 0

    def of(self, message: Message, summary: str | None, now: datetime) -> str:
        """Return the line of a message; ``summary`` stands over its own, ``now`` for the time that it lacks."""
        word, tone = _SEVERITIES.get(message.severity, ("?", ""))
        at = sent_at(message) or now
        topic = printable(message.topic)
        if not self._is_terminal:
            said = _summary(message, summary, _EXCERPT)
            return f"{at:%Y-%m-%dT%H:%M:%SZ} {word:<8} {topic} {said} {printable(message.id or '-')}"
        start = f"{at:%H:%M:%S}  {self._topic(topic)}  {self._palette.paint(tone, word) if tone else word}"
        start += " " * (_WORD - len(word))
        identity = printable((message.id or "-")[:_ID]) + ("…" if message.id else "")
        room = max(self._palette.width - visible_length(start) - len(identity) - 4, _NARROWEST)
        return f"{start}  {_summary(message, summary, room):<{room}}  {self._palette.dim(identity)}"

    def invalid(self, topic: str, error: ValidationError, now: datetime) -> str:
        """Return the line of what arrived and is no message."""
        said = printable(f"schema: {error.summary.partition(chr(10))[0][:_EXCERPT]}")
        if not self._is_terminal:
            return f"{now:%Y-%m-%dT%H:%M:%SZ} invalid  {printable(topic)} {said}"
        return f"{now:%H:%M:%S}  {self._topic(printable(topic))}  {self._palette.mark('warn')} {said}"

    def _topic(self, topic: str) -> str:
        self._width = min(max(self._width, len(topic)), _TOPIC)
        return topic.ljust(self._width)


def details(message: Message, palette: Palette) -> Iterator[str]:
    """Yield headers and body, as ``-v`` shows them."""
    for name, value in (("headers", message.headers), ("body", message.body)):
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)
        first, *rest = text.splitlines()
        yield f"  {palette.dim(name)} {printable(first)}"
        yield from (f"  {printable(line)}" for line in rest)


def printable(text: str) -> str:
    """Return the text with a sign in place of each character that a terminal would obey."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "�" for one in text)


def sent_at(message: Message) -> datetime | None:
    """Return when a message was sent, in UTC; None where it does not tell."""
    told: Any = message.headers.get(SENT_AT_HEADER)
    try:
        return datetime.fromisoformat(told).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _summary(message: Message, told: str | None, room: int) -> str:
    try:
        text = told or message.summary
    except Exception:
        text = message.topic  # a class of a schema that fails on this body must not end who looks on
    if text == message.topic:
        text = json.dumps(message.body, ensure_ascii=False, default=str)
    text = printable(text)
    return text if len(text) <= room else f"{text[: room - 1]}…"
