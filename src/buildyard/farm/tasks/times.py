"""Moments as Taskcluster writes them: seconds since 1970 here, ``2026-11-22T04:29:51.594Z`` in JSON.

Pure.  JavaScript's clock counts whole milliseconds and cuts off what is finer, so a moment read from JSON and
written again is the same text.
"""

from __future__ import annotations

from datetime import UTC, datetime


def to_json(seconds: float) -> str:
    """Return the moment with milliseconds and ``Z``, as JavaScript's ``toJSON``."""
    moment = datetime.fromtimestamp(round(seconds * 1000) // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{round(seconds * 1000) % 1000:03d}Z"


def from_datetime(moment: datetime) -> float:
    """Return an aware moment in seconds since 1970, cut to whole milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000).timestamp()


def a_year_later(seconds: float) -> float:
    """Return the same day and time a calendar year later; 1 March for 29 February."""
    moment = datetime.fromtimestamp(seconds, UTC)
    try:
        return moment.replace(year=moment.year + 1).timestamp()
    except ValueError:
        return moment.replace(year=moment.year + 1, month=3, day=1).timestamp()
