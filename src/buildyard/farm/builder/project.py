"""What an unpacked source says about its own build: backend, requirements, Python, extension sources.

Takes the directory of a source and gives a `Project`.  Nothing of the source is run here.  The rules are those of
PEP 517 and PEP 518 and their defaults; requirements are checked, since they reach uv's command line from an untrusted
file.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.wire import FailureKind

#: What a source without a [build-system] table is built with (PEP 518; the backend as pip and build have it).
_DEFAULT_REQUIRES = ("setuptools>=40.8.0",)
_DEFAULT_BACKEND = "setuptools.build_meta:__legacy__"

_LONGEST_FILE = 4_000_000
_MOST_REQUIREMENTS = 200

_EXTENSION_SUFFIXES = tuple(
    ".c .cc .cpp .cxx .c++ .cu .m .mm .pyx .rs .f .for .f77 .f90 .f95 .f03 .f08 .s .asm".split()  # noqa: SIM905
)
#: Directories whose sources are not part of the package.
_ASIDE = frozenset(
    "test tests testing doc docs example examples sample samples demo demos bench benchmark benchmarks .git".split()  # noqa: SIM905
)


@dataclass(frozen=True, kw_only=True)
class Project:
    """How a source wants to be built."""

    root: Path
    backend: str  #: ``flit_core.buildapi``, ``setuptools.build_meta:__legacy__``
    requires: tuple[str, ...]  #: PEP 508, each checked
    backend_path: tuple[str, ...] = ()  #: relative to ``root``, inside it
    requires_python: tuple[str, ...] = ()  #: what PKG-INFO and pyproject.toml say, as far as they do
    has_extension_sources: bool = False


def read_project(root: Path) -> Project:
    """Return what the source in ``root`` says.  Raises `PhaseFailed` with BAD_SOURCE or BUILD_REQUIRES."""
    text = _text(root / "pyproject.toml")
    if text is None and not (root / "setup.py").is_file():
        raise _bad("it holds neither pyproject.toml nor setup.py")
    table = _toml(text or "")
    system = table.get("build-system")
    if system is not None and not isinstance(system, dict):
        raise _bad("pyproject.toml: build-system is not a table")
    return Project(
        root=root,
        backend=_backend(system or {}),
        requires=checked_requirements(_requires(system)),
        backend_path=tuple(_inside(root, entry) for entry in _strings(system or {}, "backend-path")),
        requires_python=tuple(_requires_python(root, table)),
        has_extension_sources=any(_extension_sources(root)),
    )


def checked_requirements(texts: Iterable[str]) -> tuple[str, ...]:
    """Return build requirements that may be given to uv.

    Raises `PhaseFailed` with BUILD_REQUIRES for what is no requirement (PEP 508), or names an address: build
    requirements come from the index alone.
    """
    texts = tuple(texts)
    if len(texts) > _MOST_REQUIREMENTS:
        raise PhaseFailed(FailureKind.BUILD_REQUIRES, f"it has {len(texts)} build requirements; that makes no sense")
    return tuple(_checked(text) for text in texts)


def _checked(text: str) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        reason = f"its build requirement {text[:100]!r} is not valid: {str(error).splitlines()[0]}"
        raise PhaseFailed(FailureKind.BUILD_REQUIRES, reason) from error
    if requirement.url is not None:
        reason = f"its build requirement {requirement.name} names an address; only the index is used"
        raise PhaseFailed(FailureKind.BUILD_REQUIRES, reason)
    return str(requirement)


def python_mismatch(requires_python: Iterable[str], version: str) -> str | None:
    """Return the first specifier that leaves a Python version out; what is no specifier leaves none out."""
    for text in requires_python:
        try:
            if not SpecifierSet(text).contains(version, prereleases=True):
                return text
        except InvalidSpecifier:
            continue
    return None


def _backend(system: Mapping[str, Any]) -> str:
    backend = system.get("build-backend", _DEFAULT_BACKEND)
    if not isinstance(backend, str) or not all(part.isidentifier() for part in backend.replace(":", ".").split(".")):
        raise _bad("pyproject.toml: build-backend does not name an object")
    return backend


def _requires(system: Mapping[str, Any] | None) -> tuple[str, ...]:
    if system is None:
        return _DEFAULT_REQUIRES
    if "requires" not in system:
        raise _bad("pyproject.toml: build-system has no requires (PEP 518)")
    return _strings(system, "requires")


def _strings(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise _bad(f"pyproject.toml: {key} is not a list of strings")
    return tuple(value)


def _inside(root: Path, entry: str) -> str:
    # PEP 517: relative to the source, and in it.
    path = os.path.normpath(entry)
    resolved = Path(os.path.realpath(root / path))
    if path.startswith(("/", "..")) or not resolved.is_relative_to(os.path.realpath(root)):
        raise _bad(f"pyproject.toml: backend-path {entry!r} is outside of the source")
    return path


def _requires_python(root: Path, table: Mapping[str, Any]) -> Iterator[str]:
    info = HeaderParser().parsestr(_text(root / "PKG-INFO") or "", headersonly=True)
    if info.get("Requires-Python"):
        yield str(info["Requires-Python"])
    project = table.get("project")
    if isinstance(project, dict) and isinstance(project.get("requires-python"), str):
        yield project["requires-python"]


def _extension_sources(root: Path) -> Iterator[str]:
    for directory, directories, files in os.walk(root):
        directories[:] = [name for name in directories if name.lower() not in _ASIDE]
        for name in files:
            if name.lower().endswith(_EXTENSION_SUFFIXES):
                yield os.path.join(directory, name)  # noqa: PTH118 - walked as strings


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _bad(f"pyproject.toml is not TOML: {error}") from error


def _text(path: Path) -> str | None:
    """Return a file of the source; None where it is not there.  Raises `PhaseFailed` where it cannot be meant."""
    if not path.exists():
        return None
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST_FILE:
        raise _bad(f"{path.name} is not a file of a sensible size")
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig" if path.suffix == ".toml" else "utf-8")
    except UnicodeDecodeError as error:
        if path.suffix == ".toml":
            raise _bad(f"{path.name} is not UTF-8") from error
        return data.decode("latin-1")


def _bad(reason: str) -> PhaseFailed:
    return PhaseFailed(FailureKind.BAD_SOURCE, reason)
