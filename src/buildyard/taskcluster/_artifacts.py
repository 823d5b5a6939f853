"""What the queue's core has beside its generated functions: whole artifacts up.

`_services.AsyncQueue` is a table of functions below this class; `transfer` moves the content.
"""

# Operations and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803, N815

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from msgspec import Struct

from buildyard.taskcluster._service import AsyncService
from buildyard.taskcluster.errors import TaskclusterFailure
from buildyard.taskcluster.time import stringDate
from buildyard.taskcluster.transfer import (
    Content,
    Hashing,
    Link,
    NoContent,
    ObjectUpload,
    Progress,
    Reference,
    Source,
    put_content,
    read_answer,
    settled,
    upload_object,
)

if TYPE_CHECKING:
    from buildyard.taskcluster import _calls as calls
    from buildyard.taskcluster import types

T = TypeVar("T")
Answer: TypeAlias = Coroutine[Any, Any, T]
#: Where content may be stored.
ContentStorage: TypeAlias = Literal["object", "s3"]


class AsyncArtifacts(AsyncService):
    """The base of the queue's core."""

    createArtifact: calls.TaskIdRunIdNamePayloadCall[Answer[types.CreatedArtifact]]
    finishArtifact: calls.TaskIdRunIdNamePayloadCall[Answer[None]]

    async def uploadArtifact(
        self,
        taskId: str,
        runId: int | str,
        name: str,
        source: Source,
        *,
        expires: datetime | str,
        contentType: str = "application/octet-stream",
        storageType: ContentStorage = "object",
        progress: Progress | None = None,
    ) -> Source:
        """Upload an artifact of a running run, whole; it can be read once this returns its source.

        Content goes to the object service or, with ``storageType="s3"``, to the queue's own storage; a `Reference`,
        a `Link` and `NoContent` are recorded as what they are.  Where a step fails, nothing readable is left behind.
        """
        until = stringDate(expires) if isinstance(expires, datetime) else expires
        facts = _facts(source, storageType, contentType)
        created = await self.createArtifact(taskId, runId, name, {**facts, "expires": until})
        if not isinstance(source, Content | Hashing):
            return source
        if storageType == "object":
            return await self._upload_object(taskId, runId, name, created, source, contentType, progress)
        put = read_answer(created, _S3Upload, "createArtifact")
        await put_content(self, put.put_url, {"Content-Type": contentType}, source, progress)
        return await settled(self, source)

    async def _upload_object(
        self,
        task_id: str,
        run_id: int | str,
        name: str,
        created: object,
        content: Content | Hashing,
        content_type: str,
        progress: Progress | None,
    ) -> Content:
        from buildyard.taskcluster._services import AsyncObject

        upload = read_answer(created, ObjectUpload, "createArtifact")
        objects = self._neighbour(AsyncObject, upload.credentials)
        whole = await upload_object(objects, upload, content, content_type, progress)
        await self.finishArtifact(task_id, run_id, name, {"uploadId": upload.upload_id})
        return whole


class _S3Upload(Struct, frozen=True, kw_only=True, rename="camel"):
    put_url: str


def _facts(source: Source, storage: str, content_type: str) -> dict[str, Any]:
    match source:
        case Content() | Hashing():
            if storage not in ("object", "s3"):
                raise TaskclusterFailure(f"content is stored as object or s3, not {storage!r}")
            return {"storageType": storage, "contentType": content_type}
        case Reference(url):
            return {"storageType": "reference", "contentType": content_type, "url": url}
        case Link(artifact):
            return {"storageType": "link", "contentType": content_type, "artifact": artifact}
        case NoContent(reason, message):
            return {"storageType": "error", "reason": reason, "message": message}
