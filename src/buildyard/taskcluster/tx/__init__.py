"""A client of Taskcluster for Twisted programs: every function returns a Deferred of its answer.

``session`` is a transport to share between clients, a `buildyard.faces.twisted.TwistedTransport`, in
place of one of the client's own.  Twisted is imported when a client is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buildyard.taskcluster._lazy import classes, lazily

if TYPE_CHECKING:
    from buildyard.taskcluster._deferred_events import (
        AuthEvents,
        GithubEvents,
        HooksEvents,
        NotifyEvents,
        QueueEvents,
        WorkerManagerEvents,
    )
    from buildyard.taskcluster._deferred_services import (
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
    from buildyard.taskcluster.tx import download, upload

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
        __name__, classes("_deferred_services", "_deferred_events") | {"download": "tx.download", "upload": "tx.upload"}
    )
