"""Content on its way up: sent once, vouched for by its hashes, which are computed meanwhile.

`opened` and `opened_file` look at a source and are, with the readers of `_spooling`, the only things here that touch a
file; the faces call them where waiting does no harm.  `upload_object` then needs only the object service and a
transport.  `_artifacts` makes artifacts of it, `_downloads` is the way back.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from buildyard.faces.transport import Part, Request, Timeout, Transport
from buildyard.taskcluster.errors import TaskclusterAnswerError, TaskclusterFailure, rest_failure

if TYPE_CHECKING:
    from buildyard.taskcluster._service import AsyncService
    from buildyard.taskcluster._services import AsyncObject

__all__ = [
    "INLINE_BYTES",
    "Content",
    "Hashing",
    "Link",
    "NoContent",
    "ObjectUpload",
    "Progress",
    "Reference",
    "Source",
    "examine",
    "opened",
    "opened_file",
    "put_content",
    "read_answer",
    "upload_object",
]

#: Less than this goes inside the request that begins the upload.
INLINE_BYTES = 8192
#: How long the store may be silent: it may write to a slow disk before it answers.
PUT_SECONDS = 120.0

#: How much is read at a time to be hashed: it stays in the processor's cache, and the same memory serves each time.
_CHUNK = 256 * 1024
#: How often it is looked whether the hash is there, in seconds; mostly they are before the content is sent.
_HASH_POLL = 0.005

T = TypeVar("T")

#: Called with the bytes that are through, and all of them (``None`` where nobody has said how many).
Progress: TypeAlias = Callable[[int, int | None], object]
#: Why an artifact has no content.
Reason: TypeAlias = Literal[
    "file-missing-on-worker", "invalid-resource-on-worker", "too-large-file-on-worker", "file-not-readable-on-worker"
]


class Content(Struct, frozen=True, kw_only=True):
    """What is to be uploaded, with what vouches for it."""

    size: int  #: bytes
    sha256: str  #: hexadecimal
    sha512: str = ""  #: hexadecimal; empty of a large file, which one hash is enough for
    body: bytes | Part  #: the bytes themselves where they are few or were given so, else where to read them

    @property
    def hashes(self) -> dict[str, str]:
        """The hashes as the object service takes them."""
        return {"sha256": self.sha256, **({"sha512": self.sha512} if self.sha512 else {})}

    def __repr__(self) -> str:
        return f"<Content of {self.size} bytes, sha256 {self.sha256}>"


class Hashing:
    """The content of a large file, whose hash is computed on a thread while it is sent."""

    def __init__(self, path: Path, size: int) -> None:
        self.size = size  #: bytes
        self.body = Part(str(path), 0, size)
        self._is_wanted = True
        thread = ThreadPoolExecutor(1, thread_name_prefix="buildyard-hash")
        self._digest = thread.submit(_digest, path, lambda: self._is_wanted)
        thread.shutdown(wait=False)

    async def settle(self, transport: Transport) -> Content:
        """Return the content with its hash once that is there; raises `TaskclusterFailure` as `examine` does."""
        while not self._digest.done():
            await transport.sleep(_HASH_POLL)
        return self.wait()

    def wait(self) -> Content:
        """Return the content with its hash; this blocks until that is there."""
        sha256, size = self._digest.result()
        if size != self.body.size:
            raise TaskclusterFailure(f"{self.body.path} changed while it was read")
        return Content(size=size, sha256=sha256, body=self.body)

    def give_up(self) -> None:
        """Stop reading, where the hash is not needed any more."""
        self._is_wanted = False


class Reference(Struct, frozen=True):
    """An artifact whose content is at an address elsewhere."""

    url: str


class Link(Struct, frozen=True):
    """An artifact that stands for another one of the same run."""

    artifact: str  #: its name


class NoContent(Struct, frozen=True):
    """An artifact that says why there is none."""

    reason: Reason
    message: str


#: What an artifact may be made of.
Source: TypeAlias = Content | Hashing | Reference | Link | NoContent


def examine(source: bytes | Path) -> Content:
    """Return the content of some bytes or of a file, which is read in constant memory.

    This blocks for as long as the reading takes.  Raises `TaskclusterFailure` for a file that cannot be read.
    """
    found = opened(source)
    if isinstance(found, Content):
        return found
    return found.wait()


def opened(source: bytes | Path) -> Content | Hashing:
    """Return the content of some bytes or of a file; of a large one the hash is computed from now on.

    Raises `TaskclusterFailure` for a file that cannot be read.
    """
    if isinstance(source, bytes):
        return _of_bytes(source)
    try:
        size = source.stat().st_size
        if size < INLINE_BYTES:
            return _of_bytes(source.read_bytes())
        source.open("rb").close()
    except OSError as error:
        raise TaskclusterFailure(f"{source} cannot be read: {error.strerror or error}") from error
    return Hashing(source, size)


def opened_file(file: BinaryIO) -> Content | Hashing:
    """Return the content of an open file from its beginning; the file must stay open until it is uploaded.

    A file that is not one of the system's, such as ``io.BytesIO``, is read into memory.  Raises `TaskclusterFailure`
    for one that cannot be read.
    """
    try:
        file.flush()
        file.seek(0)
        descriptor = _descriptor(file)
        if descriptor is None:
            return _of_bytes(file.read())
    except (OSError, ValueError) as error:
        raise TaskclusterFailure(f"the file cannot be read: {error}") from error
    # Opened anew by its descriptor it has a position of its own, and may have no name any more.
    return opened(Path(f"/proc/self/fd/{descriptor}"))


def _descriptor(file: BinaryIO) -> int | None:
    try:
        descriptor = file.fileno()
    except (OSError, AttributeError):
        return None
    return descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _digest(path: Path, is_wanted: Callable[[], bool]) -> tuple[str, int]:
    """Return the SHA-256 of a file, and how many bytes were read."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb", buffering=0) as file, memoryview(bytearray(_CHUNK)) as buffer:
            while is_wanted() and (count := file.readinto(buffer)):
                digest.update(buffer[:count])
                size += count
    except OSError as error:
        raise TaskclusterFailure(f"{path} cannot be read: {error.strerror or error}") from error
    return digest.hexdigest(), size


