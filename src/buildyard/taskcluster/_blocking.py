"""The blocking face: a table of the cores' operations, and the few that differ.

`buildyard.taskcluster` exports these.  ``session`` is a transport to share between clients, a
`buildyard.faces.http.BlockingTransport`, in place of one of the client's own.
"""

# Operations and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803, N815

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from buildyard.faces.blocking import BlockingFace, blocking, run_blocking
from buildyard.faces.transport import Transport
from buildyard.taskcluster._core import AsyncObject, AsyncQueue
from buildyard.taskcluster._faces import direct
from buildyard.taskcluster._service import AsyncService
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.transfer import Content, examine

CoreT = TypeVar("CoreT", bound=AsyncService)


def _own_transport() -> Transport:
    from buildyard.faces.http import BlockingTransport

    return BlockingTransport()


class _Service(BlockingFace[CoreT]):
    """What every blocking client has.  A context manager; leaving it closes its connections."""

    def __repr__(self) -> str:
        return repr(self._core).replace("<Async", "<", 1)

    def with_credentials(self, credentials: Mapping[str, Any] | Credentials) -> Self:
        """Return the same client with other credentials, over the same connections."""
        other = type(self).__new__(type(self))
        BlockingFace.__init__(other, self._core.with_credentials(credentials))
        return other


class Queue(_Service[AsyncQueue]):
    """The queue service: tasks, their runs, and the artifacts that runs leave.  See `AsyncQueue`."""

    def __init__(self, options: Mapping[str, Any], session: Transport | None = None) -> None:
        super().__init__(AsyncQueue(options, session or _own_transport(), owns_transport=session is None))

    replace_credentials = direct(AsyncQueue.replace_credentials)
    buildUrl = direct(AsyncQueue.buildUrl)
    buildSignedUrl = direct(AsyncQueue.buildSignedUrl)
    ping = blocking(AsyncQueue.ping)
    task = blocking(AsyncQueue.task)
    status = blocking(AsyncQueue.status)
    createTask = blocking(AsyncQueue.createTask)
    scheduleTask = blocking(AsyncQueue.scheduleTask)
    cancelTask = blocking(AsyncQueue.cancelTask)
    rerunTask = blocking(AsyncQueue.rerunTask)
    claimWork = blocking(AsyncQueue.claimWork)
    reclaimTask = blocking(AsyncQueue.reclaimTask)
    reportCompleted = blocking(AsyncQueue.reportCompleted)
    reportFailed = blocking(AsyncQueue.reportFailed)
    reportException = blocking(AsyncQueue.reportException)
    createArtifact = blocking(AsyncQueue.createArtifact)
    finishArtifact = blocking(AsyncQueue.finishArtifact)
    listArtifacts = blocking(AsyncQueue.listArtifacts)
    artifact = blocking(AsyncQueue.artifact)
    latestArtifact = blocking(AsyncQueue.latestArtifact)

    def uploadArtifact(
        self,
        taskId: str,
        runId: int | str,
        name: str,
        source: bytes | Path | Content,
        *,
        contentType: str,
        expires: datetime | str,
    ) -> Content:
        """Upload bytes or a file as an object artifact; see `AsyncQueue.uploadArtifact`."""
        content = source if isinstance(source, Content) else examine(source)
        upload = self._core.uploadArtifact(taskId, runId, name, content, contentType=contentType, expires=expires)
        return run_blocking(upload)


class Object(_Service[AsyncObject]):
    """The object service: named contents that are whole or not there.  See `AsyncObject`."""

    def __init__(self, options: Mapping[str, Any], session: Transport | None = None) -> None:
        super().__init__(AsyncObject(options, session or _own_transport(), owns_transport=session is None))

    replace_credentials = direct(AsyncObject.replace_credentials)
    buildUrl = direct(AsyncObject.buildUrl)
    buildSignedUrl = direct(AsyncObject.buildSignedUrl)
    ping = blocking(AsyncObject.ping)
    createUpload = blocking(AsyncObject.createUpload)
    finishUpload = blocking(AsyncObject.finishUpload)
    startDownload = blocking(AsyncObject.startDownload)
    object = blocking(AsyncObject.object)
