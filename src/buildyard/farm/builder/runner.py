"""Run one build, phase by phase, in one slot of a builder.

Takes a `wire.BuildPayload` and an `Interpreter`; gives a `wire.BuildResult` and, where it was built, the wheel's path.
The phases are fetch, prepare, build, repair and check; upload is for `worker`, which calls this in a thread of its own,
and so does the one-shot command, without a hub.
"""

from __future__ import annotations

import errno
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from buildyard.faces.transport import Transport
from buildyard.farm.builder.budget import Budget
from buildyard.farm.builder.environments import Environments
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.job import Job, Rooms
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.phases import build, check, fetch, prepare, repair, unpack
from buildyard.farm.builder.project import Project
from buildyard.farm.builder.sandbox import Sandbox
from buildyard.farm.builder.units import readable_size
from buildyard.farm.builder.uv import Uv
from buildyard.farm.upstream.locations import UpstreamIndex, is_secure
from buildyard.farm.wire import (
    BuildPayload,
    BuildResult,
    Failure,
    FailureKind,
    PhaseName,
    PhaseRecord,
    WheelRecord,
)

log = logging.getLogger(__name__)

#: Called when a phase begins, on the slot's thread.
PhaseListener = Callable[[PhaseName], None]


@dataclass(frozen=True, kw_only=True)
class RunnerConfig:
    """What a builder builds with; the same for all its slots."""

    directory: Path  #: the builder's own: work in progress, finished wheels
    cache: Path  #: sources and environments; several builders may share it
    uv: Path  #: the program
    uv_cache: Path  #: uv's own, shared
    index: UpstreamIndex  #: where build requirements come from, and what authorises requests for sources
    transport: Transport  #: a blocking one, for sources
    sandbox: Sandbox
    environment: Mapping[str, str]  #: what uv gets beside its settings: PATH, HOME, proxies
    check: bool = True  #: install and import each wheel
    keep_environments_s: float = 900.0  #: so long an environment serves further builds before upstream is asked anew
    disk_floor_bytes: int = 500_000_000  #: a build ends when the builder's disk has less
    memory_floor_bytes: int = 200_000_000  #: a build that holds much of it ends when the machine's memory has less
    name: str = ""  #: the builder's


@dataclass
class _Run:
    """What is known of a run so far."""

    job: Job
    on_phase: PhaseListener
    records: list[PhaseRecord] = field(default_factory=list)
    project: Project | None = None
    wheel: Path | None = None
    record: WheelRecord | None = None
    failure: Failure | None = None
    phase: PhaseName = "fetch"
    note: str = ""  #: for the record of the phase


