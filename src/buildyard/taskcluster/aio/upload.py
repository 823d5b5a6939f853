"""Objects up, for asyncio programs: from bytes, a file, or anything that can be read bit by bit.

    await uploadFromFile(projectId=.., name=.., contentType=.., expires=.., objectService=objects, file=file)

The module is callable, which is `upload`.  ``contentLength`` may be left out; where it is given it is compared.
``progress`` is called with the bytes that are through, and all of them.  Files are read on threads.
`buildyard.taskcluster.upload` is the same for blocking programs, `tx.upload` for Twisted.
"""

# Functions are Taskcluster's own names.
# ruff: noqa: N816

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import Any

from buildyard.taskcluster._async_uploads import AsyncUploads

__all__ = ["upload", "uploadFromBuf", "uploadFromFile"]

_uploads = AsyncUploads(asyncio.to_thread)
upload = _uploads.upload
uploadFromBuf = _uploads.uploadFromBuf
uploadFromFile = _uploads.uploadFromFile


class _Callable(ModuleType):
    """A module that is `upload` when it is called."""

    async def __call__(self, **arguments: Any) -> None:
        await upload(**arguments)


sys.modules[__name__].__class__ = _Callable
