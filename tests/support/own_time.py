"""A time that a test sets, for programs of other people: they are started under `own_time.c` with this environment."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("own_time.c")
_COMPILERS = ("cc", "gcc", "clang")


class CompilerMissing(Exception):
    """There is no C compiler on this machine."""


class OwnTime:
    """One time, which stands still between two calls of `set`; ``environment`` makes a program live in it."""

    def __init__(self, directory: Path, now: float) -> None:
        """Compile the library in this directory.  Raises `CompilerMissing`."""
        library = directory / "own_time.so"
        argv = [_compiler(), "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE)]
        subprocess.run(argv, check=True, capture_output=True, timeout=30)
        self._file = directory / "now"
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "OWN_TIME_FILE": str(self._file)}
        self.set(now)

    def set(self, now: float) -> None:
        """Let it be this time, in seconds since 1970."""
        with self._file.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", round(now * 1e9)))


def _compiler() -> str:
    for name in _COMPILERS:
        if found := shutil.which(name):
            return found
    raise CompilerMissing("no C compiler here (Debian: apt-get install build-essential)")
