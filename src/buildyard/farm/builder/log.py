"""The log of one run: what the phases print, bounded, with the moment at which each piece came.

Takes bytes as they come and writes two files.  ``path`` is the text, exactly as it was printed.  ``marks_path`` tells
when: lines of ``offset seconds`` and, where a phase begins, ``offset seconds phase``; the bytes from that offset up to
the next line's came at that second.  When the text passes its limit, the first half stays, and the last half follows
after one line that says how much was left out.  `process` writes the output of commands here, the phases their own
lines, and whoever shows the log follows it through ``on_bytes`` and ``on_mark``.
"""

from __future__ import annotations

import bisect
import io
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from buildyard.farm.builder.units import readable_size

#: Below this many bytes, two writes of one moment are kept as one.
_SMALL = 1024


class Mark(NamedTuple):
    """A moment in a log: the bytes from ``offset`` on came at ``seconds``."""

    offset: int
    seconds: float  #: since the log was begun
    phase: str = ""  #: the phase that begins here, if one does


class _Chunk(NamedTuple):
    seconds: float
    data: bytes
    phase: str = ""


class Log:
    """The log of one run, written by one thread.

    ``limit`` is in bytes.  ``on_bytes(offset, data)`` follows the text as it lies in the file, in order and without
    gaps: once the first half is full it is silent until `close` writes the last half.  ``on_mark(mark)`` follows the
    marks, each before its bytes.
    """

    def __init__(
        self,
        path: Path,
        *,
        limit: int,
        clock: Callable[[], float] = time.monotonic,
        on_bytes: Callable[[int, bytes], None] | None = None,
        on_mark: Callable[[Mark], None] | None = None,
    ) -> None:
        self.path = path
        self.marks_path = path.with_suffix(".marks")
        self.size = 0  #: bytes in the file so far
        self.position = 0  #: bytes written so far, those left out included
        self._limit = limit
        self._clock = clock
        self._on_bytes = on_bytes
        self._on_mark = on_mark
        self._started = clock()
        self._lock = threading.Lock()
        self._text = io.FileIO(path, "w")
        self._marks = io.FileIO(self.marks_path, "w")
        self._closed = False
        self._head_left = limit // 2
        self._marked = -1.0
        self._tail: deque[_Chunk] = deque()
        self._tail_size = 0
        self._tail_begun = False
        self._left_out = 0
        self._last_left_out: _Chunk | None = None  # the last phase that begins in what is left out
        self._written = b"\n"  # the last byte written, which the file's may lag behind
        self._in_file = b"\n"

    @property
    def seconds(self) -> float:
        """Seconds since the log was begun."""
        return self._clock() - self._started

    def write(self, data: bytes) -> None:
        """Append output as it came.  What comes after `close` is dropped.  Raises `OSError` where the disk is full."""
        if not data:
            return
        with self._lock:
            if not self._closed:
                self._take(_Chunk(self.seconds, data))
                self._written = data[-1:]

    def line(self, text: str) -> None:
        """Append one line of the builder's own, on a line by itself."""
        self._line(text)

    def phase(self, name: str, note: str = "") -> None:
        """Append the line that begins a phase, and mark it."""
        self._line(f"{name}  {note}".rstrip(), name)

    def snapshot(self) -> bytes:
        """Return the text as `close` would leave it now."""
        with self._lock:
            head = self.path.read_bytes()
            return head if self._closed else head + b"".join(chunk.data for chunk in self._ending())

    def lines(self, since: int = 0) -> Iterator[tuple[int, str]]:
        """Yield number and text of the lines written since that `position`, numbered as `close` would leave them."""
        data = self.snapshot()
        # What is left out lies before what came last, so the end of the text is counted from its end.
        start = max(0, len(data) - (self.position - since)) if since else 0
        rows = data[start:].split(b"\n")
        if not rows[-1]:
            del rows[-1]
        for number, row in enumerate(rows, data.count(b"\n", 0, start) + 1):
            yield number, row.decode("utf-8", "replace")

    def close(self) -> None:
        """Write what is kept of the end, and close both files.  May be called again."""
        with self._lock:
            if self._closed:
                return
            try:
                for chunk in self._ending():
                    self._append(chunk)
            finally:
                self._closed = True
                self._tail.clear()
                self._text.close()
                self._marks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _line(self, text: str, phase: str = "") -> None:
        with self._lock:
            if self._closed:
                return
            if self._written != b"\n":
                self._take(_Chunk(self.seconds, b"\n"))
            self._take(_Chunk(self.seconds, text.encode("utf-8", "backslashreplace") + b"\n", phase))
            self._written = b"\n"

    def _take(self, chunk: _Chunk) -> None:
        self.position += len(chunk.data)
        if self._tail_begun:
            self._keep_for_the_end(chunk)
        elif len(chunk.data) <= self._head_left:
            self._head_left -= len(chunk.data)
            self._append(chunk)
        else:
            self._fill_the_head(chunk)

    def _fill_the_head(self, chunk: _Chunk) -> None:
        cut = self._cut_of_the_head(chunk.data)
        if cut:
            self._append(chunk._replace(data=chunk.data[:cut]))
            chunk = _Chunk(chunk.seconds, chunk.data[cut:])
        self._tail_begun = True
        self._keep_for_the_end(chunk)

    def _cut_of_the_head(self, data: bytes) -> int:
        """Return how much of ``data`` still belongs to the first half: whole lines, unless one line fills it all."""
        newline = data.rfind(b"\n", 0, self._head_left)
        if newline < 0 and self._in_file == b"\n" and self.size:
            return 0
        return newline + 1 or self._head_left

    def _keep_for_the_end(self, chunk: _Chunk) -> None:
        last = self._tail[-1] if self._tail else None
        # Small writes are joined, or their overhead would be many times their size.
        if last and len(last.data) < _SMALL and not chunk.phase and _shown(last.seconds) == _shown(chunk.seconds):
            self._tail[-1] = last._replace(data=last.data + chunk.data)
        else:
            self._tail.append(chunk)
        self._tail_size += len(chunk.data)
        while self._tail_size - len(self._tail[0].data) >= self._tail_limit:
            self._drop(self._tail.popleft())

    def _drop(self, chunk: _Chunk) -> None:
        self._tail_size -= len(chunk.data)
        self._left_out += len(chunk.data)
        if chunk.phase:
            self._last_left_out = chunk

    @property
    def _tail_limit(self) -> int:
        return self._limit - self._limit // 2

    def _ending(self) -> list[_Chunk]:
        """Return what follows the head: the line that says what is missing, and the end."""
        left_out, begun, kept = self._left_out, self._last_left_out, list(self._tail)
        if self._tail_size > self._tail_limit:
            cut, cut_phase, kept = _cut_to_a_line(kept, self._tail_size - self._tail_limit)
            left_out, begun = left_out + cut, cut_phase or begun
        if not left_out:
            return kept
        notice = f"⋯ {readable_size(left_out)} left out here; limit {readable_size(self._limit)}\n".encode()
        begun = begun or _Chunk(kept[0].seconds if kept else self.seconds, b"")
        return [begun._replace(data=notice if self._in_file == b"\n" else b"\n" + notice), *kept]

    def _append(self, chunk: _Chunk) -> None:
        # Hundredths are more than a page shows; a mark for each line would make the marks as long as the text.
        if chunk.phase or (chunk.data and _shown(chunk.seconds) != self._marked):
            self._write_mark(Mark(self.size, _shown(chunk.seconds), chunk.phase))
        if not chunk.data:
            return
        _write_all(self._text, chunk.data)
        offset, self.size = self.size, self.size + len(chunk.data)
        self._in_file = chunk.data[-1:]
        if self._on_bytes:
            self._on_bytes(offset, chunk.data)

    def _write_mark(self, mark: Mark) -> None:
        self._marked = mark.seconds
        _write_all(self._marks, f"{mark.offset} {mark.seconds:.2f} {mark.phase}".rstrip().encode() + b"\n")
        if self._on_mark:
            self._on_mark(mark)


