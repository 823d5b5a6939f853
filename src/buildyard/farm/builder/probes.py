"""Ask interpreters what they are, in parallel, and remember what they said.

Takes absolute paths of programs; gives `Probe` values.  Answers are kept in one file, keyed by path, size, time and
inode, so that a later start asks only new ones.  `interpreters` next door decides what to make of them.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

_SECONDS = 10
#: Changes when the question does; older answers are then asked for again.
_FORMAT = 1

# Runs on any Python since 3.6, and on 2.7 far enough to say so.  A virtual environment names its base.
_QUESTION = r"""
import json, os, struct, sys, sysconfig
get = sysconfig.get_config_var
v = sys.version_info
name = sys.implementation.name
problem = ""
try:
    import zlib
except ImportError:
    problem = "its zlib module is missing"
free = "t" if get("Py_GIL_DISABLED") else ""
if hasattr(sys, "gettotalrefcount"):
    problem = "it is a debug build"
base = getattr(sys, "_base_executable", None) or sys.executable
if sys.prefix != sys.base_prefix:
    names = "python%d.%d" % v[:2], "pypy%d.%d" % v[:2], "python3", "pypy3"
    bases = [os.path.join(sys.base_prefix, "bin", one) for one in names]
    base = next((one for one in bases if os.path.exists(one)), base)
includes = [sysconfig.get_path(which) for which in ("include", "platinclude")]
shared = get("Py_ENABLE_SHARED") and get("LIBDIR")
platform = sysconfig.get_platform()
if struct.calcsize("P") == 4:
    platform = {"linux-x86_64": "linux-i686", "linux-aarch64": "linux-armv8l"}.get(platform, platform)
stage = "" if v[3] == "final" else {"alpha": "a", "beta": "b"}.get(v[3], "rc") + str(v[4])
print(json.dumps({
    "base_executable": os.path.realpath(base),
    "base_prefix": sys.base_prefix,
    "version": "%d.%d.%d" % v[:3] + stage,
    "version_info": list(v[:3]),
    "implementation": name,
    "abi": "%s%d%d%s" % ({"cpython": "cp", "pypy": "pp"}.get(name, "??"), v[0], v[1], free),
    "platform": platform.replace("-", "_").replace(".", "_"),
    "includes": [place for place in dict.fromkeys(includes) if place],
    "library_dirs": [shared] if shared else [],
    "compiler": get("CC") or "",
    "problem": problem,
}))
"""


class Probe(Struct, frozen=True, kw_only=True):
    """What an interpreter says about itself."""

    path: str = ""  #: where it was asked
    base_executable: str  #: itself, or the interpreter behind a virtual environment
    base_prefix: str
    version: str
    version_info: tuple[int, int, int]
    implementation: str
    abi: str
    platform: str
    includes: tuple[str, ...]  #: where its headers belong
    library_dirs: tuple[str, ...]
    compiler: str  #: what it was built with
    problem: str = ""  #: why it cannot be used


class _Remembered(Struct, frozen=True, kw_only=True):
    key: tuple[int, int, int]  #: time in nanoseconds, size, inode
    probe: Probe | None  #: nothing: it is no Python, or none that answers


class _File(Struct, frozen=True, kw_only=True):
    format: int
    answers: dict[str, _Remembered]


class Probes:
    """Asks interpreters, with a memory on disk; no memory where ``cache`` is None."""

    def __init__(self, cache: Path | None) -> None:
        self._cache = cache
        self._known = _read(cache)

    def ask(self, paths: Iterable[Path]) -> list[Probe]:
        """Return what these programs say, without those that are no Python, and each base interpreter once."""
        answers = self._answers(list(paths))
        bases = {probe.base_executable: None for probe in answers if probe.base_executable != probe.path}
        more = self._answers([Path(base) for base in bases if base not in {probe.path for probe in answers}])
        self._write()
        return [probe for probe in (*answers, *more) if probe.base_executable == probe.path]

    def _answers(self, paths: list[Path]) -> list[Probe]:
        keys = {path: key for path in paths if (key := _key(path))}
        new = [path for path, key in keys.items() if not self._remembers(path, key)]
        if new:
            with ThreadPoolExecutor(max_workers=min(8, len(new))) as threads:
                for path, probe in zip(new, threads.map(_probe, new), strict=True):
                    self._known[str(path)] = _Remembered(key=keys[path], probe=probe)
        found = (self._known[str(path)].probe for path in keys)
        return [probe for probe in found if probe is not None]

    def _remembers(self, path: Path, key: tuple[int, int, int]) -> bool:
        known = self._known.get(str(path))
        return known is not None and known.key == key

    def _write(self) -> None:
        if self._cache is None or self._known == _read(self._cache):
            return
        data = msgspec.json.encode(_File(format=_FORMAT, answers=self._known))
        # A memory that cannot be kept costs a little time at the next start, and nothing else.
        with suppress(OSError):
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            new = self._cache.with_name(f"{self._cache.name}.{os.getpid()}")
            new.write_bytes(data)
            new.replace(self._cache)


def _read(cache: Path | None) -> dict[str, _Remembered]:
    if cache is None:
        return {}
    try:
        file = msgspec.json.decode(cache.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError):
        return {}
    return file.answers if file.format == _FORMAT else {}


def _key(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _probe(path: Path) -> Probe | None:
    # Scripts (pyenv's shims, wrappers) lead elsewhere, and may do anything when run.
    try:
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                return None
        done = subprocess.run(
            [str(path), "-I", "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={"PATH": os.defpath},
            cwd="/",
        )
        answer = msgspec.json.decode(done.stdout, type=Probe)
    except msgspec.DecodeError:
        return _broken(path, done.stderr)
    except (OSError, subprocess.TimeoutExpired):
        return _broken(path, b"it does not answer")
    return msgspec.structs.replace(answer, path=str(path))


def _broken(path: Path, stderr: bytes) -> Probe | None:
    """Return what the name of an interpreter that does not start tells about it."""
    named = re.fullmatch(r"(python|pypy)(\d)\.(\d+)(t?)", path.name)
    if named is None:
        return None
    kind, major, minor, free = named.groups()
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return Probe(
        path=str(path),
        base_executable=str(path),
        base_prefix=str(path.parent.parent),
        version=f"{major}.{minor}",
        version_info=(int(major), int(minor), 0),
        implementation="pypy" if kind == "pypy" else "cpython",
        abi=f"{'pp' if kind == 'pypy' else 'cp'}{major}{minor}{free}",
        platform="",
        includes=(),
        library_dirs=(),
        compiler="",
        problem=f"it does not start: {lines[-1] if lines else 'no answer'}",
    )
