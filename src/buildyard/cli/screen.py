"""The terminal: two streams, what each can show, and how much the person wants to read.

Results go to stdout; progress, warnings and errors to stderr.  A command gets a `Screen` and never prints by itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from typing import Literal, TextIO

import msgspec

from buildyard.cli.palette import Palette

ColorChoice = Literal["auto", "always", "never"]

#: A live table needs this much room.
_NARROWEST = 60
_WIDEST = 120


class Screen:
    """Where a command writes."""

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        environment: Mapping[str, str] = os.environ,
        *,
        color: ColorChoice = "auto",
        verbosity: int = 0,
        columns: int | None = None,
    ) -> None:
        self.stdout = out
        self.stderr = err
        self.verbosity = verbosity  #: -1 errors only, 0 as designed, 1 steps, 2 requests
        self.environment = environment
        self.above: Callable[[str], None] | None = None  #: how to write a line above a table that is being drawn
        columns = columns or shutil.get_terminal_size().columns
        width = min(columns, _WIDEST)
        self.out = Palette(color=wants_color(out, environment, color), unicode=_is_utf8(out), width=width)
        self.err = Palette(color=wants_color(err, environment, color), unicode=_is_utf8(err), width=width)
        # Steps and requests are lines of their own, which a table that is drawn over and over would cut through.
        self.is_live = err.isatty() and environment.get("TERM") != "dumb" and columns >= _NARROWEST and verbosity == 0

    def result(self, text: str = "") -> None:
        """Write a line, or several, of what was asked for."""
        self._write(self.stdout, self.out.spelled(text))

    def json(self, value: object) -> None:
        """Write one JSON object on a line of its own."""
        self._write(self.stdout, msgspec.json.encode(value).decode())

    def bytes(self, data: bytes) -> None:
        """Write bytes as they are, of what was asked for."""
        self.stdout.buffer.write(data)
        self.stdout.flush()

    def note(self, text: str = "") -> None:
        """Write a line of progress; ``-q`` leaves it out."""
        if self.verbosity >= 0:
            self.error(text)

    def step(self, text: str) -> None:
        """Write a line that only ``-v`` wants."""
        if self.verbosity >= 1:
            self.error(self.err.dim(text))

    def warn(self, text: str) -> None:
        """Write a warning; ``-q`` leaves it out."""
        self.note(f"{self.err.mark('warn')} {text}")

    def error(self, text: str) -> None:
        """Write an error, whatever the verbosity."""
        if self.above is not None:
            self.above(self.err.spelled(text))
        else:
            self._write(self.stderr, self.err.spelled(text))

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write(text + "\n")
        stream.flush()


def wants_color(stream: TextIO, environment: Mapping[str, str], choice: ColorChoice) -> bool:
    """Tell whether a stream is to have colours: the flag, then NO_COLOR, FORCE_COLOR, and what the stream is."""
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "utf-8").lower().replace("-", "").startswith("utf8")
