"""A page's files grouped by version: what was released, and what that tells about how it builds.

Pure.  Takes the files of a `pages.Page`, gives `Release`s; the planner chooses among them.  Names are read as pip
reads them: a wheel's name by PEP 427, a source distribution's by the project it belongs to, since in old names the
project itself may hold hyphens (PEP 625 ended that).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from buildyard.farm.abi import covers
from buildyard.farm.upstream.pages import File

#: What a source distribution may end in, the preferred one first.
SDIST_SUFFIXES = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz")


# ABI tags of PyPy, GraalPy and free-threaded CPython.
_ELSEWHERE = re.compile(r"pypy|graalpy|cp\d+t")


class Shape(StrEnum):
    """What upstream's own wheels tell about a version."""

    NONE = "none"  #: each of its wheels has the ABI tag ``none``: one serves every interpreter
    ABI3 = "abi3"  #: none, or ``abi3``: one may serve many
    PER_ABI = "per_abi"  #: each interpreter has its own
    UNKNOWN = "unknown"  #: no wheel at all


class Wheel(Struct, frozen=True, kw_only=True):
    """A wheel upstream has, its name taken apart."""

    file: File
    tags: str  #: compressed, ``cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64``

    @property
    def abis(self) -> frozenset[str]:
        """Its ABI tags."""
        return frozenset(self.tags.split("-")[1].split("."))

    @property
    def is_any(self) -> bool:
        """True if it installs on every platform."""
        return self.tags.endswith("-any")


class Release(Struct, frozen=True, kw_only=True):
    """One version of a project."""

    version: Version
    sdist: File | None = None
    wheels: tuple[Wheel, ...] = ()

    @property
    def files(self) -> tuple[File, ...]:
        """The source distribution, if there is one, then the wheels."""
        wheels = tuple(wheel.file for wheel in self.wheels)
        return wheels if self.sdist is None else (self.sdist, *wheels)

    @property
    def is_yanked(self) -> bool:
        """True if what would be built from is yanked; without a source distribution, if every wheel is."""
        return self.sdist.is_yanked if self.sdist is not None else all(file.is_yanked for file in self.files)

    @property
    def yank_reason(self) -> str:
        """Why it was yanked, or nothing."""
        return next((file.yank_reason for file in self.files if file.yank_reason), "")

    @property
    def requires_python(self) -> str | None:
        """``Requires-Python`` as upstream wrote it; the source distribution's where there is one."""
        return next((file.requires_python for file in self.files if file.requires_python), None)

    @property
    def shape(self) -> Shape:
        """What upstream's wheels of this version tell about CPython, free-threaded builds excepted.

        Those and PyPy have wheels of their own beside abi3 ones, so they tell nothing about the others.
        """
        own = frozenset[str]().union(*(wheel.abis for wheel in self.wheels))
        abis = frozenset(abi for abi in own if not _ELSEWHERE.match(abi)) or own
        if not abis:
            return Shape.UNKNOWN
        if abis <= {"none"}:
            return Shape.NONE
        return Shape.ABI3 if abis <= {"none", "abi3", "abi3t"} else Shape.PER_ABI

    @property
    def has_only_none(self) -> bool:
        """True if there are wheels, and each has the ABI tag ``none``."""
        return bool(self.wheels) and all(wheel.abis == {"none"} for wheel in self.wheels)

    @property
    def needs_compiler(self) -> bool:
        """True if upstream has wheels of it, each for some platform only."""
        return bool(self.wheels) and not any(wheel.is_any for wheel in self.wheels)

    def wheel_for(self, abi: str, platform: str) -> File | None:
        """Return a wheel of upstream that installs on this interpreter, if there is one."""
        return next((wheel.file for wheel in self.wheels if covers([wheel.tags], abi, platform)), None)


def releases(package: str, files: Iterable[File]) -> dict[Version, Release]:
    """Return the releases that these files of a project belong to; files of no sensible name are passed over."""
    sdists: dict[Version, File] = {}
    wheels: dict[Version, list[Wheel]] = {}
    known: dict[str, Version | None] = {}
    name = canonicalize_name(package)
    for file in files:
        text = version_text(file.filename, name)
        version = known[text] if text in known else known.setdefault(text, _version(text))
        if version is None:
            continue
        if file.filename.endswith(".whl"):
            wheels.setdefault(version, []).append(Wheel(file=file, tags=_tags(file.filename)))
        elif version not in sdists or _rank(file) < _rank(sdists[version]):
            sdists[version] = file
    return {
        version: Release(version=version, sdist=sdists.get(version), wheels=tuple(wheels.get(version, ())))
        for version in sdists.keys() | wheels.keys()
    }


def version_text(filename: str, name: str) -> str:
    """Return the version that a file of the project ``name`` (normalised) tells in its own name, or nothing."""
    if filename.endswith(".whl"):
        parts = filename.removesuffix(".whl").split("-")
        return parts[1] if len(parts) in (5, 6) and canonicalize_name(parts[0]) == name else ""
    stem = next((filename.removesuffix(end) for end in SDIST_SUFFIXES if filename.endswith(end)), "")
    for at, char in enumerate(stem):
        if char == "-" and canonicalize_name(stem[:at]) == name:
            return stem[at + 1 :]
    return ""


def _tags(filename: str) -> str:
    return "-".join(filename.removesuffix(".whl").split("-")[-3:])


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _rank(file: File) -> tuple[bool, int]:
    """Order source distributions of one version: what is not yanked first, then by form."""
    form = next((at for at, end in enumerate(SDIST_SUFFIXES) if file.filename.endswith(end)), len(SDIST_SUFFIXES))
    return file.is_yanked, form
