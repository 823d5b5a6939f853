"""The ``download`` functions of the faces that wait without blocking: the same but for how a thread is awaited.

`aio.download` and `tx.download` are made of `AsyncDownloads`; `download` is the blocking one.
"""

# Functions and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import BinaryIO

from buildyard.taskcluster._downloads import OpenWriter, Writer, download_artifact, download_object
from buildyard.taskcluster._faces import Face, OnThread, core_of
from buildyard.taskcluster._services import AsyncObject, AsyncQueue
from buildyard.taskcluster._spooling import WriterOf, rewound
from buildyard.taskcluster.transfer import Progress


class AsyncDownloads:
    """Files are written on threads, each awaited by ``on_thread(function, *arguments)``."""

    def __init__(self, on_thread: OnThread) -> None:
        self._on_thread = on_thread

    async def downloadToBuf(
        self,
        *,
        name: str,
        objectService: AsyncObject | Face[AsyncObject],
        maxRetries: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[memoryview, str]:
        """Return an object's content, and its content type."""
        buffer = io.BytesIO()
        file_type = await self.download(
            name=name,
            objectService=objectService,
            writerFactory=_in_memory(buffer),
            maxRetries=maxRetries,
            progress=progress,
        )
        return buffer.getbuffer(), file_type

    async def downloadToFile(
        self,
        *,
        name: str,
        objectService: AsyncObject | Face[AsyncObject],
        file: BinaryIO,
        maxRetries: int | None = None,
        progress: Progress | None = None,
    ) -> str:
        """Write an object's content to a binary file from its beginning, and return its content type."""
        return await self.download(
            name=name,
            objectService=objectService,
            writerFactory=self._on_threads(file),
            maxRetries=maxRetries,
            progress=progress,
        )

    async def download(
        self,
        *,
        name: str,
        objectService: AsyncObject | Face[AsyncObject],
        writerFactory: Callable[[], Awaitable[Writer]],
        maxRetries: int | None = None,
        progress: Progress | None = None,
    ) -> str:
        """Write an object's content to a writer, a new one each time it begins anew, and return its content type."""
        return await download_object(core_of(objectService)._retrying(maxRetries), name, writerFactory, progress)

    async def downloadArtifactToBuf(
        self,
        *,
        taskId: str,
        name: str,
        queueService: AsyncQueue | Face[AsyncQueue],
        runId: int | str | None = None,
        maxRetries: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[memoryview, str]:
        """Return an artifact's content, and its content type; of the last run where no run is named."""
        buffer = io.BytesIO()
        file_type = await self.downloadArtifact(
            taskId=taskId,
            name=name,
            queueService=queueService,
            writerFactory=_in_memory(buffer),
            runId=runId,
            maxRetries=maxRetries,
            progress=progress,
        )
        return buffer.getbuffer(), file_type

    async def downloadArtifactToFile(
        self,
        *,
        taskId: str,
        name: str,
        queueService: AsyncQueue | Face[AsyncQueue],
        file: BinaryIO,
        runId: int | str | None = None,
        maxRetries: int | None = None,
        progress: Progress | None = None,
    ) -> str:
        """Write an artifact's content to a binary file from its beginning, and return its content type."""
        return await self.downloadArtifact(
            taskId=taskId,
            name=name,
            queueService=queueService,
            writerFactory=self._on_threads(file),
            runId=runId,
            maxRetries=maxRetries,
            progress=progress,
        )

    async def downloadArtifact(
        self,
        *,
        taskId: str,
        name: str,
        queueService: AsyncQueue | Face[AsyncQueue],
        writerFactory: Callable[[], Awaitable[Writer]],
        runId: int | str | None = None,
        maxRetries: int | None = None,
        progress: Progress | None = None,
    ) -> str:
        """Write an artifact's content to a writer, a new one each time it begins anew, and return its content type."""
        queue = core_of(queueService)._retrying(maxRetries)
        return await download_artifact(queue, taskId, runId, name, writerFactory, progress)

    def _on_threads(self, file: BinaryIO) -> OpenWriter:
        async def open_writer() -> Writer:
            return _OnThreads(self._on_thread, await self._on_thread(rewound, file))

        return open_writer


class _OnThreads:
    """A writer to a file, on threads."""

    def __init__(self, on_thread: OnThread, file: BinaryIO) -> None:
        self._on_thread = on_thread
        self._file = file

    async def write(self, data: bytes, /) -> None:
        await self._on_thread(self._file.write, data)


def _in_memory(buffer: io.BytesIO) -> OpenWriter:
    async def open_writer() -> Writer:
        return WriterOf(rewound(buffer))

    return open_writer
