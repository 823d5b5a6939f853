"""A client of Taskcluster for Twisted programs: every operation returns a Deferred of its answer.

``session`` is a transport to share between clients, a `buildyard.faces.twisted.TwistedTransport`, in
place of one of the client's own.  Twisted is imported when a client is made.
"""

# Operations and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803, N815

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from buildyard.faces.deferred import DeferredFace, as_deferred, deferred
from buildyard.faces.transport import Transport
from buildyard.taskcluster._core import AsyncObject, AsyncQueue
from buildyard.taskcluster._faces import direct
from buildyard.taskcluster._service import AsyncService
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.transfer import Content, examine

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

__all__ = ["Object", "Queue"]

CoreT_co = TypeVar("CoreT_co", bound=AsyncService, covariant=True)


def _own_transport() -> Transport:
    from buildyard.faces.twisted import TwistedTransport

    return TwistedTransport()


class _Service(DeferredFace[CoreT_co]):
    """What every Twisted client has."""

    def __repr__(self) -> str:
        return repr(self._core).replace("<Async", "<", 1)

    def with_credentials(self, credentials: Mapping[str, Any] | Credentials) -> Self:
        """Return the same client with other credentials, over the same connections."""
        other = type(self).__new__(type(self))
        DeferredFace.__init__(other, self._core.with_credentials(credentials))
        return other


class Queue(_Service[AsyncQueue]):
    """The queue service: tasks, their runs, and the artifacts that runs leave.  See `AsyncQueue`."""

    def __init__(self, options: Mapping[str, Any], session: Transport | None = None) -> None:
        super().__init__(AsyncQueue(options, session or _own_transport(), owns_transport=session is None))

    replace_credentials = direct(AsyncQueue.replace_credentials)
    buildUrl = direct(AsyncQueue.buildUrl)
    buildSignedUrl = direct(AsyncQueue.buildSignedUrl)
    ping = deferred(AsyncQueue.ping)
    task = deferred(AsyncQueue.task)
    status = deferred(AsyncQueue.status)
    createTask = deferred(AsyncQueue.createTask)
    scheduleTask = deferred(AsyncQueue.scheduleTask)
    cancelTask = deferred(AsyncQueue.cancelTask)
    rerunTask = deferred(AsyncQueue.rerunTask)
    claimWork = deferred(AsyncQueue.claimWork)
    reclaimTask = deferred(AsyncQueue.reclaimTask)
    reportCompleted = deferred(AsyncQueue.reportCompleted)
    reportFailed = deferred(AsyncQueue.reportFailed)
    reportException = deferred(AsyncQueue.reportException)
    createArtifact = deferred(AsyncQueue.createArtifact)
    finishArtifact = deferred(AsyncQueue.finishArtifact)
    listArtifacts = deferred(AsyncQueue.listArtifacts)
    artifact = deferred(AsyncQueue.artifact)
    latestArtifact = deferred(AsyncQueue.latestArtifact)

    def uploadArtifact(
        self,
        taskId: str,
        runId: int | str,
        name: str,
        source: bytes | Path | Content,
        *,
        contentType: str,
        expires: datetime | str,
    ) -> Deferred[Content]:
        """Upload bytes or a file, examined on a thread, as an object artifact; see `AsyncQueue.uploadArtifact`."""

        async def upload() -> Content:
            content = source if isinstance(source, Content) else await _examined(source)
            return await self._core.uploadArtifact(
                taskId, runId, name, content, contentType=contentType, expires=expires
            )

        return as_deferred(upload())


def _examined(source: bytes | Path) -> Deferred[Content]:
    from twisted.internet.threads import deferToThread

    return deferToThread(examine, source)


class Object(_Service[AsyncObject]):
    """The object service: named contents that are whole or not there.  See `AsyncObject`."""

    def __init__(self, options: Mapping[str, Any], session: Transport | None = None) -> None:
        super().__init__(AsyncObject(options, session or _own_transport(), owns_transport=session is None))

    replace_credentials = direct(AsyncObject.replace_credentials)
    buildUrl = direct(AsyncObject.buildUrl)
    buildSignedUrl = direct(AsyncObject.buildSignedUrl)
    ping = deferred(AsyncObject.ping)
    createUpload = deferred(AsyncObject.createUpload)
    finishUpload = deferred(AsyncObject.finishUpload)
    startDownload = deferred(AsyncObject.startDownload)
    object = deferred(AsyncObject.object)
