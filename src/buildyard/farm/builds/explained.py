"""Builds' rows as `explain` reads them, and its answer as the farm's API tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Row, select

from buildyard.farm.builds import explain
from buildyard.farm.builds.explain import Explanation, VersionLines
from buildyard.farm.builds.words import iso
from buildyard.farm.store.tables import builds, requests

#: Only so many of the newest requests that could not be planned are looked at.
_REFUSED_LOOKED_AT = 500


class ToldLine(Struct, frozen=True, kw_only=True):
    """Why the builds of some ABIs are as they are."""

    state: str
    abis: tuple[str, ...]
    text: str


class ToldPlatform(Struct, frozen=True, kw_only=True):
    """The lines of platforms of which the same is to say."""

    platforms: tuple[str, ...]  #: tags, ``linux_x86_64``
    lines: tuple[ToldLine, ...]


class ToldVersion(Struct, frozen=True, kw_only=True):
    """One version."""

    version: str
    is_current: bool  #: some interpreter's newest
    released: str | None  #: ISO 8601, UTC
    requires_python: str | None
    platforms: tuple[ToldPlatform, ...]


class Refused(Struct, frozen=True, kw_only=True):
    """A request that named the package and could not be planned because of it."""

    request: int
    requirements: tuple[str, ...]  #: as asked
    reason: str
    code: str  #: the reason as a word for scripts, ``unknown_version``


class Told(Struct, frozen=True, kw_only=True):
    """Everything there is to say of a package, newest version first."""

    package: str
    versions: tuple[ToldVersion, ...] = ()  #: none while its first request is being planned
    refused: tuple[Refused, ...] = ()  #: newest first


def told(connection: Connection, now: float, name: str) -> Told | None:
    """Return why each build of a package (its normalised name) is as it is, or None where nobody ever asked for it."""
    rows = connection.execute(select(builds).where(builds.c.package == name)).all()
    refusals = refused(connection, name)
    if not rows:
        return Told(package=name, refused=refusals) if refusals or _is_asked_for(connection, name) else None
    lines = explained_rows(rows)
    current = {version.version for version in explain.explain(name, lines, now).versions}
    whole: Explanation = explain.explain(rows[-1].display, lines, now, all_versions=True)
    return Told(
        package=whole.package,
        versions=tuple(_version(one, rows, is_current=one.version in current) for one in whole.versions),
        refused=refusals,
    )


def refused(connection: Connection, name: str) -> tuple[Refused, ...]:
    """Return the requests that could not be planned because of a package (its normalised name), newest first."""
    failed = select(requests).where(requests.c.state == "failed").order_by(requests.c.id.desc())
    rows = connection.execute(failed.limit(_REFUSED_LOOKED_AT)).all()
    return tuple(_refused(row) for row in rows if _is_refused_for(row, name))


def _is_refused_for(row: Row[Any], name: str) -> bool:
    package = msgspec.json.decode(row.detail).get("package")
    return canonicalize_name(package) == name if package else name in _names(row)


def _is_asked_for(connection: Connection, name: str) -> bool:
    rows = connection.execute(select(requests.c.requirements).where(requests.c.state == "asked"))
    return any(name in _names(row) for row in rows)


def _names(row: Row[Any]) -> set[str]:
    return {name for text in msgspec.json.decode(row.requirements, type=list[str]) if (name := _name(text))}


def _name(text: str) -> str:
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:  # that is why it was refused
        return ""


def _refused(row: Row[Any]) -> Refused:
    return Refused(
        request=row.id,
        requirements=msgspec.json.decode(row.requirements, type=tuple[str, ...]),
        reason=row.reason,
        code=str(msgspec.json.decode(row.detail).get("code", "not_planned")),
    )


def explained_rows(rows: Sequence[Row[Any]]) -> list[explain.Row]:
    """Return rows of the builds table as `explain` reads them."""
    abi_of = {row.id: row.abi for row in rows}
    return [_explained(row, abi_of.get(row.waits_for or 0)) for row in rows]


def _explained(row: Row[Any], waits_for: str | None) -> explain.Row:
    return explain.Row(
        version=row.version,
        abi=row.abi,
        platform=row.platform,
        state=row.state,
        id=row.id,
        reason=row.reason,
        kind=row.kind,
        final=row.final,
        builder=row.builder,
        try_at=row.try_at,
        tries=row.tries,
        waits_for=waits_for,
        covered_by=row.covered_by,
    )


def _version(version: VersionLines, rows: Sequence[Row[Any]], *, is_current: bool) -> ToldVersion:
    own = [row for row in rows if row.version == version.version]
    epoch = max((row.source_date_epoch for row in own), default=0)
    return ToldVersion(
        version=version.version,
        is_current=is_current,
        released=iso(epoch) if epoch else None,
        requires_python=next((row.requires_python for row in own if row.requires_python), None),
        platforms=tuple(
            ToldPlatform(
                platforms=group.platforms,
                lines=tuple(_line(line) for line in group.lines),
            )
            for group in version.groups
        ),
    )


def _line(line: explain.Line) -> ToldLine:
    return ToldLine(state=line.state, abis=line.abis, text=line.sentence)
