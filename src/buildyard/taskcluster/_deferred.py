"""What every Twisted client has; `_deferred_services` (generated) are the tables of their functions.

``session`` is a transport to share between clients, a `buildyard.faces.twisted.TwistedTransport`, in
place of one of the client's own.  Twisted is imported when a client is made.
"""

# Operations and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803, N815

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Self, TypeVar

from buildyard.faces.deferred import DeferredFace, as_deferred
from buildyard.faces.transport import Transport
from buildyard.taskcluster._artifacts import AsyncArtifacts, ContentStorage
from buildyard.taskcluster._faces import direct
from buildyard.taskcluster._service import AsyncService
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.transfer import Progress, Source, opened

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

P = ParamSpec("P")
T = TypeVar("T")
CoreT_co = TypeVar("CoreT_co", bound=AsyncService, covariant=True)
ArtifactsT_co = TypeVar("ArtifactsT_co", bound=AsyncArtifacts, covariant=True)


def own_transport() -> Transport:
    """Return a transport for one client alone."""
    from buildyard.faces.twisted import TwistedTransport

    return TwistedTransport()


class DeferredService(DeferredFace[CoreT_co]):
    """Every function returns a Deferred of its answer, every iteration a `DeferredIterator`."""

    _CORE: ClassVar[type[AsyncService]]  #: made for each client

    def __init__(self, options: Mapping[str, Any], session: Transport | None = None) -> None:
        core: Any = self._CORE(options, session or own_transport(), owns_transport=session is None)
        super().__init__(core)

    def __repr__(self) -> str:
        return repr(self._core).replace("<Async", "<", 1)

    def with_credentials(self, credentials: Mapping[str, Any] | Credentials) -> Self:
        """Return the same client with other credentials, over the same connections."""
        other = type(self).__new__(type(self))
        DeferredFace.__init__(other, self._core.with_credentials(credentials))
        return other

    replace_credentials = direct(AsyncService.replace_credentials)
    buildUrl = direct(AsyncService.buildUrl)
    buildSignedUrl = direct(AsyncService.buildSignedUrl)


class DeferredArtifacts(DeferredService[ArtifactsT_co]):
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
    ) -> Deferred[Source]:
        """Upload bytes or a file, examined on a thread, or another source; see `AsyncArtifacts.uploadArtifact`."""

        async def upload() -> Source:
            return await self._core.uploadArtifact(
                taskId,
                runId,
                name,
                await on_reactor_thread(opened, source) if isinstance(source, bytes | Path) else source,
                expires=expires,
                contentType=contentType,
                storageType=storageType,
                progress=progress,
            )

        return as_deferred(upload())


async def on_reactor_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the function returns, called on one of the reactor's threads."""
    from twisted.internet.threads import deferToThread

    return await deferToThread(function, *arguments)


def deferring(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Deferred[T]]:
    """Return a function that returns a Deferred of what the coroutine function returns."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return as_deferred(function(*args, **kwargs))

    return call
