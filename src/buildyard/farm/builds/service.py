"""The builds of a hub: asking, settling and dispatching, each a loop that converges.

Every step leaves its state in the tables, so that a hub that was killed anywhere goes on where the rows say: `settle`
finds builds whose tasks are resolved, `dispatch` builds without a task.  Nothing here keeps state of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from sqlalchemy import Connection, select, update

from buildyard.farm.builder.wheel import BadWheel, read_wheel
from buildyard.farm.builds import enqueue, finish
from buildyard.farm.builds.plan import none_wheel_is_trusted
from buildyard.farm.builds.states import MOVES, Move, State, after
from buildyard.farm.problems import Problem
from buildyard.farm.store.base import Store, wake
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.store.tables import artifacts, builds, objects
from buildyard.farm.tasks import service
from buildyard.farm.tasks.floor import TaskFloor
from buildyard.farm.wire import RESULT_ARTIFACT, BuildResult, Limits, WheelRecord

log = logging.getLogger(__name__)

#: The largest result that is read; a builder's own is a few kilobytes.
_MAX_RESULT = 4_000_000


class BuildService:
    """What hub, API and pages ask of builds."""

    def __init__(
        self,
        store: Store,
        files: ObjectStore,
        clock: Callable[[], float],
        limits: Limits,
        floor: TaskFloor = service,
    ) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self._limits = limits
        self._floor = floor

    async def ask(
        self, requirements: Sequence[str], abis: Sequence[str], *, deps: bool, asked_by: str, again: bool = False
    ) -> int:
        """Return the number of a new request; with ``again`` its failed builds are tried once more."""
        asked = enqueue.Asked(
            requirements=tuple(requirements), abis=tuple(abis), deps=deps, asked_by=asked_by, again=again
        )
        now = self._clock()
        return await self._store.write(lambda connection: enqueue.ask(connection, now, asked))

    async def retry(self, build_id: int) -> None:
        """Queue a build again that failed or was left out.  Raises `Problem` (404, 409)."""
        await self._store.write(lambda connection: _retry(connection, build_id))

    async def settle(self) -> int:
        """Bring the builds up to their tasks; return how many moved."""
        now = self._clock()
        moved = await self._store.write(lambda connection: finish.follow(connection, now))
        for end in await self._store.read(finish.ended):
            outcome = await self._outcome(end)
            moved += await self._store.write(
                partial(finish.finish, now=self._clock(), end=end, outcome=outcome, floor=self._floor)
            )
        return moved

    async def dispatch(self) -> int:
        """Queue again what is due and give a task to each build that wants one; return how many got theirs."""
        now = self._clock()

        def body(connection: Connection) -> int:
            enqueue.requeue_due(connection, now)
            return enqueue.dispatch(connection, now, self._limits, floor=self._floor)

        return await self._store.write(body)

    async def next_due(self) -> float | None:
        """Return when the next build is tried again, or None."""
        earliest = select(builds.c.try_at).where(builds.c.state == State.WILL_RETRY).order_by(builds.c.try_at).limit(1)
        return await self._store.read(lambda connection: connection.execute(earliest).scalar())

    async def _outcome(self, end: finish.Ended) -> finish.Outcome:
        hashes = await self._store.read(lambda connection: _artifact_hashes(connection, end))
        return await asyncio.to_thread(self._read_outcome, end, hashes)

    def _read_outcome(self, end: finish.Ended, hashes: dict[str, str]) -> finish.Outcome:
        result = self._read_result(end, hashes.get(RESULT_ARTIFACT))
        if result is None or result.wheel is None:
            return finish.Outcome(result=result, wheel=None)
        wheel = self._read_wheel(result.wheel.filename, hashes.get(f"public/{result.wheel.filename}"))
        trusted, _ = none_wheel_is_trusted(result, upstream_has_none=end.upstream_has_none)
        return finish.Outcome(result=result, wheel=wheel, trusted_none=trusted)

    def _read_result(self, end: finish.Ended, digest: str | None) -> BuildResult | None:
        if digest is None:
            return None
        path = self._files.path(digest)
        try:
            if path.stat().st_size > _MAX_RESULT:
                raise msgspec.DecodeError("it is too large")
            return msgspec.json.decode(path.read_bytes(), type=BuildResult)
        except (OSError, msgspec.DecodeError) as error:
            log.warning("build.result_unreadable", extra={"task": end.task_id, "run": end.run_id, "why": str(error)})
            return None

    def _read_wheel(self, filename: str, digest: str | None) -> WheelRecord | None:
        """Return the uploaded wheel as it says of itself, or None where there is none that can be read."""
        if digest is None:
            return None
        try:
            return read_wheel(self._files.path(digest), filename=filename).record
        except (OSError, BadWheel) as error:
            log.warning("build.wheel_unreadable", extra={"wheel": filename, "why": str(error)})
            return None


def _retry(connection: Connection, build_id: int) -> None:
    row = connection.execute(select(builds).where(builds.c.id == build_id).with_for_update()).first()
    if row is None:
        raise Problem(404, "unknown_build", f"there is no build {build_id}")
    if (State(row.state), Move.RETRY) not in MOVES or row.source == "null":
        why = f"build {build_id} is {row.state.replace('_', ' ')}; only a failed build is tried again"
        raise Problem(409, "not_retryable", why)
    values = {"state": after(State(row.state), Move.RETRY), "task_id": None, "tries": 0, "try_at": None, "final": False}
    connection.execute(update(builds).where(builds.c.id == build_id).values({**values, "waits_for": None}))
    wake(connection, enqueue.WANTED)


def _artifact_hashes(connection: Connection, end: finish.Ended) -> dict[str, str]:
    """Return the sha256 of each whole artifact of the last run by its name."""
    query = (
        select(artifacts.c.name, objects.c.sha256)
        .join(objects, objects.c.name == artifacts.c.object_name)
        .where(artifacts.c.task_id == end.task_id, artifacts.c.run_id == end.run_id, artifacts.c.present)
    )
    return {row.name: row.sha256 for row in connection.execute(query)}
