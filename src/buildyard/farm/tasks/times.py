"""Moments as Taskcluster writes them: seconds since 1970 here, ``2026-11-22T04:29:51.594Z`` in JSON.

Pure.  JavaScript's clock counts whole milliseconds and cuts off what is finer, so a moment read from JSON and
written again is the same text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

#: The last moment that has a name, which an offset from UTC can be beyond.
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()


def to_json(seconds: float) -> str:
    """Return the moment with milliseconds and ``Z``, as JavaScript's ``toJSON``."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{_second(whole)}.{milliseconds:03d}Z"


# The moments of one answer lie in few seconds, and those of the next in the same ones.
@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def from_datetime(moment: datetime) -> float:
    """Return an aware moment in seconds since 1970, cut to whole milliseconds, and to the years 1970 to 9999."""
    seconds = moment.replace(microsecond=moment.microsecond // 1000 * 1000).timestamp()
    return min(max(seconds, 0.0), _LAST)


def a_year_later(seconds: float) -> float:
    """Return the same day and time a calendar year later; 1 March for 29 February."""
    moment = datetime.fromtimestamp(seconds, UTC)
    try:
        return moment.replace(year=moment.year + 1).timestamp()
    except ValueError:
        return moment.replace(year=moment.year + 1, month=3, day=1).timestamp()
