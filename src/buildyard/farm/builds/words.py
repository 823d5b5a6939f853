"""The farm's words: durations, sizes, times and states as pages, terminal and feed all say them.

Pure functions from numbers to short texts, and the table of states with their glyphs.  `web` and `cli` take their
words from here alone, so that a person reads the same sentence everywhere; `status` writes its headline with them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from msgspec import Struct

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

#: A plain word at the beginning of a sentence.
_WORD = re.compile(r"[a-z]+(’[a-z]+)?(?=[ ,:;.]|$)(?!\.\w)")

#: What stands for a value that nobody knows; never 0.
UNKNOWN = "–"


class Look(Struct, frozen=True, kw_only=True):
    """How a state looks: no two share a shape, and filled means finished."""

    word: str  #: beside the icon, and its accessible name
    glyph: str  #: on a terminal that knows UTF-8
    ascii: str  #: on one that does not
    tone: str  #: the colour’s token in the stylesheet; colour never tells alone


#: Every state that a build, builder or line of a report can have, by the word of the JSON.
LOOKS: dict[str, Look] = {
    "built": Look(word="built", glyph="✓", ascii="+", tone="ok"),
    "building": Look(word="building", glyph="●", ascii="*", tone="run"),
    "queued": Look(word="queued", glyph="○", ascii="o", tone="muted"),
    "will_retry": Look(word="will retry", glyph="↻", ascii="~", tone="warn"),
    "blocked": Look(word="blocked", glyph="‖", ascii="%", tone="warn"),
    "failed": Look(word="failed", glyph="✗", ascii="x", tone="bad"),
    "covered": Look(word="covered by another wheel", glyph="=", ascii="=", tone="cover"),
    "left_to_upstream": Look(word="left to upstream", glyph="↑", ascii="^", tone="muted"),
    "skipped": Look(word="skipped", glyph="⊘", ascii="/", tone="muted"),
    "not_wanted": Look(word="not wanted", glyph="-", ascii="-", tone="muted"),
    "silent": Look(word="silent", glyph="!", ascii="!", tone="bad"),
    "asleep": Look(word="sleeping", glyph="z", ascii="z", tone="muted"),
}


def duration(seconds: float, *, precise: bool = False) -> str:
    """``48 s``, ``3 m 40 s``, ``2 h 10 m``, ``3 d 4 h``: two units at most.

    ``precise`` gives one decimal under 10 s, as logs and phases show it.
    """
    if precise and seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = max(round(seconds), 0)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} m {whole % _MINUTE:02d} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} m"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def log_time(seconds: float) -> str:
    """``14.8``, ``26 m 04``: since a run began, in the margin of its log."""
    return f"{seconds:.1f}" if seconds < 60 else duration(int(seconds)).removesuffix(" s")


def estimate(seconds: float | None) -> str:
    """``30 s``, ``6 m``, ``2 h 10 m``, ``3 d 4 h``: a time that is not known better; `UNKNOWN` for None."""
    if seconds is None:
        return UNKNOWN
    if seconds < 90:
        return f"{max(round(seconds), 0)} s"
    minutes = round(seconds / _MINUTE)
    if minutes < 60:
        return f"{minutes} m"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} m".replace(" 00 m", "")
    hours = round(seconds / _HOUR)
    return f"{hours // 24} d {hours % 24} h".replace(" 0 h", "")


def usual(seconds: float) -> str:
    """``26 s``, ``2 m 05 s``, ``48 m``: a median, no finer than it deserves."""
    return duration(seconds) if seconds < 10 * _MINUTE else estimate(seconds)


def spoken(seconds: float) -> str:
    """``30 seconds``, ``6 minutes``, ``2 hours``, ``3 days``: one unit, for a sentence."""
    for unit, length, enough in (("day", _DAY, 36 * _HOUR), ("hour", _HOUR, 90 * _MINUTE), ("minute", _MINUTE, 90)):
        if seconds >= enough:
            return plural(round(seconds / length), unit)
    return plural(max(round(seconds), 1), "second")


def ago(seconds: float) -> str:
    """``2 s ago``, ``12 min ago``, ``3 h ago``, ``20 d ago``, ``8 w ago``, ``4 mo ago``: how long something is past."""
    whole = int(max(seconds, 0))
    if whole < 1:
        return "now"
    for limit, length, unit in (
        (_MINUTE, 1, "s"),
        (_HOUR, _MINUTE, "min"),
        (_DAY, _HOUR, "h"),
        (30 * _DAY, _DAY, "d"),
        (12 * 7 * _DAY, 7 * _DAY, "w"),
        (730 * _DAY, 30.44 * _DAY, "mo"),
    ):
        if whole < limit:
            return f"{int(whole // length)} {unit} ago"
    return f"{int(whole // (365.25 * _DAY))} y ago"


def size(count: float) -> str:
    """``812 B``, ``378.2 kB``, ``18.4 MB``, ``492 GB``: decimal, one digit after the point where it tells something."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    digits = 0 if unit == "B" or (unit in ("GB", "TB") and value >= 99.95) else 1
    return f"{value:.{digits}f}".removesuffix(".0") + f" {unit}"


def part(used: float, limit: float) -> str:
    """``3.9 of 4 GB``, ``88 MB of 4 GB``: use against a limit, the unit once where both have the same."""
    one, other = size(used), size(limit)
    number, _, unit = one.partition(" ")
    return f"{number} of {other}" if other.endswith(f" {unit}") else f"{one} of {other}"


def thousands(number: int) -> str:
    """``1,017``."""
    return f"{number:,}"


def plural(number: int, noun: str, many: str = "") -> str:
    """``1 build``, ``1,017 builds``; ``many`` where the plural is not the noun and an s."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def listed(items: list[str], *, joiner: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joiner} {items[-1]}"


def ordinal(number: int) -> str:
    """``first``, ``second``, ``third``, ``12th``."""
    named = {1: "first", 2: "second", 3: "third"}
    if number in named:
        return named[number]
    if number % 100 not in (11, 12, 13) and number % 10 in (1, 2, 3):
        return f"{number}{('st', 'nd', 'rd')[number % 10 - 1]}"
    return f"{number}th"


def sentence(text: str) -> str:
    """The text with a capital letter, where it begins with a word; names of files and hosts stay as they are."""
    return text[:1].upper() + text[1:] if _WORD.match(text) else text


def stopped(text: str) -> str:
    """The text with a full stop, unless it ends in a mark of its own."""
    return text if not text or text[-1] in ".!?…:" else text + "."


def platform_words(platform: str) -> str:
    """``linux x86_64`` of the platform tag ``linux_x86_64``."""
    return platform.replace("_", " ", 1)


def machine(platform: str) -> str:
    """``x86_64`` of ``linux_x86_64``; whole where it is not Linux, which needs no name here."""
    return platform.removeprefix("linux_")


def pool_words(platform: str) -> str:
    """``linux-x86_64``: a pool's name in JSON and addresses."""
    return platform.replace("_", "-", 1)


def kind_words(kind: str) -> str:
    """``compile error`` of the failure kind ``compile_error``."""
    return kind.replace("_", " ")


def utc(seconds: float) -> str:
    """``2026-01-17 14:26:08 UTC``, for titles."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(seconds: float) -> str:
    """``2026-01-17T14:26:08Z``, for machines."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def clock_time(seconds: float) -> str:
    """``14:40`` in UTC, for what comes within a day."""
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M}"
