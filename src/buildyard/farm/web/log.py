"""A build's log as sections of numbered lines: which are shown, which are folded, what a reader jumps to.

Pure: bytes and marks in, values out.  A section is a phase.  Of a long section only its ends, the line that tells why
the build failed and what the reader asked for are rendered; the rest is a fold, which is a link to itself.  `ansi`
makes a line safe, `live` continues a log where a page left off.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Literal, Protocol

from msgspec import Struct

from buildyard.farm.web.ansi import PLAIN, Style, render

#: Lines kept at the beginning and the end of a section.
HEAD, TAIL = 12, 24

#: Lines kept before and after the one that tells why a build failed; its section then begins with few.
BEFORE, AFTER, FAILED_HEAD = 8, 12, 2

#: Of a running build so many of the last lines are shown.
LIVE_TAIL = 200

#: A fold hides at least this many lines, and a reader opens at most this many.
LEAST_FOLD = 6
MOST_ASKED = 5000

_ERROR = re.compile(
    rb"\b(?:fatal )?error(?:\[E\d+\])?:|^ERROR\b|^Traceback |^\s*\xc3\x97|^\s*\xe2\x9c\x97", re.I | re.M
)
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")
_WARNING = re.compile(rb"\bwarning:", re.I)


class Mark(Protocol):
    """A moment in a log (`tasks.logs.Mark`)."""

    @property
    def offset(self) -> int:
        """The byte that came then."""

    @property
    def at(self) -> float:
        """Seconds since the run began."""

    @property
    def phase(self) -> str | None:
        """The phase that began here, if one did."""


class LogLine(Struct, frozen=True, kw_only=True):
    """One line, safe to put on a page."""

    number: int  #: 1 for the first
    seconds: float | None  #: since the run began
    html: str
    mark: Literal["", "error", "warning", "cause", "phase"] = ""  #: ``cause``: this is why the build failed


class Fold(Struct, frozen=True, kw_only=True):
    """Lines that are not shown."""

    first: int
    last: int
    warnings: int = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


class Section(Struct, frozen=True, kw_only=True):
    """A phase's part of the log."""

    phase: str  #: '' for what came before the first
    note: str  #: what its first line says of it, ``offline, bubblewrap``
    is_headed: bool  #: its first line is the one that begins the phase, and stands for it
    first: int  #: the number of its first line
    count: int  #: lines below the one that begins it
    seconds: float
    elapsed_s: float | None  #: None while it runs
    is_open: bool
    rows: tuple[LogLine | Fold, ...]


class Wanted(Struct, frozen=True, kw_only=True):
    """What a reader wants to see of a log, and what is known of its end."""

    cause: int | None = None  #: the line that tells why it failed
    is_running: bool = False
    has_failed: bool = False
    asked: range = range(0)  #: lines that were asked for by number
    only_errors: bool = False


