"""Builds' rows as `explain` reads them, and its answer as the farm's API tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from buildyard.farm.builds import explain
from buildyard.farm.builds.explain import Explanation, VersionLines
from buildyard.farm.builds.words import iso
from buildyard.farm.store.tables import builds


class ToldLine(Struct, frozen=True, kw_only=True):
    """Why the builds of some ABIs are as they are."""

    state: str
    abis: tuple[str, ...]
    text: str


class ToldPlatform(Struct, frozen=True, kw_only=True):
    """The lines of platforms of which the same is to say."""

    platform: str  #: as people read it, ``linux x86_64, linux aarch64``
    lines: tuple[ToldLine, ...]


class ToldVersion(Struct, frozen=True, kw_only=True):
    """One version."""

    version: str
    is_current: bool  #: some interpreter's newest
    released: str | None  #: ISO 8601, UTC
    requires_python: str | None
    platforms: tuple[ToldPlatform, ...]


class Told(Struct, frozen=True, kw_only=True):
    """Everything there is to say of a package, newest version first."""

    package: str
    versions: tuple[ToldVersion, ...]


def told(connection: Connection, now: float, name: str) -> Told | None:
    """Return why each build of a package (its normalised name) is as it is, or None where nobody ever asked for it."""
    rows = connection.execute(select(builds).where(builds.c.package == name)).all()
    if not rows:
        return None
    lines = explained_rows(rows)
    current = {version.version for version in explain.explain(name, lines, now).versions}
    whole: Explanation = explain.explain(rows[-1].display, lines, now, all_versions=True)
    return Told(
        package=whole.package,
        versions=tuple(_version(one, rows, is_current=one.version in current) for one in whole.versions),
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
                platform=", ".join(group.platforms),
                lines=tuple(_line(line) for line in group.lines),
            )
            for group in version.groups
        ),
    )


def _line(line: explain.Line) -> ToldLine:
    return ToldLine(state=line.state, abis=line.abis, text=line.sentence)
