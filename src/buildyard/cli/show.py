"""Show how builds come along while they do: a live table on a terminal, a line an event elsewhere.

`ProgressShow` is told of builds (`update`) by whoever knows them, a hub's client or a one-shot build.  On a terminal a
thread of rich redraws the table ten times a second at most, the elapsed times moved on in between, and clears it at
the end, so that only the final lines stay.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from buildyard.cli import progress, report
from buildyard.cli.answers import BuildAnswer
from buildyard.cli.screen import Screen

#: Redraws a second.
_REDRAWS = 8

#: Without a terminal, a line tells this often that the program is alive.
_ALIVE_S = 60.0


class ProgressShow:
    """One request, or one run of `build`, on the screen."""

    def __init__(
        self,
        screen: Screen,
        *,
        slots: int = 1,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._screen = screen
        self._slots = slots
        self._clock = clock
        self._now = now
        self._began = clock()
        self._builds: Sequence[BuildAnswer] = ()
        self._seen_at = self._began
        self._alive_at = self._began
        self._lock = threading.Lock()
        self._open = ExitStack()

    @property
    def elapsed_s(self) -> float:
        """How long this has been going on."""
        return self._clock() - self._began

    def __enter__(self) -> Self:
        if self._screen.is_live:
            from buildyard.cli.live import live_table

            self._open.enter_context(live_table(self._screen, self._lines, _REDRAWS))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def begin(self, builds: Sequence[BuildAnswer]) -> None:
        """Take the builds as they were before anything happened."""
        with self._lock:
            self._builds, self._seen_at = tuple(builds), self._clock()

    def update(self, builds: Sequence[BuildAnswer]) -> None:
        """Take the builds as they are now."""
        with self._lock:
            known = {build.id: build for build in self._builds}
        self.begin(builds)
        if not self._screen.is_live:
            for line in report.plain_changes(self._now(), progress.changes(known, builds)):
                self._screen.note(line)
        self.tick()

    def tick(self) -> None:
        """Without a terminal, tell now and then that the program is alive."""
        if self._screen.is_live or self._clock() - self._alive_at < _ALIVE_S:
            return
        self._alive_at = self._clock()
        self._screen.note(report.plain_progress(self._now(), self._view()))

    def finish(self) -> None:
        """Write the last of the plain lines."""
        if not self._screen.is_live:
            self._screen.note(report.plain_done(self._now(), progress.tally_of(self._builds), self.elapsed_s))

    def _lines(self, height: int) -> list[str]:
        return report.live_lines(self._view(), self._screen.err, elapsed_s=self.elapsed_s, height=height)

    def _view(self) -> progress.View:
        with self._lock:
            since = self._clock() - self._seen_at
            moved = [
                replace(build, elapsed_s=(build.elapsed_s or 0.0) + since) if build.state == "building" else build
                for build in self._builds
            ]
        return progress.view_of(moved, slots=self._slots)
