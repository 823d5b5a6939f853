"""Sizes and durations as people read them."""

from __future__ import annotations

import pytest

from buildyard.farm.builder.units import readable_seconds, readable_size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_940, "9.9 kB"),
        (9_960, "10 kB"),
        (378_200, "378 kB"),
        (999_600, "1.0 MB"),
        (180_000_000, "180 MB"),
        (8_000_000_000, "8.0 GB"),
        (3 * 10**15, "3000 TB"),
    ],
)
def test_sizes_have_three_digits_at_most(size: int, text: str):
    assert readable_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.44, "0.4 s"),
        (2, "2 s"),
        (9.97, "10 s"),
        (48.2, "48 s"),
        (60, "1 m"),
        (220, "3 m 40 s"),
        (3 * 3600, "3 h"),
        (7800, "2 h 10 m"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str):
    assert readable_seconds(seconds) == text
