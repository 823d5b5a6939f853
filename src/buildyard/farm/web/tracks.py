"""The phases of a build as pictures: a thin track in lists, a bar with words on the build's own page.

Pure: from times and usual shares to widths in per cent.  Templates draw them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from buildyard.farm.builds.status_values import Building
from buildyard.farm.builds.usual import DEFAULT_SHARES
from buildyard.farm.wire import PHASES, PhaseRecord

#: Between two phases of a track, in per cent.
_GAP = 1.2

#: What a phase shows as done whose usual time nobody knows.
_UNKNOWN_FILL = 0.5

#: The stylesheet has so many widths; a phase of the bar gets the nearest one.
_STEPS = 20

Tone = Literal["done", "run", "slow", "bad", "rest"]


class Segment(Struct, frozen=True, kw_only=True):
    """One phase of a track."""

    x: float  #: per cent
    width: float  #: per cent
    filled: float  #: per cent of the whole track, at most ``width``
    tone: Tone


class PhaseCell(Struct, frozen=True, kw_only=True):
    """One phase of the bar."""

    name: str
    state: Literal["done", "running", "failed", "skipped", "waiting"]
    elapsed_s: float | None = None
    note: str = ""
    step: int = 1  #: its width, 1 to `_STEPS`
    filled: float = 0.0  #: per cent of its own width


def track(build: Building) -> list[Segment]:
    """Return the six segments of a running build: what is done, what runs and how far, what comes."""
    current = PHASES.index(build.phase) if build.phase in PHASES else -1
    widths = [share * (100 - _GAP * (len(PHASES) - 1)) for share in build.shares]
    segments, x = [], 0.0
    for nth, width in enumerate(widths):
        fill, tone = _fill(build, nth, current)
        segments.append(Segment(x=round(x, 2), width=round(width, 2), filled=round(width * fill, 2), tone=tone))
        x += width + _GAP
    return segments


def _fill(build: Building, nth: int, current: int) -> tuple[float, Tone]:
    if nth < current:
        return 1.0, "done"
    if nth > current:
        return 0.0, "rest"
    if build.slower:
        return 1.0, "slow"
    return share_done(build.phase_elapsed_s, build.usual_s, build.shares[nth]), "run"


def share_done(elapsed_s: float | None, usual_s: float | None, share: float) -> float:
    """Return how much of a phase is over, never more than all of it."""
    if not usual_s or elapsed_s is None:
        return _UNKNOWN_FILL
    return min(elapsed_s / max(usual_s * share, 0.1), 1.0)


def recorded(records: Sequence[PhaseRecord], *, failed: bool) -> list[PhaseCell]:
    """Return the bar of a build that has ended."""
    known: dict[str, PhaseRecord] = {record.name: record for record in records}
    whole = sum(record.elapsed_s for record in records) or 1.0
    cells = []
    for name in PHASES:
        record = known.get(name)
        if record is None or record.state == "skipped":
            note = "not asked for" if record is not None or not failed else "not reached"
            cells.append(PhaseCell(name=name, state="skipped", note=(record.note if record else "") or note))
        else:
            step = max(1, round(_STEPS * record.elapsed_s / whole))
            cells.append(
                PhaseCell(name=name, state=record.state, elapsed_s=record.elapsed_s, note=record.note, step=step)
            )
    return cells


def underway(
    starts: Sequence[tuple[str, float]], now_s: float, usual_s: float | None, shares: Sequence[float] = DEFAULT_SHARES
) -> list[PhaseCell]:
    """Return the bar of a running build from when its phases began, ``now_s`` seconds into the run."""
    began = dict(starts)
    ends = {name: after for (name, _), (_, after) in pairwise(starts)}
    current = starts[-1][0] if starts else ""
    cells = []
    for name, share in zip(PHASES, shares, strict=True):
        step = max(1, round(_STEPS * share))
        if name == current:
            elapsed = now_s - began[name]
            fill = 100 * share_done(elapsed, usual_s, share)
            cells.append(PhaseCell(name=name, state="running", elapsed_s=elapsed, step=step, filled=round(fill, 1)))
        elif name in began:
            cells.append(PhaseCell(name=name, state="done", elapsed_s=ends[name] - began[name], step=step))
        else:
            cells.append(PhaseCell(name=name, state="waiting", step=step))
    return cells
