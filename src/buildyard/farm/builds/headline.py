"""One sentence that says how the farm is, and the note below it.

Pure, from a `Status` to text: the same words on the page, in its title, in the terminal and in the feed.
"""

from __future__ import annotations

from collections.abc import Sequence

from buildyard.farm.builds.status_values import Pool, Status
from buildyard.farm.builds.words import listed, machine, plural, size, spoken, thousands

#: A pool is told apart from the others where it takes this many times as long.
_FAR_LONGER = 10

#: A bus that is so far behind is told of, although it takes what it is given.
_FAR_BEHIND_S = 60.0

#: So many silent builders are called by name.
_NAMED = 3


def headline(status: Status) -> str:
    """Return the sentence that answers: is all well, what runs, what waits."""
    disk = status.disk
    if disk is not None and disk.is_paused:
        return (
            f"Building is paused: {size(disk.free_bytes)} free, needs {size(disk.floor_bytes)}. It goes on by itself."
        )
    if not status.asked_ever:
        return "Your farm runs. Nothing is built yet."
    if status.counts.building or status.counts.queued or status.counts.planning:
        return " ".join(filter(None, (_first_wheel(status), _at_work(status), _outlook(status))))
    return _at_rest(status)


def note(status: Status) -> str:
    """Return what stands below the headline: builders first, then the last day, and a bus that is not well."""
    return " ".join(filter(None, (_of_builders(status), _of_last_day(status), bus_phrase(status))))


def bus_phrase(status: Status) -> str:
    """Return what is wrong with the message bus, '' where it has all or is about to."""
    bus = status.bus
    if bus is None:
        return ""
    waiting = plural(bus.waiting, "message")
    if bus.trouble_s is not None:
        return f"The message bus has been away for {spoken(bus.trouble_s)} ({bus.trouble}); {waiting} to be sent."
    if (bus.oldest_s or 0.0) > _FAR_BEHIND_S:
        return f"The message bus is {spoken(bus.oldest_s or 0.0)} behind; {waiting} to be sent."
    return ""


def _first_wheel(status: Status) -> str:
    only = status.wheels.files == 1
    return f"{status.wheels.newest} is this farm’s first wheel." if only else ""


def _at_work(status: Status) -> str:
    counts = status.counts
    planning = f"{plural(counts.planning, 'request')} being planned" if counts.planning else ""
    if not counts.building and not counts.queued:
        return f"{planning}."
    told = f"{thousands(counts.building)} building, {thousands(counts.queued)} waiting"
    return f"{told}, {planning}." if planning else f"{told}."


def _outlook(status: Status) -> str:
    waiting = [pool for pool in status.pools if pool.queued.total]
    nobody = [machine(pool.platform) for pool in waiting if not pool.slots]
    if nobody:
        return f"No builder is there for {listed(nobody)}."
    known = [pool for pool in waiting if pool.clear_in_s is not None]
    if not known or len(known) < len(waiting):
        return ""
    return _clears(sorted(known, key=_clear_in))


def _clears(pools: Sequence[Pool]) -> str:
    slowest, others = pools[-1], pools[:-1]
    if others and _clear_in(slowest) > 3600 and _clear_in(slowest) > _FAR_LONGER * _clear_in(others[-1]):
        return f"Everything but {machine(slowest.platform)} clears in {spoken(_clear_in(others[-1]))}."
    return f"Everything clears in {spoken(_clear_in(slowest))}."


def _clear_in(pool: Pool) -> float:
    return pool.clear_in_s or 0.0


def _at_rest(status: Status) -> str:
    counts, wheels = status.counts, status.wheels
    ready = f"{plural(wheels.files, 'wheel')} of {plural(wheels.packages, 'package')}"
    if counts.failed or counts.blocked:
        unwell = plural(counts.failed + counts.blocked, "build")
        return f"Nothing is waiting. {ready} ready, {unwell} did not work out."
    if counts.will_retry:
        return f"Nothing is waiting. {ready} ready, {plural(counts.will_retry, 'build')} tried again soon."
    if not wheels.files:
        return "Nothing is waiting, and nothing is built."
    return f"Everything asked for is built: {ready}."


def silent_phrase(status: Status) -> str:
    """Return the part of the note that tells who went silent, '' where nobody did; a page makes it a link."""
    silent = [one.name for one in status.builders if one.state == "silent"]
    if not silent:
        return ""
    named = listed(silent) if len(silent) <= _NAMED else plural(len(silent), "builder")
    return f"{named} {'has' if len(silent) == 1 else 'have'} gone silent"


def _of_builders(status: Status) -> str:
    there = [one for one in status.builders if one.state != "gone"]
    if not there:
        return "No builder is there."
    silent = silent_phrase(status)
    if not silent:
        return f"{plural(len(there), 'builder')} with {plural(sum(one.slots for one in there), 'slot')}."
    working = sum(one.state == "working" for one in there)
    return f"{working} of {plural(len(there), 'builder')} working; {silent}."


def _of_last_day(status: Status) -> str:
    day = status.last_24h
    if not day.built and not day.failed:
        return ""
    told = f"{plural(day.built, 'wheel')} built in 24 h, {thousands(day.failed)} failed"
    if not day.tried_again:
        return f"{told}."
    is_one = day.tried_again == 1
    which = f"{thousands(day.tried_again)} of those {'is' if is_one else 'are'}"
    return f"{told}; {which} tried again by {'itself' if is_one else 'themselves'}."
