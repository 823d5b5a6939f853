"""What a builder shows: a row for each slot at work, and a line for each build that ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from buildyard.cli.palette import justified
from buildyard.cli.report import plain_line
from buildyard.cli.screen import Screen
from buildyard.farm.builds.words import duration, plural
from buildyard.farm.wire import BuildResult, PhaseName

_REDRAWS = 4


class BuilderShow:
    """A `farm.builder.worker.Watcher` that writes on the screen; slots tell it from their threads."""

    def __init__(
        self,
        screen: Screen,
        *,
        slots: int,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._screen = screen
        self._slots = slots
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._work: dict[int, tuple[str, str, float]] = {}  # of a slot: build, phase, since when
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if self._screen.is_live:
            from buildyard.cli.live import live_table

            self._open.enter_context(live_table(self._screen, self.lines, _REDRAWS))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def started(self, slot: int, name: str) -> None:
        """A slot began a build."""
        with self._lock:
            self._work[slot] = (name, "starting", self._clock())

    def phase(self, slot: int, phase: PhaseName) -> None:
        """A slot's build entered a phase."""
        with self._lock:
            name, _, since = self._work[slot]
            self._work[slot] = (name, phase, since)

    def ended(self, slot: int, name: str, result: BuildResult | None) -> None:
        """A slot is free again; no result: the build was given back or lost."""
        with self._lock:
            _, _, since = self._work.pop(slot)
        word, state = "given", "queued"
        told = f"{name} goes back to the queue"
        if result is not None:
            word, state = ("built", "built") if result.failure is None else ("failed", "failed")
            told = name if result.failure is None else f"{name}  {result.failure.phase}: {result.failure.reason}"
        elapsed = self._clock() - since
        if self._screen.is_live:
            row = f"{self._screen.err.glyph(state)} {told.partition(chr(10))[0]}"
            self._screen.note(justified(row, duration(elapsed, precise=True), self._screen.err.width))
        else:
            self._screen.note(plain_line(self._now(), word, f"{told.partition(chr(10))[0]} {elapsed:.1f}s"))

    def lines(self, height: int) -> list[str]:
        """Return a row for each slot at work, and how many are free."""
        palette = self._screen.err
        with self._lock:
            work = sorted(self._work.items())
        rows = [
            justified(
                f"{palette.glyph('building')} {name}  {phase}",
                duration(self._clock() - since, precise=True),
                palette.width,
            )
            for _, (name, phase, since) in work
        ]
        free = self._slots - len(work)
        tail = [f"{palette.mark('wait')} {plural(free, 'slot')} free"] if free > 0 else []
        return [*rows[: height - len(tail)], *tail]
