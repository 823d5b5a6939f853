"""What every asyncio client has; `_services` (generated) are the classes themselves.

``session`` is a transport to share between clients, a `buildyard.faces.http.AsyncioTransport`, in
place of one of the client's own.
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
from buildyard.taskcluster._artifacts import AsyncArtifacts, ContentStorage
from buildyard.taskcluster._service import AsyncService
from buildyard.taskcluster.transfer import Progress, Source, opened


def own_transport() -> Transport:
    """Return a transport for one client alone."""
    from buildyard.faces.http import AsyncioTransport

    return AsyncioTransport()


class AsyncioService(AsyncService):
    """A context manager; leaving it closes the client's connections."""

    def __init__(self, options: Mapping[str, Any], session: Transport | None = None) -> None:
        super().__init__(options, session or own_transport(), owns_transport=session is None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class AsyncioArtifacts(AsyncioService, AsyncArtifacts):
    """What the queue has beside its generated functions."""

    async def uploadArtifact(
        self,
        taskId: str,
        runId: int | str,
        name: str,
        source: bytes | Path | Source,
        *,
        expires: datetime | str,
        contentType: str = "application/octet-stream",
        storageType: ContentStorage = "object",
        progress: Progress | None = None,
    ) -> Source:
        """Upload bytes or a file, examined on a thread, or another source; see `AsyncArtifacts.uploadArtifact`."""
        return await super().uploadArtifact(
            taskId,
            runId,
            name,
            await asyncio.to_thread(opened, source) if isinstance(source, bytes | Path) else source,
            expires=expires,
            contentType=contentType,
            storageType=storageType,
            progress=progress,
        )
