"""Every class of the blocking client in one module, under the name that Taskcluster's own client has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buildyard.taskcluster._lazy import classes, lazily

if TYPE_CHECKING:
    from buildyard.taskcluster._blocking_events import (
        AuthEvents,
        GithubEvents,
        HooksEvents,
        NotifyEvents,
        QueueEvents,
        WorkerManagerEvents,
    )
    from buildyard.taskcluster._blocking_services import (
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
]

if not TYPE_CHECKING:
    __getattr__ = lazily(__name__, classes("_blocking_services", "_blocking_events"))
