from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.farm.tasks.times import a_year_later, from_datetime, to_json


def test_a_moment_is_written_as_javascript_writes_it() -> None:
    assert to_json(1_795_321_791.594) == "2026-11-22T04:29:51.594Z"


def test_a_whole_second_keeps_its_milliseconds() -> None:
    assert to_json(0.0) == "1970-01-01T00:00:00.000Z"


@given(st.integers(0, 4_000_000_000_000))
def test_a_moment_read_from_json_is_written_as_the_same_text(milliseconds: int) -> None:
    text = to_json(milliseconds / 1000)
    assert to_json(from_datetime(datetime.fromisoformat(text))) == text


def test_microseconds_are_cut_off_rather_than_rounded() -> None:
    assert to_json(from_datetime(datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC))) == "2026-01-01T00:00:00.999Z"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-11-22T04:29:51+00:00", "2027-11-22T04:29:51.000Z"),
        ("2028-02-29T00:00:00+00:00", "2029-03-01T00:00:00.000Z"),
    ],
)
def test_a_year_later_is_the_same_day(before: str, after: str) -> None:
    assert to_json(a_year_later(datetime.fromisoformat(before).timestamp())) == after
