"""How text looks on a stream: colours, glyphs and width, as a value.

Pure: everything that draws takes a `Palette` and gives lines, so that it can be tested without a terminal.  `screen`
finds out which palette a stream has.
"""

from __future__ import annotations

import re

from msgspec import Struct

from buildyard.farm.builds.words import LOOKS

#: SGR codes of the tones.  Only the 16 colours every terminal has; never a background, never blue on black.
_CODES = {"ok": "32", "bad": "31", "run": "36", "warn": "33", "cover": "36", "muted": "2", "bold": "1"}

#: What stands for a sign where the stream is not UTF-8.
_PLAIN = {
    **{ord(look.glyph): look.ascii for look in LOOKS.values()},
    ord("·"): "-",
    ord("…"): "...",
    ord("–"): "-",
    ord("━"): "=",
    ord("╸"): ">",
    ord("─"): "-",
    ord("’"): "'",
}

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")

#: Signs that begin a line and belong to no state of a build.
_MARKS = {"done": ("✓", "ok"), "bad": ("✗", "bad"), "busy": ("●", "run"), "wait": ("○", "muted"), "warn": ("!", "warn")}


class Palette(Struct, frozen=True, kw_only=True):
    """A stream's looks."""

    color: bool = False
    unicode: bool = True
    width: int = 80  #: columns that may be used

    def paint(self, tone: str, text: str) -> str:
        """Return the text in the tone's colour."""
        return f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if self.color and text else text

    def glyph(self, state: str) -> str:
        """Return the sign of a state of the JSON, in its colour."""
        look = LOOKS.get(state)
        return self.paint(look.tone, look.glyph) if look else "?"

    def mark(self, name: str) -> str:
        """Return the sign of a line: done, bad, busy, wait or warn."""
        sign, tone = _MARKS[name]
        return self.paint(tone, sign)

    def dim(self, text: str) -> str:
        """Return secondary text."""
        return self.paint("muted", text)

    def track(self, filled: float, width: int) -> str:
        """Return a bar of so many columns, of which the part ``filled`` (0 to 1) is full."""
        whole = int(min(max(filled, 0.0), 1.0) * width)
        if whole >= width:
            return self.paint("run", "━" * width)
        return self.paint("run", "━" * whole + "╸") + self.dim("─" * (width - whole - 1))

    def spelled(self, text: str) -> str:
        """Return the text in signs that the stream can show."""
        return text if self.unicode else text.translate(_PLAIN)


def visible_length(text: str) -> int:
    """Return how many columns the text takes; all of ours take one column a character."""
    return len(_ESCAPE.sub("", text))


def justified(left: str, right: str, width: int) -> str:
    """Return both with as much room between them as makes ``width``, two spaces at least."""
    room = width - visible_length(left) - visible_length(right)
    return f"{left}{' ' * max(room, 2)}{right}"
