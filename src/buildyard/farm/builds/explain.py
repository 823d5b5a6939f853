"""Why each wheel of a package is there or not: the lines of ``buildyard explain``, as data.

Pure.  Takes plain `Row`s (a build each, as tables and plans have them), gives an `Explanation`; terminal, package page
and JSON print it with the words and glyphs of `words`, so that "Why not?" says the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from buildyard.farm.abi import Abi, sorted_abis
from buildyard.farm.builds.words import (
    LOOKS,
    ago,
    clock_time,
    duration,
    estimate,
    kind_words,
    listed,
    ordinal,
    plural,
)

#: What is there, what is under way or wrong, what nobody waits for.
ORDER = (
    "built",
    "will_retry",
    "failed",
    "blocked",
    "queued",
    "building",
    "left_to_upstream",
    "covered",
    "not_wanted",
    "skipped",
)

#: States of a platform that somebody may wait for.
_OPEN = frozenset({"will_retry", "failed", "blocked", "queued", "building"})

# What `plan` says of interpreters that are too old, or too new.
_PYTHON_RULE = re.compile(r"(?P<rule>Requires-Python is .+), this is (?P<python>\S+)\Z")


class Row(Struct, frozen=True, kw_only=True):
    """What is known of one build, or of one that will not be."""

    version: str
    abi: str
    platform: str
    state: str  #: a word of `ORDER`
    id: int | None = None  #: of the build, by which its log is named
    reason: str = ""  #: one sentence
    kind: str = ""  #: failed, will retry: a `FailureKind`
    final: bool = False  #: failed: it is not tried again by itself
    elapsed_s: float | None = None  #: building
    usual_s: float | None = None  #: building: the median of its last builds
    builder: str = ""
    try_at: float | None = None  #: will retry: when, in seconds since 1970
    change: str = ""  #: will retry: what is different then, ``1 job and 8 GB``
    tries: int = 0  #: will retry: how often it was tried
    max_tries: int | None = None
    position: int | None = None  #: queued: 1 is next in its pool
    starts_in_s: float | None = None
    waits_for: str | None = None  #: queued: the ABI that is built first
    covered_by: str | None = None  #: a wheel's file name
    by: str = ""  #: skipped: who said so
    since: float | None = None  #: skipped: when, in seconds since 1970


class Line(Struct, frozen=True, kw_only=True):
    """One state of some ABIs, and why."""

    state: str
    word: str  #: the state as people read it
    abis: tuple[str, ...]  #: in numeric order
    sentence: str  #: nothing where the state says it all


class PlatformLines(Struct, frozen=True, kw_only=True):
    """The lines of platforms that are all alike."""

    platforms: tuple[str, ...]  #: tags, ``linux_x86_64``
    lines: tuple[Line, ...]


class VersionLines(Struct, frozen=True, kw_only=True):
    """What is to say of one version."""

    version: str
    heading: str  #: ``numpy 2.2.1, released 6 d ago, Requires-Python >=3.10``
    groups: tuple[PlatformLines, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """What is to say of a package: newest version first."""

    package: str
    versions: tuple[VersionLines, ...]
    older: int = 0  #: versions left out, of which there would be something to say
    is_all_built: bool = False  #: nothing needs an explanation

    @property
    def hint(self) -> str:
        """What to ask next, or nothing."""
        if not self.older:
            return ""
        have = "has" if self.older == 1 else "have"
        return f"{plural(self.older, 'older version')} {have} reasons: buildyard explain {self.package} --all"


class About(Struct, frozen=True, kw_only=True):
    """What upstream tells of a version."""

    released: float | None = None  #: seconds since 1970
    requires_python: str | None = None


def explain(
    package: str,
    rows: Iterable[Row],
    now: float,
    *,
    about: Mapping[str, About] | None = None,
    all_versions: bool = False,
) -> Explanation:
    """Return what is to say of a package at this time (seconds since 1970).

    Versions that are no interpreter's newest are counted and left out, unless ``all_versions``.
    """
    by_version: dict[str, list[Row]] = {}
    for row in rows:
        by_version.setdefault(row.version, []).append(row)
    newest_first = sorted(by_version, key=_version_order, reverse=True)
    shown = newest_first if all_versions else _current(newest_first, by_version)
    told = about or {}
    left_out = [version for version in newest_first if version not in shown and not _is_built(by_version[version])]
    return Explanation(
        package=package,
        versions=tuple(
            VersionLines(
                version=version,
                heading=_heading(package, version, told.get(version, About()), now),
                groups=_groups(by_version[version], now),
            )
            for version in shown
        ),
        older=len(left_out),
        is_all_built=bool(shown) and all(_is_built(by_version[version]) for version in shown),
    )


def _version_order(text: str) -> tuple[bool, Version]:
    try:
        return True, Version(text)
    except InvalidVersion:
        return False, Version("0")


def _current(newest_first: Sequence[str], by_version: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return the versions that are the newest of some interpreter."""
    seen: set[tuple[str, str]] = set()
    current: list[str] = []
    for version in newest_first:
        new = {(row.abi, row.platform) for row in by_version[version]} - seen
        seen |= new
        current += [version] if new else []
    return current


