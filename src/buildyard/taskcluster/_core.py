"""The queue and the object service: their operations, each written once.

These classes are the asyncio cores; `buildyard.taskcluster` (blocking), ``.aio`` and ``.tx`` are their
faces.  An operation returns the service's answer as it is, a dict whose shape `types` tells, and
takes its payload as one.  `_service` sends and reads, `_routes` says where each operation lies,
`transfer` moves content.  Scopes are named in each docstring as the services demand them.
"""

# Operations, arguments and keys are Taskcluster's own names.
# ruff: noqa: N802, N803

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from buildyard.taskcluster import _routes, types
from buildyard.taskcluster._service import AsyncService
from buildyard.taskcluster.time import stringDate
from buildyard.taskcluster.transfer import Content, ObjectUpload, read_answer, upload_object

__all__ = ["AsyncObject", "AsyncQueue"]

Payload = Mapping[str, object]


class AsyncQueue(AsyncService):
    """The queue service: tasks, their runs, and the artifacts that runs leave."""

    SERVICE = "queue"
    ROUTES = _routes.QUEUE_ROUTES

    async def task(self, taskId: str) -> types.TaskDefinition:
        """Return a task as it was defined, with all defaults filled in.  Scope ``queue:get-task:<taskId>``."""
        return await self._call(_routes.TASK, taskId)

    async def status(self, taskId: str) -> types.StatusAnswer:
        """Return where a task stands.  Scope ``queue:status:<taskId>``."""
        return await self._call(_routes.STATUS, taskId)

    async def createTask(self, taskId: str, payload: Payload) -> types.StatusAnswer:
        """Create a task under an id of the caller's making (`slugId`), and return its status.

        The same definition again returns the present status; another under the same id raises
        `RequestConflict`.  Scopes: those of the task itself, and to create in its queue, project,
        scheduler and routes.
        """
        return await self._call(_routes.CREATE_TASK, taskId, payload=payload)

    async def scheduleTask(self, taskId: str) -> types.StatusAnswer:
        """Make a task pending whatever it depends on; one that was scheduled before is left as it is."""
        return await self._call(_routes.SCHEDULE_TASK, taskId)

    async def cancelTask(self, taskId: str) -> types.StatusAnswer:
        """Resolve a task as canceled; one that is resolved already is left as it is."""
        return await self._call(_routes.CANCEL_TASK, taskId)

    async def rerunTask(self, taskId: str) -> types.StatusAnswer:
        """Make a resolved task pending again, with a new run; one that is pending or running is left as it is.

        Not sent again where it may have arrived: see ``.maybe_sent`` of the error, and ask for the status.
        """
        return await self._call(_routes.RERUN_TASK, taskId)

    async def claimWork(self, taskQueueId: str, payload: Payload) -> types.ClaimWorkAnswer:
        """Claim pending tasks of a queue, ``{workerGroup, workerId, tasks}``: up to ``tasks`` of them (1).

        Returns as soon as there is one; with none after twenty seconds.  Each claim brings
        credentials for its task, see `with_credentials`.  Not sent again where it may have arrived:
        what a lost answer claimed comes back to the queue when the claim ends.

        Scopes ``queue:claim-work:<taskQueueId>`` and ``queue:worker-id:<workerGroup>/<workerId>``.
        """
        return await self._call(_routes.CLAIM_WORK, taskQueueId, payload=payload)

    async def reclaimTask(self, taskId: str, runId: int | str) -> types.ReclaimAnswer:
        """Renew a claim before its ``takenUntil``, and return the new one with new credentials.

        Raises `RequestConflict` where the run is not running any more: stop work on it.
        Scope ``queue:reclaim-task:<taskId>/<runId>``, which a claim's credentials have.
        """
        return await self._call(_routes.RECLAIM_TASK, taskId, runId)

    async def reportCompleted(self, taskId: str, runId: int | str) -> types.StatusAnswer:
        """Resolve a run as completed.  The same report again is fine; after another it is a `RequestConflict`."""
        return await self._call(_routes.REPORT_COMPLETED, taskId, runId)

    async def reportFailed(self, taskId: str, runId: int | str) -> types.StatusAnswer:
        """Resolve a run as failed: the work was done, and its result is that it failed."""
        return await self._call(_routes.REPORT_FAILED, taskId, runId)

    async def reportException(self, taskId: str, runId: int | str, payload: Payload) -> types.StatusAnswer:
        """Resolve a run that could not be carried out, ``{reason}``.

        ``worker-shutdown`` and ``intermittent-task`` make a new run while the task has retries left;
        ``malformed-payload``, ``resource-unavailable`` and ``internal-error`` are final.
        """
        return await self._call(_routes.REPORT_EXCEPTION, taskId, runId, payload=payload)

    async def createArtifact(self, taskId: str, runId: int | str, name: str, payload: Payload) -> types.CreatedArtifact:
        """Begin an artifact of a running run, ``{storageType, expires, ...}``, and return how to go on.

        Scope ``queue:create-artifact:<taskId>/<runId>``, which a claim's credentials have.
        """
        return await self._call(_routes.CREATE_ARTIFACT, taskId, runId, name, payload=payload)

    async def finishArtifact(self, taskId: str, runId: int | str, name: str, payload: Payload) -> None:
        """Make an object artifact readable once its object is finished, ``{uploadId}``."""
        await self._call(_routes.FINISH_ARTIFACT, taskId, runId, name, payload=payload)

    async def listArtifacts(
        self, taskId: str, runId: int | str, *, query: Mapping[str, object] | None = None
    ) -> types.ArtifactList:
        """Return a page of a run's artifacts, by name; ``query`` may have ``continuationToken`` and ``limit``.

        Scope ``queue:list-artifacts:<taskId>:<runId>``.
        """
        return await self._call(_routes.LIST_ARTIFACTS, taskId, runId, query=query)

    async def artifact(self, taskId: str, runId: int | str, name: str) -> types.ArtifactContent:
        """Return where an artifact's content is.  Scope ``queue:get-artifact:<name>``."""
        return await self._call(_routes.ARTIFACT, taskId, runId, name)

    async def latestArtifact(self, taskId: str, name: str) -> types.ArtifactContent:
        """Return where the content of the last run's artifact is.  Scope ``queue:get-artifact:<name>``."""
        return await self._call(_routes.LATEST_ARTIFACT, taskId, name)

    async def uploadArtifact(
        self,
        taskId: str,
        runId: int | str,
        name: str,
        content: Content,
        *,
        contentType: str,
        expires: datetime | str,
    ) -> Content:
        """Upload content as an object artifact of a running run; it can be read once this returns.

        Four steps: the artifact is created, its object uploaded and finished with its hashes, the
        artifact finished.  Where one fails, nothing readable is left behind.
        """
        until = stringDate(expires) if isinstance(expires, datetime) else expires
        wanted = {"storageType": "object", "expires": until, "contentType": contentType}
        created = await self.createArtifact(taskId, runId, name, wanted)
        upload = read_answer(created, ObjectUpload, "createArtifact")
        objects = self._neighbour(AsyncObject, upload.credentials)
        await upload_object(objects, upload, content, contentType)
        await self.finishArtifact(taskId, runId, name, {"uploadId": upload.upload_id})
        return content


