"""What a person reads of a request: rows, final lines and plain lines.

Pure: from the values of `progress` and a `Palette` to lines.  `live` redraws `live_lines` on a terminal; without one
`plain_line` writes one line an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from buildyard.cli.answers import BuildAnswer
from buildyard.cli.palette import Palette, justified, visible_length
from buildyard.cli.progress import Change, Finished, Tally, View, fraction
from buildyard.farm.builds.words import duration, estimate, listed, plural

#: Columns of a track, and of the phase's name.
_TRACK = 19
_PHASE = 8
_ABI = 7

#: Words of plain lines, by state.
_PLAIN_WORDS = {"built": "built", "failed": "failed", "will_retry": "retry", "blocked": "blocked"}


def live_lines(view: View, palette: Palette, *, elapsed_s: float, height: int) -> list[str]:
    """Return the live table, at most ``height`` lines of it: what failed and what runs before what is built."""
    head = justified("Building", f"{view.done} of {view.total} done, {duration(elapsed_s)}", palette.width)
    widths = _widths(view)
    finished = [_finished_line(row, palette, widths) for row in view.finished]
    active = [active_line(build, palette, widths) for build in view.active]
    tail = [_waiting_line(view, palette)] if view.waiting else []
    room = max(height - 1 - len(tail), 1)
    if len(active) > room:
        active = [*active[: room - 1], f"{palette.mark('wait')} {len(active) - room + 1} more"]
    return [head, *_newest(finished, room - len(active), palette), *active, *tail]


def final_lines(view: View, palette: Palette) -> list[str]:
    """Return how everything ended, reasons and what to do next included."""
    widths = _widths(view)
    told: list[str] = []
    for row in view.finished:
        told.append(_finished_line(row, palette, widths))
        if row.state != "built":
            told += [f"  {line}" for line in row.one.reason.splitlines()]
            told += [f"  Next: {row.one.next}"] if row.one.next else []
    return told


def summary_line(tally: Tally, palette: Palette, *, elapsed_s: float, more: Sequence[str] = ()) -> str:
    """Return the line that ends a report: ``✓ 10 built, 0 failed, 38 s``."""
    counts = [f"{tally.built:,} built", f"{tally.failed:,} failed"]
    if tally.will_retry:
        counts.append(f"{tally.will_retry:,} tried again later")
    left_out = [f"{reason}: {', '.join(packages)}" for reason, packages in tally.left_out]
    if tally.blocked:
        left_out.append(f"waiting for you: {', '.join(tally.blocked)}")
    mark = palette.mark("bad" if tally.failed or tally.will_retry else "done")
    return f"{mark} {' · '.join([', '.join([*counts, duration(elapsed_s, precise=True)]), *left_out, *more])}"


def plan_lines(builds: Sequence[BuildAnswer], palette: Palette) -> list[str]:
    """Return what a request came to, a line for each version: what is queued, what is there, what is not wanted."""
    groups: dict[tuple[str, str], list[BuildAnswer]] = {}
    for build in builds:
        groups.setdefault((build.package, build.version), []).append(build)
    width = max((len(f"{package} {version}") for package, version in groups), default=0)
    return [
        _plan_line(f"{package} {version}".ljust(width), group, palette) for (package, version), group in groups.items()
    ]


def active_line(build: BuildAnswer, palette: Palette, widths: tuple[int, int] = (0, 0)) -> str:
    """Return the row of a running build; what does not fit goes: usual time, then track, then builder."""
    name = f"{palette.glyph('building')} {_name(build.package, build.version, widths)}  {build.abi:<{_ABI}}"
    start = f"{name} {build.phase or 'starting':<{_PHASE}}"
    time = f"{duration(build.elapsed_s or 0.0, precise=True):>10}"
    builder = f"  {build.builder}" if build.builder else ""
    usual = f"  usually {estimate(build.usual_s)}" if build.usual_s else "  first build"
    track = f" {_track(build, palette)}"
    for middle, end in ((track, usual + builder), (track, builder), ("", builder), ("", "")):
        line = f"{start}{middle}{time}{end}"
        if visible_length(line) <= palette.width:
            return line
    return f"{name}{time}"


def plain_line(at: float, word: str, text: str) -> str:
    """Return a line for a log: time in UTC, a word, and what it is about."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ} {word:<8} {text}"


