"""What a request needs at run time: requirements to versions, for each ABI, by uv.

uv reads the metadata of wheels, whichever platform they are for, so that no code of a package runs; what has no wheel
at all is read by `farm/upstream/sdists`.  Of what is asked for by name only versions with a source distribution count,
as long as there are any; of dependencies that are binary only, `plan` says so.  `uv` next door runs it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sysconfig
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from packaging.requirements import Requirement

from buildyard.farm.abi import Abi
from buildyard.farm.builds import uv
from buildyard.farm.builds.requirements import marker_environment, normalised, plain_python
from buildyard.farm.builds.uv import NeedsCode, Question, ResolverFailed, Unsatisfiable
from buildyard.farm.upstream.errors import UpstreamError, UpstreamUnreachable
from buildyard.farm.upstream.locations import UpstreamIndex
from buildyard.farm.upstream.sdists import Declared

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Tells what the source distribution of a name and version requires.
SdistReader = Callable[[str, str], Awaitable[Declared]]

# What is not in question.
_CERTAIN = Declared(is_certain=True)

#: How many packages without any wheel one resolution may meet.
_MAX_SDISTS_READ = 40


class Target(Struct, frozen=True, kw_only=True):
    """An interpreter to resolve for."""

    abi: str
    python_version: str  #: full, ``3.12.1``
    platform: str  #: ``linux_x86_64``

    @property
    def environment(self) -> dict[str, str]:
        """What markers see."""
        return marker_environment(self.abi, self.python_version, self.platform)

    @property
    def is_like_ours(self) -> bool:
        """True if uv, running on this machine's CPython, sees the same markers save for the version."""
        return Abi.parse(self.abi).implementation == "cp" and self.platform == host_platform()

    @property
    def key(self) -> tuple[str, str, str]:
        """What the answer depends on: free-threaded builds see the same markers as the others."""
        return (Abi.parse(self.abi).implementation, self.python_version, self.platform)


class Resolution(Struct, frozen=True, kw_only=True):
    """The versions that one interpreter needs."""

    versions: dict[str, str]  #: name (normalised) to version, what was asked for included
    assumed: tuple[str, ...] = ()  #: packages that do not say what they require; nothing was assumed


def host_platform() -> str:
    """Return this machine's wheel platform, ``linux_x86_64``."""
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


