"""The last 24 hours as bars: built above the line, failed below it.

Pure: from hours to x in per cent and y in pixels, so that the picture stretches to any width without scaling its text.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from buildyard.farm.builds.status_values import Hour
from buildyard.farm.builds.words import kind_words

#: Pixels: above the line for what was built, below it for what failed.
ABOVE, BELOW = 96, 30

#: An hour is remarkable where so many builds failed.
_REMARKABLE = 5


class Bar(Struct, frozen=True, kw_only=True):
    """One hour."""

    x: float  #: per cent
    width: float  #: per cent
    up: float  #: pixels
    down: float  #: pixels
    is_over: bool
    label: str  #: on hover


class Chart(Struct, frozen=True, kw_only=True):
    """All of it."""

    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, str], ...]  #: (pixels above the line, what it stands for)
    ticks: tuple[tuple[float, str], ...]  #: (per cent, time)
    remark: tuple[float, str] | None  #: (per cent, cause) of the hour where most failed
    summary: str


def chart(hours: Sequence[Hour]) -> Chart | None:
    """Return the chart, None where nothing was built or failed."""
    if not any(hour.built or hour.failed for hour in hours):
        return None
    top = _round_up(max(hour.built for hour in hours))
    most_failed = max(hour.failed for hour in hours)
    up, down = ABOVE / top, min(ABOVE / top, BELOW / max(most_failed, 1))
    each = 100 / len(hours)
    bars = tuple(_bar(hour, nth * each, each, up, down, is_over=nth < len(hours) - 1) for nth, hour in enumerate(hours))
    return Chart(
        bars=bars,
        lines=((ABOVE, str(top)), (ABOVE / 2, f"{top / 2:g}"), (0, "0")),
        ticks=tuple((nth * each, hour.at[11:16]) for nth, hour in enumerate(hours[:-1]) if nth % 6 == 0),
        remark=_remark(hours, each),
        summary=_summary(hours),
    )


def _bar(hour: Hour, x: float, each: float, up: float, down: float, *, is_over: bool) -> Bar:
    label = f"{hour.at[11:16]} UTC: {hour.built} built, {hour.failed} failed"
    return Bar(
        x=round(x + each * 0.06, 3),
        width=round(each * 0.88, 3),
        up=round(hour.built * up, 1),
        down=round(max(hour.failed * down, 1.5 if hour.failed else 0), 1),
        is_over=is_over,
        label=label,
    )


def _round_up(most: int) -> int:
    """Return the next round number that can be halved, at least 4."""
    step = 1
    while True:
        for factor in (4, 8, 10, 20, 40):
            if factor * step >= most:
                return factor * step
        step *= 10


def _remark(hours: Sequence[Hour], each: float) -> tuple[float, str] | None:
    nth, hour = max(enumerate(hours), key=lambda one: one[1].failed)
    if hour.failed < _REMARKABLE or not hour.cause:
        return None
    return min(max((nth + 0.5) * each, 8), 92), f"{hour.failed} failed, {kind_words(hour.cause)}"


def _summary(hours: Sequence[Hour]) -> str:
    built, failed = sum(hour.built for hour in hours), sum(hour.failed for hour in hours)
    best = max(hours, key=lambda hour: hour.built)
    return f"{built:,} built and {failed:,} failed in 24 hours, most of them at {best.at[11:16]} UTC."
