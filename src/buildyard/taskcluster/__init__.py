"""A client of Taskcluster for blocking programs; `buildyard.taskcluster.aio` and ``.tx`` are its other faces.

    queue = Queue({"rootUrl": "https://tc.example.com", "credentials": {"clientId": ..., "accessToken": ...}})
    queue.status("VtMbr2u_QKaR-ZQxhpFjkw")["status"]["state"]

A client may be used by many threads and in forked children; it keeps its connections until `close`.
"""

from buildyard.taskcluster._blocking import Object, Queue
from buildyard.taskcluster.credentials import createTemporaryCredentials, optionsFromEnvironment
from buildyard.taskcluster.errors import (
    TaskclusterAnswerError,
    TaskclusterAuthFailure,
    TaskclusterConnectionError,
    TaskclusterFailure,
    TaskclusterRestFailure,
)
from buildyard.taskcluster.scopes import scopeMatch, scopesMatch
from buildyard.taskcluster.slugid import slugId, stableSlugId
from buildyard.taskcluster.time import fromNow, fromNowJSON, stringDate

__all__ = [
    "Object",
    "Queue",
    "TaskclusterAnswerError",
    "TaskclusterAuthFailure",
    "TaskclusterConnectionError",
    "TaskclusterFailure",
    "TaskclusterRestFailure",
    "createTemporaryCredentials",
    "fromNow",
    "fromNowJSON",
    "optionsFromEnvironment",
    "scopeMatch",
    "scopesMatch",
    "slugId",
    "stableSlugId",
    "stringDate",
]
