"""A builder: claims work into its free slots, builds it, and tells the hub how it went.

One asyncio loop speaks with the hub; each slot builds in a thread of its own (`runner`).  A claim is renewed while its
build runs.  A builder whose hub is away goes on building and reports when the hub is back; one whose claim was lost
throws the build away.  `drain` ends it when what it builds is done, `stop` gives everything back at once.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from buildyard.errors import BuildyardError
from buildyard.farm.abi import pool_name
from buildyard.farm.builder.held import ClaimLost, Held, passes
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.link import Link
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.runner import BuildRunner
from buildyard.farm.builder.shipping import LogShipper
from buildyard.farm.builder.units import readable_size
from buildyard.farm.wire import (
    LOG_ARTIFACT,
    RESULT_ARTIFACT,
    BuilderInfo,
    BuildResult,
    Failure,
    FailureKind,
    PhaseName,
    PhaseRecord,
)
from buildyard.taskcluster.aio import Queue
from buildyard.taskcluster.errors import TaskclusterConnectionError, TaskclusterFailure, TaskclusterRestFailure
from buildyard.taskcluster.time import stringDate

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.3
_LONGEST_PAUSE_S = 10.0
_ARTIFACT_LIFE = timedelta(days=300)


class Watcher(Protocol):
    """Somebody who shows what a builder does: the terminal."""

    def started(self, slot: int, name: str) -> None:
        """A slot began a build."""
        ...

    def phase(self, slot: int, phase: PhaseName) -> None:
        """A slot's build entered a phase."""
        ...

    def ended(self, slot: int, name: str, result: BuildResult | None) -> None:
        """A slot is free again; no result: the build was given back or lost."""
        ...


