"""The ``upload`` functions of the faces that wait without blocking: the same but for how a thread is awaited.

`aio.upload` and `tx.upload` are made of `AsyncUploads`; `upload` is the blocking one.
"""

# Functions and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import BinaryIO

from buildyard.taskcluster._faces import Face, OnThread, core_of
from buildyard.taskcluster._services import AsyncObject
from buildyard.taskcluster._spooling import CHUNK, AsyncReader, checked, opened_checked, spool
from buildyard.taskcluster._uploads import upload_content
from buildyard.taskcluster.transfer import Content, Hashing, Progress, opened


class AsyncUploads:
    """Files are read on threads, each awaited by ``on_thread(function, *arguments)``."""

    def __init__(self, on_thread: OnThread) -> None:
        self._on_thread = on_thread

    async def uploadFromBuf(
        self,
        *,
        projectId: str,
        name: str,
        contentType: str,
        expires: datetime | str,
        objectService: AsyncObject | Face[AsyncObject],
        data: bytes | bytearray | memoryview,
        contentLength: int | None = None,
        uploadId: str | None = None,
        maxRetries: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Upload bytes."""
        content = checked(await self._on_thread(opened, bytes(data)), contentLength)
        await self._send(objectService, content, projectId, name, contentType, expires, uploadId, maxRetries, progress)

    async def uploadFromFile(
        self,
        *,
        projectId: str,
        name: str,
        contentType: str,
        expires: datetime | str,
        objectService: AsyncObject | Face[AsyncObject],
        file: BinaryIO,
        contentLength: int | None = None,
        uploadId: str | None = None,
        maxRetries: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Upload a binary file from its beginning; it is read for its hashes and to be sent, at one time."""
        content = await self._on_thread(opened_checked, file, contentLength)
        await self._send(objectService, content, projectId, name, contentType, expires, uploadId, maxRetries, progress)

    async def upload(
        self,
        *,
        projectId: str,
        name: str,
        contentType: str,
        expires: datetime | str,
        objectService: AsyncObject | Face[AsyncObject],
        readerFactory: Callable[[], Awaitable[AsyncReader]],
        contentLength: int | None = None,
        uploadId: str | None = None,
        maxRetries: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Upload what a reader gives, which is put aside in a temporary file first; the factory is asked once."""
        with spool() as file:
            reader = await readerFactory()
            while chunk := await reader.read(CHUNK):
                await self._on_thread(file.write, chunk)
            content = await self._on_thread(opened_checked, file, contentLength)
            await self._send(
                objectService, content, projectId, name, contentType, expires, uploadId, maxRetries, progress
            )

    async def _send(
        self,
        service: AsyncObject | Face[AsyncObject],
        content: Content | Hashing,
        project_id: str,
        name: str,
        content_type: str,
        expires: datetime | str,
        upload_id: str | None,
        max_retries: int | None,
        progress: Progress | None,
    ) -> None:
        await upload_content(
            core_of(service),
            content,
            project_id=project_id,
            name=name,
            content_type=content_type,
            expires=expires,
            upload_id=upload_id,
            max_retries=max_retries,
            progress=progress,
        )
