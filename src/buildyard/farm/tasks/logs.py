"""The live log of each run: bytes in order, with the moments and phases they arrived in.

A run's log is the file ``<task>/<run>.log`` below the root; beside it ``<run>.marks`` has a line ``offset seconds
[phase]`` for each piece and each phase.  A builder appends by offset, so that a piece sent twice is stored once.  The
methods are plain and may be called from any thread; followers wait in their own event loop and are woken by the
append itself.  `extension` takes the pieces in, `service.follow_log` ends a follower when its run is resolved.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from buildyard.farm.store.errors import NO_ROOM, StoreFull
from buildyard.farm.tasks.errors import LogGap

#: A follower gets pieces of at most this many bytes.
PIECE_BYTES = 256 * 1024

_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MARK = re.compile(r"(\d+) (-?\d+(?:\.\d+)?)(?: ([a-z]+))?")


class Mark(Struct, frozen=True, kw_only=True):
    """A moment in a log: the bytes from ``offset`` on came at ``at``."""

    offset: int
    at: float  #: seconds since the run began
    phase: str | None = None  #: the phase that began here, if one did


class LogStore:
    """The logs of all runs, under one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._followers: dict[tuple[str, int], set[_Follower]] = defaultdict(set)

    def append(self, task_id: str, run_id: int, offset: int, data: bytes, at: float) -> int:
        """Return the log's size with these bytes, which begin at ``offset``; known bytes are not stored twice.

        ``at`` is in seconds since the run began.  Raises `LogGap` where bytes are missing before these, and
        `StoreFull` where the disk is full: send the piece again, for a part of it may be stored and will be known.
        """
        with self._lock:
            known = self.size(task_id, run_id)
            if offset > known:
                raise LogGap(known, offset)
            fresh = data[known - offset :]
            if not fresh:
                return known
            self._write(task_id, run_id, fresh)
            self._mark(task_id, run_id, f"{known} {at:.3f}\n")
        self.nudge(task_id, run_id)
        return known + len(fresh)

    def mark(self, task_id: str, run_id: int, offset: int, at: float, phase: str) -> None:
        """Note that ``phase`` began at ``offset``, ``at`` seconds after the run began; a repeat changes nothing."""
        line = f"{offset} {at:.3f} {phase}\n"
        with self._lock:
            if line not in self._mark_lines(task_id, run_id):
                self._mark(task_id, run_id, line)
        self.nudge(task_id, run_id)

    def size(self, task_id: str, run_id: int) -> int:
        """Return how many bytes the log holds, 0 where there is none."""
        try:
            return self.path(task_id, run_id).stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, task_id: str, run_id: int, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes from ``start`` to before ``end`` (``None``: to the present end), as far as they exist."""
        try:
            with self.path(task_id, run_id).open("rb") as file:
                file.seek(start)
                return file.read() if end is None else file.read(max(0, end - start))
        except FileNotFoundError:
            return b""

    def marks(self, task_id: str, run_id: int) -> list[Mark]:
        """Return the log's marks in the order they were made."""
        found = (_MARK.fullmatch(line.rstrip("\n")) for line in self._mark_lines(task_id, run_id))
        # A line that a crash cut short is left out.
        return [Mark(offset=int(m[1]), at=float(m[2]), phase=m[3]) for m in found if m]

    async def follow(
        self, task_id: str, run_id: int, start: int = 0, *, ended: Callable[[], Awaitable[bool]]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the log from ``start`` on as it grows, until ``ended`` answers that its run is resolved.

        ``ended`` is asked when all bytes are read, and again after each `nudge`; no byte stored before it answered
        yes is left out.
        """
        key = (task_id, run_id)
        follower = _Follower()
        self._followers[key].add(follower)
        try:
            while True:
                follower.event.clear()
                is_last = await ended()
                while piece := self.read(task_id, run_id, start, start + PIECE_BYTES):
                    start += len(piece)
                    yield piece
                if is_last:
                    return
                await follower.event.wait()
        finally:
            self._forget(key, follower)

    def nudge(self, task_id: str, run_id: int) -> None:
        """Let the followers of this log look again."""
        for follower in tuple(self._followers.get((task_id, run_id), ())):
            follower.wake()

    def path(self, task_id: str, run_id: int) -> Path:
        """Return where the log's bytes are.  Raises `ValueError` for what is no task id."""
        if not _TASK_ID.fullmatch(task_id):
            raise ValueError(f"not a task id: {task_id!r}")
        return self._root / task_id / f"{run_id:d}.log"

    def _forget(self, key: tuple[str, int], follower: _Follower) -> None:
        self._followers[key].discard(follower)
        if not self._followers[key]:
            del self._followers[key]

    def _write(self, task_id: str, run_id: int, data: bytes) -> None:
        path = self.path(task_id, run_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(data)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise StoreFull(f"the disk under {self._root} is full") from error
            raise

    def _mark(self, task_id: str, run_id: int, line: str) -> None:
        # A mark that cannot be written loses a time stamp, never a byte of the log.
        path = self.path(task_id, run_id).with_suffix(".marks")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="ascii") as file:
                file.write(line)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise

    def _mark_lines(self, task_id: str, run_id: int) -> list[str]:
        try:
            with self.path(task_id, run_id).with_suffix(".marks").open(encoding="ascii") as file:
                return file.readlines()
        except FileNotFoundError:
            return []


class _Follower:
    """One reader of one log, in the event loop that it reads in."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.event.set)