def plain_changes(at: float, found: Iterable[Change]) -> list[str]:
    """Return a line for each build that ended."""
    return [
        plain_line(at, _PLAIN_WORDS[change.build.state], _plain_build(change.build))
        for change in found
        if change.build.state in _PLAIN_WORDS
    ]


def plain_progress(at: float, view: View) -> str:
    """Return the line that tells that the program is still alive."""
    text = f"{view.done} of {view.total} done, {len(view.active)} building, {view.waiting} waiting"
    return plain_line(at, "progress", text)


def plain_done(at: float, tally: Tally, elapsed_s: float) -> str:
    """Return the last line."""
    return plain_line(at, "done", f"{tally.built} built, {tally.failed} failed, {elapsed_s:.0f}s")


def _plain_build(build: BuildAnswer) -> str:
    where = f"{build.package} {build.version} {build.abi} {build.platform}".rstrip()
    time = f" {build.elapsed_s:.1f}s" if build.elapsed_s is not None else ""
    reason = build.reason.partition("\n")[0]
    why = f" {build.phase}: {reason}" if build.phase and reason else f" {reason}" if reason else ""
    return f"{where}{time}{why if build.state != 'built' else ''}"


def _finished_line(row: Finished, palette: Palette, widths: tuple[int, int]) -> str:
    abis = "every Python" if row.serves_all else " ".join(row.abis)
    what = {"failed": row.one.phase or "", "will_retry": _again(row.one), "blocked": "waits for you"}
    left = f"{palette.glyph(row.state)} {_name(row.package, row.version, widths)}  {abis}"
    if more := what.get(row.state):
        left = f"{left}  {more}"
    time = "" if row.elapsed_s is None else duration(row.elapsed_s, precise=True)
    return justified(left, time, palette.width) if time else left


def _again(build: BuildAnswer) -> str:
    return f"will retry at {build.try_at[11:16]}" if build.try_at else "will retry"


def _waiting_line(view: View, palette: Palette) -> str:
    left = f", about {estimate(view.left_s)} left" if view.left_s is not None else ""
    return f"{palette.mark('wait')} {view.waiting} waiting, next {view.next_up}{left}"


def _newest(lines: list[str], room: int, palette: Palette) -> list[str]:
    """Return as many of the last lines as there is room for, the others counted."""
    if len(lines) <= room:
        return lines
    kept = lines[-(room - 1) :] if room > 1 else []
    return [f"{palette.mark('done')} {len(lines) - len(kept)} more", *kept] if room > 0 else []


def _track(build: BuildAnswer, palette: Palette) -> str:
    """Return a bar of the usual time; one that is full tells that it takes longer than usual."""
    filled = fraction(build)
    if filled >= 1 and build.usual_s:
        return palette.paint("warn", "━" * _TRACK)
    return palette.track(filled, _TRACK)


def _widths(view: View) -> tuple[int, int]:
    names = [(row.package, row.version) for row in view.finished]
    names += [(build.package, build.version) for build in view.active]
    return max((len(name) for name, _ in names), default=0), max((len(version) for _, version in names), default=0)


def _name(package: str, version: str, widths: tuple[int, int]) -> str:
    return f"{package:<{widths[0]}}  {version:<{widths[1]}}" if widths[0] else f"{package} {version}"


def _plan_line(name: str, group: Sequence[BuildAnswer], palette: Palette) -> str:
    wanted = [build.abi for build in group if build.state in ("queued", "building", "will_retry")]
    there = [build for build in group if build.state in ("built", "covered")]
    others: dict[tuple[str, str], list[str]] = {}
    for build in group:
        if build not in there and build.abi not in wanted:
            others.setdefault((build.state, build.reason), []).append(build.abi)
    notes = [f"{listed(abis)} {state.replace('_', ' ')}, {reason}" for (state, reason), abis in others.items()]
    if wanted:
        told = [f"{plural(len(wanted), 'build')}: {' '.join(wanted)}", *notes]
        return f"{palette.glyph('queued')} {name}  {' · '.join(told)}"
    if there:
        files = len({build.filename or build.covered_by for build in there})
        return f"{palette.glyph('covered')} {name}  {' · '.join([f'nothing to build, {_there(files)}', *notes])}"
    return f"{palette.glyph(group[0].state)} {name}  {' · '.join(notes)}"


def _there(files: int) -> str:
    return "1 wheel is there" if files == 1 else f"{files} wheels are there"
