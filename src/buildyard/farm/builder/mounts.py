"""What a confined command sees of the machine: bubblewrap's arguments, from an allow-list.

Pure but for asking which of the listed paths exist.  Everything that is not named here is not there: no home
directory, no /var, no /run, no /mnt, nothing of the farm's.  `sandbox` adds the build's own directories.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self

#: Programs and libraries, shown as they are: directories, or the links into /usr that most systems have for them.
_PROGRAMS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
#: Of /etc, what programs need to start and compilers to be found; nothing in it is private.
_SETTINGS = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "os-release",
    "debian_version",
    "localtime",
    "timezone",
    "mime.types",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "pki/tls/certs",
    "ca-certificates",
    "crypto-policies",
    "python3*",
    "java-*-openjdk",
)
#: A private /dev/shm, which semaphores need; it is memory.
_SHARED_MEMORY_BYTES = 256_000_000


class Mounts:
    """Bubblewrap's arguments for a file system, in the making."""

    def __init__(self, arguments: Iterable[str] = (), directories: Iterable[Path] = (), shown: Iterable[Path] = ()):
        self.arguments = list(arguments)
        self._directories = {Path("/"), *directories}
        self._shown = list(shown)

    def copy(self) -> Mounts:
        """Return mounts that can go on from these."""
        return Mounts(self.arguments, self._directories, self._shown)

    def read_only(self, path: Path, at: Path | None = None) -> Self:
        """Show a path, read-only, here or elsewhere; what is shown already or does not exist is left out."""
        at = at or path
        if path.exists() and not (path == at and self._is_shown(path)):
            self._parents(at)
            self._shown.append(at)
            self.arguments += ["--ro-bind", str(path), str(at)]
        return self

    def writable(self, path: Path, at: Path) -> Self:
        """Show a directory elsewhere, writable."""
        self._parents(at)
        self.arguments += ["--bind", str(path), str(at)]
        return self

    def same_or_link(self, path: Path) -> Self:
        """Show a directory of the system, or the link that it is."""
        if path.is_symlink():
            self.arguments += ["--symlink", str(path.readlink()), str(path)]
            return self
        return self.read_only(path)

    def memory(self, at: Path, size: int) -> Self:
        """Mount an empty file system in memory, of that many bytes, where everybody may write."""
        self._parents(at)
        self._directories.add(at)
        self.arguments += ["--perms", "1777", "--size", str(size), "--tmpfs", str(at)]
        return self

    def directory(self, at: Path, *, perms: str = "0755") -> Self:
        """Make an empty directory."""
        self._parents(at)
        self._directories.add(at)
        self.arguments += ["--perms", perms, "--dir", str(at)]
        return self

    def _is_shown(self, path: Path) -> bool:
        return any(path.is_relative_to(shown) for shown in self._shown)

    def _parents(self, path: Path) -> None:
        # Bubblewrap makes missing parents with mode 0700, which shuts an unprivileged user out.
        for parent in reversed(path.parents):
            if parent not in self._directories and not self._is_shown(parent):
                self._directories.add(parent)
                self.arguments += ["--perms", "0755", "--dir", str(parent)]


def system_mounts(readable: Iterable[Path], made_up: Path, tmp_bytes: int) -> Mounts:
    """Return the part of the file system that is the same for all builds.

    ``readable`` are further paths to show.  ``made_up`` holds the files of `write_made_up_files`.
    """
    mounts = Mounts()
    mounts.read_only(Path("/usr"))
    for name in _PROGRAMS:
        mounts.same_or_link(Path(name))
    for pattern in _SETTINGS:
        for path in sorted(Path("/etc").glob(pattern)):
            mounts.read_only(path)
    for name in _MADE_UP:
        mounts.read_only(made_up / name, Path("/etc", name))
    mounts.arguments += ["--proc", "/proc", "--dev", "/dev"]
    mounts.memory(Path("/dev/shm"), _SHARED_MEMORY_BYTES)  # noqa: S108 - a private one
    mounts.arguments += ["--remount-ro", "/dev"]
    mounts.memory(Path("/tmp"), tmp_bytes)  # noqa: S108 - a private one
    for path in readable:
        mounts.read_only(path)
    return mounts


_MADE_UP = {
    "passwd": "root:x:0:0:root:/nonexistent:/bin/false\nbuild:x:{uid}:{uid}:build:/tmp/home:/bin/sh\n",
    "group": "root:x:0:\nbuild:x:{uid}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def write_made_up_files(directory: Path, uid: int) -> None:
    """Write the files of /etc that a build sees in place of the machine's: no names of users, no addresses."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in _MADE_UP.items():
        # Renamed into place, as other slots may be starting with the same files.
        new = directory / f".{name}.{threading.get_ident()}"
        new.write_text(text.format(uid=uid))
        new.chmod(0o644)
        new.replace(directory / name)
