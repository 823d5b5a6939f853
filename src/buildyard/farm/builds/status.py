"""The farm at one moment: what runs, what waits, what needs somebody, with the sentence that says so.

`status` reads the tables in about a dozen statements, whatever the farm's size.  The overview, ``buildyard status``
and ``/api/farm/v1/status`` show its `Status`; the words come from `headline` next door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from buildyard.farm.builds import status_rows as rows
from buildyard.farm.builds.headline import headline, note
from buildyard.farm.builds.status_values import Builder, Building, Disk, NeedsALook, Pool, QueuedBy, Status
from buildyard.farm.builds.usual import of_pools, usual
from buildyard.farm.builds.words import iso, pool_words

__all__ = ["Status", "status"]


def status(connection: Connection, now: float, *, disk: tuple[int, int] | None = None, disk_floor: int = 0) -> Status:
    """Return the whole status as of ``now`` (seconds since 1970).

    ``disk`` is the free and the total bytes where the state directory lies; building pauses below ``disk_floor``.
    """
    running = rows.running(connection)
    builders = rows.builder_rows(connection, now)
    lines = rows.builder_lines(builders, now, running)
    usually = usual(connection, [(row.package, row.platform) for row in running])
    building = rows.building(running, now, usually)
    day, hours = rows.last_day(connection, now)
    found = Status(
        at=iso(now),
        counts=rows.counts(connection, running),
        last_24h=day,
        hours=hours,
        pools=_pools(connection, now, lines, running, building),
        building=building,
        needs_a_look=_needs_a_look(connection, now, builders),
        builders=lines,
        disk=None if disk is None else Disk(free_bytes=disk[0], total_bytes=disk[1], floor_bytes=disk_floor),
        bus=rows.bus(connection, now),
        wheels=rows.wheels(connection),
        asked_ever=rows.asked_ever(connection),
        last_event=rows.last_event(connection),
    )
    return msgspec.structs.replace(found, headline=headline(found), note=note(found))


def _needs_a_look(connection: Connection, now: float, builders: Iterable[Row[Any]]) -> tuple[NeedsALook, ...]:
    """Return what does not heal by itself, newest first."""
    found = [
        *rows.silent(builders, now),
        *rows.unplanned(rows.failed_requests(connection, now)),
        *rows.by_cause(rows.unwell(connection)),
    ]
    return tuple(sorted(found, key=lambda cause: cause.at, reverse=True))


def _pools(
    connection: Connection,
    now: float,
    lines: Sequence[Builder],
    running: Sequence[Row[Any]],
    building: Sequence[Building],
) -> tuple[Pool, ...]:
    """Return a pool for each platform that has builders or work, by name."""
    waiting = rows.queued(connection, running)
    there = [line for line in lines if line.state == "working"]
    platforms = {line.platform for line in there} | waiting.keys() | {one.platform for one in building}
    medians = {platform: one.seconds for platform, one in of_pools(connection, waiting.keys()).items()}
    return tuple(
        _pool(
            now, platform, waiting.get(platform), there, [one for one in building if one.platform == platform], medians
        )
        for platform in sorted(platforms)
    )


def _pool(
    now: float,
    platform: str,
    waiting: tuple[QueuedBy, float] | None,
    lines: Iterable[Builder],
    building: Sequence[Building],
    medians: Mapping[str, float],
) -> Pool:
    queued, oldest = waiting or (QueuedBy(), now)
    slots = sum(line.slots for line in lines if line.platform == platform)
    return Pool(
        name=pool_words(platform),
        platform=platform,
        slots=slots,
        busy=len(building),
        queued=queued,
        oldest_s=now - oldest if queued.total else None,
        clear_in_s=_clear_in(queued.total, slots, building, medians.get(platform)),
    )


def _clear_in(waiting: int, slots: int, building: Iterable[Building], each_s: float | None) -> float | None:
    """Return when the last of the waiting builds is about to be done, None where nothing waits or nobody knows."""
    if not waiting or not slots or each_s is None:
        return None
    begun = sum(max((one.usual_s or each_s) - one.elapsed_s, 0.0) for one in building)
    return (waiting * each_s + begun) / slots
