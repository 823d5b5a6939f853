"""Objects and artifacts down, for blocking programs: to memory, a file, or anything that can be written bit by bit.

    downloadArtifactToFile(taskId=.., name="public/x.whl", queueService=queue, file=file)

A download goes on where it broke off.  Objects are compared with their hashes, others with their announced length.
``progress`` is called with the bytes that came, and all of them where that is known.  `aio.download` is the same
for asyncio.
"""

# Functions and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from buildyard.faces.blocking import run_blocking
from buildyard.taskcluster._blocking_services import Object, Queue
from buildyard.taskcluster._downloads import OpenWriter, download_artifact, download_object
from buildyard.taskcluster._spooling import SyncWriter, WriterOf, rewound
from buildyard.taskcluster.transfer import Progress

__all__ = [
    "download",
    "downloadArtifact",
    "downloadArtifactToBuf",
    "downloadArtifactToFile",
    "downloadToBuf",
    "downloadToFile",
]


def downloadToBuf(
    *, name: str, objectService: Object, maxRetries: int | None = None, progress: Progress | None = None
) -> tuple[memoryview, str]:
    """Return an object's content, and its content type."""
    buffer = io.BytesIO()
    file_type = downloadToFile(
        name=name, objectService=objectService, file=buffer, maxRetries=maxRetries, progress=progress
    )
    return buffer.getbuffer(), file_type


def downloadToFile(
    *,
    name: str,
    objectService: Object,
    file: BinaryIO,
    maxRetries: int | None = None,
    progress: Progress | None = None,
) -> str:
    """Write an object's content to a binary file from its beginning, and return its content type."""
    return download(
        name=name,
        objectService=objectService,
        writerFactory=lambda: rewound(file),
        maxRetries=maxRetries,
        progress=progress,
    )


def download(
    *,
    name: str,
    objectService: Object,
    writerFactory: Callable[[], SyncWriter],
    maxRetries: int | None = None,
    progress: Progress | None = None,
) -> str:
    """Write an object's content to a writer, a new one each time it begins anew, and return its content type."""
    objects = objectService._core._retrying(maxRetries)
    return run_blocking(download_object(objects, name, _opening(writerFactory), progress))


def downloadArtifactToBuf(
    *,
    taskId: str,
    name: str,
    queueService: Queue,
    runId: int | str | None = None,
    maxRetries: int | None = None,
    progress: Progress | None = None,
) -> tuple[memoryview, str]:
    """Return an artifact's content, and its content type; of the last run where no run is named."""
    buffer = io.BytesIO()
    file_type = downloadArtifactToFile(
        taskId=taskId,
        name=name,
        queueService=queueService,
        file=buffer,
        runId=runId,
        maxRetries=maxRetries,
        progress=progress,
    )
    return buffer.getbuffer(), file_type


def downloadArtifactToFile(
    *,
    taskId: str,
    name: str,
    queueService: Queue,
    file: BinaryIO,
    runId: int | str | None = None,
    maxRetries: int | None = None,
    progress: Progress | None = None,
) -> str:
    """Write an artifact's content to a binary file from its beginning, and return its content type."""
    return downloadArtifact(
        taskId=taskId,
        name=name,
        queueService=queueService,
        writerFactory=lambda: rewound(file),
        runId=runId,
        maxRetries=maxRetries,
        progress=progress,
    )


def downloadArtifact(
    *,
    taskId: str,
    name: str,
    queueService: Queue,
    writerFactory: Callable[[], SyncWriter],
    runId: int | str | None = None,
    maxRetries: int | None = None,
    progress: Progress | None = None,
) -> str:
    """Write an artifact's content to a writer, a new one each time it begins anew, and return its content type."""
    queue = queueService._core._retrying(maxRetries)
    return run_blocking(download_artifact(queue, taskId, runId, name, _opening(writerFactory), progress))


def _opening(factory: Callable[[], SyncWriter]) -> OpenWriter:
    async def open_writer() -> WriterOf:
        return WriterOf(factory())

    return open_writer