class Log:
    """The whole log of a run, cut into lines; of one that still grows, its whole lines."""

    def __init__(self, data: bytes, marks: Sequence[Mark] = (), *, grows: bool = False) -> None:
        self._lines = (data[: data.rfind(b"\n") + 1] if grows else data).split(b"\n")
        if not self._lines[-1]:
            self._lines.pop()
        self._offsets = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._times = sorted(marks, key=lambda mark: mark.offset)
        self._time_offsets = [mark.offset for mark in self._times]
        self._phases = [mark for mark in self._times if mark.phase]

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def end(self) -> Cursor:
        """Where the log can be continued: behind its last whole line."""
        return Cursor(offset=self._offsets[-1], line=len(self._lines) + 1)

    def sections(self, wanted: Wanted) -> list[Section]:
        """Return every section with the lines that are shown of it."""
        starts = self._section_starts()
        ends = [start for start, _, _ in starts[1:]] + [len(self._lines)]
        times = [seconds for _, _, seconds in starts[1:]]
        elapsed = [*(after - one[2] for after, one in zip(times, starts, strict=False)), None]
        return [
            self._section(start, end, phase, seconds, took, wanted, is_last=end == len(self._lines))
            for (start, phase, seconds), end, took in zip(starts, ends, elapsed, strict=True)
            if phase or end > start
        ]

    def _section_starts(self) -> list[tuple[int, str, float]]:
        found = [(bisect_left(self._offsets, mark.offset), mark.phase or "", mark.at) for mark in self._phases]
        found = [(min(start, len(self._lines)), phase, at) for start, phase, at in found]
        return found if found and found[0][0] == 0 else [(0, "", 0.0), *found]

    def _section(
        self, start: int, end: int, phase: str, seconds: float, took: float | None, wanted: Wanted, *, is_last: bool
    ) -> Section:
        note = self._note(start, end, phase)
        below = start + (note is not None)
        holds_cause = wanted.cause is not None and start < wanted.cause <= end
        is_asked = bool(range(max(start + 1, wanted.asked.start), min(end + 1, wanted.asked.stop)))
        head = FAILED_HEAD if holds_cause or (is_last and wanted.is_running) else HEAD
        tail = LIVE_TAIL if is_last and wanted.is_running else TAIL
        is_open = is_last or holds_cause or is_asked or not (wanted.is_running or wanted.has_failed)
        return Section(
            phase=phase,
            note=note or "",
            is_headed=note is not None,
            first=start + 1,
            count=end - below,
            seconds=seconds,
            elapsed_s=took,
            is_open=is_open or wanted.only_errors,
            rows=tuple(self._rows(below, end, self._shown(below, end, (head, tail), wanted), wanted)),
        )

    def _note(self, start: int, end: int, phase: str) -> str | None:
        """Return what the line that begins a phase says of it, None where the phase has no such line."""
        if not phase or start == end:
            return None
        name, _, note = self._lines[start].decode("utf-8", "replace").partition("  ")
        return note.strip() if name == phase else None

    def _shown(self, start: int, end: int, ends: tuple[int, int], wanted: Wanted) -> list[tuple[int, int]]:
        """Return the shown parts of a section as half-open ranges of line indices, in order, without small gaps."""
        if wanted.only_errors:
            parts = [(index, index + 1) for index in range(start, end) if _marked(self._lines[index])]
            return parts[:MOST_ASKED]
        parts = [(start, start + ends[0]), (end - ends[1], end)]
        if wanted.cause is not None:
            parts.append((wanted.cause - 1 - BEFORE, wanted.cause + AFTER))
        asked = wanted.asked[:MOST_ASKED]
        parts.append((asked.start - 1, asked.stop - 1))
        clipped = sorted((max(first, start), min(last, end)) for first, last in parts)
        return _joined(part for part in clipped if part[0] < part[1])

    def _rows(self, start: int, end: int, shown: Iterable[tuple[int, int]], wanted: Wanted) -> Iterator[LogLine | Fold]:
        done = start
        for first, last in shown:
            if first > done and not wanted.only_errors:
                yield self._fold(done, first)
            yield from self._rendered(first, last, wanted.cause)
            done = last
        if end > done and not wanted.only_errors:
            yield self._fold(done, end)

    def _rendered(self, first: int, last: int, cause: int | None) -> list[LogLine]:
        rows: list[LogLine] = []
        style = PLAIN
        for index in range(first, last):
            line = render(self._lines[index].decode("utf-8", "replace"), style)
            style = line.style
            if line.ups:
                del rows[-line.ups :]  # it was printed over these
            mark: Literal["", "error", "warning", "cause", "phase"] = _marked(self._lines[index])
            if cause is not None and self._tells_cause(index, cause):
                mark = "cause"
            rows.append(LogLine(number=index + 1, seconds=self._seconds(index), html=line.html, mark=mark))
        return rows

    def _tells_cause(self, index: int, cause: int) -> bool:
        """Tell whether this is the line that tells why, or one of the two that a compiler draws below it."""
        drawn = all(b" | " in line + b" " for line in self._lines[cause : index + 1])
        return index == cause - 1 or (cause <= index <= cause + 1 and drawn)

    def _seconds(self, index: int) -> float | None:
        nth = bisect_right(self._time_offsets, self._offsets[index])
        return self._times[nth - 1].at if nth else None

    def _fold(self, first: int, last: int) -> Fold:
        hidden = self._lines[first:last]
        return Fold(first=first + 1, last=last, warnings=sum(_WARNING.search(line) is not None for line in hidden))


class Cursor(Struct, frozen=True, kw_only=True):
    """Where a reader of a growing log stands: behind a whole line."""

    offset: int = 0  #: bytes
    line: int = 1  #: the number that the next line gets

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Return the cursor that `__str__` wrote.  Raises `ValueError` for anything else."""
        offset, dash, line = text.partition("-")
        if not (dash and offset.isdecimal() and line.isdecimal()) or len(text) > 30:
            raise ValueError(f"not a place in a log: {text!r}")
        return cls(offset=int(offset), line=int(line))

    def __str__(self) -> str:
        return f"{self.offset}-{self.line}"


class GrowingLog:
    """The log of a running build: pieces of bytes in, whole lines out."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self._rest = b""
        self._style: Style = PLAIN

    def feed(self, piece: bytes, marks: Sequence[Mark]) -> list[LogLine]:
        """Return the lines that this piece completes; ``marks`` are all that the log has by now."""
        *whole, self._rest = (self._rest + piece).split(b"\n")
        begins = {mark.offset for mark in marks if mark.phase}
        return [self._line(line, marks, begins) for line in whole]

    def _line(self, raw: bytes, marks: Sequence[Mark], begins: Container[int]) -> LogLine:
        line = render(raw.decode("utf-8", "replace"), self._style)
        self._style = line.style
        offset, number = self.cursor.offset, self.cursor.line
        self.cursor = Cursor(offset=offset + len(raw) + 1, line=number + 1)
        nth = bisect_right(marks, offset, key=_offset)
        seconds = marks[nth - 1].at if nth else None
        return LogLine(
            number=number, seconds=seconds, html=line.html, mark="phase" if offset in begins else _marked(raw)
        )


def _offset(mark: Mark) -> int:
    return mark.offset


def _marked(line: bytes) -> Literal["", "error", "warning"]:
    if b"\x1b" in line:
        line = _COLOUR.sub(b"", line)
    if _ERROR.search(line):
        return "error"
    return "warning" if _WARNING.search(line) else ""


def _joined(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join ranges that overlap, touch, or leave too little between them for a fold."""
    joined: list[tuple[int, int]] = []
    for first, last in parts:
        if joined and first - joined[-1][1] < LEAST_FOLD:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
