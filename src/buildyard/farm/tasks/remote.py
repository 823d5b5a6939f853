"""The farm's builds on a Taskcluster that runs elsewhere: tasks made there, followed, and what they left fetched.

`RemoteTasks.look` is one loop body over the rows of `mirror`.  It can be killed anywhere and begun again:

- A task is asked for under the id and the definition that its row has, so a repeat is no second task.  The deployment
  takes a definition for a quarter of an hour only; an older one is dated anew, once the deployment has said that it
  does not have the task.  Should an earlier request arrive after all, the second is refused, and its task followed.
- A resolution is written here in one transaction with what the run left, after its bytes are in the object store.
- What was resolved here first, since nobody needs it any more, is cancelled there.

A deployment that is away is asked again, ever later; nothing is lost meanwhile, since the rows say what is to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from buildyard.farm.store.base import Store
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.tasks import mirror
from buildyard.farm.tasks.errors import TaskclusterAway, TaskclusterRefuses
from buildyard.farm.tasks.fetching import fetch
from buildyard.farm.tasks.lifecycle import RESOLVED, State
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.tasks.mirror import Kept, RemoteTask, TaskStatus
from buildyard.taskcluster.aio import Queue
from buildyard.taskcluster.errors import (
    AuthenticationFailed,
    InsufficientScopes,
    InternalServerError,
    RequestConflict,
    ResourceNotFound,
    TaskclusterConnectionError,
    TaskclusterFailure,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

#: A definition this old might be refused; Taskcluster's bound is 15 minutes.
_OLD_S: Final = 10 * 60
#: Tasks asked about in one request; Taskcluster's bound is a page of 1000.
_AT_ONCE: Final = 500
#: Requests under way at one time.
_SIDE_BY_SIDE: Final = 8
#: How often what a run left is fetched before the build goes on without it.
_TRIES: Final = 5


class RemoteTasks:
    """Carries between the rows of `mirror` and a Taskcluster, whose ``queue`` service is asked each ``poll_s``."""

    def __init__(
        self,
        store: Store,
        files: ObjectStore,
        logs: LogStore,
        clock: Callable[[], float],
        queue: Queue,
        poll_s: float = 5.0,
    ) -> None:
        self._store = store
        self._files = files
        self._logs = logs
        self._clock = clock
        self._queue = queue
        self._poll_s = poll_s
        self._free = asyncio.Semaphore(_SIDE_BY_SIDE)

    @property
    def _root_url(self) -> str:
        return self._queue.buildUrl("ping").partition("/api/")[0]

    async def next_due(self) -> float | None:
        """Return when to look again although nobody wakes us; ``None`` while nothing runs there."""
        return None if await self._store.read(mirror.is_idle) else self._clock() + self._poll_s

    async def look(self) -> int:
        """Make, cancel and follow tasks; return how many moved.

        One task's trouble keeps no other back; the first is raised at the end.  Raises `TaskclusterAway`, and
        `TaskclusterRefuses`.
        """
        waiting = await self._store.read(mirror.unsettled)
        fresh = [one for one in waiting if not one.is_made and one.task.state not in RESOLVED]
        rest = [one for one in waiting if one not in fresh]
        told = await self._statuses([one.task.task_id for one in rest])
        done = await asyncio.gather(
            *(self._freely(self._make(one)) for one in fresh),
            *(self._freely(self._go_on(one, told.get(one.task.task_id))) for one in rest),
            return_exceptions=True,
        )
        troubles = [one for one in done if isinstance(one, BaseException)]
        if troubles:
            raise self._told(troubles[0])
        return sum(1 for one in done if one)

    async def _freely(self, work: Awaitable[T]) -> T:
        async with self._free:
            return await work

    def _told(self, trouble: BaseException) -> BaseException:
        if isinstance(trouble, TaskclusterConnectionError | InternalServerError):
            told: BaseException = TaskclusterAway(self._root_url, trouble)
        elif isinstance(trouble, AuthenticationFailed | InsufficientScopes):
            told = TaskclusterRefuses(self._root_url, trouble.message.partition("\n\n---")[0])
        else:
            return trouble
        told.__cause__ = trouble
        return told

    async def _statuses(self, task_ids: Sequence[str]) -> dict[str, TaskStatus]:
        """Return what the deployment says of those of these tasks that it has, by id."""
        found: dict[str, TaskStatus] = {}
        try:
            for begin in range(0, len(task_ids), _AT_ONCE):
                asked = {"taskIds": list(task_ids[begin : begin + _AT_ONCE])}
                async for one in self._queue.iterStatuses(asked):
                    found[one["taskId"]] = _status(one["status"])
        except TaskclusterFailure as error:
            raise self._told(error) from error
        return found

    async def _status(self, task_id: str) -> TaskStatus | None:
        try:
            return _status((await self._queue.status(task_id))["status"])
        except ResourceNotFound:
            return None

    # --- one task

    async def _make(self, one: RemoteTask) -> bool:
        task_id = one.task.task_id
        definition = msgspec.json.decode(one.task.definition, type=dict[str, Any])
        told: TaskStatus | None = None
        if self._clock() - datetime.fromisoformat(definition["created"]).timestamp() > _OLD_S:
            told = await self._status(task_id)
            if told is None:
                definition = await self._write(mirror.redate, task_id)
        if told is None:
            told = await self._created(task_id, definition)
        log.info("task.made_there", extra={"task": task_id, "at": self._root_url})
        return await self._write(mirror.follow, told)

    async def _created(self, task_id: str, definition: dict[str, Any]) -> TaskStatus:
        try:
            return _status((await self._queue.createTask(task_id, definition))["status"])
        except RequestConflict:
            # Ours, under an earlier date: nobody else draws the same 122 random bits.
            found = await self._status(task_id)
            if found is None:
                raise
            return found

    async def _go_on(self, one: RemoteTask, told: TaskStatus | None) -> bool:
        """Follow a task that was made there, or was cancelled here before."""
        if told is None:
            return await self._write(mirror.give_up, one.task.task_id)
        if one.task.state in RESOLVED and told.state not in RESOLVED:
            told = await self._cancelled(one.task.task_id) or told
        if one.task.state in RESOLVED or told.state not in (State.COMPLETED, State.FAILED):
            return await self._write(mirror.follow, told)
        kept = await self._fetched(one, told)
        return kept is not None and await self._write(mirror.follow, told, kept)

    async def _cancelled(self, task_id: str) -> TaskStatus | None:
        try:
            return _status((await self._queue.cancelTask(task_id))["status"])
        except RequestConflict:  # its deadline is over, so the deployment ends it by itself
            return None

    async def _fetched(self, one: RemoteTask, told: TaskStatus) -> Sequence[Kept] | None:
        """Return what the last run left; ``None`` where it is to be tried again."""
        run_id = told.runs[-1].run_id
        try:
            return await fetch(self._queue, self._files, self._logs, told.task_id, run_id)
        except (TaskclusterConnectionError, InternalServerError):
            raise
        except TaskclusterFailure as error:
            facts = {"task": told.task_id, "run": run_id, "tries": one.tries + 1, "why": str(error)}
            log.warning("artifacts.not_fetched", extra=facts)
            if one.tries + 1 >= _TRIES:
                return ()
            await self._write(mirror.missed, told.task_id)
            return None

    async def _write(self, body: Callable[..., T], *values: object) -> T:
        return await self._store.write(lambda connection: body(connection, self._clock(), *values))


def _status(given: object) -> TaskStatus:
    """Return a task status that the deployment told.  Raises `TaskclusterFailure` for what is none."""
    try:
        return msgspec.convert(given, TaskStatus)
    except msgspec.ValidationError as error:
        raise TaskclusterFailure(f"the deployment told a status that is none: {error}") from error
