"""A package's page: what can I install, and why not the rest.

A matrix of versions by Python and platform, the reasons for each cell that is not built, and the line that installs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Row, func, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from buildyard.farm.abi import sorted_abis
from buildyard.farm.builds.explain import Line, PlatformLines, explain
from buildyard.farm.builds.explained import explained_rows, refused
from buildyard.farm.builds.words import LOOKS, listed, platform_words, stopped
from buildyard.farm.problems import Problem
from buildyard.farm.store.tables import builds, files
from buildyard.farm.web.packages import by_pep_440
from buildyard.farm.web.respond import answer
from buildyard.farm.web.rooms import WebRooms

#: Versions shown before "older versions", and on one page of all of them.
SHOWN, ALL = 6, 100
_FILES = 20
_LIKELY = 5

#: So many names are looked through for what may have been meant.
_NAMES = 20_000

#: States that need no explanation.
_PLAIN = frozenset({"built", "building"})


class Cell(Struct, frozen=True, kw_only=True):
    """One build, as a cell of the matrix."""

    build: int
    state: str
    why: str  #: the reason's anchor, '' where none is needed


class Column(Struct, frozen=True, kw_only=True):
    """One Python on one platform."""

    platform: str
    abi: str


class VersionRow(Struct, frozen=True, kw_only=True):
    """One version."""

    version: str
    released: float | None
    yanked: str | None
    cells: list[Cell | None]


class Why(Struct, frozen=True, kw_only=True):
    """One line of the explanation, with the builds it is about."""

    anchor: str
    state: str
    what: str  #: ``2.2.1 cp312 and cp313 linux riscv64``
    text: str
    next: str
    builds: list[int]
    log_line: int | None


class File(Struct, frozen=True, kw_only=True):
    """A wheel of the package."""

    filename: str
    size: int
    sha256: str
    uploaded: float
    build: int


class Project(Struct, frozen=True, kw_only=True):
    """All of the page."""

    name: str
    display: str
    summary: str
    columns: list[Column]
    versions: list[VersionRow]
    older: int
    reasons: list[Why]
    files: list[File]
    files_total: int
    under_way: int

    @property
    def platforms(self) -> list[tuple[str, int]]:
        """Each platform with how many columns it has."""
        return [(name, sum(one.platform == name for one in self.columns)) for name in _in_order(self.columns)]

    @property
    def states(self) -> list[str]:
        """The states that the matrix shows, in the order of their words' table."""
        shown = {cell.state if cell else "not_wanted" for version in self.versions for cell in version.cells}
        return [state for state in LOOKS if state in shown]


