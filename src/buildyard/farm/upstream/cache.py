"""Pages kept on disk, with what it takes to ask whether they still hold.

One file a page: a line of JSON, then the body as it came.  Files are replaced whole, so several programs may share a
directory, and one that cannot be written only costs time.  `simple` decides what is fresh.  No credential is kept:
addresses are stored without, and a page's name on disk is the project's with a hash of its address.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
from pathlib import Path

import msgspec
from msgspec import Struct

log = logging.getLogger(__name__)

#: Above this many bytes the pages that were used least recently go.
LIMIT_BYTES = 200_000_000

#: The directory is measured once in so many writes.
_SWEEP_EVERY = 64


class CachedPage(Struct, frozen=True, kw_only=True):
    """A page as it came, and when."""

    content_type: str
    url: str  #: where it came from after redirects: links are relative to it
    fetched_at: float  #: seconds since 1970
    max_age_s: float = 0.0
    etag: str | None = None
    last_modified: str | None = None
    body: bytes = b""


class PageCache:
    """A directory of pages, bounded in size."""

    def __init__(self, directory: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._directory = directory
        self._limit = limit_bytes
        self._writes = 0

    def get(self, package: str, url: str) -> CachedPage | None:
        """Return the page that was kept of this address, or None; a page that cannot be read is none."""
        path = self._path(package, url)
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            page = msgspec.json.decode(head, type=CachedPage)
            os.utime(path)
        except (OSError, msgspec.DecodeError):
            return None
        return msgspec.structs.replace(page, body=body)

    def put(self, package: str, url: str, page: CachedPage) -> None:
        """Keep a page.  Never raises: a full disk must not stop what the page was fetched for."""
        path = self._path(package, url)
        spare = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            head = msgspec.json.encode(msgspec.structs.replace(page, body=b""))
            spare.write_bytes(head + b"\n" + page.body)
            spare.replace(path)
        except OSError as error:
            log.debug("upstream.page_not_kept", extra={"package": package, "why": error.strerror})
            with contextlib.suppress(OSError):
                spare.unlink()
        if self._writes % _SWEEP_EVERY == 0:
            self._sweep()
        self._writes += 1

    def names(self) -> set[str]:
        """Return the names of the projects of which a page is kept."""
        return {path.name.rpartition("@")[0] for path in self._files() if not path.name.startswith(".")}

    def _path(self, package: str, url: str) -> Path:
        return self._directory / f"{package}@{hashlib.sha256(url.encode()).hexdigest()[:16]}"

    def _files(self) -> list[Path]:
        try:
            return list(self._directory.iterdir())
        except OSError:
            return []

    def _sweep(self) -> None:
        """Remove what was used least recently, until the rest is within the limit; halves of pages count too."""
        kept: list[tuple[float, int, Path]] = []
        for path in self._files():
            with contextlib.suppress(OSError):
                told = path.stat()
                kept.append((told.st_mtime, told.st_size, path))
        excess = sum(size for _, size, _ in kept) - self._limit
        for _, size, path in sorted(kept):
            if excess <= 0:
                return
            with contextlib.suppress(OSError):
                path.unlink()
                excess -= size
