"""The headline answers the page's question in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from buildyard.farm.builds.headline import bus_phrase, headline, note
from buildyard.farm.builds.status_values import (
    Builder,
    Bus,
    Counts,
    Disk,
    LastDay,
    Pool,
    QueuedBy,
    Status,
    Wheels,
)

NOBODY = Counts(building=0, queued=0, blocked=0, will_retry=0, failed=0, built=0)


def counts(**more: int) -> Counts:
    return Counts(**{**{field: getattr(NOBODY, field) for field in Counts.__struct_fields__}, **more})


def status(**more: Any) -> Status:
    known: dict[str, Any] = {
        "at": "2026-01-17T14:26:08Z",
        "counts": NOBODY,
        "last_24h": LastDay(built=0, failed=0, tried_again=0),
        "hours": (),
        "pools": (),
        "building": (),
        "needs_a_look": (),
        "builders": (builder(),),
        "disk": None,
        "wheels": Wheels(files=10, packages=4, bytes=1),
        "asked_ever": True,
        "last_event": 0,
    }
    return Status(**{**known, **more})


def builder(name: str = "yard-1", state: str = "working", slots: int = 2) -> Builder:
    return Builder(name=name, state=state, platform="linux_x86_64", slots=slots, busy=0, seen="")


def pool(machine: str, waiting: int, clear_in: float | None, slots: int = 2) -> Pool:
    return Pool(
        name=f"linux-{machine}",
        platform=f"linux_{machine}",
        slots=slots,
        busy=0,
        queued=QueuedBy(new=waiting),
        oldest_s=1.0,
        clear_in_s=clear_in,
    )


def test_what_runs_and_waits_comes_first() -> None:
    assert headline(status(counts=counts(building=6, queued=1482))) == "6 building, 1,482 waiting."


def test_the_one_slow_pool_is_told_apart() -> None:
    pools = (pool("x86_64", 18, 360), pool("riscv64", 464, 273_600))
    told = headline(status(counts=counts(building=6, queued=482), pools=pools))
    assert told == "6 building, 482 waiting. Everything but riscv64 clears in 6 minutes."


def test_pools_of_one_kind_are_told_together() -> None:
    pools = (pool("x86_64", 18, 360), pool("aarch64", 4, 500))
    told = headline(status(counts=counts(building=1, queued=22), pools=pools))
    assert told == "1 building, 22 waiting. Everything clears in 8 minutes."


def test_an_unknown_time_is_not_made_up() -> None:
    pools = (pool("x86_64", 18, None),)
    assert headline(status(counts=counts(building=1, queued=18), pools=pools)) == "1 building, 18 waiting."


def test_a_pool_without_builders_is_named() -> None:
    pools = (pool("riscv64", 3, None, slots=0),)
    told = headline(status(counts=counts(queued=3), pools=pools))
    assert told == "0 building, 3 waiting. No builder is there for riscv64."


def test_requests_that_are_being_planned_count() -> None:
    assert headline(status(counts=counts(planning=1))) == "1 request being planned."
    assert headline(status(counts=counts(building=1, planning=2))) == "1 building, 0 waiting, 2 requests being planned."


def test_a_paused_farm_says_so_before_all_else() -> None:
    disk = Disk(free_bytes=18_000_000_000, total_bytes=930_000_000_000, floor_bytes=20_000_000_000)
    told = headline(status(counts=counts(building=1), disk=disk))
    assert told == "Building is paused: 18 GB free, needs 20 GB. It goes on by itself."


def test_a_farm_that_was_never_asked_says_what_it_is() -> None:
    assert headline(status(asked_ever=False)) == "Your farm runs. Nothing is built yet."


def test_the_first_wheel_is_news() -> None:
    wheels = Wheels(files=1, packages=1, bytes=1, newest="six 1.17.0")
    told = headline(status(counts=counts(building=3, queued=6), wheels=wheels))
    assert told == "six 1.17.0 is this farm’s first wheel. 3 building, 6 waiting."


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "Everything asked for is built: 10 wheels of 4 packages."),
        ({"failed": 1}, "Nothing is waiting. 10 wheels of 4 packages ready, 1 build did not work out."),
        ({"will_retry": 2}, "Nothing is waiting. 10 wheels of 4 packages ready, 2 builds tried again soon."),
    ],
)
def test_a_farm_at_rest_says_what_came_of_it(more: dict[str, int], told: str) -> None:
    assert headline(status(counts=counts(**more))) == told


def test_the_note_tells_of_builders_and_of_the_last_day() -> None:
    day = LastDay(built=1017, failed=51, tried_again=47)
    told = note(status(builders=(builder(), builder("k-3", "silent"), builder("old", "gone")), last_24h=day))
    assert told == (
        "1 of 2 builders working; k-3 has gone silent. "
        "1,017 wheels built in 24 h, 51 failed; 47 of those are tried again by themselves."
    )


def test_the_note_says_when_nobody_is_there() -> None:
    assert note(status(builders=())) == "No builder is there."


def test_many_silent_builders_are_counted() -> None:
    told = note(status(builders=tuple(builder(f"k-{nth}", "silent") for nth in range(5))))
    assert told == "0 of 5 builders working; 5 builders have gone silent."


@pytest.mark.parametrize(
    ("bus", "told"),
    [
        (None, ""),
        (Bus(waiting=0, oldest_s=None), ""),
        (Bus(waiting=5, oldest_s=2.0), ""),
        (Bus(waiting=5, oldest_s=240.0), "The message bus is 4 minutes behind; 5 messages to be sent."),
        (
            Bus(waiting=1, oldest_s=2.0, trouble="refused", trouble_s=180.0),
            "The message bus has been away for 3 minutes (refused); 1 message to be sent.",
        ),
    ],
)
def test_a_bus_that_is_away_or_far_behind_is_told_of(bus: Bus | None, told: str) -> None:
    assert bus_phrase(status(bus=bus)) == told
    assert note(status(bus=bus)).endswith(told)
