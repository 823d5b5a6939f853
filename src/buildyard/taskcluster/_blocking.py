"""What every blocking client has; `_blocking_services` (generated) are the tables of their functions.

``session`` is a transport to share between clients, a `buildyard.faces.http.BlockingTransport`, in
place of one of the client's own.
"""

# Operations and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803, N815

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from buildyard.faces.blocking import BlockingFace, run_blocking
from buildyard.faces.transport import Transport
from buildyard.taskcluster._artifacts import AsyncArtifacts, ContentStorage
from buildyard.taskcluster._faces import direct
from buildyard.taskcluster._service import AsyncService
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.transfer import Progress, Source, opened

CoreT = TypeVar("CoreT", bound=AsyncService)
ArtifactsT = TypeVar("ArtifactsT", bound=AsyncArtifacts)


def own_transport() -> Transport:
    """Return a transport for one client alone."""
    from buildyard.faces.http import BlockingTransport

    return BlockingTransport()


class BlockingService(BlockingFace[CoreT]):
    """A context manager; leaving it closes the client's connections.  Threads and forked children may share one."""

    _CORE: ClassVar[type[AsyncService]]  #: made for each client

    def __init__(self, options: Mapping[str, Any], session: Transport | None = None) -> None:
        core: Any = self._CORE(options, session or own_transport(), owns_transport=session is None)
        super().__init__(core)

    def __repr__(self) -> str:
        return repr(self._core).replace("<Async", "<", 1)

    def with_credentials(self, credentials: Mapping[str, Any] | Credentials) -> Self:
        """Return the same client with other credentials, over the same connections."""
        other = type(self).__new__(type(self))
        BlockingFace.__init__(other, self._core.with_credentials(credentials))
        return other

    replace_credentials = direct(AsyncService.replace_credentials)
    buildUrl = direct(AsyncService.buildUrl)
    buildSignedUrl = direct(AsyncService.buildSignedUrl)


class BlockingArtifacts(BlockingService[ArtifactsT]):
    """What the queue has beside its generated functions."""

    def uploadArtifact(
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
        """Upload bytes, a file, or another source as an artifact; see `AsyncArtifacts.uploadArtifact`."""
        upload = self._core.uploadArtifact(
            taskId,
            runId,
            name,
            opened(source) if isinstance(source, bytes | Path) else source,
            expires=expires,
            contentType=contentType,
            storageType=storageType,
            progress=progress,
        )
        return run_blocking(upload)
