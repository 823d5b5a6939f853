"""What a run on another Taskcluster left, brought into the hub's own object store: its result, and the wheel it names.

Bytes are staged while they come, whatever storage type they have there, and are the hub's once their digest is taken;
fetched twice, they are there once.  `remote` calls this, `mirror` writes the rows.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

import msgspec

from buildyard.errors import BuildyardError
from buildyard.farm.store.objects import ObjectStore, Staged
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.tasks.mirror import Kept
from buildyard.farm.wire import LOG_ARTIFACT, RESULT_ARTIFACT, BuildResult
from buildyard.taskcluster.aio import Queue, download
from buildyard.taskcluster.errors import ResourceExpired, ResourceNotFound, TaskclusterArtifactError

log = logging.getLogger(__name__)

#: A result is a few kilobytes; a wheel is bounded as an upload to the hub is.
MAX_RESULT_BYTES: Final = 4_000_000
MAX_LOG_BYTES: Final = 100_000_000
MAX_WHEEL_BYTES: Final = 4 * 1024**3

_PIECE_BYTES: Final = 512 * 1024


class TooLarge(BuildyardError):
    """An artifact is larger than what this farm takes; nothing of it was kept."""

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(f"the artifact {name} has more than {limit} bytes")


async def fetch(queue: Queue, files: ObjectStore, logs: LogStore, task_id: str, run_id: int) -> list[Kept]:
    """Return what the run left that builds ask for, now in ``files``: its log, result and wheel.

    The log is in ``logs`` too; without a result there is no wheel.  Raises the client's errors,
    `ObjectHashVerificationError` among them, and `StoreFull`.
    """
    log_file = await _fetched(queue, files, task_id, run_id, LOG_ARTIFACT, MAX_LOG_BYTES)
    if log_file is not None:
        await asyncio.to_thread(_copy_log, files, log_file, logs, task_id, run_id)
    result = await _fetched(queue, files, task_id, run_id, RESULT_ARTIFACT, MAX_RESULT_BYTES)
    name = await asyncio.to_thread(_wheel_of, files, result) if result else None
    wheel = await _fetched(queue, files, task_id, run_id, name, MAX_WHEEL_BYTES) if name else None
    return [one for one in (log_file, result, wheel) if one is not None]


def _copy_log(files: ObjectStore, log_file: Kept, logs: LogStore, task_id: str, run_id: int) -> None:
    """Put a log where those of the hub's own builders are; what is there already is not written twice."""
    with files.open(log_file.sha256) as file:
        offset = 0
        while piece := file.read(_PIECE_BYTES):
            logs.append(task_id, run_id, offset, piece, 0.0)
            offset += len(piece)


def _wheel_of(files: ObjectStore, result: Kept) -> str | None:
    """Return the name of the artifact that is the result's wheel; a result that is none names nothing."""
    try:
        told = msgspec.json.decode(files.path(result.sha256).read_bytes(), type=BuildResult)
    except msgspec.DecodeError:
        return None  # `builds.service` tells of it
    return f"public/{told.wheel.filename}" if told.wheel else None


async def _fetched(queue: Queue, files: ObjectStore, task_id: str, run_id: int, name: str, limit: int) -> Kept | None:
    into = _Into(files, name, limit)
    try:
        kind = await download.downloadArtifact(
            taskId=task_id, runId=run_id, name=name, queueService=queue, writerFactory=into.open
        )
        stored = await asyncio.to_thread(into.staged.commit)
    except (ResourceNotFound, ResourceExpired, TaskclusterArtifactError, TooLarge) as error:
        log.info("artifact.not_there", extra={"task": task_id, "run": run_id, "artifact": name, "why": str(error)})
        return None
    finally:
        into.abort()
    return Kept(name=name, content_type=kind, sha256=stored.sha256, size=stored.size)


@dataclass
class _Into:
    """Writes an artifact into a staged file, a new one each time the download begins anew."""

    files: ObjectStore
    name: str
    limit: int
    size: int = 0
    _staged: Staged | None = None

    @property
    def staged(self) -> Staged:
        assert self._staged is not None, "a download that succeeded has opened its writer"
        return self._staged

    async def open(self) -> _Into:
        self.abort()
        self.size, self._staged = 0, await asyncio.to_thread(self.files.stage)
        return self

    async def write(self, data: bytes, /) -> None:
        self.size += len(data)
        if self.size > self.limit:
            raise TooLarge(self.name, self.limit)
        await asyncio.to_thread(self.staged.write, data)

    def abort(self) -> None:
        if self._staged is not None:
            self._staged.abort()