def _shown(seconds: float) -> float:
    return round(seconds, 2)


def _write_all(file: io.FileIO, data: bytes) -> None:
    # Unbuffered, so that a full disk shows here and nothing is left over for a later `close` to fail on.
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _cut_to_a_line(chunks: list[_Chunk], surplus: int) -> tuple[int, _Chunk | None, list[_Chunk]]:
    """Drop at least ``surplus`` bytes from the front, up to the end of a line where there is one.

    Returns how many were dropped, the last phase whose beginning was, and what remains.
    """
    data = b"".join(chunk.data for chunk in chunks)
    cut = skip = data.find(b"\n", surplus - 1) + 1 or surplus
    phase: _Chunk | None = None
    kept: list[_Chunk] = []
    for chunk in chunks:
        if skip and chunk.phase:
            phase = chunk
        if skip < len(chunk.data):
            kept.append(_Chunk(chunk.seconds, chunk.data[skip:]) if skip else chunk)
        skip = max(0, skip - len(chunk.data))
    return cut, phase, kept


def parse_marks(data: bytes) -> list[Mark]:
    """Return the marks of a log's marks file; a last line that is still being written is left out."""
    whole = data[: data.rfind(b"\n") + 1].decode("ascii")
    rows = [row.split(" ", 2) for row in whole.splitlines()]
    return [Mark(int(offset), float(seconds), *phase) for offset, seconds, *phase in rows]


def seconds_at(marks: list[Mark], offset: int) -> float:
    """Return when the byte at that offset came, in seconds since the log was begun."""
    index = bisect.bisect_right(marks, offset, key=lambda mark: mark.offset) - 1
    return marks[index].seconds if index >= 0 else 0.0