def _of_bytes(data: bytes) -> Content:
    return Content(
        size=len(data), sha256=hashlib.sha256(data).hexdigest(), sha512=hashlib.sha512(data).hexdigest(), body=data
    )


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


async def upload_object(
    objects: AsyncObject,
    upload: ObjectUpload,
    content: Content | Hashing,
    content_type: str,
    progress: Progress | None = None,
) -> Content:
    """Upload an object, and return its content once the service has it whole with its hashes.

    Each step may be repeated for the same upload.  Raises the errors of an operation, and
    `TaskclusterAnswerError` where the service takes none of the ways offered.
    """
    try:
        await _send_object(objects, upload, content, content_type, progress)
        whole = await settled(objects, content)
    except BaseException:
        if isinstance(content, Hashing):
            content.give_up()
        raise
    ids = {"projectId": upload.project_id, "uploadId": upload.upload_id}
    await objects.finishUpload(upload.name, {**ids, "hashes": whole.hashes})
    return whole


async def settled(service: AsyncService, content: Content | Hashing) -> Content:
    """Return the content with its hashes."""
    return content if isinstance(content, Content) else await content.settle(service._transport)


async def _send_object(
    objects: AsyncObject,
    upload: ObjectUpload,
    content: Content | Hashing,
    content_type: str,
    progress: Progress | None,
) -> None:
    ids = {"projectId": upload.project_id, "uploadId": upload.upload_id}
    ways = _ways(content, content_type)
    wish = {**ids, "expires": upload.expires, "proposedUploadMethods": ways}
    chosen = read_answer(await objects.createUpload(upload.name, wish), _Begun, "createUpload").upload_method
    if chosen.put_url:
        await put_content(objects, chosen.put_url.url, chosen.put_url.headers, content, progress)
    elif not chosen.data_inline:
        raise TaskclusterAnswerError(f"the object service took none of {', '.join(ways)} for {upload.name}")
    elif progress:
        progress(content.size, content.size)


def _ways(content: Content | Hashing, content_type: str) -> dict[str, dict[str, Any]]:
    """Return the upload methods to propose: small content goes along at once, if the service likes that."""
    ways: dict[str, dict[str, Any]] = {"putUrl": {"contentType": content_type, "contentLength": content.size}}
    if isinstance(content.body, bytes) and content.size < INLINE_BYTES:
        data = base64.b64encode(content.body).decode("ascii")
        ways["dataInline"] = {"contentType": content_type, "objectData": data}
    return ways


async def put_content(
    service: AsyncService,
    url: str,
    headers: dict[str, str],
    content: Content | Hashing,
    progress: Progress | None = None,
) -> None:
    """PUT content to a signed address with exactly these headers; sent again from its beginning where it broke off."""
    fields = tuple(headers.items())
    tell = (lambda sent: progress(sent, content.size)) if progress else None

    def make() -> Request:
        return Request("PUT", url, fields, content.body, timeout=Timeout(read=PUT_SECONDS), progress=tell)

    response = await service._exchange("PUT", url, make)
    if response.status >= 300:
        raise rest_failure(response.status, method="PUT", url=url, body=response.body)