class AsyncObject(AsyncService):
    """The object service: named contents that are whole or not there."""

    SERVICE = "object"
    ROUTES = _routes.OBJECT_ROUTES

    async def createUpload(self, name: str, payload: Payload) -> types.CreatedUpload:
        """Begin an upload, ``{projectId, uploadId, expires, proposedUploadMethods}``, and return how to go on.

        The same again is fine; another ``uploadId`` under the same name raises `RequestConflict`.
        Scope ``object:upload:<projectId>:<name>``.
        """
        return await self._call(_routes.CREATE_UPLOAD, name, payload=payload)

    async def finishUpload(self, name: str, payload: Payload) -> dict[str, Any]:
        """Make an uploaded object readable, ``{projectId, uploadId, hashes}``."""
        return await self._call(_routes.FINISH_UPLOAD, name, payload=payload)

    async def startDownload(self, name: str, payload: Payload) -> types.StartedDownload:
        """Return an address to get an object from, by one of ``{acceptDownloadMethods}``.

        Scope ``object:download:<name>``.
        """
        return await self._call(_routes.START_DOWNLOAD, name, payload=payload)

    async def object(self, name: str) -> types.ObjectMetadata:
        """Return what is known of an object: its project, expiry and hashes."""
        return await self._call(_routes.OBJECT, name)
