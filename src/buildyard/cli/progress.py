"""How a request comes along: from its builds at one moment to what a person is shown.

Pure.  `view_of` takes the builds of a request (or of a one-shot `build`) and gives a `View`: what is finished, grouped;
what runs; how much waits and for how long.  `changes` compares two moments.  `report` makes lines of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from msgspec import Struct

from buildyard.cli.answers import LEFT_OUT, BuildAnswer

#: The usual shares of a build's time up to the end of each phase, where nothing better is known.
_PHASE_ENDS = {"fetch": 0.06, "prepare": 0.25, "build": 0.8, "repair": 0.82, "check": 0.97, "upload": 1.0}

#: How the planner's reason begins where a builder lacks something, ``left out, no compiler``.
_LEFT_OUT = "left out"

#: States of builds that ran, in which they may stay.
_ENDED = frozenset({"built", "failed", "blocked", "will_retry"})


class Finished(Struct, frozen=True, kw_only=True):
    """Builds of one version that ended alike."""

    state: str  #: built, failed, will_retry, blocked
    package: str
    version: str
    abis: tuple[str, ...]
    serves_all: bool = False  #: one wheel for every Python
    elapsed_s: float | None = None  #: of all of them together
    one: BuildAnswer  #: the first of them, for reason, phase and log


class View(Struct, frozen=True, kw_only=True):
    """A request at one moment, as a person reads it."""

    finished: tuple[Finished, ...] = ()
    active: tuple[BuildAnswer, ...] = ()
    waiting: int = 0
    next_up: str = ""  #: ``msgpack cp311``
    done: int = 0
    total: int = 0  #: what is built, or will be; covered and left-out builds are none
    left_s: float | None = None  #: about how long until all is done


class Tally(Struct, frozen=True, kw_only=True):
    """How many builds ended how."""

    built: int = 0
    failed: int = 0
    will_retry: int = 0
    blocked: tuple[str, ...] = ()  #: packages that wait for somebody
    left_out: tuple[tuple[str, tuple[str, ...]], ...] = ()  #: ``left out, no compiler``, and the packages

    @property
    def is_good(self) -> bool:
        """Tell whether everything asked for is there."""
        return not (self.failed or self.will_retry or self.blocked)


class Change(Struct, frozen=True, kw_only=True):
    """A build that is in another state than it was."""

    before: str | None
    build: BuildAnswer


def view_of(builds: Sequence[BuildAnswer], *, slots: int = 1) -> View:
    """Return what to show of these builds while ``slots`` of them can run at one time."""
    active = tuple(build for build in builds if build.state == "building")
    queued = [build for build in builds if build.state == "queued"]
    return View(
        finished=tuple(_finished(builds)),
        active=active,
        waiting=len(queued),
        next_up=f"{queued[0].package} {queued[0].abi}" if queued else "",
        done=sum(build.state in _ENDED for build in builds),
        total=sum(build.state not in LEFT_OUT for build in builds),
        left_s=_left(builds, max(slots, 1)),
    )


def tally_of(builds: Iterable[BuildAnswer]) -> Tally:
    """Return how many of these builds ended how."""
    builds = list(builds)
    states = [build.state for build in builds]
    blocked = dict.fromkeys(build.package for build in builds if build.state == "blocked")
    left_out: dict[str, dict[str, None]] = {}
    for build in builds:
        if build.state == "not_wanted" and build.reason.startswith(_LEFT_OUT):
            left_out.setdefault(build.reason, {})[build.package] = None
    return Tally(
        built=states.count("built"),
        failed=states.count("failed"),
        will_retry=states.count("will_retry"),
        blocked=tuple(blocked),
        left_out=tuple((reason, tuple(packages)) for reason, packages in left_out.items()),
    )


def changes(before: Mapping[int, BuildAnswer], after: Iterable[BuildAnswer]) -> list[Change]:
    """Return each build whose state differs from what it was, in order."""
    return [
        Change(before=before[build.id].state if build.id in before else None, build=build)
        for build in after
        if build.id not in before or before[build.id].state != build.state
    ]


def fraction(build: BuildAnswer) -> float:
    """Return how much of a running build is done, 0 to 1, from its usual time or its phase."""
    if build.usual_s and build.elapsed_s is not None:
        return min(build.elapsed_s / build.usual_s, 1.0)
    names = list(_PHASE_ENDS)
    if build.phase not in names:
        return 0.0
    earlier = [0.0, *_PHASE_ENDS.values()][names.index(build.phase)]
    return (earlier + _PHASE_ENDS[build.phase]) / 2


def _finished(builds: Sequence[BuildAnswer]) -> Iterable[Finished]:
    groups: dict[tuple[str, ...], list[BuildAnswer]] = {}
    for build in builds:
        if build.state in _ENDED:
            groups.setdefault(_alike(build), []).append(build)
    for group in groups.values():
        first = group[0]
        covered = [build.abi for build in builds if build.state == "covered" and _covers(group, build)]
        times = [build.elapsed_s for build in group if build.elapsed_s is not None]
        yield Finished(
            state=first.state,
            package=first.package,
            version=first.version,
            abis=_in_order(builds, [*(build.abi for build in group), *covered]),
            serves_all=first.state == "built" and any((one.filename or "").endswith("-none-any.whl") for one in group),
            elapsed_s=sum(times) if times else None,
            one=first,
        )


def _alike(build: BuildAnswer) -> tuple[str, ...]:
    name = (build.state, build.package, build.version)
    return name if build.state == "built" else (*name, build.reason, build.phase or "", build.try_at or "")


def _covers(group: Iterable[BuildAnswer], build: BuildAnswer) -> bool:
    return any(one.filename is not None and one.filename == build.covered_by for one in group)


def _in_order(builds: Iterable[BuildAnswer], abis: Iterable[str]) -> tuple[str, ...]:
    order = list(dict.fromkeys(build.abi for build in builds))
    return tuple(sorted(dict.fromkeys(abis), key=order.index))


def _left(builds: Iterable[BuildAnswer], slots: int) -> float | None:
    """Return the work that is left over the slots, from usual times or from those built here; None without either."""
    known: dict[str, list[float]] = {}
    for build in builds:
        if build.state == "built" and build.elapsed_s is not None:
            known.setdefault(build.package, []).append(build.elapsed_s)
    everything = [time for times in known.values() for time in times]
    left, counted = 0.0, False
    for build in builds:
        if build.state in ("queued", "building"):
            usual = build.usual_s or (fmean(known.get(build.package) or everything) if everything else None)
            if usual is None:
                return None
            counted = True
            left += max(usual - (build.elapsed_s or 0.0), 0.0) if build.state == "building" else usual
    return left / slots if counted else None
