"""Arguments of an upload to the object service, as the faces' ``upload`` modules take them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from buildyard.taskcluster.slugid import slugId
from buildyard.taskcluster.time import stringDate
from buildyard.taskcluster.transfer import Content, Hashing, ObjectUpload, Progress, upload_object

if TYPE_CHECKING:
    from buildyard.taskcluster._services import AsyncObject


async def upload_content(
    objects: AsyncObject,
    content: Content | Hashing,
    *,
    project_id: str,
    name: str,
    content_type: str,
    expires: datetime | str,
    upload_id: str | None,
    max_retries: int | None,
    progress: Progress | None,
) -> None:
    """Upload content as an object, under a new id where none is given."""
    upload = ObjectUpload(
        name=name,
        project_id=project_id,
        upload_id=upload_id or slugId(),
        expires=stringDate(expires) if isinstance(expires, datetime) else expires,
        credentials={},
    )
    await upload_object(objects._retrying(max_retries), upload, content, content_type, progress)
