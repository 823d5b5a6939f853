"""What somebody asks for: PEP 508 requirements, and what they mean on an interpreter of the farm.

Pure.  `plan` asks `applies` and `allows`, `resolve` writes the same environment into uv's requirements.
"""

from __future__ import annotations

from functools import lru_cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from buildyard.errors import BuildyardError
from buildyard.farm.abi import Abi

_IMPLEMENTATIONS = {"cp": ("cpython", "CPython"), "pp": ("pypy", "PyPy")}


class BadRequirement(BuildyardError):
    """A requirement cannot be read, or is not for an index.  Write it as in ``numpy>=2`` (PEP 508)."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f'"{text[:200]}" is no requirement that can be built: {reason}')
        self.text = text
        self.reason = reason


def parse_requirement(text: str) -> Requirement:
    """Return the requirement that ``text`` is.  Raises `BadRequirement` also for addresses: only indexes are asked."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise BadRequirement(text, str(error).partition("\n")[0]) from error
    if requirement.url is not None:
        raise BadRequirement(requirement.name, "it names an address, and only packages of the index are built")
    return requirement


def normalised(requirement: Requirement) -> str:
    """Return the name of what is required as indexes compare it (PEP 503)."""
    return canonicalize_name(requirement.name)


def plain_python(version: str) -> str:
    """Return an interpreter's version as PEP 440 has it: builds between releases call themselves ``3.14.0a1+``."""
    return version.removesuffix("+")


def marker_environment(abi: str, python_version: str, platform: str) -> dict[str, str]:
    """Return the environment that markers see on an interpreter (PEP 508, "Environment Markers").

    ``python_version`` is the full one, ``3.12.1``; ``platform`` a Linux wheel platform, ``linux_x86_64``.
    """
    parsed = Abi.parse(abi)
    python_version = plain_python(python_version)
    name, printed = _IMPLEMENTATIONS[parsed.implementation]
    return {
        "implementation_name": name,
        "implementation_version": python_version,
        "os_name": "posix",
        "platform_machine": platform.removeprefix("linux_"),
        "platform_python_implementation": printed,
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": python_version,
        "python_version": parsed.python_version,
        "sys_platform": "linux",
    }


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    """Tell whether the requirement's marker, if it has one, holds in this environment."""
    return requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""})


def allows(requires_python: str | None, python_version: str) -> bool:
    """Tell whether ``Requires-Python`` allows this interpreter; one that cannot be read allows all, as in pip."""
    specifier = _specifier(requires_python or "")
    return specifier is None or specifier.contains(_python(python_version), prereleases=True)


@lru_cache(maxsize=4096)
def _specifier(text: str) -> SpecifierSet | None:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None


@lru_cache(maxsize=64)
def _python(text: str) -> Version:
    # A pre-release of an interpreter counts as the release it becomes: 3.14.0rc1 satisfies >=3.14.
    try:
        return Version(Version(plain_python(text)).base_version)
    except InvalidVersion:
        raise ValueError(f"not the version of an interpreter: {text!r}") from None


def is_final(python_version: str) -> bool:
    """Tell whether an interpreter's version is a final release."""
    try:
        return not Version(plain_python(python_version)).is_prerelease
    except InvalidVersion:
        return False