class BuildRunner:
    """Builds.  Used by all slots at one time, each with a thread of its own."""

    def __init__(self, config: RunnerConfig) -> None:
        # Commands run in directories of their own, where a relative path would lead elsewhere.
        config = replace(
            config,
            directory=config.directory.absolute(),
            cache=config.cache.absolute(),
            uv=config.uv.absolute(),
            uv_cache=config.uv_cache.absolute(),
        )
        self._config = config
        self._sandbox = config.sandbox
        self._uv = Uv(
            program=config.uv,
            cache=config.uv_cache,
            settings=config.index.uv(),
            environment=config.environment,
            copies=not config.sandbox.kind.is_bubblewrap,
        )
        self._environments = Environments(
            config.cache / "environments",
            self._uv,
            shared=config.sandbox.kind.is_bubblewrap,
            keep_s=config.keep_environments_s,
        )
        self._sources = fetch.Sources(
            directory=config.cache / "sources",
            transport=config.transport,
            headers_for=config.index.headers_for,
            allows=lambda url: is_secure(url, config.index.trusted_hosts),
        )

    def run(
        self,
        payload: BuildPayload,
        interpreter: Interpreter,
        *,
        slot: int,
        log: Log,
        on_phase: PhaseListener,
        stop: threading.Event,
    ) -> tuple[BuildResult, Path | None]:
        """Return how the build went, and the path of its wheel, which is the caller's to remove.

        A build that fails is a result, not an error.  ``stop`` is looked at several times a second; when it is set, the
        result's failure is STOPPED.  ``log`` is the caller's to close; nothing should be written to it after a failure,
        whose line is numbered as of now.
        """
        budget = Budget(
            limits=payload.limits,
            disk_floor_bytes=self._config.disk_floor_bytes,
            memory_floor_bytes=self._config.memory_floor_bytes,
            stop=stop,
        )
        job = Job(
            payload=payload,
            interpreter=interpreter,
            slot=slot,
            rooms=Rooms(self._config.directory / f"slot{slot}"),
            sandbox=self._sandbox,
            budget=budget,
            log=log,
        )
        run = _Run(job=job, on_phase=on_phase)
        try:
            with job.rooms.opened(passable=not self._sandbox.kind.is_bubblewrap), suppress(_Over):
                self._phases(run)
        except OSError as error:
            # Outside of a phase there are only the slot's directories.
            run.failure = run.failure or _of_os_error(error).failure(run.phase)
        return self._result(run), self._wheel(run)

    def _phases(self, run: _Run) -> None:
        with ExitStack() as held:
            source = self._fetch(run)
            prepared = self._prepare(run, source, held)
            begun = run.job.log.position
            run.wheel = self._build(run, prepared, held)
        _skip(run, "repair", repair.NOT_ASKED_FOR)
        self._check(run, run.wheel, begun)

    def _fetch(self, run: _Run) -> Path:
        job = run.job
        with _phase(run, "fetch"):
            archive = fetch.fetch(job.payload.source, self._sources, budget=job.budget, log=job.log)
            run.note = readable_size(archive.stat().st_size)
            bounds = unpack.Bounds(size=job.budget.limits.disk_bytes)
            filename = job.payload.source.filename
            source = unpack.unpack(archive, filename, job.rooms.unpacked, bounds, job.check_limits)
            for room in (job.rooms.unpacked, job.rooms.output, job.rooms.scratch):
                self._sandbox.give(room, job.slot)
        return source

    def _prepare(self, run: _Run, source: Path, held: ExitStack) -> prepare.Prepared:
        job = run.job
        with _phase(run, "prepare", f"{job.interpreter.name} at {job.interpreter.path}"):
            if not job.interpreter.usable or not job.interpreter.path.exists():
                reason = job.interpreter.reason or f"{job.interpreter.path} is gone"
                raise PhaseFailed(FailureKind.NO_INTERPRETER, f"{job.interpreter.name} cannot be used: {reason}")
            run.project = prepare.read(job, source)
            prepared = held.enter_context(prepare.prepared(job, run.project, self._environments))
            count = len(prepared.environment.packages)
            run.note = f"{count} package{'' if count == 1 else 's'}"
            run.note += ", made before" if prepared.environment.was_there else ""
        return prepared

    def _build(self, run: _Run, prepared: prepare.Prepared, held: ExitStack) -> Path:
        job = run.job
        confined = "offline, " if self._sandbox.kind.is_bubblewrap else ""
        memory = readable_size(job.budget.limits.address_space_bytes)
        with _phase(run, "build", f"{confined}sandbox: {self._sandbox.describe()}, {memory}"):
            name = build.build(job, prepared.backend)
            held.close()
            wheel = build.take(job, name, self._wheels())
            run.note = readable_size(wheel.stat().st_size)
        return wheel

    def _check(self, run: _Run, path: Path, begun: int) -> None:
        job = run.job
        with _phase(run, "check"):
            wheel = check.read(job, path)
            run.record = wheel.record
            sources = run.project is not None and run.project.has_extension_sources
            check.refuse_fall_back(job, wheel.record, has_extension_sources=sources, since=begun)
            run.note = "not tried out"
            if self._config.check:
                check.try_out(job, wheel, path, self._uv)
                run.note = "import works" if wheel.modules else "installs"

    def _wheels(self) -> Path:
        """Return a new directory for one wheel, and remove those whose wheels were taken."""
        directory = self._config.directory / "wheels"
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.iterdir():
            with suppress(OSError):  # not empty: its wheel is still there
                old.rmdir()
        return Path(tempfile.mkdtemp(dir=directory))

    def _wheel(self, run: _Run) -> Path | None:
        if run.wheel is not None and run.failure is not None:
            run.wheel.unlink(missing_ok=True)
            return None
        return run.wheel

    def _result(self, run: _Run) -> BuildResult:
        budget = run.job.budget
        return BuildResult(
            outcome="failed" if run.failure else "built",
            wheel=None if run.failure else run.record,
            failure=run.failure,
            phases=tuple(run.records),
            has_extension_sources=run.project is not None and run.project.has_extension_sources,
            sandbox=self._sandbox.describe(),
            elapsed_s=budget.elapsed_s,
            cpu_s=round(budget.cpu_s, 3),
            peak_memory_bytes=budget.peak_memory_bytes,
            builder=self._config.name,
            interpreter=run.job.interpreter.name,
        )


class _Over(Exception):
    """Leaves the phases."""


@contextmanager
def _phase(run: _Run, name: PhaseName, note: str = "") -> Iterator[None]:
    """Go through one phase: tell of it, time it, record it, and turn what fails in it into the run's failure."""
    job, run.phase, run.note = run.job, name, ""
    job.log.phase(name, note)
    run.on_phase(name)
    started = job.budget.elapsed_s
    try:
        job.check_limits()
        yield
    except PhaseFailed as error:
        failure = error
    except OSError as error:
        log.warning("build.trouble", exc_info=error, extra={"build": job.payload.build_id, "phase": name})
        failure = _of_os_error(error)
    else:
        run.records.append(_record(run, name, "done", started))
        return
    run.failure = failure.failure(name)
    run.note = failure.note
    run.records.append(_record(run, name, "failed", started))
    raise _Over


def _skip(run: _Run, name: PhaseName, note: str) -> None:
    run.note = note
    run.records.append(_record(run, name, "skipped", run.job.budget.elapsed_s))


def _record(run: _Run, name: PhaseName, state: Literal["done", "failed", "skipped"], started: float) -> PhaseRecord:
    elapsed = run.job.budget.elapsed_s - started
    return PhaseRecord(name=name, state=state, started_s=started, elapsed_s=elapsed, note=run.note)


def _of_os_error(error: OSError) -> PhaseFailed:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the builder's disk is full"
        return PhaseFailed(FailureKind.DISK_FULL, reason, next="make room on the builder's disk")
    return PhaseFailed(FailureKind.INTERNAL, f"the builder had trouble of its own: {error}")
