"""Sizes and durations as a person reads them, in logs and reasons.  Pure."""

from __future__ import annotations

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def readable_size(size: float) -> str:
    """Return a number of bytes, decimal, with at most three digits: ``180 MB``, ``1.5 GB``, ``12 bytes``."""
    index = 0
    # 999.5 would round to "1000 kB".
    while size >= 999.5 and index < len(_UNITS) - 1:
        size, index = size / 1000, index + 1
    return f"{size:.1f} {_UNITS[index]}" if index and size < 9.95 else f"{size:.0f} {_UNITS[index]}"


def readable_seconds(seconds: float) -> str:
    """Return a duration in two units at most: ``0.4 s``, ``48 s``, ``3 m 40 s``, ``2 h``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    rest = round(seconds)
    if rest < 60:
        return f"{rest} s"
    if rest < 3600:
        return _two(rest // 60, "m", rest % 60, "s")
    return _two(rest // 3600, "h", rest % 3600 // 60, "m")


def _two(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first} {unit} {second} {smaller}" if second else f"{first} {unit}"
