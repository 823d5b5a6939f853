"""Tracks and bars show how far a build is, and never more than there is."""

from __future__ import annotations

from typing import Any

import pytest

from buildyard.farm.builds.status_values import Building
from buildyard.farm.builds.usual import DEFAULT_SHARES
from buildyard.farm.web.tracks import recorded, track, underway
from buildyard.farm.wire import PHASES, PhaseRecord


def building(**more: Any) -> Building:
    known: dict[str, Any] = {
        "id": 1,
        "package": "numpy",
        "version": "2",
        "abi": "cp312",
        "platform": "linux_x86_64",
        "phase": "build",
        "phase_elapsed_s": 10.0,
        "elapsed_s": 12.0,
        "usual_s": 100.0,
        "usual_of": "package",
        "shares": (0.1, 0.1, 0.5, 0.1, 0.1, 0.1),
        "slower": False,
        "builder": "yard-1",
        "started": "",
        "attempt": 1,
    }
    return Building(**{**known, **more})


def test_a_track_fills_its_width() -> None:
    segments = track(building())
    assert segments[-1].x + segments[-1].width == pytest.approx(100, abs=0.1)


def test_phases_are_done_running_or_to_come() -> None:
    assert [one.tone for one in track(building())] == ["done", "done", "run", "rest", "rest", "rest"]


def test_the_running_phase_is_filled_by_its_usual_time() -> None:
    segment = track(building())[2]
    assert segment.filled == pytest.approx(segment.width * 0.2, abs=0.01)


@pytest.mark.parametrize(("more", "tone"), [({"phase_elapsed_s": 9999.0}, "run"), ({"slower": True}, "slow")])
def test_no_bar_goes_past_its_end(more: dict[str, Any], tone: str) -> None:
    segment = track(building(**more))[2]
    assert (segment.filled, segment.tone) == (segment.width, tone)


def test_an_unknown_usual_time_shows_half() -> None:
    segment = track(building(usual_s=None))[2]
    assert segment.filled == pytest.approx(segment.width / 2, abs=0.01)


def test_a_build_that_has_no_phase_yet_has_nothing_filled() -> None:
    assert {one.tone for one in track(building(phase=None))} == {"rest"}


def record(name: Any, state: Any = "done", elapsed: float = 1.0, note: str = "") -> PhaseRecord:
    return PhaseRecord(name=name, state=state, started_s=0, elapsed_s=elapsed, note=note)


def test_a_recorded_bar_has_every_phase() -> None:
    cells = recorded([record("fetch"), record("build", "failed", 8, "exit code 1")], failed=True)
    assert [cell.name for cell in cells] == list(PHASES)
    assert [cell.state for cell in cells][2] == "failed"


def test_phases_after_a_failure_were_not_reached() -> None:
    cells = recorded([record("fetch", "failed")], failed=True)
    assert {cell.note for cell in cells[1:]} == {"not reached"}


def test_a_phase_that_was_left_out_was_not_asked_for() -> None:
    cells = recorded([record("fetch"), record("repair", "skipped", 0)], failed=False)
    assert cells[3].note == "not asked for"


def test_widths_follow_the_time_that_phases_took() -> None:
    cells = recorded([record("fetch", elapsed=1), record("build", elapsed=9)], failed=False)
    assert (cells[0].step, cells[2].step) == (2, 18)


def test_a_running_bar_tells_what_each_phase_took() -> None:
    cells = underway([("fetch", 0.0), ("prepare", 2.0), ("build", 5.0)], 25.0, 100.0, DEFAULT_SHARES)
    assert [(cell.state, cell.elapsed_s) for cell in cells[:4]] == [
        ("done", 2.0),
        ("done", 3.0),
        ("running", 20.0),
        ("waiting", None),
    ]


def test_a_waiting_build_has_an_empty_bar() -> None:
    assert {cell.state for cell in underway([], 0.0, None)} == {"waiting"}
