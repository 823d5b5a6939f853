"""`buildyard build`: requirements to wheels in a directory, with the planner and the phases and nothing between them.

No queue, no server, no database.  What the hub does over the network is here a loop over threads: builds that go first
are given to free slots, a wheel that serves others covers them, the rest follow.  Wheels are renamed into place whole.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from packaging.utils import canonicalize_name

from buildyard.errors import BuildyardError
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.runner import BuildRunner
from buildyard.farm.builder.wheel import BadWheel, read_wheel
from buildyard.farm.builds.decisions import Covered, Wanted
from buildyard.farm.builds.plan import Existing, none_wheel_is_trusted, serves
from buildyard.farm.builds.planning import Asked, Planned, RequestPlanner
from buildyard.farm.builds.resolve import Resolver
from buildyard.farm.upstream.locations import UpstreamIndex
from buildyard.farm.upstream.opening import open_client
from buildyard.farm.upstream.sdists import requirements_of
from buildyard.farm.wire import (
    BuildPayload,
    BuildResult,
    Failure,
    FailureKind,
    InterpreterInfo,
    Limits,
    PhaseName,
    WheelRecord,
)

#: What one build may use unless told otherwise.
DEFAULT_LIMITS = Limits()

ProgressKind = Literal["planned", "building", "phase", "built", "failed", "covered", "not_wanted", "left_to_upstream"]


class Progress(Struct, frozen=True, kw_only=True):
    """Something that happened to one build of the command."""

    kind: ProgressKind
    package: str
    version: str
    abi: str
    phase: str = ""
    elapsed_s: float = 0.0
    reason: str = ""
    next: str = ""
    filename: str = ""  #: the wheel that was built, or that covers it
    log: Path | None = None  #: where the log of a failed build lies


class Report(Struct, frozen=True, kw_only=True):
    """How the command ended: the last `Progress` of each build."""

    ends: tuple[Progress, ...]
    out: Path
    elapsed_s: float

    @property
    def built(self) -> tuple[Progress, ...]:
        """What gave a wheel."""
        return tuple(one for one in self.ends if one.kind == "built")

    @property
    def failed(self) -> tuple[Progress, ...]:
        """What failed."""
        return tuple(one for one in self.ends if one.kind == "failed")


class NothingToBuildWith(BuildyardError):
    """No interpreter of this machine is the one that was asked for.  Install it, or name one that is there."""

    def __init__(self, asked: Sequence[str], there: Sequence[str]) -> None:
        what = f"no interpreter is {' or '.join(asked)}" if asked else "no interpreter was found"
        super().__init__(f"{what}; there are {', '.join(there) or 'none'}")
        self.asked = tuple(asked)
        self.there = tuple(there)


def build(
    requirements: Sequence[str],
    out: Path,
    *,
    index: UpstreamIndex,
    interpreters: Sequence[Interpreter],
    runner: BuildRunner,
    cache_dir: Path,
    limits: Limits = DEFAULT_LIMITS,
    deps: bool = True,
    jobs: int = 0,
    on_progress: Callable[[Progress], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> Report:
    """Build these requirements for these interpreters into ``out``; return how each build ended.

    Wheels that lie in ``out`` already are not built again.  ``jobs`` builds run at one time (0: one a core).

    Raises the planner's errors (`BadRequirement`, `UnknownPackage`, `UnknownVersion`, `UpstreamUnreachable`, ...), and
    `KeyboardInterrupt` after everything that ran has been stopped.
    """
    started = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    planned = asyncio.run(_plan(requirements, index, interpreters, cache_dir, out, deps=deps))
    command = _Command(out, interpreters, runner, limits, on_progress, stop or threading.Event())
    ends = command.run(planned, jobs or len(os.sched_getaffinity(0)))
    return Report(ends=tuple(ends), out=out, elapsed_s=time.monotonic() - started)


def chosen(interpreters: Sequence[Interpreter], pythons: Sequence[str]) -> list[Interpreter]:
    """Return the interpreters that ``--python`` means: versions (``3.12``), ABIs (``cp312``) or paths; all of them
    without any.

    Raises `NothingToBuildWith`.
    """
    usable = [one for one in interpreters if one.usable]
    found = [one for one in usable if not pythons or any(_is_meant(one, text) for text in pythons)]
    missing = [text for text in pythons if not any(_is_meant(one, text) for one in usable)]
    if missing or not found:
        raise NothingToBuildWith(missing, [f"{one.abi} ({one.version})" for one in usable])
    return found


def _is_meant(one: Interpreter, text: str) -> bool:
    dotted = text.removesuffix("t")
    same_threads = text.endswith("t") == one.abi.endswith("t")
    by_version = one.version == dotted or one.version.startswith(f"{dotted}.")
    return text in (one.abi, str(one.path)) or (by_version and same_threads)


async def _plan(
    requirements: Sequence[str],
    index: UpstreamIndex,
    interpreters: Iterable[Interpreter],
    cache_dir: Path,
    out: Path,
    *,
    deps: bool,
) -> list[Planned]:
    client = open_client(index, cache_dir / "pages")
    try:
        resolver = Resolver(index, cache_dir=cache_dir / "uv", read_sdist=partial(requirements_of, client))
        planner = RequestPlanner(client, resolver, partial(_existing, out))
        by_platform: dict[str, list[InterpreterInfo]] = {}
        for one in interpreters:
            by_platform.setdefault(one.platform, []).append(one.to_info())
        return await planner.plan(Asked(requirements=requirements, interpreters=by_platform, deps=deps))
    finally:
        await client.close()


async def _existing(out: Path, package: str) -> list[Existing]:
    return await asyncio.to_thread(_wheels_in, out, package)


def _wheels_in(out: Path, package: str) -> list[Existing]:
    """Return the wheels of a package that lie in the directory and can be read."""
    found = []
    for path in sorted(out.glob("*.whl")):
        if canonicalize_name(path.name.partition("-")[0]) != package:
            continue
        try:
            wheel = read_wheel(path).record
        except (OSError, BadWheel):
            continue
        found.append(Existing(filename=wheel.filename, version=wheel.version, tags=wheel.tags))
    return found


class _Command:
    """The builds of one command, on their way."""

    def __init__(
        self,
        out: Path,
        interpreters: Sequence[Interpreter],
        runner: BuildRunner,
        limits: Limits,
        on_progress: Callable[[Progress], None],
        stop: threading.Event,
    ) -> None:
        self._out = out
        self._interpreters = {one.abi: one for one in interpreters}
        self._runner = runner
        self._limits = limits
        self._tell = on_progress
        self._stop = stop
        self._ends: list[Progress] = []
        self._ready: deque[Wanted] = deque()
        self._waiting: list[Wanted] = []

    def run(self, planned: Sequence[Planned], jobs: int) -> list[Progress]:
        """Build what is wanted, at most ``jobs`` at one time; return how each ended."""
        self._sort(planned)
        running: dict[Future[BuildResult], tuple[Wanted, int]] = {}
        slots = list(range(jobs))
        with ThreadPoolExecutor(jobs, thread_name_prefix="slot") as threads:
            try:
                while self._ready or running:
                    while self._ready and slots:
                        wanted, slot = self._ready.popleft(), slots.pop(0)
                        running[threads.submit(self._build, wanted, slot)] = (wanted, slot)
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        wanted, slot = running.pop(future)
                        slots.append(slot)
                        self._ended(wanted, future.result())
            except BaseException:
                self._stop.set()
                raise
        with suppress(OSError):  # there are logs in it
            (self._out / "logs").rmdir()
        return self._ends

    def _sort(self, planned: Sequence[Planned]) -> None:
        for one in planned:
            decision = one.decision
            if not isinstance(decision, Wanted):
                by = decision.by if isinstance(decision, Covered) else ""
                about: dict[str, Any] = {
                    "package": decision.package,
                    "version": decision.version or "",
                    "abi": decision.abi,
                }
                self._end(Progress(kind=_KINDS[decision.state], **about, reason=decision.reason, filename=by))
                continue
            self._tell(_progress(decision, "planned"))
            (self._waiting if decision.waits_for_first else self._ready).append(decision)

    def _build(self, wanted: Wanted, slot: int) -> BuildResult:
        """Build one wheel, in a slot's thread."""
        self._tell(_progress(wanted, "building"))
        path = self._log_path(wanted)
        path.parent.mkdir(parents=True, exist_ok=True)
        with Log(path, limit=self._limits.log_bytes) as log:
            result, wheel = self._runner.run(
                self._payload(wanted),
                self._interpreters[wanted.abi],
                slot=slot,
                log=log,
                on_phase=partial(self._phase, wanted),
                stop=self._stop,
            )
        path.with_suffix(".marks").unlink(missing_ok=True)
        if wheel is None:
            return result
        path.unlink()
        return result if self._keep(wheel) else _no_room(result, self._out)

    def _phase(self, wanted: Wanted, phase: PhaseName) -> None:
        self._tell(_progress(wanted, "phase", phase=phase))

    def _keep(self, wheel: Path) -> bool:
        """Rename the wheel into place whole; one that another build has put there stays."""
        target = self._out / wheel.name
        partly = self._out / f".{wheel.name}.{os.getpid()}.{threading.get_ident()}"
        try:
            shutil.copyfile(wheel, partly)
            partly.replace(target)
        except OSError:
            partly.unlink(missing_ok=True)
            return False
        finally:
            wheel.unlink()
        return True

    def _ended(self, wanted: Wanted, result: BuildResult) -> None:
        failure, wheel = result.failure, result.wheel
        if failure is not None or wheel is None:
            reason, following = (failure.reason, failure.next or "") if failure else ("it gave no wheel", "")
            log, phase = self._log_path(wanted), failure.phase if failure else ""
            self._end(
                _progress(
                    wanted,
                    "failed",
                    elapsed_s=result.elapsed_s,
                    reason=reason,
                    next=following,
                    log=log,
                    phase=phase,
                )
            )
        else:
            self._end(_progress(wanted, "built", elapsed_s=result.elapsed_s, filename=wheel.filename))
        self._follow(wanted, result)

    def _follow(self, first: Wanted, result: BuildResult) -> None:
        """Cover what the new wheel serves; let what waited for this build begin."""
        if result.wheel is not None:
            self._cover(first, result, result.wheel)
        for other in [one for one in self._waiting if _same_version(one, first) and one.waits_for == first.abi]:
            self._waiting.remove(other)
            self._ready.append(other)

    def _cover(self, first: Wanted, result: BuildResult, wheel: WheelRecord) -> None:
        trusted, _ = none_wheel_is_trusted(result, first.upstream_has_none)
        reason = f"{wheel.filename} serves it"
        for queue in (self._waiting, self._ready):
            for other in [one for one in queue if _same_version(one, first)]:
                if serves(wheel, other.abi, other.platform, trusted_none=trusted):
                    queue.remove(other)
                    self._end(_progress(other, "covered", filename=wheel.filename, reason=reason))

    def _end(self, progress: Progress) -> None:
        self._ends.append(progress)
        self._tell(progress)

    def _payload(self, wanted: Wanted) -> BuildPayload:
        return BuildPayload(
            build_id=0,
            package=wanted.package,
            version=wanted.version,
            abi=wanted.abi,
            platform=wanted.platform,
            source=wanted.source,
            source_date_epoch=wanted.source_date_epoch,
            requires_python=wanted.requires_python,
            limits=self._limits,
        )

    def _log_path(self, wanted: Wanted) -> Path:
        name = f"{canonicalize_name(wanted.package)}-{wanted.version}-{wanted.abi}.log"
        return self._out / "logs" / name


_KINDS: dict[str, ProgressKind] = {
    "covered": "covered",
    "not_wanted": "not_wanted",
    "left_to_upstream": "left_to_upstream",
}


def _progress(wanted: Wanted, kind: ProgressKind, **more: Any) -> Progress:
    return Progress(kind=kind, package=wanted.package, version=wanted.version, abi=wanted.abi, **more)


def _same_version(one: Wanted, other: Wanted) -> bool:
    return (one.package, one.version, one.platform) == (other.package, other.version, other.platform)


def _no_room(result: BuildResult, out: Path) -> BuildResult:
    reason = f"the wheel could not be written to {out}"
    failure = Failure(kind=FailureKind.DISK_FULL, reason=reason, phase="upload", next="make room there")
    return BuildResult(outcome="failed", failure=failure, phases=result.phases, elapsed_s=result.elapsed_s)
