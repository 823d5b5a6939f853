"""A client of Taskcluster for asyncio programs: a class for each service and for its exchanges.

    async with Queue({"rootUrl": "https://tc.example.com"}) as queue:
        await queue.status("VtMbr2u_QKaR-ZQxhpFjkw")

``session`` is a transport to share between clients, a `buildyard.faces.http.AsyncioTransport`, in
place of one of the client's own.  `buildyard.taskcluster` has the blocking face, ``.tx`` Twisted's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buildyard.taskcluster._lazy import classes, lazily

if TYPE_CHECKING:
    from buildyard.taskcluster.aio import download, upload
    from buildyard.taskcluster.aio._events import (
        AuthEvents,
        GithubEvents,
        HooksEvents,
        NotifyEvents,
        QueueEvents,
        WorkerManagerEvents,
    )
    from buildyard.taskcluster.aio._services import (
        Auth,
        Github,
        Hooks,
        Index,
        Notify,
        Object,
        PurgeCache,
        Queue,
        Secrets,
        WebServer,
        WorkerManager,
    )

__all__ = [
    "Auth",
    "AuthEvents",
    "Github",
    "GithubEvents",
    "Hooks",
    "HooksEvents",
    "Index",
    "Notify",
    "NotifyEvents",
    "Object",
    "PurgeCache",
    "Queue",
    "QueueEvents",
    "Secrets",
    "WebServer",
    "WorkerManager",
    "WorkerManagerEvents",
    "download",
    "upload",
]

if not TYPE_CHECKING:
    __getattr__ = lazily(
        __name__, classes("aio._services", "aio._events") | {"download": "aio.download", "upload": "aio.upload"}
    )
