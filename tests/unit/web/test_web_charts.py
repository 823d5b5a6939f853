"""The chart tells built from failed by position, and names what is remarkable."""

from __future__ import annotations

from buildyard.farm.builds.status_values import Hour
from buildyard.farm.web.charts import ABOVE, BELOW, chart


def hours(**changed: Hour) -> list[Hour]:
    made = [Hour(at=f"2026-01-17T{nth:02d}:00:00Z", built=10, failed=0) for nth in range(24)]
    for name, hour in changed.items():
        made[int(name.removeprefix("h"))] = hour
    return made


def busy(built: int, failed: int, cause: str = "network") -> Hour:
    return Hour(at="2026-01-17T15:00:00Z", built=built, failed=failed, cause=cause)


def test_a_quiet_day_has_no_chart() -> None:
    assert chart([Hour(at="2026-01-17T00:00:00Z", built=0, failed=0)] * 24) is None


def test_bars_stay_inside_the_picture() -> None:
    drawn = chart(hours(h15=busy(73, 500)))
    assert drawn is not None
    assert max(bar.up for bar in drawn.bars) <= ABOVE
    assert max(bar.down for bar in drawn.bars) <= BELOW
    assert drawn.bars[-1].x + drawn.bars[-1].width <= 100


def test_the_axis_ends_at_a_round_number() -> None:
    drawn = chart(hours(h15=busy(73, 0)))
    assert drawn is not None
    assert [text for _, text in drawn.lines] == ["80", "40", "0"]


def test_a_single_failure_can_be_seen() -> None:
    drawn = chart(hours(h3=busy(400, 1)))
    assert drawn is not None
    assert drawn.bars[3].down >= 1.5


def test_the_hour_that_is_not_over_looks_different() -> None:
    drawn = chart(hours())
    assert drawn is not None
    assert [bar.is_over for bar in drawn.bars] == [True] * 23 + [False]


def test_the_worst_hour_is_named_with_its_cause() -> None:
    drawn = chart(hours(h15=busy(60, 9)))
    assert drawn is not None
    assert drawn.remark is not None
    assert drawn.remark[1] == "9 failed, network"


def test_a_few_failures_are_not_remarkable() -> None:
    drawn = chart(hours(h15=busy(60, 4)))
    assert drawn is not None
    assert drawn.remark is None


def test_the_summary_tells_it_in_words() -> None:
    drawn = chart(hours(h15=busy(60, 9)))
    assert drawn is not None
    assert drawn.summary == "290 built and 9 failed in 24 hours, most of them at 15:00 UTC."
