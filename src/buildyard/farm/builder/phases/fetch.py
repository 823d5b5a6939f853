"""Fetch: get the source archive, whole and with the right hash.

Takes a `wire.Source`; gives the path of the archive in a cache that is keyed by sha256, so that each source is
downloaded once for all Pythons.  A download that was cut goes on where it ended, also in a later run.  `unpack` next
door opens the archive.
"""

from __future__ import annotations

import fcntl
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urldefrag, urlsplit
from urllib.request import url2pathname

from buildyard.errors import BuildyardError, InvalidRequest, RemoteError, WireError, remote_error, visible_url
from buildyard.faces.blocking import run_blocking
from buildyard.faces.transport import Request, StreamResponse, Timeout, Transport
from buildyard.farm.builder import reasons
from buildyard.farm.builder.budget import Budget
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.units import readable_size
from buildyard.farm.wire import FailureKind, Source
from buildyard.retry import Retry

_RETRY = Retry(attempts=5, first=0.5, cap=10.0)
_TIMEOUT = Timeout(connect=10.0, read=30.0)
_CHUNK = 256 * 1024
_OK, _PARTIAL, _NOT_SATISFIABLE = 200, 206, 416
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where sources come from, and where they are kept."""

    directory: Path
    transport: Transport  #: a blocking one, which many threads use
    headers_for: Callable[[str], tuple[tuple[str, str], ...]]  #: what authorises a request for an address
    allows: Callable[[str], bool]  #: whether an address may be asked at all: https, loopback, a trusted host
    retry: Retry = _RETRY
    timeout: Timeout = _TIMEOUT
    most_bytes: int = 4_000_000_000  #: of a source whose size upstream does not tell


def fetch(source: Source, sources: Sources, *, budget: Budget, log: Log) -> Path:
    """Return the archive, whose hash is checked each time, as disks forget.

    Raises `PhaseFailed` with SOURCE_MISSING, HASH_MISMATCH, BAD_SOURCE, NETWORK, STOPPED or TIMEOUT.
    """
    if len(source.sha256) != 64 or not _HEX.issuperset(source.sha256):
        raise PhaseFailed(FailureKind.HASH_MISMATCH, "the source's sha256 is not one")
    kept = sources.directory / source.sha256[:2] / source.sha256
    if _is_whole(kept, source.sha256):
        log.line(f"{source.filename}  {readable_size(kept.stat().st_size)}, fetched before")
    else:
        kept.parent.mkdir(parents=True, exist_ok=True)
        _abandonable(lambda: _Download(source, sources, kept, budget).run(), budget)
        log.line(f"{source.filename}  {readable_size(kept.stat().st_size)}")
    log.line(f"sha256 {source.sha256} matches")
    return kept


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and _digest(path) == sha256


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _abandonable(work: Callable[[], None], budget: Budget) -> None:
    """Do the work on a thread of its own, and leave it alone where the run ends before: a socket may be silent long."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=guarded, name="fetch", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
        hit = budget.hit()
        if hit is not None:
            raise reasons.of_hit(hit, budget)
    if failures:
        raise failures[0]


