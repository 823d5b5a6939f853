"""Unpack a source archive, whatever it holds, into one directory.

Takes an archive and an empty directory; gives the one directory that the archive holds.  Names, links, kinds, number
and size of members are checked here, one by one, as the archive comes from anybody: a member is written only below
the directory, through no link, and belongs to whoever unpacks it.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.units import readable_size
from buildyard.farm.wire import FailureKind

_CHUNK = 256 * 1024
#: The longest header of a tar member: pax headers and long names are read into memory at once.
_LONGEST_HEADER = 1024 * 1024
#: The most that the list of a zip's members may take.
_LONGEST_DIRECTORY = 64 * 1024 * 1024
#: What older times become; zip files, wheels among them, know none before.
_OLDEST = 315_532_800  # 1980-01-01

_OPENERS: dict[str, Callable[[Path], IO[bytes]]] = {
    ".tar.gz": lambda path: gzip.open(path),  # type: ignore[dict-item]
    ".tgz": lambda path: gzip.open(path),  # type: ignore[dict-item]
    ".tar.bz2": lambda path: bz2.open(path),  # type: ignore[dict-item]
    ".tar.xz": lambda path: lzma.open(path),  # type: ignore[dict-item]
    ".tar": lambda path: path.open("rb"),
}


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much an archive may hold."""

    members: int = 200_000
    size: int = 8_000_000_000  #: bytes unpacked


def unpack(archive: Path, filename: str, directory: Path, bounds: Bounds) -> Path:
    """Return the directory that the archive holds, unpacked into ``directory``.

    ``filename`` tells what kind of archive it is.  Raises `PhaseFailed` with UNSAFE_SOURCE, naming the member, or with
    BAD_SOURCE; then some members may have been written.
    """
    writer = _Writer(directory, bounds)
    try:
        if filename.lower().endswith(".zip"):
            _unpack_zip(archive, writer)
        else:
            _unpack_tar(archive, filename, writer)
        writer.finish()
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError) as error:
        raise _bad(f"{filename} is not an archive that can be read: {error}") from error
    except NotImplementedError as error:
        raise _bad(f"{filename} is packed in a way that is not known here: {error}") from error
    return _top_directory(directory)


class _Writer:
    """Writes members below a directory, and refuses those that would not stay there."""

    def __init__(self, directory: Path, bounds: Bounds) -> None:
        self._root = Path(os.path.realpath(directory))
        self._bounds = bounds
        self._members = 0
        self._size = 0
        self._links: list[tuple[Path, str, str]] = []

    def directory(self, name: str) -> None:
        self._count(name)
        path = self._path(name)
        if path != self._root:
            self._parent(path, name)
            path.mkdir(mode=0o755, exist_ok=True)

    def file(self, name: str, source: IO[bytes], mode: int, mtime: float) -> None:
        self._count(name)
        path = self._path(name)
        if path == self._root:
            raise _unsafe(name, "it has no name")
        self._parent(path, name)
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        # Of its permissions only "executable" is kept: no set-user-id, nothing writable by others.
        with open(os.open(path, flags, 0o755 if mode & 0o100 else 0o644), "wb") as file:
            while chunk := source.read(_CHUNK):
                self._size += len(chunk)
                if self._size > self._bounds.size:
                    raise _unsafe(name, f"unpacked, it is larger than {readable_size(self._bounds.size)}")
                file.write(chunk)
        moment = min(max(mtime, _OLDEST), time.time())
        os.utime(path, (moment, moment))

    def link(self, name: str, target: str) -> None:
        """Note a symbolic link; links are made last, so that nothing is written through one."""
        self._count(name)
        if os.path.isabs(target):
            raise _unsafe(name, "it is a link to an absolute path")
        self._links.append((self._path(name), target, name))

    def finish(self) -> None:
        for path, target, name in self._links:
            self._parent(path, name)
            if os.path.lexists(path):
                raise _unsafe(name, "it is a link in the place of another member")
            path.symlink_to(target)
        # Only now do links that go through other links lead where they will.
        for path, _, name in self._links:
            if not Path(os.path.realpath(path)).is_relative_to(self._root):
                raise _unsafe(name, "it is a link that leads outside")

    def _count(self, name: str) -> None:
        self._members += 1
        if self._members > self._bounds.members:
            raise _unsafe(name, f"it is one of more than {self._bounds.members} members")

    def _path(self, name: str) -> Path:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/"):
            raise _unsafe(name, "its path is absolute")
        if ".." in parts:
            raise _unsafe(name, "its path leads outside")
        if "\0" in name or "\\" in name:
            raise _unsafe(name, "its name holds a character that no name may hold")
        return self._root.joinpath(*parts)

    def _parent(self, path: Path, name: str) -> None:
        try:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise _bad(f"{name!r} is below a member that is a file") from error


def _unpack_tar(archive: Path, filename: str, writer: _Writer) -> None:
    with _decompressed(archive, filename) as stream, tarfile.open(fileobj=_Bounded(stream), mode="r:") as tar:  # type: ignore[call-overload]
        for member in tar:
            _unpack_member(tar, member, writer)


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, writer: _Writer) -> None:
    if member.isdir():
        writer.directory(member.name)
    elif member.isreg():
        source = tar.extractfile(member)
        assert source is not None
        writer.file(member.name, source, member.mode, member.mtime)
    elif member.issym():
        writer.link(member.name, member.linkname)
    elif member.islnk():
        _unpack_hard_link(tar, member, writer)
    else:
        raise _unsafe(member.name, "it is neither a file, a directory nor a link")
