"""Moments relative to now, in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.taskcluster import fromNow, fromNowJSON, stringDate
from buildyard.taskcluster.time import parse_offset

START = datetime(2026, 3, 1, 12, 30, 45, 123456, tzinfo=UTC)
WORDS = {
    "years": ["years", "year", "yr", "y"],
    "months": ["months", "month", "mo"],
    "weeks": ["weeks", "week", "wk", "w"],
    "days": ["days", "day", "d"],
    "hours": ["hours", "hour", "hr", "h"],
    "minutes": ["minutes", "minute", "min", "m"],
    "seconds": ["seconds", "second", "sec", "s"],
}
DAYS = {"years": 365, "months": 30, "weeks": 7, "days": 1}
SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}


def length(unit, count):
    return timedelta(days=DAYS.get(unit, 0) * count, seconds=SECONDS.get(unit, 0) * count)


@st.composite
def offsets(draw):
    """An offset in one of its spellings, with the span it means."""
    text, span = draw(st.sampled_from(["", "+", "-", "- ", "-+", " - + "])), timedelta()
    is_past = "-" in text
    for unit, words in WORDS.items():
        if draw(st.booleans()):
            count, word = draw(st.integers(0, 60)), draw(st.sampled_from(words))
            shown = draw(st.sampled_from([word, word.upper(), word.title()]))
            text += f"{count}{draw(st.sampled_from(['', ' ', '  ']))}{shown}{draw(st.sampled_from(['', ' ']))}"
            span += length(unit, count)
    return text, -span if is_past else span


@given(offsets())
def test_offset_means_the_sum_of_its_parts(case):
    text, span = case
    assert parse_offset(text) == span


@given(st.text(alphabet="0123456789 +-yearsmonthwkdhiuc.", max_size=20))
def test_any_text_is_an_offset_or_a_value_error(text):
    try:
        span = parse_offset(text)
    except ValueError:
        return
    assert isinstance(span, timedelta)


@pytest.mark.parametrize(
    ("offset", "days"), [("1 yr", 365), ("1 Yr", 365), ("1 wk", 7), ("24 hr", 1), ("1 Day", 1), ("1 MONTH", 30)]
)
def test_abbreviations_and_capitals_that_the_documentation_names_are_understood(offset, days):
    assert fromNow(offset, START) == START + timedelta(days=days)


@pytest.mark.parametrize(
    "offset", ["1 d 1 y", "1 h 1 h", "1.5 days", "1", "day", "mi", "1 mi", "1 day, 2 hours", "--1 day", "1 da"]
)
def test_other_orders_and_words_are_refused(offset):
    with pytest.raises(ValueError, match="not an offset"):
        fromNow(offset)


@pytest.mark.parametrize("offset", ["99999 years", "-99999 years", f"{'9' * 40} days", f"{'9' * 5000} seconds"])
def test_offset_out_of_the_calendar_is_a_value_error(offset):
    with pytest.raises(ValueError):
        fromNow(offset, START)


def test_now_is_aware():
    before = datetime.now(UTC)
    assert before <= fromNow("0 seconds") <= datetime.now(UTC)


def test_date_obj_is_positional_or_keyword():
    assert fromNow("1 year", START) == fromNow("1 year", dateObj=START)


def test_naive_date_stays_naive():
    assert fromNow("1 day", datetime(2026, 3, 1)) == datetime(2026, 3, 2)


def test_json_ends_in_z():
    assert fromNowJSON("2 days 3 hours 1 minute", START) == "2026-03-03T15:31:45.123456Z"


def test_json_keeps_another_zone():
    assert stringDate(datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=2)))) == "2026-03-01T00:00:00+02:00"