class _Download:
    """One source on its way into the cache; `run` leaves it there."""

    def __init__(self, source: Source, sources: Sources, kept: Path, budget: Budget) -> None:
        self._source = source
        self._sources = sources
        self._kept = kept
        self._part = kept.with_suffix(".part")
        self._budget = budget
        self._url = urldefrag(source.url).url
        self._resumed = False

    def run(self) -> None:
        with _one_at_a_time(self._kept.with_suffix(".lock"), self._budget):
            if _is_whole(self._kept, self._source.sha256):
                return
            digest = self._get()
            if digest != self._source.sha256 and self._resumed:
                # The part that was there may have been of something else.
                self._part.unlink()
                digest = self._get()
            if digest != self._source.sha256:
                self._part.unlink()
                raise self._mismatch(f"its sha256 is {digest}, not {self._source.sha256}")
            self._part.replace(self._kept)

    def _get(self) -> str:
        if urlsplit(self._url).scheme == "file":
            return self._copy()
        if not self._sources.allows(self._url):
            raise PhaseFailed(
                FailureKind.BAD_SOURCE, f"its address {visible_url(self._url)} is neither https nor this machine's"
            )
        try:
            run_blocking(self._sources.retry.run(self._sources.transport, self._attempt))
        except RemoteError as error:
            kind = FailureKind.NETWORK if error.status in self._sources.retry.statuses else FailureKind.SOURCE_MISSING
            raise PhaseFailed(kind, f"upstream answers {error.status} for {self._source.filename}") from error
        except InvalidRequest as error:
            raise PhaseFailed(FailureKind.BAD_SOURCE, f"its address cannot be used: {error.reason}") from error
        except PhaseFailed:
            raise
        except BuildyardError as error:
            raise PhaseFailed(FailureKind.NETWORK, f"upstream did not answer: {error}") from error
        return _digest(self._part)

    async def _attempt(self) -> None:
        """Get the rest of the file, as far as it comes."""
        with self._part.open("ab") as part:
            request = self._request(part.tell())
            async with self._sources.transport.stream(request) as response:
                if response.status == _NOT_SATISFIABLE and part.tell():
                    # All of it is there, or more: the hash will tell.
                    self._resumed = True
                    return
                self._begin(part, response)
                async for chunk in response.chunks():
                    self._write(part, chunk)

    def _request(self, have: int) -> Request:
        fields = [*self._sources.headers_for(self._url), ("Accept-Encoding", "identity")]
        if have:
            fields.append(("Range", f"bytes={have}-"))
        return Request("GET", self._url, tuple(fields), timeout=self._sources.timeout, follow_redirects=True)

    def _begin(self, part: BinaryIO, response: StreamResponse) -> None:
        have = part.tell()
        if response.status == _PARTIAL and have:
            begins = response.headers.get("Content-Range", "")
            if not begins.startswith(f"bytes {have}-"):
                raise WireError("the part of the file is not the one asked for", data=begins)
            self._resumed = True
        elif response.status == _OK:
            part.truncate(0)
            part.seek(0)
        else:
            raise remote_error(response.status, "refused", method="GET", url=self._url)

    def _copy(self) -> str:
        try:
            with (
                Path(url2pathname(urlsplit(self._url).path)).open("rb") as source,
                self._part.open("wb") as part,
            ):
                while chunk := source.read(_CHUNK):
                    self._write(part, chunk)
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            raise PhaseFailed(FailureKind.SOURCE_MISSING, f"there is no file {error.filename}") from error
        return _digest(self._part)

    def _write(self, part: BinaryIO, chunk: bytes) -> None:
        hit = self._budget.hit()
        if hit is not None:
            raise reasons.of_hit(hit, self._budget)
        part.write(chunk)
        if self._source.size is not None and part.tell() > self._source.size:
            self._give_up(part)
            raise self._mismatch(f"it is larger than the {self._source.size} bytes that were announced")
        if part.tell() > self._sources.most_bytes:
            self._give_up(part)
            raise PhaseFailed(FailureKind.BAD_SOURCE, f"it is larger than {readable_size(self._sources.most_bytes)}")

    def _give_up(self, part: BinaryIO) -> None:
        part.truncate(0)
        self._part.unlink()

    def _mismatch(self, what: str) -> PhaseFailed:
        return PhaseFailed(
            FailureKind.HASH_MISMATCH,
            f"{self._source.filename} is not the file that was asked for: {what}",
            next="look at what upstream serves; ask for the package again once that is right",
        )


@contextmanager
def _one_at_a_time(lock: Path, budget: Budget) -> Iterator[None]:
    """Hold a lock that all builders on this cache share."""
    with lock.open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                hit = budget.hit()
                if hit is not None:
                    raise reasons.of_hit(hit, budget) from None
                time.sleep(0.05)
        yield
