"""The routes of the services, as data: where each method lies and how it may be repeated.

One entry a method, with the type of its answer.  `_core` calls by these, `buildUrl` looks names up in
them.  Names and routes are those of Taskcluster's API references (``queue/v1``, ``object/v1``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from buildyard.taskcluster import types
from buildyard.taskcluster.urls import route_names

AnswerT = TypeVar("AnswerT")

_PAGE = ("continuationToken", "limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[AnswerT]):
    """One method of a service."""

    name: str
    method: str  #: HTTP's
    route: str  #: with ``<param>`` where a value goes
    query: tuple[str, ...] = ()  #: names it takes in the query string
    #: Done twice is as good as done once: it may be sent again when nobody knows whether it arrived.
    idempotent: bool = True
    read_seconds: float = 30.0  #: how long the service may be silent
    is_empty: bool = False  #: it answers 204, without a body

    @property
    def params(self) -> tuple[str, ...]:
        """The names of the route's parameters, in order."""
        return route_names(self.route)


PING: Route[types.Ping] = Route(name="ping", method="GET", route="/ping")

# --- queue ---------------------------------------------------------------------------------------

TASK: Route[types.TaskDefinition] = Route(name="task", method="GET", route="/task/<taskId>")
STATUS: Route[types.StatusAnswer] = Route(name="status", method="GET", route="/task/<taskId>/status")
# The id is the caller's, and an equal definition under it is answered with the status (409 for another).
CREATE_TASK: Route[types.StatusAnswer] = Route(name="createTask", method="PUT", route="/task/<taskId>")
SCHEDULE_TASK: Route[types.StatusAnswer] = Route(name="scheduleTask", method="POST", route="/task/<taskId>/schedule")
CANCEL_TASK: Route[types.StatusAnswer] = Route(name="cancelTask", method="POST", route="/task/<taskId>/cancel")
# A second one makes another run, if the run that the first made is over by then.
RERUN_TASK: Route[types.StatusAnswer] = Route(
    name="rerunTask", method="POST", route="/task/<taskId>/rerun", idempotent=False
)
# A second one claims other tasks, while nobody works on those that the lost answer named.  The service
# holds it up to 20 seconds.
CLAIM_WORK: Route[types.ClaimWorkAnswer] = Route(
    name="claimWork", method="POST", route="/claim-work/<taskQueueId>", idempotent=False, read_seconds=60.0
)
RECLAIM_TASK: Route[types.ReclaimAnswer] = Route(
    name="reclaimTask", method="POST", route="/task/<taskId>/runs/<runId>/reclaim"
)
# A repeated report with the same outcome is answered like the first.
REPORT_COMPLETED: Route[types.StatusAnswer] = Route(
    name="reportCompleted", method="POST", route="/task/<taskId>/runs/<runId>/completed"
)
REPORT_FAILED: Route[types.StatusAnswer] = Route(
    name="reportFailed", method="POST", route="/task/<taskId>/runs/<runId>/failed"
)
REPORT_EXCEPTION: Route[types.StatusAnswer] = Route(
    name="reportException", method="POST", route="/task/<taskId>/runs/<runId>/exception"
)
# Repeating the same artifact changes nothing.  (Of an object it asks for a second upload, which today's
# Taskcluster refuses: then nothing is harmed, and the upload is lost either way.)
CREATE_ARTIFACT: Route[types.CreatedArtifact] = Route(
    name="createArtifact", method="POST", route="/task/<taskId>/runs/<runId>/artifacts/<name>"
)
FINISH_ARTIFACT: Route[None] = Route(
    name="finishArtifact", method="PUT", route="/task/<taskId>/runs/<runId>/artifacts/<name>", is_empty=True
)
LIST_ARTIFACTS: Route[types.ArtifactList] = Route(
    name="listArtifacts", method="GET", route="/task/<taskId>/runs/<runId>/artifacts", query=_PAGE
)
ARTIFACT: Route[types.ArtifactContent] = Route(
    name="artifact", method="GET", route="/task/<taskId>/runs/<runId>/artifact-content/<name>"
)
LATEST_ARTIFACT: Route[types.ArtifactContent] = Route(
    name="latestArtifact", method="GET", route="/task/<taskId>/artifact-content/<name>"
)

# --- object --------------------------------------------------------------------------------------

# The upload id is the caller's; only another id under the same name is refused.
CREATE_UPLOAD: Route[types.CreatedUpload] = Route(name="createUpload", method="PUT", route="/upload/<name>")
FINISH_UPLOAD: Route[dict[str, Any]] = Route(name="finishUpload", method="POST", route="/finish-upload/<name>")
START_DOWNLOAD: Route[types.StartedDownload] = Route(name="startDownload", method="PUT", route="/start-download/<name>")
OBJECT: Route[types.ObjectMetadata] = Route(name="object", method="GET", route="/metadata/<name>")


def _by_name(*routes: Route[Any]) -> Mapping[str, Route[Any]]:
    return MappingProxyType({route.name: route for route in routes})


QUEUE_ROUTES = _by_name(
    PING,
    TASK,
    STATUS,
    CREATE_TASK,
    SCHEDULE_TASK,
    CANCEL_TASK,
    RERUN_TASK,
    CLAIM_WORK,
    RECLAIM_TASK,
    REPORT_COMPLETED,
    REPORT_FAILED,
    REPORT_EXCEPTION,
    CREATE_ARTIFACT,
    FINISH_ARTIFACT,
    LIST_ARTIFACTS,
    ARTIFACT,
    LATEST_ARTIFACT,
)
OBJECT_ROUTES = _by_name(PING, CREATE_UPLOAD, FINISH_UPLOAD, START_DOWNLOAD, OBJECT)