@dataclass
class Builder:
    """One builder process."""

    info: BuilderInfo
    interpreters: Sequence[Interpreter]
    runner: BuildRunner
    queue: Queue
    farm: Link
    logs: Path  #: where the logs of running builds lie
    watcher: Watcher | None = None
    storage: Literal["object", "s3"] = "object"  #: the storage type of artifacts
    clock: Callable[[], float] = time.time
    _draining: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _work: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until `drain` or `stop`, then say goodbye."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(self.info.slots, thread_name_prefix="slot") as threads:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2, thread_name_prefix="files"))
            try:
                if await self._hello():
                    await self._claim_until_drained(threads)
                await asyncio.gather(*self._work.values(), return_exceptions=True)
            finally:
                self._stopping.set()
                await self._goodbye()

    def drain(self) -> None:
        """Claim nothing more; end when what is being built is done."""
        self._draining.set()

    def stop(self) -> None:
        """Give back what is being built, and end."""
        self._stopping.set()
        self._draining.set()

    @property
    def busy(self) -> int:
        """How many slots build."""
        return len(self._work)

    async def _hello(self) -> bool:
        """Say hello until the hub has heard it; return False when drained before."""
        pause = _FIRST_PAUSE_S
        while not self._draining.is_set():
            try:
                await self.farm.hello(self.info)
                return True
            except (TaskclusterConnectionError, TaskclusterRestFailure) as error:
                if not passes(error):
                    raise
                log.warning("hub.away", extra={"again_in_s": pause, "why": str(error).partition("\n")[0]})
            await self._pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        return False

    async def _goodbye(self) -> None:
        with suppress(TaskclusterFailure, TimeoutError):
            async with asyncio.timeout(1.0):
                await self.farm.goodbye(self.info.name)

    async def _claim_until_drained(self, threads: ThreadPoolExecutor) -> None:
        pools = [pool_name(self.info.platform, one.abi) for one in self.info.interpreters if one.usable]
        pause = _FIRST_PAUSE_S
        while not self._draining.is_set():
            free = await self._free_slots()
            if not free:
                continue
            try:
                claims = await self._claim(pools, len(free))
                pause = _FIRST_PAUSE_S
            except TaskclusterFailure as error:
                log.warning("hub.away", extra={"again_in_s": round(pause, 1), "why": str(error)})
                await self._pause(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
                continue
            for slot, claim in zip(free, claims, strict=False):
                self._begin(slot, claim, threads)

    async def _free_slots(self) -> list[int]:
        """Return the free slots, waiting for one; none where the builder is drained first."""
        if len(self._work) == self.info.slots:
            draining = asyncio.create_task(self._draining.wait())
            await asyncio.wait([*self._work.values(), draining], return_when=asyncio.FIRST_COMPLETED)
            draining.cancel()
        return [slot for slot in range(self.info.slots) if slot not in self._work]

    async def _claim(self, pools: Sequence[str], count: int) -> Sequence[Any]:
        """Return claims, or none when drained while waiting: the hub then sees us go and claims nothing for us."""
        asking = asyncio.create_task(self.farm.claimWork(pools, self.info.worker_group, self.info.name, min(count, 32)))
        draining = asyncio.create_task(self._draining.wait())
        await asyncio.wait([asking, draining], return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        if not asking.done():
            asking.cancel()
            with suppress(asyncio.CancelledError, BuildyardError):
                await asking
            return []
        return asking.result()["tasks"]

    def _begin(self, slot: int, claim: Any, threads: ThreadPoolExecutor) -> None:
        def free(_: asyncio.Task[None]) -> None:
            del self._work[slot]

        task = asyncio.create_task(self._serve(slot, claim, threads))
        self._work[slot] = task
        task.add_done_callback(free)

    async def _serve(self, slot: int, claim: Any, threads: ThreadPoolExecutor) -> None:
        try:
            held = Held(claim, self.queue, self.farm, self.clock)
        except msgspec.ValidationError as error:
            log.error("task.malformed", extra={"task": claim["status"]["taskId"], "why": str(error)})
            queue = self.queue.with_credentials(claim["credentials"])
            reason = {"reason": "malformed-payload"}
            await queue.reportException(claim["status"]["taskId"], claim["runId"], reason)
            return
        name = f"{held.payload.package} {held.payload.version} {held.payload.abi}"
        log.info("build.claimed", extra={"task": held.task_id, "run": held.run_id, "build": name})
        if self.watcher:
            self.watcher.started(slot, name)
        renewing = asyncio.create_task(held.renew())
        result: BuildResult | None = None
        try:
            result = await self._build_and_report(slot, held, threads)
        except ClaimLost:
            log.warning("build.thrown_away", extra={"task": held.task_id, "run": held.run_id})
        except Exception:
            log.exception("build.fault", extra={"task": held.task_id, "run": held.run_id})
        finally:
            renewing.cancel()
            if self.watcher:
                self.watcher.ended(slot, name, result)

    async def _build_and_report(self, slot: int, held: Held, threads: ThreadPoolExecutor) -> BuildResult | None:
        path = self.logs / f"{held.task_id}-{held.run_id}.log"
        shipper = LogShipper(held, path)
        shipping = asyncio.create_task(shipper.run())
        wheel: Path | None = None
        try:
            result, wheel = await self._build(slot, held, path, shipper, threads)
            shipper.close()
            await shipping
            if result.failure is not None and result.failure.kind is FailureKind.STOPPED:
                await self._give_back(held)
                return None
            result = msgspec.structs.replace(result, builder=self.info.name)
            if not held.farm.keeps_logs:
                await self._upload(held, LOG_ARTIFACT, path, "text/plain; charset=utf-8")
            if wheel is not None:
                result = await self._upload_wheel(slot, held, result, wheel, path.stat().st_size)
            await self._report(held, result)
            return result
        finally:
            shipping.cancel()
            for leftover in (path, path.with_suffix(".marks"), wheel):
                if leftover is not None:
                    leftover.unlink(missing_ok=True)

    async def _build(
        self, slot: int, held: Held, path: Path, shipper: LogShipper, threads: ThreadPoolExecutor
    ) -> tuple[BuildResult, Path | None]:
        interpreter = next((one for one in self.interpreters if one.abi == held.payload.abi), None)
        if interpreter is None:
            reason = f"builder {self.info.name} has no {held.payload.abi}"
            gone = Failure(kind=FailureKind.NO_INTERPRETER, reason=reason, phase="fetch")
            return BuildResult(outcome="failed", failure=gone), None
        stop = _Stop(self._stopping)
        run = asyncio.get_running_loop().run_in_executor(
            threads, self._run, slot, held, interpreter, path, shipper, stop
        )
        lost = asyncio.ensure_future(held.lost.wait())
        both: set[asyncio.Future[Any]] = {run, lost}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        if not run.done():
            stop.set()
            await run
            raise ClaimLost(held.task_id)
        return run.result()

    def _run(
        self, slot: int, held: Held, interpreter: Interpreter, path: Path, shipper: LogShipper, stop: threading.Event
    ) -> tuple[BuildResult, Path | None]:
        """Build, in the slot's thread."""
        with Log(
            path,
            limit=held.payload.limits.log_bytes,
            on_bytes=lambda offset, _: shipper.changed(offset, build_log.seconds),
            on_mark=lambda mark: shipper.entered(mark.phase, mark.seconds, mark.offset) if mark.phase else None,
        ) as build_log:
            result, wheel = self.runner.run(
                held.payload, interpreter, slot=slot, log=build_log, on_phase=self._on_phase(slot), stop=stop
            )
            return _told(result, build_log), wheel

    def _on_phase(self, slot: int) -> Callable[[PhaseName], None]:
        def entered(phase: PhaseName) -> None:
            if self.watcher:
                self.watcher.phase(slot, phase)

        return entered

    async def _upload_wheel(
        self, slot: int, held: Held, result: BuildResult, wheel: Path, log_size: int
    ) -> BuildResult:
        """Upload the wheel, the last phase; return the result with its record."""
        started, began = result.elapsed_s, time.monotonic()
        self._on_phase(slot)("upload")
        await held.persist(
            lambda: held.farm.phase(held.task_id, held.run_id, "upload", at=started, log_offset=log_size)
        )
        await self._upload(held, f"public/{wheel.name}", wheel, "application/zip")
        took = time.monotonic() - began
        record = PhaseRecord(
            name="upload",
            state="done",
            started_s=started,
            elapsed_s=took,
            note=readable_size(result.wheel.size) if result.wheel else "",
        )
        return msgspec.structs.replace(result, phases=(*result.phases, record), elapsed_s=started + took)

    async def _report(self, held: Held, result: BuildResult) -> None:
        """Upload the result, then say how it went: what is reported is there."""
        await self._upload(held, RESULT_ARTIFACT, msgspec.json.encode(result), "application/json")
        if result.outcome == "built":
            await held.persist(lambda: held.queue.reportCompleted(held.task_id, held.run_id))
        else:
            await held.persist(lambda: held.queue.reportFailed(held.task_id, held.run_id))

    async def _upload(self, held: Held, name: str, source: Path | bytes, content_type: str) -> None:
        expires = stringDate(datetime.fromtimestamp(self.clock(), UTC) + _ARTIFACT_LIFE)
        await held.persist(
            lambda: held.queue.uploadArtifact(
                held.task_id,
                held.run_id,
                name,
                source,
                contentType=content_type,
                expires=expires,
                storageType=self.storage,
            )
        )

    async def _give_back(self, held: Held) -> None:
        """Say that the run ended because the builder did; the task has another run at once."""
        reason = {"reason": "worker-shutdown"}
        with suppress(TaskclusterFailure, TimeoutError):
            async with asyncio.timeout(1.0):
                await held.queue.reportException(held.task_id, held.run_id, reason)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._draining.wait()


def _told(result: BuildResult, log: Log) -> BuildResult:
    """Return the result with the line of its log that says why it failed, which is written where none does."""
    failure = result.failure
    if failure is None or failure.log_line is not None:
        return result
    begun = log.position
    try:
        log.line(failure.reason)
        line = max((number for number, _ in log.lines(begun)), default=None)
    except OSError:  # the disk is full
        return result
    return msgspec.structs.replace(result, failure=msgspec.structs.replace(failure, log_line=line))


class _Stop(threading.Event):
    """Set when its own build is to stop, or the whole builder."""

    def __init__(self, whole: threading.Event) -> None:
        super().__init__()
        self._whole = whole

    def is_set(self) -> bool:
        return super().is_set() or self._whole.is_set()
