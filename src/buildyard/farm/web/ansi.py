"""A line of a build's log as safe HTML: colours become classes, cursor movement becomes its last state.

Pure.  Knows the 16 colours, the 256 and true colour (ECMA-48 SGR), all mapped onto the eight tokens of the stylesheet,
which keep their contrast in light and dark.  Backgrounds and every other escape are dropped; nothing but text and our
own ``<span>`` reaches the page.  `log` next door numbers the lines and folds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

#: A line longer than this many characters is cut in its middle: nobody reads it, and a browser chokes on it.
LONGEST = 16_000

_NAMES = ("", "red", "green", "yellow", "blue", "magenta", "cyan", "")

_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~]|$)"  # control sequences: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"  # strings: titles, links
    r"|\x1b[ -/]*(?:[0-~]|$)"  # all shorter ones
)
#: Invisible characters that would make a line read otherwise than it is.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")

_WORDS = re.compile(
    r"(?P<red>\b(?:fatal )?error(?:\[E\d+\])?:|^ERROR\b:?|^\s*[×✗])|(?P<yellow>\bwarning:)", re.IGNORECASE
)


class Style(NamedTuple):
    """How characters look; a line hands its last one on to the next."""

    colour: str = ""  #: a name of `_NAMES`, or ``dim``
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False

    @property
    def classes(self) -> str:
        """The style as classes of the stylesheet."""
        colour = "dim" if self.dim and not self.colour else self.colour
        marks = ("b" if self.bold else "", "i" if self.italic else "", "u" if self.underline else "")
        return " ".join(filter(None, (f"a-{colour}" if colour else "", *marks)))


class Line(NamedTuple):
    """A line as it is shown."""

    html: str
    style: Style  #: as it is at the line's end
    ups: int = 0  #: how many lines before it this one writes over


PLAIN = Style()


def render(text: str, style: Style = PLAIN) -> Line:
    """Return the line (without its line feed) as HTML."""
    text = _DIRECTIONS.sub("\ufffd", _shortened(text))
    if not _CONTROL.search(text):
        return Line(_span(text, style) if style != PLAIN else _worded(text), style)
    pieces = list(_pieces(text))
    if not any(_moves(piece) for piece in pieces):
        return _flat(pieces, style)
    screen = _Screen(style)
    for piece in pieces:
        screen.take(piece)
    return Line(screen.html(), screen.style, screen.ups)


def _moves(piece: str | re.Match[str]) -> bool:
    """Tell whether this moves the cursor back, so that what is printed may be printed over."""
    if isinstance(piece, str):
        return _CONTROL.search(piece) is not None
    return piece["final"] in _Screen.MOVES


def _flat(pieces: Iterable[str | re.Match[str]], style: Style) -> Line:
    """Render a line that is printed from left to right, as nearly all are."""
    shown = []
    for piece in pieces:
        if isinstance(piece, str):
            shown.append(_span(piece, style))
        elif piece["final"] == "m":
            style = _restyled(style, piece["parameters"])
    return Line("".join(shown).rstrip(), style)


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} ⋯ {len(text) - 2 * half:,} characters left out here ⋯ {text[-half:]}"


def _pieces(text: str) -> Iterator[str | re.Match[str]]:
    """Split a line into runs of text and escapes."""
    position = 0
    for found in _ESCAPE.finditer(text):
        if found.start() > position:
            yield text[position : found.start()]
        yield found
        position = found.end()
    if position < len(text):
        yield text[position:]


class _Screen:
    """One line of a terminal: characters with their styles, and a cursor that may go back over them."""

    #: The final bytes of control sequences that move the cursor or erase.
    MOVES = frozenset("KAFCDG")

    def __init__(self, style: Style) -> None:
        self.style = style
        self.ups = 0
        self._cells: list[tuple[str, Style]] = []
        self._cursor = 0

    def take(self, piece: str | re.Match[str]) -> None:
        """Print a run of text, or obey an escape."""
        if not isinstance(piece, str):
            if piece["final"]:
                self._obey(piece["final"], piece["parameters"])
            return
        for character in piece:
            self._print(character)

    def html(self) -> str:
        """Return what the line shows at last."""
        runs = groupby(self._cells, key=lambda cell: cell[1])
        return "".join(_span("".join(character for character, _ in run), style) for style, run in runs).rstrip()

    def _print(self, character: str) -> None:
        if character == "\r":
            self._cursor = 0
        elif character == "\b":
            self._cursor = max(self._cursor - 1, 0)
        elif character == "\t" or not _CONTROL.match(character):
            self._put(character)

    def _put(self, character: str) -> None:
        cell = (character, self.style)
        if self._cursor < len(self._cells):
            self._cells[self._cursor] = cell
        else:
            self._cells += [(" ", PLAIN)] * (self._cursor - len(self._cells)) + [cell]
        self._cursor += 1

    def _obey(self, final: str, parameters: str) -> None:
        if final == "m":
            self.style = _restyled(self.style, parameters)
        elif final == "K":
            self._erase(parameters)
        elif final in "AF":
            self.ups += _first(parameters, 1)
        elif final in "CDG":
            to = {"C": self._cursor, "D": self._cursor, "G": -1}[final]
            by = _first(parameters, 1) * (-1 if final == "D" else 1)
            self._cursor = min(max(to + by, 0), LONGEST)

    def _erase(self, parameters: str) -> None:
        kind = _first(parameters, 0)
        if kind == 0:
            del self._cells[self._cursor :]
        elif kind == 1:
            before = min(self._cursor + 1, len(self._cells))
            self._cells[:before] = [(" ", PLAIN)] * before
        else:
            self._cells.clear()


def _first(parameters: str, default: int) -> int:
    text = parameters.split(";")[0]
    return min(int(text), LONGEST) if text.isdecimal() and len(text) < 9 else default


def _span(text: str, style: Style) -> str:
    classes = style.classes
    return f'<span class="{classes}">{escape(text)}</span>' if classes else escape(text)


def _worded(text: str) -> str:
    """Colour what compilers call an error or a warning, in a line that has no colours of its own."""
    found = _WORDS.search(text)
    if found is None:
        return escape(text)
    before, after = escape(text[: found.start()]), escape(text[found.end() :])
    return f'{before}<span class="a-{found.lastgroup} b">{escape(found.group())}</span>{after}'


def _restyled(style: Style, parameters: str) -> Style:
    """Return the style after ``CSI parameters m``."""
    if parameters[:1] in ("<", "=", ">", "?"):
        return style  # private: no colours
    codes = [int(one) if one.isdecimal() else 0 for one in re.split("[;:]", parameters)]
    while codes:
        code = codes.pop(0)
        if code in (38, 48):
            colour, codes = _extended(codes)
            style = style._replace(colour=colour) if code == 38 else style
        else:
            style = _simple(style, code)
    return style


_ON: dict[int, dict[str, Any]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    21: {"bold": False},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
}


def _simple(style: Style, code: int) -> Style:
    if code == 0:
        return PLAIN
    if code in _ON:
        return style._replace(**_ON[code])
    if 30 <= code <= 37 or code == 39:
        return style._replace(colour=_NAMES[code % 10] if code != 39 else "")
    if 90 <= code <= 97:
        return style._replace(colour=_NAMES[code - 90] if code != 90 else "dim")
    return style


def _extended(codes: Sequence[int]) -> tuple[str, list[int]]:
    """Return the colour of ``38;5;n`` or ``38;2;r;g;b`` and the codes behind it."""
    if len(codes) >= 2 and codes[0] == 5:
        return _of_256(min(codes[1], 255)), list(codes[2:])
    if len(codes) >= 4 and codes[0] == 2:
        return _nearest(codes[1], codes[2], codes[3]), list(codes[4:])
    return "", []


def _of_256(number: int) -> str:
    if number < 16:
        return "dim" if number == 8 else _NAMES[number % 8]
    if number >= 232:
        return "dim" if 236 <= number < 248 else ""
    cube = number - 16
    return _nearest(*(51 * (cube // base % 6) for base in (36, 6, 1)))


def _nearest(red: int, green: int, blue: int) -> str:
    """Return the token of the same hue; greys are text or dim."""
    high, low = max(red, green, blue), min(red, green, blue)
    spread = high - low
    if spread < 40:
        return "dim" if 60 < high < 180 else ""
    if high == red:
        hue = (green - blue) / spread % 6
    elif high == green:
        hue = (blue - red) / spread + 2
    else:
        hue = (red - green) / spread + 4
    return ("red", "yellow", "green", "cyan", "blue", "magenta")[round(hue) % 6]
