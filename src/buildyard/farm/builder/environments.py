"""The isolated environments that builds run in, made by uv and shared between builds that want the same.

Takes an interpreter and build requirements; gives an `Environment`, which the sandbox shows read-only, so that no build
can alter it for another.  An environment is made once and used again for a while (``keep_s``); then upstream is asked
anew.  The second build that wants it has it made again with bytecode: that costs as much as it saves in one build, so
that it is nothing for a package alone, and 0.2 s less for each further one (setuptools, measured).  Several builders
may share one directory: a new environment is renamed into place, one in use is held by a lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from msgspec import Struct

from buildyard.farm.builder import reasons
from buildyard.farm.builder.budget import Budget
from buildyard.farm.builder.disk import remove_tree
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.uv import Uv

_MANIFEST = "buildyard.json"
#: Environments of more Python files than this are not compiled: much of them is never imported by a build.
_WORTH_COMPILING = 800


class Package(Struct, frozen=True, kw_only=True):
    """A distribution in an environment."""

    name: str
    version: str
    record_sha256: str  #: of its RECORD, which holds the hash of each of its files
    modules: int = 0  #: how many Python files it has


class _Manifest(Struct, frozen=True, kw_only=True):
    created: float  #: seconds since 1970
    packages: tuple[Package, ...]
    is_compiled: bool = False  #: to bytecode


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A virtual environment that is held until its `Environments.hold` is left."""

    path: Path
    packages: tuple[Package, ...]
    was_there: bool = False  #: made by an earlier build
    is_compiled: bool = False


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What an environment is wanted for."""

    interpreter: Interpreter
    requirements: tuple[str, ...]  #: PEP 508, checked

    def key(self, settings: Iterable[str]) -> str:
        """Return a name for everything that decides what the environment holds."""
        facts = [str(self.interpreter.path), self.interpreter.version, *sorted(set(self.requirements)), "", *settings]
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:24]


class Environments:
    """Makes and keeps build environments.  Used by all slots at one time.

    Without ``shared`` each build gets one of its own: where no sandbox keeps it from writing there.
    """

    def __init__(
        self,
        directory: Path,
        uv: Uv,
        *,
        shared: bool = True,
        keep_s: float = 900.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._shared = shared
        self._directory = directory
        self._uv = uv
        self._keep_s = keep_s
        self._clock = clock
        self._making: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, wish: Wish, *, workshop: Path, budget: Budget, log: Log) -> Iterator[Environment]:
        """Yield an environment that satisfies the wish, and let go of it at the end.

        ``workshop`` is a directory of the slot's own: the place where a new one is made is named after it, since uv
        remembers what it asked an environment's interpreter by its path.  Raises `PhaseFailed` where the requirements
        cannot be had.
        """
        if not self._shared:
            yield self._make(wish, workshop / f"environment-{wish.interpreter.abi}", budget, log)
            return
        # On the disk where it will stay, so that it can be renamed.
        place = hashlib.sha256(os.fsencode(workshop)).hexdigest()[:12]
        new = self._directory / f"making-{place}-{wish.interpreter.abi}"
        self._directory.mkdir(parents=True, exist_ok=True)
        key = wish.key((*self._uv.settings.arguments, *sorted(self._uv.settings.environment.values())))
        # Two slots that want the same wait for one.
        with _acquired(self._lock_for(key), budget):
            found = self._find(key)
            if found is None:
                found = self._keep(key, self._make(wish, new, budget, log), self._clock())
            elif not found[0].is_compiled:
                found = self._compiled(key, found, wish, new, budget, log)
        environment, descriptor = found
        try:
            yield environment
        finally:
            os.close(descriptor)

    def sweep(self) -> None:
        """Remove the environments that are too old to be used again, but for those in use."""
        for path in self._directory.glob("gone.*"):
            with suppress(OSError):
                remove_tree(path)
        for path in self._all():
            with suppress(OSError, msgspec.DecodeError):
                if self._clock() - _manifest(path).created > self._keep_s:
                    self._remove(path)

    def _find(self, key: str) -> tuple[Environment, int] | None:
        for path in self._all(key):
            with suppress(OSError, msgspec.DecodeError):
                manifest = _manifest(path)
                if 0 <= self._clock() - manifest.created <= self._keep_s:
                    descriptor = _held(path, fcntl.LOCK_SH)
                    found = Environment(
                        path=path, packages=manifest.packages, was_there=True, is_compiled=manifest.is_compiled
                    )
                    return found, descriptor
        return None

    def _make(self, wish: Wish, path: Path, budget: Budget, log: Log) -> Environment:
        self._uv.make_environment(path, wish.interpreter.path, budget=budget, log=log)
        if wish.requirements:
            try:
                self._uv.install(path, wish.requirements, budget=budget, log=log)
            except PhaseFailed:
                remove_tree(path)
                raise
        return Environment(path=path, packages=tuple(installed(path)))

    def _compiled(
        self, key: str, old: tuple[Environment, int], wish: Wish, path: Path, budget: Budget, log: Log
    ) -> tuple[Environment, int]:
        """Return the same environment with bytecode, or the old one where that is not worth it or cannot be had."""
        packages = old[0].packages
        if not 0 < sum(package.modules for package in packages) <= _WORTH_COMPILING:
            return old
        pinned = [f"{package.name}=={package.version}" for package in packages]
        try:
            created = _manifest(old[0].path).created
            self._uv.make_environment(path, wish.interpreter.path, budget=budget, log=log)
            self._uv.install_again(path, pinned, budget=budget, log=log)
            new = Environment(path=path, packages=packages, was_there=True, is_compiled=True)
            kept = self._keep(key, new, created)
        except PhaseFailed:
            if budget.hit() is None:
                return old
            os.close(old[1])
            raise
        except BaseException:
            os.close(old[1])
            raise
        os.close(old[1])
        return kept

    def _keep(self, key: str, new: Environment, created: float) -> tuple[Environment, int]:
        """Move a new environment to where other builds find it, before those that are there."""
        self.sweep()
        manifest = _Manifest(created=created, packages=new.packages, is_compiled=new.is_compiled)
        (new.path / _MANIFEST).write_bytes(msgspec.json.encode(manifest))
        path = self._directory / f"{key}.{time.time_ns()}"
        new.path.rename(path)
        return replace(new, path=path), _held(path, fcntl.LOCK_SH)

    def _remove(self, path: Path) -> None:
        descriptor = _held(path, fcntl.LOCK_EX)
        try:
            gone = path.with_name(f"gone.{path.name}")
            path.rename(gone)
            remove_tree(gone)
        finally:
            os.close(descriptor)

    def _all(self, key: str = "*") -> Sequence[Path]:
        return sorted(self._directory.glob(f"{key}.[0-9]*"), reverse=True)

    def _lock_for(self, key: str) -> threading.Lock:
        with self._lock:
            return self._making.setdefault(key, threading.Lock())


@contextmanager
def _acquired(lock: threading.Lock, budget: Budget) -> Iterator[None]:
    while not lock.acquire(timeout=0.1):
        hit = budget.hit()
        if hit is not None:
            raise reasons.of_hit(hit, budget)
    try:
        yield
    finally:
        lock.release()


def _held(path: Path, how: int) -> int:
    """Return a descriptor that holds a lock on an environment.  Raises `OSError` where somebody else has it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        # It may have been renamed and removed between the two steps.
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise FileNotFoundError(path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _manifest(path: Path) -> _Manifest:
    return msgspec.json.decode((path / _MANIFEST).read_bytes(), type=_Manifest)


def installed(environment: Path) -> Iterator[Package]:
    """Yield what is installed in a virtual environment, by name."""
    for info in sorted(environment.glob("lib/*/site-packages/*.dist-info")):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        record = info / "RECORD"
        data = record.read_bytes() if record.is_file() else b""
        yield Package(
            name=name.replace("_", "-"),
            version=version,
            record_sha256=hashlib.sha256(data).hexdigest(),
            modules=data.count(b".py,"),
        )
