"""Content on its way to the object service: examined first, sent once, vouched for by its hashes.

`examine` reads a source and is the only thing here that touches a file; the faces call it where
waiting does no harm.  `upload_object` then needs only the object service and a transport.  `_core`
puts both together as `uploadArtifact`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from buildyard.faces.transport import Part, Request, Timeout
from buildyard.taskcluster.errors import TaskclusterAnswerError, TaskclusterFailure, rest_failure

if TYPE_CHECKING:
    from buildyard.taskcluster._core import AsyncObject

__all__ = ["INLINE_BYTES", "Content", "ObjectUpload", "examine", "read_answer", "upload_object"]

#: Less than this goes inside the request that begins the upload.
INLINE_BYTES = 8192
#: How long the store may be silent: it may write to a slow disk before it answers.
PUT_SECONDS = 120.0

_CHUNK = 1024 * 1024

T = TypeVar("T")


class Content(Struct, frozen=True, kw_only=True):
    """What is to be uploaded, with what vouches for it."""

    size: int  #: bytes
    sha256: str  #: hexadecimal
    sha512: str  #: hexadecimal
    body: bytes | Part  #: the bytes themselves where they are few or were given so, else where to read them

    @property
    def hashes(self) -> dict[str, str]:
        """The hashes as the object service takes them."""
        return {"sha256": self.sha256, "sha512": self.sha512}

    def __repr__(self) -> str:
        return f"<Content of {self.size} bytes, sha256 {self.sha256}>"


def examine(source: bytes | Path) -> Content:
    """Return the content of some bytes or of a file, which is read once, in constant memory.

    This blocks for as long as the reading takes.  Raises `TaskclusterFailure` for a file that cannot be read.
    """
    if isinstance(source, bytes):
        return _content([source], source)
    try:
        size = source.stat().st_size
        if size < INLINE_BYTES:
            small = source.read_bytes()
            return _content([small], small)
        return _content(_chunks(source), Part(str(source), 0, size))
    except OSError as error:
        raise TaskclusterFailure(f"{source} cannot be read: {error.strerror or error}") from error


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _content(chunks: Iterator[bytes] | list[bytes], body: bytes | Part) -> Content:
    sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0
    for chunk in chunks:
        sha256.update(chunk)
        sha512.update(chunk)
        size += len(chunk)
    if isinstance(body, Part) and body.size != size:
        raise TaskclusterFailure(f"{body.path} changed while it was read")
    return Content(size=size, sha256=sha256.hexdigest(), sha512=sha512.hexdigest(), body=body)


class ObjectUpload(Struct, frozen=True, kw_only=True, rename="camel"):
    """What ``createArtifact`` answers for an object: under which name and id its content is to be uploaded."""

    name: str  #: in the object service
    project_id: str
    upload_id: str
    expires: str
    credentials: dict[str, str]  #: for the object service, of this upload only


class _PutUrl(Struct, frozen=True):
    url: str
    headers: dict[str, str] = {}  #: to be sent exactly so


class _UploadMethod(Struct, frozen=True, rename="camel"):
    data_inline: bool = False
    put_url: _PutUrl | None = None


class _Begun(Struct, frozen=True, rename="camel"):
    upload_method: _UploadMethod = _UploadMethod()


def read_answer(answer: object, shape: type[T], of: str) -> T:
    """Return an answer as a value of that shape; `TaskclusterAnswerError` names what of it is missing or wrong."""
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        raise TaskclusterAnswerError(f"{of} gave an answer of another shape: {error}") from error


async def upload_object(objects: AsyncObject, upload: ObjectUpload, content: Content, content_type: str) -> None:
    """Upload an object, and return once the service has it whole with its hashes.

    Each step may be repeated for the same upload.  Raises the errors of an operation, and
    `TaskclusterAnswerError` where the service takes none of the ways offered.
    """
    ids = {"projectId": upload.project_id, "uploadId": upload.upload_id}
    ways = _ways(content, content_type)
    wish = {**ids, "expires": upload.expires, "proposedUploadMethods": ways}
    chosen = read_answer(await objects.createUpload(upload.name, wish), _Begun, "createUpload").upload_method
    if chosen.put_url:
        await _put(objects, chosen.put_url, content)
    elif not chosen.data_inline:
        raise TaskclusterAnswerError(f"the object service took none of {', '.join(ways)} for {upload.name}")
    await objects.finishUpload(upload.name, {**ids, "hashes": content.hashes})


def _ways(content: Content, content_type: str) -> dict[str, dict[str, Any]]:
    """Return the upload methods to propose: small content goes along at once, if the service likes that."""
    ways: dict[str, dict[str, Any]] = {"putUrl": {"contentType": content_type, "contentLength": content.size}}
    if isinstance(content.body, bytes) and content.size < INLINE_BYTES:
        data = base64.b64encode(content.body).decode("ascii")
        ways["dataInline"] = {"contentType": content_type, "objectData": data}
    return ways


async def _put(objects: AsyncObject, put: _PutUrl, content: Content) -> None:
    fields = tuple(put.headers.items())

    def make() -> Request:
        return Request("PUT", put.url, fields, content.body, timeout=Timeout(read=PUT_SECONDS))

    response = await objects._exchange("PUT", put.url, make)
    if response.status >= 300:
        raise rest_failure(response.status, method="PUT", url=put.url, body=response.body)
