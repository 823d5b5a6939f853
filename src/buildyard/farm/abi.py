"""ABIs, platforms and pools: what an interpreter is called, which wheel tags it accepts, how ABIs are ordered.

Pure.  An ABI here is an interpreter's own: ``cp312``, ``cp313t`` (free-threaded), ``pp39``.  Tags are those of
PEP 425, and what an interpreter accepts is asked of `packaging`: a ``cpXY-abi3`` wheel serves every CPython of at least
that minor version, free-threaded builds excepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from packaging.tags import Tag, compatible_tags, cpython_tags, generic_tags, parse_tag

_ABI = re.compile(r"(?P<impl>cp|pp)(?P<major>\d)(?P<minor>\d+)(?P<threads>t?)")

#: The newest glibc a manylinux tag may name here; PEP 600 lets the number grow for ever.
_NEWEST_GLIBC_MINOR = 50
_LEGACY_MANYLINUX = ("manylinux2014", "manylinux2010", "manylinux1")


class Abi(NamedTuple):
    """An ABI taken apart, so that ABIs sort by number: cp39 before cp310, CPython before PyPy."""

    implementation: str  #: ``cp`` or ``pp``
    major: int
    minor: int
    free_threaded: bool = False

    @classmethod
    def parse(cls, text: str) -> Abi:
        """Return the parts of ``cp313t``.  Raises `ValueError` for anything else."""
        found = _ABI.fullmatch(text)
        if found is None:
            raise ValueError(f"not an ABI: {text!r}; one looks like cp312, cp313t or pp39")
        return cls(found["impl"], int(found["major"]), int(found["minor"]), bool(found["threads"]))

    def __str__(self) -> str:
        return f"{self.implementation}{self.major}{self.minor}{'t' if self.free_threaded else ''}"

    @property
    def python_version(self) -> str:
        """``3.12`` of cp312."""
        return f"{self.major}.{self.minor}"


def sorted_abis(abis: Iterable[str]) -> list[str]:
    """Return the ABIs in numeric order, CPython first."""
    return sorted(abis, key=Abi.parse)


def pool_name(platform: str, abi: str) -> str:
    """Return the ``taskQueueId`` of builds for one platform and ABI.

    Taskcluster allows lower-case letters, digits and hyphens in its second half, 38 in all,
    so ``linux_x86_64`` and ``cp312`` give ``buildyard/linux-x86-64-cp312``.
    """
    return f"buildyard/{platform.replace('_', '-').replace('.', '-').lower()}-{abi}"


@lru_cache(maxsize=256)
def accepted_tags(abi: str, platform: str) -> frozenset[Tag]:
    """Return every wheel tag that an interpreter of this ABI on this platform installs.

    manylinux tags of the same machine are among them, since the farm serves the machines it builds on.
    """
    parsed = Abi.parse(abi)
    version = (parsed.major, parsed.minor)
    platforms = [*_manylinux(platform), platform]
    interpreter = f"{parsed.implementation}{parsed.major}{parsed.minor}"
    if parsed.implementation == "cp":
        own = cpython_tags(python_version=version, abis=[abi], platforms=platforms)
    else:
        # PyPy's own ABI tag names its release too (``pypy39_pp73``); one farm builds with one release of each.
        own = generic_tags(
            interpreter=interpreter, abis=[f"pypy{parsed.major}{parsed.minor}_pp73"], platforms=platforms
        )
    shared = compatible_tags(python_version=version, interpreter=interpreter, platforms=platforms)
    return frozenset((*own, *shared))


def covers(tags: Iterable[str], abi: str, platform: str) -> bool:
    """Tell whether a wheel with these tags (compressed or expanded) installs on this ABI and platform."""
    accepted = accepted_tags(abi, platform)
    return any(not accepted.isdisjoint(parse_tag(tag)) for tag in tags)


def _manylinux(platform: str) -> list[str]:
    machine = platform.removeprefix("linux_")
    if machine == platform:
        return []
    numbered = [f"manylinux_2_{minor}_{machine}" for minor in range(_NEWEST_GLIBC_MINOR, 4, -1)]
    return numbered + [f"{legacy}_{machine}" for legacy in _LEGACY_MANYLINUX]
