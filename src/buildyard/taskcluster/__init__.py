"""A client of Taskcluster for blocking programs; `buildyard.taskcluster.aio` and ``.tx`` are its other faces.

    queue = Queue({"rootUrl": "https://tc.example.com", "credentials": {"clientId": ..., "accessToken": ...}})
    queue.status("VtMbr2u_QKaR-ZQxhpFjkw")["status"]["state"]

There is a class for each service, and one for the exchanges of each service that publishes; `API_VERSION` is the
release of Taskcluster whose functions they have.  What is named here is imported when it is first used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from buildyard.taskcluster._lazy import classes, lazily

if TYPE_CHECKING:
    from buildyard.taskcluster import aio, client, download, helper, pulse, tx, upload
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
    from buildyard.taskcluster._release import API_VERSION
    from buildyard.taskcluster.credentials import (
        createTemporaryCredentials,
        isExpired,
        optionsFromEnvironment,
        optionsFromFile,
    )
    from buildyard.taskcluster.errors import (
        ObjectHashVerificationError,
        TaskclusterAnswerError,
        TaskclusterArtifactError,
        TaskclusterAuthFailure,
        TaskclusterConnectionError,
        TaskclusterFailure,
        TaskclusterRestFailure,
        TaskclusterTopicExchangeFailure,
    )
    from buildyard.taskcluster.scopes import scopeMatch, scopesMatch
    from buildyard.taskcluster.slugid import slugId, stableSlugId
    from buildyard.taskcluster.time import fromNow, fromNowJSON, stringDate

__all__ = [
    "API_VERSION",
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
    "ObjectHashVerificationError",
    "PurgeCache",
    "Queue",
    "QueueEvents",
    "Secrets",
    "TaskclusterAnswerError",
    "TaskclusterArtifactError",
    "TaskclusterAuthFailure",
    "TaskclusterConnectionError",
    "TaskclusterFailure",
    "TaskclusterRestFailure",
    "TaskclusterTopicExchangeFailure",
    "WebServer",
    "WorkerManager",
    "WorkerManagerEvents",
    "aio",
    "client",
    "createTemporaryCredentials",
    "download",
    "fromNow",
    "fromNowJSON",
    "helper",
    "isExpired",
    "optionsFromEnvironment",
    "optionsFromFile",
    "pulse",
    "scopeMatch",
    "scopesMatch",
    "slugId",
    "stableSlugId",
    "stringDate",
    "tx",
    "upload",
]

_HOMES = classes("_blocking_services", "_blocking_events") | {
    "API_VERSION": "_release",
    "ObjectHashVerificationError": "errors",
    "TaskclusterAnswerError": "errors",
    "TaskclusterArtifactError": "errors",
    "TaskclusterAuthFailure": "errors",
    "TaskclusterConnectionError": "errors",
    "TaskclusterFailure": "errors",
    "TaskclusterRestFailure": "errors",
    "TaskclusterTopicExchangeFailure": "errors",
    "aio": "aio",
    "download": "download",
    "helper": "helper",
    "upload": "upload",
    "client": "client",
    "createTemporaryCredentials": "credentials",
    "fromNow": "time",
    "fromNowJSON": "time",
    "isExpired": "credentials",
    "optionsFromEnvironment": "credentials",
    "optionsFromFile": "credentials",
    "pulse": "pulse",
    "scopeMatch": "scopes",
    "scopesMatch": "scopes",
    "slugId": "slugid",
    "stableSlugId": "slugid",
    "stringDate": "time",
    "tx": "tx",
}

if not TYPE_CHECKING:
    __getattr__ = lazily(__name__, _HOMES)

if os.environ.get("DEBUG_TASKCLUSTER_CLIENT"):
    from buildyard.taskcluster._debugging import show_debug

    show_debug()
