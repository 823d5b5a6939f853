"""The tables of `status` and `explain`, and aligned columns."""

from __future__ import annotations

import msgspec

from buildyard.cli.answers import Explained
from buildyard.cli.palette import Palette
from buildyard.cli.tables import columns, explain_lines, status_lines
from buildyard.farm.builds.status_values import Status

PLAIN = Palette(width=100)
NOW = 1768660229.0  # 2026-01-17T14:30:29Z

STATUS = msgspec.convert(
    {
        "at": "2026-01-17T14:26:08Z",
        "headline": "2 building, 464 waiting.",
        "counts": {"building": 2, "queued": 464, "blocked": 0, "will_retry": 0, "failed": 1, "built": 1017},
        "last_24h": {"built": 1017, "failed": 51, "tried_again": 47},
        "hours": [],
        "pools": [
            {
                "name": "linux-riscv64",
                "platform": "linux_riscv64",
                "slots": 2,
                "busy": 2,
                "queued": {"asked_for": 464},
                "oldest_s": 7800.0,
                "clear_in_s": 273600.0,
            },
            {
                "name": "linux-aarch64",
                "platform": "linux_aarch64",
                "slots": 4,
                "busy": 0,
                "queued": {},
                "oldest_s": None,
                "clear_in_s": None,
            },
        ],
        "building": [
            {
                "id": 48207,
                "package": "numpy",
                "version": "2.2.1",
                "abi": "cp313t",
                "platform": "linux_riscv64",
                "phase": "build",
                "phase_elapsed_s": 1800.0,
                "elapsed_s": 1868.0,
                "usual_s": 2880.0,
                "usual_of": "package",
                "shares": [0.1, 0.1, 0.5, 0.0, 0.2, 0.1],
                "slower": False,
                "builder": "visionfive-1",
                "started": "2026-01-17T13:55:00Z",
                "try": 2,
            },
            {
                "id": 48208,
                "package": "lxml",
                "version": "5.3.0",
                "abi": "cp311",
                "platform": "linux_x86_64",
                "phase": None,
                "phase_elapsed_s": None,
                "elapsed_s": 220.0,
                "usual_s": 100.0,
                "usual_of": "package",
                "shares": [0.1, 0.1, 0.5, 0.0, 0.2, 0.1],
                "slower": True,
                "builder": "yard-1",
                "started": "2026-01-17T13:55:00Z",
                "try": 1,
            },
        ],
        "needs_a_look": [
            {
                "id": 48190,
                "state": "failed",
                "class": "compile_error",
                "final": True,
                "reason": "no member named 'ob_refcnt'",
                "next": "",
                "log_line": 46,
                "package": "cffi",
                "version": "1.17.1",
                "abis": ["cp313t"],
                "platforms": ["linux_x86_64"],
                "packages": 1,
                "builds": [48190],
            },
            {
                "id": 0,
                "state": "silent",
                "class": "",
                "final": False,
                "reason": "kontron-3 has been silent for 4 minutes",
                "next": "",
                "log_line": None,
                "package": "",
                "version": "",
                "abis": [],
                "platforms": ["linux_x86_64"],
                "packages": 0,
                "builds": [],
                "builder": "kontron-3",
            },
        ],
        "builders": [],
        "disk": {"free_bytes": 492_000_000_000, "total_bytes": 930_000_000_000},
        "wheels": {"files": 1017, "packages": 40, "bytes": 1},
        "asked_ever": True,
        "last_event": 9,
    },
    Status,
)

NUMPY = msgspec.convert(
    {
        "package": "numpy",
        "versions": [
            {
                "version": "2.2.1",
                "released": "2026-01-11T14:30:29Z",
                "requires_python": ">=3.10",
                "platforms": [
                    {
                        "platforms": ["linux_riscv64"],
                        "lines": [
                            {"state": "built", "abis": ["cp310", "cp311"]},
                            {"state": "not_wanted", "abis": ["cp39"], "text": "Requires-Python is >=3.10, this is 3.9"},
                        ],
                    },
                    {
                        "platforms": ["linux_x86_64", "linux_aarch64"],
                        "lines": [{"state": "left_to_upstream", "abis": ["cp310"], "text": "a wheel is there"}],
                    },
                ],
            },
            {"version": "2.2.0"},
            {"version": "2.1.0"},
        ],
    },
    Explained,
)


def test_status_tells_what_runs_what_waits_what_needs_somebody_and_the_last_day() -> None:
    assert status_lines(STATUS, PLAIN) == [
        "2 building, 464 waiting.",
        "",
        "● numpy  2.2.1  cp313t  riscv64  build     31 m 08 s  usually 48 m  visionfive-1",
        "● lxml   5.3.0  cp311   x86_64   starting   3 m 40 s  slower        yard-1",
        "",
        "Pool            slots  waiting  oldest    clear in",
        "linux riscv64  2 of 2      464  2 h 10 m  3 d 4 h",
        "linux aarch64  0 of 4        0  -         -",
        "",
        "✗ cffi 1.17.1  cp313t x86_64  compile error: no member named 'ob_refcnt'",
        "! kontron-3 has been silent for 4 minutes",
        "24 h: 1,017 built, 51 failed, 47 of those are tried again · disk 492 of 930 GB free",
    ]


def test_status_of_a_quiet_farm_has_no_empty_sections() -> None:
    quiet = msgspec.structs.replace(STATUS, building=(), needs_a_look=(), pools=(), builders=(), disk=None)
    assert status_lines(quiet, PLAIN) == [
        "2 building, 464 waiting.",
        "",
        "24 h: 1,017 built, 51 failed, 47 of those are tried again",
    ]


def test_running_builds_beyond_twelve_are_counted() -> None:
    busy = msgspec.structs.replace(STATUS, building=STATUS.building[:1] * 30)
    assert "○ 18 more" in status_lines(busy, PLAIN)


def test_explain_tells_a_group_of_platforms_at_a_time() -> None:
    assert explain_lines(NUMPY, PLAIN, now=NOW) == [
        "numpy 2.2.1, released 6 d ago, Requires-Python >=3.10",
        "  linux riscv64",
        "    ✓ built             cp310 cp311",
        "    - not wanted        cp39: Requires-Python is >=3.10, this is 3.9",
        "  linux x86_64, linux aarch64",
        "    ↑ left to upstream  cp310: a wheel is there",
        "2 older versions have reasons: buildyard explain numpy --all",
    ]


def test_explain_of_everything_has_no_more_to_tell() -> None:
    lines = explain_lines(NUMPY, PLAIN, everything=True, now=NOW)
    assert lines[-2:] == ["numpy 2.2.0", "numpy 2.1.0"]


def test_explain_of_a_package_that_is_being_planned_says_so() -> None:
    assert explain_lines(Explained(package="six"), PLAIN) == ["six: nothing is known yet; its request is being planned"]


def test_columns_align_and_leave_no_blanks_at_the_end() -> None:
    assert columns([("a", "1", ""), ("bbb", "22", "x")], right=frozenset({1})) == ["a     1", "bbb  22  x"]


def test_columns_of_nothing_are_nothing() -> None:
    assert columns([]) == []