class Resolver:
    """Resolves with uv over the indexes of pip's configuration."""

    def __init__(
        self,
        index: UpstreamIndex,
        *,
        cache_dir: Path,
        read_sdist: SdistReader | None = None,
        uv_path: Path | None = None,
        timeout_s: float = 120.0,
        concurrency: int = 4,
    ) -> None:
        self._index = index
        self._cache_dir = cache_dir
        self._read_sdist = read_sdist
        self._uv_path = uv_path
        self._timeout = timeout_s
        self._concurrency = concurrency
        self._declared: dict[tuple[str, str], Declared] = {}

    async def resolve(
        self, requirements: Sequence[Requirement], targets: Sequence[Target], *, deps: bool = True
    ) -> dict[str, Resolution | Unsatisfiable]:
        """Return for each ABI the versions it needs, or why there are none.

        Interpreters that see the same markers share one call of uv; calls run side by side.

        Raises `ResolverTimeout`, `ResolverFailed`, and `UpstreamUnreachable` where an index does not answer.
        """
        alike = {target.key: target for target in reversed(targets)}
        gate = asyncio.Semaphore(self._concurrency)

        async def one(target: Target) -> Resolution | Unsatisfiable:
            async with gate:
                return await self._resolve_one(requirements, target, deps=deps)

        answers = await _side_by_side([one(target) for target in alike.values()])
        by_key = dict(zip(alike, answers, strict=True))
        return {target.abi: by_key[target.key] for target in targets}

    def resolve_blocking(
        self, requirements: Sequence[Requirement], targets: Sequence[Target], *, deps: bool = True
    ) -> dict[str, Resolution | Unsatisfiable]:
        """Return the same, for programs without a loop."""
        return asyncio.run(self.resolve(requirements, targets, deps=deps))

    async def _resolve_one(
        self, requirements: Sequence[Requirement], target: Target, *, deps: bool
    ) -> Resolution | Unsatisfiable:
        question = Question(
            requirements=tuple(_lines(requirements, target)),
            python_version=plain_python(target.python_version),
            is_universal=not target.is_like_ours,
            deps=deps,
            from_source=tuple(sorted({normalised(one) for one in requirements})),
        )
        try:
            return await self._answer(question, target)
        except Unsatisfiable:
            # Perhaps only for want of a source; then the planner says so of each package, which tells more.
            question = msgspec.structs.replace(question, from_source=())
        try:
            return await self._answer(question, target)
        except Unsatisfiable as error:
            return error

    async def _answer(self, question: Question, target: Target) -> Resolution:
        """Return uv's answer; where uv would run a package's code, read its source distribution and ask again."""
        for _ in range(_MAX_SDISTS_READ):
            told = frozenset(self._declared)
            code, output, messages = await self._run(question)
            if code == 0:
                return self._resolution(uv.versions(output, target.environment))
            error = uv.failure(messages)
            if not isinstance(error, NeedsCode):
                raise error
            await self._learn(error, told)
        raise ResolverFailed(f"more than {_MAX_SDISTS_READ} packages have no wheel at all")

    async def _run(self, question: Question) -> tuple[int, str, str]:
        settings = self._index.uv()
        command = uv.arguments(self._uv_path or _uv_path(), question, self._cache_dir)
        text = "\n".join(question.requirements) + "\n"
        with _config_file(uv.dependency_metadata(self._declared)) as options:
            command += [*settings.arguments, *options]
            return await uv.ask(command, text, settings.over(os.environ), self._timeout)

    async def _learn(self, error: NeedsCode, told: frozenset[tuple[str, str]]) -> None:
        """Read what uv would run code for, unless uv was ``told`` already, and asks for it all the same."""
        key = (error.package, error.version)
        if self._read_sdist is None or key in told:
            raise error
        if key in self._declared:
            return  # read meanwhile, for another interpreter
        try:
            self._declared[key] = await self._read_sdist(*key)
        except UpstreamUnreachable:
            raise
        except UpstreamError as why:
            # Better built without its requirements than not at all; the answer tells that they are not known.
            log.warning("resolve.assumed", extra={"package": key[0], "version": key[1], "why": str(why)})
            self._declared[key] = Declared()

    def _resolution(self, versions: dict[str, str]) -> Resolution:
        uncertain = [
            name for name, version in versions.items() if not self._declared.get((name, version), _CERTAIN).is_certain
        ]
        return Resolution(versions=versions, assumed=tuple(uncertain))


def _lines(requirements: Sequence[Requirement], target: Target) -> Iterator[str]:
    """Yield the requirements; for an interpreter unlike ours each is bound to its environment by a marker."""
    bound = "" if target.is_like_ours else " and ".join(f"{key} == {value!r}" for key, value in _told(target))
    for requirement in requirements:
        own = f"({requirement.marker})" if requirement.marker is not None else ""
        marker = " and ".join(filter(None, (own, bound)))
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        yield f"{requirement.name}{extras}{requirement.specifier}" + (f" ; {marker}" if marker else "")


def _told(target: Target) -> list[tuple[str, str]]:
    # ``python_version`` follows from the full one, and what is empty says nothing.
    left_out = ("python_version", "implementation_version")
    return [(key, value) for key, value in target.environment.items() if value and key not in left_out]


@contextmanager
def _config_file(text: str) -> Iterator[list[str]]:
    """Yield the option that gives uv this file, if it says anything."""
    if not text:
        yield []
        return
    with tempfile.NamedTemporaryFile("w", prefix="buildyard-", suffix=".toml") as file:
        file.write(text)
        file.flush()
        yield ["--config-file", file.name]


async def _side_by_side(coroutines: Sequence[Coroutine[object, object, T]]) -> list[T]:
    """Return all results; at the first error the others are cancelled and waited for, so that no child is left."""
    tasks = [asyncio.ensure_future(one) for one in coroutines]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            if not task.cancelling():  # a second time would cut short how it ends its child
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@cache
def _uv_path() -> Path:
    """Return where uv is: the one installed beside us, else the one on the path."""
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise ResolverFailed("it is not installed; install buildyard[farm]") from None
        return Path(found)