def _is_built(rows: Iterable[Row]) -> bool:
    return all(row.state in ("built", "covered") for row in rows)


def _heading(package: str, version: str, about: About, now: float) -> str:
    parts = [f"{package} {version}"]
    parts += [f"released {ago(now - about.released)}"] if about.released is not None else []
    parts += [f"Requires-Python {about.requires_python}"] if about.requires_python else []
    return ", ".join(parts)


def _groups(rows: Iterable[Row], now: float) -> tuple[PlatformLines, ...]:
    """Return the lines by platform; platforms of which the same is to say stand together, those in need first."""
    by_platform: dict[str, list[Row]] = {}
    for row in rows:
        by_platform.setdefault(row.platform, []).append(row)
    alike: dict[tuple[Line, ...], list[str]] = {}
    for platform, own in sorted(by_platform.items()):
        alike.setdefault(_lines(own, now), []).append(platform)
    groups = [PlatformLines(platforms=tuple(platforms), lines=lines) for lines, platforms in alike.items()]
    return tuple(sorted(groups, key=lambda group: not any(line.state in _OPEN for line in group.lines)))


def _lines(rows: Iterable[Row], now: float) -> tuple[Line, ...]:
    """Return one line for each state and reason, in the order of `ORDER` and then of their ABIs."""
    merged: dict[tuple[str, str], list[str]] = {}
    pythons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        told = sentence(row, now)
        rule = _PYTHON_RULE.match(told)
        key = (row.state, rule["rule"] if rule else told)
        merged.setdefault(key, []).append(row.abi)
        if rule:
            pythons.setdefault(key, []).append(rule["python"])
    lines = [
        Line(
            state=key[0],
            word=LOOKS[key[0]].word,
            abis=tuple(sorted_abis(abis)),
            sentence=_with_pythons(key[1], pythons.get(key, [])),
        )
        for key, abis in merged.items()
    ]
    return tuple(sorted(lines, key=lambda line: (ORDER.index(line.state), Abi.parse(line.abis[0]), line.sentence)))


def _with_pythons(rule: str, pythons: Sequence[str]) -> str:
    """Return ``Requires-Python is >=3.10, these are 3.8 and 3.9``, or the rule as it is without any."""
    if not pythons:
        return rule
    different = sorted(set(pythons), key=_version_order)
    return f"{rule}, {'this is' if len(pythons) == 1 else 'these are'} {listed(different)}"


def sentence(row: Row, now: float) -> str:
    """Return why a build is in its state and what happens next; nothing where the state says it all."""
    tell = _SENTENCES.get(row.state)
    return tell(row, now) if tell is not None else row.reason


def _building(row: Row, now: float) -> str:
    parts = [duration(row.elapsed_s)] if row.elapsed_s is not None else []
    parts += [f"usually {estimate(row.usual_s)}"] if row.usual_s is not None else ["first build"]
    parts += [f"on {row.builder}"] if row.builder else []
    return ", ".join(parts)


def _queued(row: Row, now: float) -> str:
    if row.waits_for is not None:
        return f"waits for {row.waits_for}, whose wheel may serve it too"
    parts = [f"{_place(row.position)} in its pool"] if row.position is not None else []
    parts += [f"starts in about {estimate(row.starts_in_s)}"] if row.starts_in_s is not None else []
    return ": ".join(filter(None, (", ".join(parts), row.reason)))


def _place(position: int) -> str:
    return "next" if position == 1 else ordinal(position)


def _will_retry(row: Row, now: float) -> str:
    when = f"at {clock_time(row.try_at)}" if row.try_at is not None else "soon"
    when += f" with {row.change}" if row.change else ""
    told = [f"{_nth(row.tries)} of {row.max_tries}"] if row.tries and row.max_tries else []
    return f"{when}: {row.reason or kind_words(row.kind)}{_bracketed(*told, *_log(row))}"


def _failed(row: Row, now: float) -> str:
    what = ": ".join(filter(None, (kind_words(row.kind), row.reason)))
    return f"{what}{_bracketed(*(['final'] if row.final else []), *_log(row))}"


def _skipped(row: Row, now: float) -> str:
    who = ", ".join(filter(None, (f"by {row.by}" if row.by else "", ago(now - row.since) if row.since else "")))
    return ": ".join(filter(None, (who, row.reason)))


def _covered(row: Row, now: float) -> str:
    return row.covered_by or row.reason


def _log(row: Row) -> list[str]:
    return [f"log {row.id}"] if row.id is not None else []


def _bracketed(*parts: str) -> str:
    return f" ({', '.join(parts)})" if parts else ""


def _nth(number: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number) or ordinal(number)


_SENTENCES = {
    "built": lambda row, now: "",
    "building": _building,
    "queued": _queued,
    "will_retry": _will_retry,
    "failed": _failed,
    "skipped": _skipped,
    "covered": _covered,
}
