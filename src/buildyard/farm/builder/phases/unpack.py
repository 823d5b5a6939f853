"""Unpack a source archive, whatever it holds, into one directory.

Takes an archive and an empty directory; gives the one directory that the archive holds.  Names, links, kinds, number
and size of members are checked here, one by one, as the archive comes from anybody: a member is written only below
the directory, through no link, and belongs to whoever unpacks it.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.units import readable_size
from buildyard.farm.builder.zips import UNREADABLE, is_encrypted, is_link, mode_of, open_zip
from buildyard.farm.wire import FailureKind

_CHUNK = 256 * 1024
#: The longest header of a tar member: pax headers and long names are read into memory at once.
_LONGEST_HEADER = 1024 * 1024
_DEEPEST = 100
#: The longest target of a link, as PATH_MAX has it.
_LONGEST_TARGET = 4096
#: What older times become; zip files, wheels among them, know none before.
_OLDEST = 315_532_800  # 1980-01-01

_OPENERS: dict[str, Callable[[Path, str], Any]] = {
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
    ".tar": Path.open,
}

#: What the libraries raise for an archive that is none, or damaged, or packed in a way that they do not know.
_UNREADABLE = (*UNREADABLE, tarfile.TarError, lzma.LZMAError)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much an archive may hold."""

    members: int = 200_000
    size: int = 8_000_000_000  #: bytes unpacked


def unpack(
    archive: Path, filename: str, directory: Path, bounds: Bounds, between: Callable[[], None] = lambda: None
) -> Path:
    """Return the directory that the archive holds, unpacked into ``directory``.

    ``filename`` tells what kind of archive it is.  ``between`` is called often, and may raise to end it.  Raises
    `PhaseFailed` with UNSAFE_SOURCE, naming the member, or with BAD_SOURCE; then some members may have been written.
    """
    writer = _Writer(directory, bounds, between)
    try:
        if filename.lower().endswith(".zip"):
            _unpack_zip(archive, writer)
        else:
            _unpack_tar(archive, filename, writer, bounds)
        writer.finish()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise PhaseFailed(FailureKind.DISK_FULL, "the builder's disk is full") from error
        raise _bad(f"{filename} cannot be unpacked: {error.strerror or error}") from error
    except _UNREADABLE as error:
        raise _bad(f"{filename} is not an archive that can be read: {error}") from error
    return _top_directory(directory)


class _Writer:
    """Writes members below a directory, and refuses those that would not stay there."""

    def __init__(self, directory: Path, bounds: Bounds, between: Callable[[], None]) -> None:
        self._between = between
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
        with os.fdopen(os.open(path, flags, 0o755 if mode & 0o100 else 0o644), "wb") as file:
            while chunk := source.read(_CHUNK):
                self._between()
                self._size += len(chunk)
                if self._size > self._bounds.size:
                    raise _unsafe(name, f"unpacked, it is larger than {readable_size(self._bounds.size)}")
                file.write(chunk)
        moment = min(max(mtime, _OLDEST), time.time())
        os.utime(path, (moment, moment))

    def hard_link(self, name: str, target: str, mtime: float) -> None:
        """Write a second copy of a member that came before."""
        try:
            path = self._path(target)
        except PhaseFailed as error:
            raise _unsafe(name, "it is a link that leads outside") from error
        if not path.is_file():
            raise _unsafe(name, "it is a link to what is no file of the archive")
        with path.open("rb") as source:
            self.file(name, source, path.stat().st_mode, mtime)

    def link(self, name: str, target: str) -> None:
        """Note a symbolic link; links are made last, so that nothing is written through one."""
        self._count(name)
        if not target or target.startswith("/"):
            raise _unsafe(name, "it is a link that leads outside")
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
        if name.startswith("/") or ".." in parts:
            raise _unsafe(name, "its path leads outside")
        if len(parts) > _DEEPEST:
            raise _unsafe(name, f"it is more than {_DEEPEST} directories deep")
        if "\0" in name or "\\" in name:
            raise _unsafe(name, "its name holds a character that no name may hold")
        return self._root.joinpath(*parts)

    def _parent(self, path: Path, name: str) -> None:
        try:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise _bad(f"{name!r} is below a member that is a file") from error


def _unpack_tar(archive: Path, filename: str, writer: _Writer, bounds: Bounds) -> None:
    opener = next((opener for suffix, opener in _OPENERS.items() if filename.lower().endswith(suffix)), None)
    if opener is None:
        raise _bad(f"{filename} is no archive of a known kind")
    with opener(archive, "rb") as stream:
        bounded: Any = _Bounded(stream, bounds)
        with tarfile.open(fileobj=bounded, mode="r:") as tar:
            for member in tar:
                _unpack_tar_member(tar, member, writer)


class _Bounded:
    """A tar file, decompressed, that gives no more at a time and in all than makes sense."""

    def __init__(self, stream: IO[bytes], bounds: Bounds) -> None:
        self._stream = stream
        # Headers and padding come on top of what is unpacked.
        self._end = bounds.size + bounds.members * 2048

    def read(self, size: int) -> bytes:
        if size > _LONGEST_HEADER:
            raise _unsafe("a header", f"it is larger than {readable_size(_LONGEST_HEADER)}")
        return self._stream.read(size)

    def seek(self, offset: int) -> int:
        # A seek in a compressed stream decompresses all that it passes over.
        if offset > self._end:
            raise _unsafe("a header", "it tells of more than an archive may hold")
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()


def _unpack_tar_member(tar: tarfile.TarFile, member: tarfile.TarInfo, writer: _Writer) -> None:
    if member.isdir():
        writer.directory(member.name)
    elif member.isreg():
        source = tar.extractfile(member)
        assert source is not None
        writer.file(member.name, source, member.mode, member.mtime)
    elif member.issym():
        writer.link(member.name, member.linkname)
    elif member.islnk():
        writer.hard_link(member.name, member.linkname, member.mtime)
    else:
        raise _unsafe(member.name, "it is neither a file, a directory nor a link")


def _unpack_zip(archive: Path, writer: _Writer) -> None:
    with open_zip(archive) as file:
        for info in file.infolist():
            _unpack_zip_member(file, info, writer)


def _unpack_zip_member(file: zipfile.ZipFile, info: zipfile.ZipInfo, writer: _Writer) -> None:
    kind = stat.S_IFMT(mode_of(info))
    if info.is_dir():
        writer.directory(info.filename)
    elif is_encrypted(info):
        raise _bad(f"{info.filename!r} is encrypted")
    elif is_link(info):
        if info.file_size > _LONGEST_TARGET:
            raise _unsafe(info.filename, "it is a link that leads outside")
        writer.link(info.filename, os.fsdecode(file.read(info)))
    elif kind in (0, stat.S_IFREG):
        with file.open(info) as source:
            writer.file(info.filename, source, mode_of(info), _moment(info))
    else:
        raise _unsafe(info.filename, "it is neither a file, a directory nor a link")


def _moment(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return _OLDEST


def _top_directory(directory: Path) -> Path:
    entries = list(directory.iterdir())
    if len(entries) != 1 or not entries[0].is_dir() or entries[0].is_symlink():
        held = ", ".join(sorted(entry.name for entry in entries)[:4]) or "nothing"
        raise _bad(f"a source archive holds one directory; this one holds {held}")
    return entries[0]


def _unsafe(name: str, what: str) -> PhaseFailed:
    return PhaseFailed(FailureKind.UNSAFE_SOURCE, f"the archive's member {name[:200]!r} is refused: {what}")


def _bad(reason: str) -> PhaseFailed:
    return PhaseFailed(FailureKind.BAD_SOURCE, reason)
