"""Objects up, for Twisted programs: from bytes, a file, or anything that can be read bit by bit.

    uploadFromFile(projectId=.., name=.., contentType=.., expires=.., objectService=objects, file=file)

Each function returns a Deferred; so do readers and their factory.  The module is callable, which is `upload`.
Files are read on the reactor's threads.  `aio.upload` is the same for asyncio.
"""

# Functions are Taskcluster's own names.
# ruff: noqa: N816

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from buildyard.taskcluster._async_uploads import AsyncUploads
from buildyard.taskcluster._deferred import deferring, on_reactor_thread

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

__all__ = ["upload", "uploadFromBuf", "uploadFromFile"]

_uploads = AsyncUploads(on_reactor_thread)
upload = deferring(_uploads.upload)
uploadFromBuf = deferring(_uploads.uploadFromBuf)
uploadFromFile = deferring(_uploads.uploadFromFile)


class _Callable(ModuleType):
    """A module that is `upload` when it is called."""

    def __call__(self, **arguments: Any) -> Deferred[None]:
        return upload(**arguments)


sys.modules[__name__].__class__ = _Callable
