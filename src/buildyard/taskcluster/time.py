"""Times relative to now, in words: ``2 days 3 hours``, as deadlines and expiries are written.

An offset is an optional minus, an optional plus, then years, months, weeks, days, hours, minutes
and seconds, whole numbers, each at most once and in that order; spaces and case do not matter.  A
year is 365 days and a month 30.
"""

# Names are Taskcluster's own.
# ruff: noqa: N802, N803

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["fromNow", "fromNowJSON", "stringDate"]

#: Unit, its words, and how long it is; in the order in which an offset names them.
_UNITS = (
    ("years", "years|year|yr|y", timedelta(days=365)),
    ("months", "months|month|mo", timedelta(days=30)),
    ("weeks", "weeks|week|wk|w", timedelta(weeks=1)),
    ("days", "days|day|d", timedelta(days=1)),
    ("hours", "hours|hour|hr|h", timedelta(hours=1)),
    ("minutes", "minutes|minute|min|m", timedelta(minutes=1)),
    ("seconds", "seconds|second|sec|s", timedelta(seconds=1)),
)
# A word ends where its letters end, so that "m" is not found at the start of "mo".
_OFFSET = re.compile(
    r"\s*(?P<minus>-)?\s*\+?\s*"
    + "".join(rf"(?:(?P<{unit}>\d+)\s*(?:{words})(?![a-z])\s*)?" for unit, words, _ in _UNITS),
    re.IGNORECASE,
)


def fromNow(offset: str, dateObj: datetime | None = None) -> datetime:
    """Return the moment that lies ``offset`` after ``dateObj``, or before it if the offset begins with a minus.

    Without ``dateObj`` it counts from now, and the result is aware (UTC); else the result has the
    zone of ``dateObj``, or none.  Raises `ValueError` for an offset that cannot be read or leads out
    of the calendar.
    """
    start = datetime.now(UTC) if dateObj is None else dateObj
    try:
        return start + parse_offset(offset)
    except OverflowError as error:
        raise ValueError(f"the offset {offset!r} leads out of the calendar") from error


def parse_offset(offset: str) -> timedelta:
    """Return the span of time that an offset names, negative for a past one; `ValueError` if it names none."""
    match = _OFFSET.fullmatch(offset)
    if match is None:
        raise ValueError(f"not an offset such as '2 days 3 hours': {offset!r}")
    try:
        span = sum((int(match[unit] or 0) * length for unit, _, length in _UNITS), timedelta())
    except OverflowError as error:
        raise ValueError(f"the offset {offset!r} leads out of the calendar") from error
    return -span if match["minus"] else span


def fromNowJSON(offset: str, dateObj: datetime | None = None) -> str:
    """Return `fromNow` as text for JSON, ``2017-01-21T17:09:23.240178Z``."""
    return stringDate(fromNow(offset, dateObj))


def stringDate(date: datetime) -> str:
    """Return a moment as ISO 8601: UTC ends in ``Z``, a moment without zone is taken as UTC, other zones are kept."""
    text = date.isoformat()
    if date.tzinfo is None:
        return text + "Z"
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
