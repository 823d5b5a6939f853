"""Content on its way down: streamed, gone on with where it broke off, and compared with its hashes.

`download_object` and `download_artifact` are what the faces' ``download`` modules call; they await the transport and
the writer they are given.  `transfer` is the way up.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from msgspec import Struct

from buildyard.errors import Cut, RemoteError, TransportError, WireError
from buildyard.faces.transport import Fields, Request, StreamResponse, Timeout
from buildyard.retry import retry_after_seconds
from buildyard.taskcluster._hashing import HashBeside
from buildyard.taskcluster.errors import (
    ObjectHashVerificationError,
    TaskclusterAnswerError,
    TaskclusterArtifactError,
    TaskclusterConnectionError,
    TaskclusterFailure,
    rest_failure,
)
from buildyard.taskcluster.transfer import Progress, read_answer

if TYPE_CHECKING:
    from buildyard.taskcluster._service import AsyncService
    from buildyard.taskcluster._services import AsyncObject, AsyncQueue

#: How long a store may be silent.
GET_SECONDS = 60.0
#: How much compressed content may grow into at a time.
_INFLATED = 1024 * 1024
_GZIP_OR_ZLIB = 47
#: The hashes that vouch for content.  The first of them that the service names is compared; one there must be.
_HASHES = ("sha256", "sha512")


class Writer(Protocol):
    """Where content goes."""

    def write(self, data: bytes, /) -> Awaitable[object]:
        """Write all of the data."""


#: Gives a writer at the beginning of the content; called again where a download begins anew.
OpenWriter: TypeAlias = Callable[[], Awaitable[Writer]]


class Place(Struct, frozen=True, kw_only=True):
    """Where content is, for a while."""

    url: str
    hashes: dict[str, str] | None = None  #: what vouches for it; ``None`` where nothing need
    expires: float | None = None  #: of the address, seconds since 1970


class _Started(Struct, frozen=True):
    url: str
    expires: datetime | None = None
    hashes: dict[str, str] = {}


class _Located(Struct, frozen=True, kw_only=True, rename="camel"):
    storage_type: str
    url: str = ""
    name: str = ""
    credentials: dict[str, Any] = {}
    reason: str = ""
    message: str = ""


async def download_object(
    objects: AsyncObject, name: str, open_writer: OpenWriter, progress: Progress | None = None
) -> str:
    """Write an object's content, and return its content type.

    Raises `ObjectHashVerificationError` where the content is not what was uploaded, and the errors of an operation.
    """

    async def find() -> Place:
        answer = await objects.startDownload(name, {"acceptDownloadMethods": {"getUrl": True}})
        started = read_answer(answer, _Started, "startDownload")
        expires = started.expires.astimezone(UTC).timestamp() if started.expires else None
        return Place(url=started.url, hashes=started.hashes, expires=expires)

    return await _Download(objects, find, open_writer, progress).run()


async def download_artifact(
    queue: AsyncQueue,
    task_id: str,
    run_id: int | str | None,
    name: str,
    open_writer: OpenWriter,
    progress: Progress | None = None,
) -> str:
    """Write an artifact's content, of the last run where ``run_id`` is ``None``, and return its content type.

    Raises `TaskclusterArtifactError` where the artifact is an error, and as `download_object` does.
    """
    located = await _locate(queue, task_id, run_id, name)
    if located.storage_type == "error":
        raise TaskclusterArtifactError(located.message, located.reason)
    if located.storage_type == "object":
        from buildyard.taskcluster._services import AsyncObject

        objects = queue._neighbour(AsyncObject, located.credentials)
        return await download_object(objects, located.name, open_writer, progress)
    if not located.url:
        raise TaskclusterAnswerError(f"{name} has the storage type {located.storage_type} and no address")

    async def find() -> Place:
        return Place(url=located.url if not download.is_used else (await _locate(queue, task_id, run_id, name)).url)

    download = _Download(queue, find, open_writer, progress)
    return await download.run()


async def _locate(queue: AsyncQueue, task_id: str, run_id: int | str | None, name: str) -> _Located:
    if run_id is None:
        return read_answer(await queue.latestArtifact(task_id, name), _Located, "latestArtifact")
    return read_answer(await queue.artifact(task_id, run_id, name), _Located, "artifact")


class _Download:
    """One download: what has arrived, and where the rest is."""

    def __init__(
        self,
        service: AsyncService,
        find: Callable[[], Awaitable[Place]],
        open_writer: OpenWriter,
        progress: Progress | None,
    ) -> None:
        self._service = service
        self._find = find
        self._open_writer = open_writer
        self._progress = progress
        self._place: Place | None = None
        self.is_used = False  # an address was asked already: the next one must be new
        self._furthest = 0
        self._forget()

    def _forget(self) -> None:
        """Begin anew with the next answer."""
        self._received = 0  # bytes, as they travel
        self._total: int | None = None
        self._validator = ""
        self._content_type = ""

    async def run(self) -> str:
        """Return the content type once all was written and compared.

        Attempts count anew each time that the download came further than ever before.
        """
        transport, retry = self._service._transport, self._service._options.retry
        while True:
            begun = self._furthest
            try:
                await retry.run(transport, self._attempt)
                break
            except (TransportError, RemoteError) as error:
                if self._furthest > begun and isinstance(error, TransportError):
                    continue
                if isinstance(error, TransportError) and not isinstance(error, TaskclusterFailure):
                    raise TaskclusterConnectionError.of(error) from error
                raise
            except WireError as error:
                if isinstance(error, TaskclusterFailure):
                    raise
                raise TaskclusterAnswerError(error.reason, method=error.method, url=error.url) from error
        self._verify()
        return self._content_type

    async def _attempt(self) -> None:
        place = await self._current_place()
        request = Request(
            "GET", place.url, self._fields(place), timeout=Timeout(read=GET_SECONDS), follow_redirects=True
        )
        async with self._service._transport.stream(request) as answer:
            await self._begin(answer, request)
            async for chunk in answer.chunks():
                await self._take(chunk)
        self._end(request)

    async def _current_place(self) -> Place:
        now = self._service._transport.now()
        if self._place is None or (self._place.expires is not None and self._place.expires <= now):
            self._place = await self._find()
            self.is_used = True
        return self._place

    def _fields(self, place: Place) -> Fields:
        plain = (("Accept-Encoding", "identity"),)
        # Without a validator only the hashes can tell that the rest belongs to the same content.
        if not self._received or not (self._validator or place.hashes):
            return plain
        condition = (("If-Range", self._validator),) if self._validator else ()
        return (*plain, ("Range", f"bytes={self._received}-"), *condition)

    async def _begin(self, answer: StreamResponse, request: Request) -> None:
        if answer.status == 206 and _range_start(answer) == self._received > 0:
            return
        if answer.status != 200:
            await self._refuse(answer, request)
        self._forget()
        self._validator = _validator(answer)
        self._content_type = answer.headers.get("Content-Type", "")
        self._total = _length(answer)
        self._decoder = _decoder(answer.headers.get("Content-Encoding", ""), request.url)
        named = (self._place and self._place.hashes) or {}
        self._hash = next((name for name in _HASHES if name in named), "")
        self._hasher = HashBeside(self._hash) if self._hash else None
        self._writer = await self._open_writer()

    async def _refuse(self, answer: StreamResponse, request: Request) -> None:
        """Raise for an answer without content.  An address that was good may have expired, so the next is a new one."""
        body = await answer.read()
        self._place = None
        is_other = answer.status in (206, 416)
        if is_other or (self._received and answer.status in (400, 401, 403)):
            if is_other:
                self._forget()
            raise Cut(f"the rest was refused with {answer.status}", method="GET", url=request.url)
        wait = retry_after_seconds(answer, self._service._transport.now())
        raise rest_failure(answer.status, method="GET", url=request.url, body=body, retry_after=wait)

    async def _take(self, chunk: bytes) -> None:
        self._received += len(chunk)
        self._furthest = max(self._furthest, self._received)
        for data in _inflated(self._decoder, chunk):
            if self._hasher:
                self._hasher.update(data)
            await self._writer.write(data)
        if self._progress:
            self._progress(self._received, self._total)

    def _end(self, request: Request) -> None:
        if self._decoder and not self._decoder.eof:
            raise TaskclusterAnswerError("the compressed content ends too early", method="GET", url=request.url)

    def _verify(self) -> None:
        expected = self._place.hashes if self._place else None
        if expected is None:
            return
        if not self._hasher:
            raise ObjectHashVerificationError(f"the service names none of {', '.join(_HASHES)} of the object")
        if self._hasher.hexdigest() != expected.get(self._hash, "").lower():
            raise ObjectHashVerificationError(f"the {self._hash} of what came is not that of the object")


def _inflated(decoder: Any, chunk: bytes) -> Iterator[bytes]:
    """Yield what a piece of the body stands for, a bounded piece at a time."""
    if decoder is None:
        yield chunk
        return
    while chunk:
        if data := decoder.decompress(chunk, _INFLATED):
            yield data
        chunk = decoder.unconsumed_tail


def _decoder(encoding: str, url: str) -> Any:
    """Return what undoes a ``Content-Encoding``, ``None`` where there is none."""
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(wbits=_GZIP_OR_ZLIB)
    raise TaskclusterAnswerError(
        f"the content is encoded as {encoding}, which is not known here", method="GET", url=url
    )


def _length(answer: StreamResponse) -> int | None:
    text = answer.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _range_start(answer: StreamResponse) -> int:
    """Return where a part begins that was asked for, -1 where that cannot be told."""
    found = re.match(r"bytes (\d{1,18})-", answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _validator(answer: StreamResponse) -> str:
    """Return what tells whether the content is still the same: a strong ETag (RFC 9110 section 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    return "" if tag.startswith("W/") else tag
