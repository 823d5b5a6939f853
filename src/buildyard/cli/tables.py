"""The tables of `buildyard status` and `buildyard explain`.

Pure: from the hub's answers to lines.  The words and their order are those of the pages.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from buildyard.cli.answers import Explained, ExplainVersion
from buildyard.cli.palette import Palette, visible_length
from buildyard.farm.builds.headline import bus_phrase
from buildyard.farm.builds.status_values import Building, NeedsALook, Pool, Status
from buildyard.farm.builds.words import (
    LOOKS,
    ago,
    duration,
    estimate,
    kind_words,
    machine,
    part,
    platform_words,
    plural,
    thousands,
)

#: How many running builds `status` shows; the rest is counted.
_BUILDING_ROWS = 12

_STATE_WIDTH = 17


def status_lines(status: Status, palette: Palette) -> list[str]:
    """Return the farm at one moment: what runs, what waits, what needs somebody, what the last day brought."""
    building = _building_rows(status.building, palette)
    pools = _pool_rows(status.pools)
    look = [_look_row(row, palette) for row in status.needs_a_look]
    bus = [f"{palette.glyph('silent')} {phrase}"] if (phrase := bus_phrase(status)) else []
    sections = [[status.headline], building, pools, [*look, *bus, _last_line(status)]]
    return [line for section in sections if section for line in (*section, "")][:-1]


def explain_lines(
    explained: Explained, palette: Palette, *, everything: bool = False, now: float | None = None
) -> list[str]:
    """Return why each build of a package is as it is: of its newest version, or of all that have a reason."""
    if not explained.versions:
        return [f"{explained.package}: nothing is known yet; its request is being planned"]
    versions = explained.versions if everything else explained.versions[:1]
    lines = [line for version in versions for line in _version_lines(explained, version, palette, now)]
    older = len(explained.versions) - len(versions)
    if older:
        have = "has reasons" if older == 1 else "have reasons"
        more = f"buildyard explain {explained.package} --all"
        lines.append(f"{plural(older, 'older version')} {have}: {more}")
    if explained.refused:
        one = explained.refused[0]
        lines.append(f"{palette.glyph('failed')} request {one.request}  {', '.join(one.requirements)}  {one.reason}")
    return lines


def columns(rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset(), gap: int = 2) -> list[str]:
    """Return the rows with their cells aligned, those in ``right`` to the right; the last cell is never padded."""
    table = [list(row) for row in rows]
    widths = [max(visible_length(cell) for cell in column) for column in zip(*table, strict=True)] if table else []
    return [
        (" " * gap)
        .join(
            _padded(cell, width, is_right=number in right, is_last=number == len(row) - 1)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in table
    ]


def _padded(cell: str, width: int, *, is_right: bool, is_last: bool) -> str:
    room = " " * (width - visible_length(cell))
    return room + cell if is_right else cell if is_last else cell + room


def _building_rows(builds: Sequence[Building], palette: Palette) -> list[str]:
    rows = [
        (
            f"{palette.glyph('building')} {build.package}",
            build.version,
            build.abi,
            machine(build.platform),
            build.phase or "starting",
            duration(build.elapsed_s),
            "slower" if build.slower else f"usually {estimate(build.usual_s)}" if build.usual_s else "first build",
            build.builder,
        )
        for build in builds[:_BUILDING_ROWS]
    ]
    more = len(builds) - len(rows)
    return columns(rows, right=frozenset({5})) + ([f"{palette.mark('wait')} {more} more"] if more else [])


def _pool_rows(pools: Sequence[Pool]) -> list[str]:
    if not pools:
        return []
    rows = [
        (
            platform_words(pool.platform),
            f"{pool.busy} of {pool.slots}",
            thousands(pool.queued.total),
            "-" if pool.oldest_s is None else estimate(pool.oldest_s),
            "-" if pool.clear_in_s is None else estimate(pool.clear_in_s),
        )
        for pool in pools
    ]
    return columns([("Pool", "slots", "waiting", "oldest", "clear in"), *rows], right=frozenset({1, 2}))


def _look_row(row: NeedsALook, palette: Palette) -> str:
    reason = row.reason.partition("\n")[0]
    if row.builder:
        told = [reason]
    elif row.request is not None:
        told = [f"request {row.request}", row.package, reason]
    else:
        many = f" and {plural(row.packages - 1, 'more package')}" if row.packages > 1 else ""
        where = " ".join((*row.abis, *(machine(platform) for platform in row.platforms)))
        told = [f"{row.package} {row.version}{many}", where, f"{kind_words(row.kind)}: {reason}"]
    return f"{palette.glyph(row.state)} {'  '.join(told)}"


def _last_line(status: Status) -> str:
    day = status.last_24h
    told = [f"24 h: {thousands(day.built)} built, {thousands(day.failed)} failed"]
    if day.tried_again:
        told[0] += f", {thousands(day.tried_again)} of those are tried again"
    if status.disk is not None:
        told.append(f"disk {part(status.disk.free_bytes, status.disk.total_bytes)} free")
    return " · ".join(told)


def _version_lines(explained: Explained, version: ExplainVersion, palette: Palette, now: float | None) -> Iterable[str]:
    told = [f"{explained.package} {version.version}".strip()]
    if version.released:
        seconds = datetime.fromisoformat(version.released).timestamp()
        told.append(f"released {ago((time.time() if now is None else now) - seconds)}")
    if version.requires_python:
        told.append(f"Requires-Python {version.requires_python}")
    yield ", ".join(told)
    for group in version.platforms:
        yield f"  {', '.join(map(platform_words, group.platforms))}"
        words = [LOOKS[line.state].word if line.state in LOOKS else line.state for line in group.lines]
        width = max([_STATE_WIDTH, *map(len, words)])
        for word, line in zip(words, group.lines, strict=True):
            why = f": {line.text}" if line.text else ""
            yield f"    {palette.glyph(line.state)} {word:<{width}} {' '.join(line.abis)}{why}"
