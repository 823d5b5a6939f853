"""Objects up, for blocking programs: from bytes, a file, or anything that can be read bit by bit.

    uploadFromFile(projectId=.., name=.., contentType=.., expires=.., objectService=objects, file=file)

The module is callable, which is `upload`.  ``contentLength`` may be left out; where it is given it is compared.
``progress`` is called with the bytes that are through, and all of them.  `aio.upload` is the same for asyncio.
"""

# Functions and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from types import ModuleType
from typing import Any, BinaryIO

from buildyard.faces.blocking import run_blocking
from buildyard.taskcluster._blocking_services import Object
from buildyard.taskcluster._spooling import CHUNK, SyncReader, checked, opened_checked, spool
from buildyard.taskcluster._uploads import upload_content
from buildyard.taskcluster.transfer import Content, Hashing, Progress, opened

__all__ = ["upload", "uploadFromBuf", "uploadFromFile"]


def uploadFromBuf(
    *,
    projectId: str,
    name: str,
    contentType: str,
    expires: datetime | str,
    objectService: Object,
    data: bytes | bytearray | memoryview,
    contentLength: int | None = None,
    uploadId: str | None = None,
    maxRetries: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Upload bytes."""
    content = checked(opened(bytes(data)), contentLength)
    _send(objectService, content, projectId, name, contentType, expires, uploadId, maxRetries, progress)


def uploadFromFile(
    *,
    projectId: str,
    name: str,
    contentType: str,
    expires: datetime | str,
    objectService: Object,
    file: BinaryIO,
    contentLength: int | None = None,
    uploadId: str | None = None,
    maxRetries: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Upload a binary file from its beginning; it is read for its hashes and to be sent, at one time."""
    content = opened_checked(file, contentLength)
    _send(objectService, content, projectId, name, contentType, expires, uploadId, maxRetries, progress)


def upload(
    *,
    projectId: str,
    name: str,
    contentType: str,
    expires: datetime | str,
    objectService: Object,
    readerFactory: Callable[[], SyncReader],
    contentLength: int | None = None,
    uploadId: str | None = None,
    maxRetries: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Upload what a reader gives, which is put aside in a temporary file first; the factory is asked once."""
    with spool() as file:
        reader = readerFactory()
        while chunk := reader.read(CHUNK):
            file.write(chunk)
        content = opened_checked(file, contentLength)
        _send(objectService, content, projectId, name, contentType, expires, uploadId, maxRetries, progress)


def _send(
    service: Object,
    content: Content | Hashing,
    project_id: str,
    name: str,
    content_type: str,
    expires: datetime | str,
    upload_id: str | None,
    max_retries: int | None,
    progress: Progress | None,
) -> None:
    sending = upload_content(
        service._core,
        content,
        project_id=project_id,
        name=name,
        content_type=content_type,
        expires=expires,
        upload_id=upload_id,
        max_retries=max_retries,
        progress=progress,
    )
    run_blocking(sending)


class _Callable(ModuleType):
    """A module that is `upload` when it is called."""

    def __call__(self, **arguments: Any) -> None:
        upload(**arguments)


sys.modules[__name__].__class__ = _Callable