async def project(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /project/<name>/``."""
    asked: str = request.path_params["name"]
    name = canonicalize_name(asked)
    if asked != name or not request.url.path.endswith(("/", "/json")):
        return RedirectResponse(f"/project/{name}/", status_code=301)
    limit = ALL if request.query_params.get("versions") == "all" else SHOWN
    platform = request.query_params.get("platform", "").replace("-", "_")
    found = await rooms.store.read(lambda connection: read(connection, rooms.clock(), name, limit, platform))
    if found is None:
        raise await rooms.store.read(lambda connection: unknown(connection, name))
    context = {"project": found, "platform": platform, "refresh": 30 if found.under_way else None}
    return answer(rooms, request, "project.html", context, twin=found, title=found.display)


def read(connection: Connection, now: float, name: str, limit: int, platform: str = "") -> Project | None:
    """Return the package's page, None where nobody has ever asked for it."""
    rows = connection.execute(select(builds).where(builds.c.package == name)).all()
    if not rows:
        return None
    versions = sorted({row.version for row in rows}, key=by_pep_440, reverse=True)
    shown = [row for row in rows if row.version in versions[:limit] and platform in ("", row.platform)]
    reasons = _reasons(name, shown, now)
    columns = _columns(shown)
    yanked = _yanked(connection, name)
    return Project(
        name=name,
        display=rows[-1].display,
        summary=_summary(connection, name),
        columns=columns,
        versions=[_version(version, shown, columns, reasons, yanked.get(version)) for version in versions[:limit]],
        older=max(len(versions) - limit, 0),
        reasons=reasons,
        files=_files(connection, name),
        files_total=connection.execute(select(func.count()).where(files.c.package == name)).scalar_one(),
        under_way=sum(row.state in ("queued", "building", "will_retry") for row in rows),
    )


def unknown(connection: Connection, name: str) -> Problem:
    """Return what to say of a package without builds: why a request for it failed, or what may have been meant."""
    known = list(connection.scalars(select(builds.c.package).distinct().limit(_NAMES)))
    facts = {"likely": difflib.get_close_matches(name, known, n=_LIKELY, cutoff=0.7), "name": name}
    refusals = refused(connection, name)
    if refusals:
        why = refusals[0].reason
        return Problem(404, refusals[0].code, f"“{name}” could not be planned.", detail=stopped(why), facts=facts)
    detail = "Nobody has asked for it here. Names are compared without case, and with -, _ and . as one."
    return Problem(404, "unknown_package", f"This farm has no package “{name}”.", detail=detail, facts=facts)


def _columns(rows: Iterable[Row[Any]]) -> list[Column]:
    """Return the Pythons that were ever wanted, by platform, in numeric order."""
    wanted = {(row.platform, row.abi) for row in rows}
    platforms = sorted({platform for platform, _ in wanted}, key=lambda one: (one != "linux_x86_64", one))
    return [
        Column(platform=platform, abi=abi)
        for platform in platforms
        for abi in sorted_abis(abi for where, abi in wanted if where == platform)
    ]


def _in_order(columns: Iterable[Column]) -> list[str]:
    return list(dict.fromkeys(column.platform for column in columns))


def _version(
    version: str, rows: Sequence[Row[Any]], columns: Sequence[Column], reasons: Sequence[Why], yanked: str | None
) -> VersionRow:
    own = {(row.platform, row.abi): row for row in rows if row.version == version}
    anchors = {build: reason.anchor for reason in reasons for build in reason.builds}
    cells = [own.get((column.platform, column.abi)) for column in columns]
    epochs = [row.source_date_epoch for row in own.values() if row.source_date_epoch]
    return VersionRow(
        version=version,
        released=float(max(epochs)) if epochs else None,
        yanked=yanked,
        cells=[None if row is None else _cell(row, anchors) for row in cells],
    )


def _yanked(connection: Connection, name: str) -> dict[str, str]:
    """Return the versions of which every file is yanked, each with a reason."""
    rows = connection.execute(select(files.c.version, files.c.yanked).where(files.c.package == name)).all()
    kept = {row.version for row in rows if row.yanked is None}
    return {row.version: row.yanked for row in rows if row.version not in kept}


def _cell(row: Row[Any], anchors: dict[int, str]) -> Cell:
    return Cell(build=row.id, state=row.state, why=anchors.get(row.id, ""))


def _reasons(name: str, rows: Sequence[Row[Any]], now: float) -> list[Why]:
    """Return why what is not built is not, in the words and the order of ``buildyard explain``."""
    # Without the builds' numbers, which would tell apart what has one cause: the page links to the logs instead.
    explained = [msgspec.structs.replace(row, id=None) for row in explained_rows(rows)]
    told = explain(name, explained, now, all_versions=True)
    return [
        _why(version.version, group, line, rows)
        for version in told.versions
        for group in version.groups
        for line in group.lines
        if line.state not in _PLAIN and (line.sentence or line.state != "queued")
    ]


def _why(version: str, group: PlatformLines, line: Line, rows: Sequence[Row[Any]]) -> Why:
    own = [
        row
        for row in rows
        if (row.version, row.state) == (version, line.state)
        and row.abi in line.abis
        and row.platform in group.platforms
    ]
    return Why(
        anchor=f"why-{own[0].id}",
        state=line.state,
        what=f"{version} {listed(list(line.abis))} {listed([platform_words(one) for one in group.platforms])}",
        text=line.sentence,
        next=own[0].next,
        builds=[row.id for row in own],
        log_line=own[0].log_line,
    )


def _summary(connection: Connection, name: str) -> str:
    newest = select(files.c.metadata).where(files.c.package == name).order_by(files.c.uploaded.desc()).limit(1)
    metadata = connection.execute(newest).scalar() or ""
    for line in metadata.partition("\n\n")[0].splitlines():
        if line.lower().startswith("summary:"):
            return str(line.partition(":")[2].strip())
    return ""


def _files(connection: Connection, name: str) -> list[File]:
    query = select(files).where(files.c.package == name, files.c.published.is_not(None))
    rows = connection.execute(query.order_by(files.c.uploaded.desc(), files.c.filename).limit(_FILES)).all()
    return [
        File(filename=row.filename, size=row.size, sha256=row.sha256, uploaded=row.uploaded, build=row.build_id)
        for row in rows
    ]
