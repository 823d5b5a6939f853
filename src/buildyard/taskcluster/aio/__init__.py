"""A client of Taskcluster for asyncio programs: the cores over a transport of their own.

    async with Queue({"rootUrl": "https://tc.example.com"}) as queue:
        await queue.status("VtMbr2u_QKaR-ZQxhpFjkw")

``session`` is a transport to share between clients, a `buildyard.faces.http.AsyncioTransport`, in
place of one of the client's own.  `buildyard.taskcluster` has the blocking face, ``.tx`` Twisted's.
"""

# Operations and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from buildyard.faces.transport import Transport
from buildyard.taskcluster._core import AsyncObject, AsyncQueue
from buildyard.taskcluster._service import AsyncService
from buildyard.taskcluster.transfer import Content, examine

__all__ = ["Object", "Queue"]


def _own_transport() -> Transport:
    from buildyard.faces.http import AsyncioTransport

    return AsyncioTransport()


class _Service(AsyncService):
    """What every asyncio client has.  A context manager; leaving it closes its connections."""

    def __init__(self, options: Mapping[str, Any], session: Transport | None = None) -> None:
        super().__init__(options, session or _own_transport(), owns_transport=session is None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class Queue(_Service, AsyncQueue):
    """The queue service: tasks, their runs, and the artifacts that runs leave.  See `AsyncQueue`."""

    async def uploadArtifact(
        self,
        taskId: str,
        runId: int | str,
        name: str,
        source: bytes | Path | Content,
        *,
        contentType: str,
        expires: datetime | str,
    ) -> Content:
        """Upload bytes or a file, examined on a thread, as an object artifact; see `AsyncQueue.uploadArtifact`."""
        content = source if isinstance(source, Content) else await asyncio.to_thread(examine, source)
        return await super().uploadArtifact(taskId, runId, name, content, contentType=contentType, expires=expires)


class Object(_Service, AsyncObject):
    """The object service: named contents that are whole or not there.  See `AsyncObject`."""
