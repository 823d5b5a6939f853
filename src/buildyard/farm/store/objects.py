"""Wheels and artifacts on the local disk, each once, under its SHA-256.

An object is written into a *staged* file beside the others, in any order and in pieces, then its digest is taken, the
file is forced to the disk and renamed to `root/ab/cd/abcd...`, and the directory is forced too.  So a name that exists
has whole and right bytes, whatever is killed when.  What was staged and never committed is removed when the next
`ObjectStore` opens the folder, unless a living process still writes it.

Everything here blocks; a server calls it from a thread.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Final

from msgspec import Struct

from buildyard.farm.store.errors import NO_ROOM, BadDigest, DigestMismatch, ObjectNotFound, StoreFull

_DIGEST = re.compile(r"[0-9a-f]{64}")

#: The folder of files that are being written, inside the root so that a rename stays on one file system.
_STAGING: Final = "staging"

#: An object never changes, so nobody may write it.
_MODE: Final = 0o444


class Stored(Struct, frozen=True, kw_only=True):
    """An object that is there."""

    sha256: str
    size: int  #: bytes
    path: Path


class ObjectStore:
    """The objects under one folder, which is made if it is not there.

    Raises `StoreFull` wherever the disk has no room, with nothing half written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._staging = root / _STAGING
        is_new = not self._staging.is_dir()
        with _room():
            self._staging.mkdir(parents=True, exist_ok=True)
            if is_new:
                _sync_directory(root)
                _sync_directory(root.parent)
        self._remove_leftovers()

    def stage(self) -> Staged:
        """Return a new, empty file to write an object into."""
        with _room():
            handle, name = mkstemp(dir=self._staging)
        return Staged(self, handle, Path(name))

    def path(self, sha256: str) -> Path:
        """Return where the object lies, or would lie.  Raises `BadDigest`."""
        if not _DIGEST.fullmatch(sha256):
            raise BadDigest(sha256)
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """Return the object's bytes as a file to read.  Raises `ObjectNotFound` and `BadDigest`."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise ObjectNotFound(sha256) from error

    def exists(self, sha256: str) -> bool:
        """Return whether the object is there.  Raises `BadDigest`."""
        return self.path(sha256).is_file()

    def delete(self, sha256: str) -> None:
        """Remove the object, if it is there; whoever has it open reads on.  Raises `BadDigest`."""
        path = self.path(sha256)
        with suppress(FileNotFoundError):
            path.unlink()
            _sync_directory(path.parent)

    def _remove_leftovers(self) -> None:
        for path in self._staging.iterdir():
            with suppress(FileNotFoundError), path.open("rb") as file:
                if _lock(file.fileno()):
                    path.unlink()


class Staged:
    """An object that is being written.  As a context manager it is thrown away unless it was committed."""

    def __init__(self, store: ObjectStore, handle: int, path: Path) -> None:
        self._store = store
        self._handle: int | None = handle
        self._path = path
        # Told to other processes: this file is no leftover.
        _lock(handle)
        self._end = 0  #: where `write` goes on
        # The digest grows along while pieces come in order; the first one that does not makes `commit` read it all.
        self._digest: hashlib._Hash | None = hashlib.sha256()

    def __enter__(self) -> Staged:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def write(self, data: bytes) -> None:
        """Write these bytes after all that was written so far."""
        self.write_at(self._end, data)

    def write_at(self, offset: int, data: bytes) -> None:
        """Write these bytes at this place; what is left out between is zeros."""
        handle = self._open_handle()
        view = memoryview(data)
        with _room():
            while view:
                written = os.pwrite(handle, view, offset + len(data) - len(view))
                view = view[written:]
        # Only now: after `StoreFull` the caller may send the same piece again.
        if offset != self._end:
            self._digest = None
        elif self._digest is not None:
            self._digest.update(data)
        self._end = max(self._end, offset + len(data))

    def commit(self, expected_sha256: str | None = None) -> Stored:
        """Return the object, whole on the disk under its digest.

        Raises `DigestMismatch`, and throws the bytes away, when they are not those that were expected.
        """
        handle = self._open_handle()
        try:
            sha256 = self._sha256(handle)
            if expected_sha256 is not None and expected_sha256 != sha256:
                raise DigestMismatch(expected_sha256, sha256)
            size = os.fstat(handle).st_size
            path = self._store.path(sha256)
            with _room():
                os.fchmod(handle, _MODE)
                os.fsync(handle)
                _make_directories(path.parent, self._store.root)
                self._path.replace(path)
                _sync_directory(path.parent)
        finally:
            self.abort()
        return Stored(sha256=sha256, size=size, path=path)

    def abort(self) -> None:
        """Throw away what was written, unless it was committed."""
        if self._handle is not None:
            with suppress(FileNotFoundError):
                self._path.unlink()
            os.close(self._handle)
            self._handle = None

    def _open_handle(self) -> int:
        if self._handle is None:
            raise ValueError("this object was committed or thrown away already")
        return self._handle

    def _sha256(self, handle: int) -> str:
        if self._digest is not None:
            return self._digest.hexdigest()
        with open(handle, "rb", closefd=False) as file:
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _room() -> Iterator[None]:
    """Raise `StoreFull` from the system's error."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StoreFull(str(error)) from error
        raise


def _lock(handle: int) -> bool:
    """Return whether this open file is now locked for us, and for no other open file of it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_directories(path: Path, root: Path) -> None:
    """Make the folder and those above it, each forced into its own parent."""
    missing = []
    while path != root and not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        directory.mkdir(exist_ok=True)
        _sync_directory(directory.parent)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
