"""How many messages have come or gone: a bar on a terminal where the end is known, else a count that is alive.

Without a terminal a line a minute tells as much.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from buildyard.cli.palette import Palette
from buildyard.cli.report import plain_line
from buildyard.cli.screen import Screen

_REDRAWS = 8
_ALIVE_S = 60.0
_TRACK = 30


class Progress:
    """Counts messages on the screen, from entering it to leaving it."""

    def __init__(self, screen: Screen, doing: str, *, limit: int | None = None) -> None:
        self.done = 0
        self._screen = screen
        self._doing = doing  #: "Recording"
        self._limit = limit
        self._began = self._alive_at = time.monotonic()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        # A table that is redrawn would cut through lines on the same terminal.
        if self._screen.is_live:
            from buildyard.cli.live import live_table

            self._open.enter_context(live_table(self._screen, self._lines, _REDRAWS))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, count: int = 1) -> None:
        """So many more."""
        self.done += count
        now = time.monotonic()
        if not self._screen.is_live and now - self._alive_at >= _ALIVE_S:
            self._alive_at = now
            of = "" if self._limit is None else f" of {self._limit}"
            self._screen.note(plain_line(time.time(), "progress", f"{self.done}{of} messages"))

    def finish(self, text: str) -> None:
        """Write the last line: ``412 messages recorded in bus.jsonl``."""
        if self._screen.is_live:
            self._screen.note(f"{self._screen.err.mark('done')} {text}, {self._elapsed_s:.1f} s")
        else:
            self._screen.note(plain_line(time.time(), "done", f"{text}, {self._elapsed_s:.1f}s"))

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def _lines(self, height: int) -> list[str]:
        return [progress_line(self._screen.err, self._doing, self.done, self._limit, self._elapsed_s)]


def progress_line(palette: Palette, doing: str, done: int, limit: int | None, elapsed_s: float) -> str:
    """Return the line that is redrawn."""
    rate = f"{done / elapsed_s:,.0f}/s" if elapsed_s >= 1 else ""
    if limit is None:
        counted = f"{done:,} message{'' if done == 1 else 's'}"
        return f"{palette.mark('busy')} {doing}  {counted}  {rate}".rstrip()
    return (
        f"{palette.mark('busy')} {doing}  {palette.track(done / limit, _TRACK)}  {done:,} of {limit:,}  {rate}".rstrip()
    )
