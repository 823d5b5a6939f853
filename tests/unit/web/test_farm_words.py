"""Durations, sizes, times and states read the same everywhere."""

from __future__ import annotations

import pytest

from buildyard.farm.builds import words
from buildyard.farm.builds.states import State


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (48.4, "48 s"), (59.6, "1 m 00 s"), (220, "3 m 40 s"), (7800, "2 h 10 m"), (273_600, "3 d 4 h")],
)
def test_durations_have_two_units_at_most(seconds: float, told: str) -> None:
    assert words.duration(seconds) == told


@pytest.mark.parametrize(("seconds", "told"), [(0.44, "0.4 s"), (9.9, "9.9 s"), (9.97, "10 s"), (-0.1, "0.0 s")])
def test_precise_durations_have_one_decimal_under_ten_seconds(seconds: float, told: str) -> None:
    assert words.duration(seconds, precise=True) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, "–"), (30, "30 s"), (360, "6 m"), (3000, "50 m"), (7800, "2 h 10 m"), (7200, "2 h"), (273_600, "3 d 4 h")],
)
def test_estimates_are_no_finer_than_they_deserve(seconds: float | None, told: str) -> None:
    assert words.estimate(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "1 second"), (30, "30 seconds"), (360, "6 minutes"), (7200, "2 hours"), (259_200, "3 days")],
)
def test_spoken_times_have_one_unit(seconds: float, told: str) -> None:
    assert words.spoken(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-3, "now"),
        (0.4, "now"),
        (2, "2 s ago"),
        (740, "12 min ago"),
        (3700, "1 h ago"),
        (3 * 86400, "3 d ago"),
        (20 * 86400, "20 d ago"),
        (56 * 86400, "8 w ago"),
        (120 * 86400, "3 mo ago"),
        (800 * 86400, "2 y ago"),
    ],
)
def test_past_times_are_relative(seconds: float, told: str) -> None:
    assert words.ago(seconds) == told


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (812, "812 B"),
        (378_200, "378.2 kB"),
        (516_000, "516 kB"),
        (999_960, "1 MB"),
        (18_400_000, "18.4 MB"),
        (3_900_000_000, "3.9 GB"),
        (492_000_000_000, "492 GB"),
    ],
)
def test_sizes_are_decimal(count: int, told: str) -> None:
    assert words.size(count) == told


@pytest.mark.parametrize(
    ("used", "limit", "told"),
    [(3.9e9, 4e9, "3.9 of 4 GB"), (88e6, 4e9, "88 MB of 4 GB"), (0, 4e9, "0 B of 4 GB")],
)
def test_use_is_told_against_its_limit(used: float, limit: float, told: str) -> None:
    assert words.part(used, limit) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [(1, "first"), (3, "third"), (11, "11th"), (12, "12th"), (21, "21st"), (42, "42nd"), (113, "113th")],
)
def test_ordinals(number: int, told: str) -> None:
    assert words.ordinal(number) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("waits for maturin", "Waits for maturin"),
        ("final", "Final"),
        ("six-1.0-py3-none-any.whl serves it", "six-1.0-py3-none-any.whl serves it"),
        ("kontron-3 has gone silent", "kontron-3 has gone silent"),
        ("src/a.c:1: no", "src/a.c:1: no"),
        ("setup.py is missing", "setup.py is missing"),
        ("", ""),
    ],
)
def test_a_sentence_begins_large_unless_it_begins_with_a_name(text: str, told: str) -> None:
    assert words.sentence(text) == told


@pytest.mark.parametrize(("text", "told"), [("no", "no."), ("no.", "no."), ("more…", "more…"), ("", "")])
def test_a_full_stop_is_put_once(text: str, told: str) -> None:
    assert words.stopped(text) == told


def test_counts_have_commas_and_the_right_number() -> None:
    assert [words.plural(1, "build"), words.plural(1017, "build"), words.plural(2, "entry", "entries")] == [
        "1 build",
        "1,017 builds",
        "2 entries",
    ]


def test_lists_end_with_and() -> None:
    assert [words.listed([]), words.listed(["a"]), words.listed(["a", "b", "c"])] == ["", "a", "a, b and c"]


def test_every_state_of_a_build_has_a_look() -> None:
    assert {state.value for state in State} <= words.LOOKS.keys()


@pytest.mark.parametrize("of", ["glyph", "ascii"])
def test_no_two_states_share_a_shape(of: str) -> None:
    shapes = [getattr(look, of) for look in words.LOOKS.values()]
    assert len(set(shapes)) == len(shapes)


def test_platforms_are_told_with_a_space() -> None:
    assert words.platform_words("linux_x86_64") == "linux x86_64"
    assert words.pool_words("linux_x86_64") == "linux-x86_64"
    assert words.machine("linux_x86_64") == "x86_64"


def test_times_are_utc() -> None:
    assert words.utc(1_768_659_968) == "2026-01-17 14:26:08 UTC"
    assert words.iso(1_768_659_968) == "2026-01-17T14:26:08Z"
    assert words.clock_time(1_768_659_968) == "14:26"


def test_the_margin_of_a_log_is_short() -> None:
    assert [words.log_time(14.84), words.log_time(98), words.log_time(1564)] == ["14.8", "1 m 38", "26 m 04"]
