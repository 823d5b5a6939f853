"""Packages: all of them, or those whose name holds what is looked for.

``/packages?q=&after=``, in the order of their names, a page at a time; one that matches alone leads to its own page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from sqlalchemy import ColumnElement, Connection, Row, case, func, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from buildyard.farm.builds.words import plural
from buildyard.farm.store.tables import builds
from buildyard.farm.web.respond import answer, wants_json
from buildyard.farm.web.rooms import WebRooms

PAGE = 100


class PackageLine(Struct, frozen=True, kw_only=True):
    """One package in one line."""

    name: str  #: normalised
    display: str  #: as upstream spells it
    version: str  #: the newest that was ever wanted
    states: dict[str, int]  #: its builds of that version by state
    versions: int


class Found(Struct, frozen=True, kw_only=True):
    """A page of packages."""

    query: str
    total: int
    packages: list[PackageLine]
    after: str | None  #: of the next page


async def packages(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /packages``."""
    asked, after = request.query_params.get("q", "").strip()[:100], request.query_params.get("after", "")
    found = await rooms.store.read(lambda connection: read(connection, asked, after))
    if asked and not after and len(found.packages) == 1 and not wants_json(request):
        return RedirectResponse(f"/project/{found.packages[0].name}/", status_code=303)
    title = headline(found)
    return answer(rooms, request, "packages.html", {"found": found, "query": asked}, twin=found, title=title)


def read(connection: Connection, asked: str, after: str) -> Found:
    """Return the packages whose name holds ``asked``: that name itself first, then what begins with it, then the rest.

    Without ``asked`` all of them, a page from ``after`` on.
    """
    wanted = canonicalize_name(asked)
    matching = builds.c.package.contains(wanted, autoescape=True)
    total = connection.execute(select(func.count(builds.c.package.distinct())).where(matching)).scalar_one()
    query = select(builds.c.package).where(matching, builds.c.package > after).group_by(builds.c.package)
    names = [row.package for row in connection.execute(query.order_by(*_order(wanted)).limit(PAGE + 1))]
    rows = connection.execute(
        select(builds.c.package, builds.c.display, builds.c.version, builds.c.state, func.count().label("number"))
        .where(builds.c.package.in_(names[:PAGE]))
        .group_by(builds.c.package, builds.c.display, builds.c.version, builds.c.state)
    ).all()
    return Found(
        query=asked,
        total=total,
        packages=[_line(name, [row for row in rows if row.package == name]) for name in names[:PAGE]],
        after=names[PAGE - 1] if len(names) > PAGE and not wanted else None,
    )


def headline(found: Found) -> str:
    """Return what was found, as a sentence."""
    if not found.query:
        return plural(found.total, "package") if found.total else "No packages yet"
    if not found.total:
        return f"No package matches “{found.query}”"
    verb = "matches" if found.total == 1 else "match"
    return f"{plural(found.total, 'package')} {verb} “{found.query}”"


def _order(wanted: str) -> list[ColumnElement[Any]]:
    begins = builds.c.package.startswith(wanted, autoescape=True)
    rank = case((builds.c.package == wanted, 0), (begins, 1), else_=2)
    return [rank, builds.c.package.expression] if wanted else [builds.c.package.expression]


def _line(name: str, rows: Iterable[Row[Any]]) -> PackageLine:
    by_version: dict[str, dict[str, int]] = {}
    display = name
    for row in rows:
        by_version.setdefault(row.version, {})[row.state] = row.number
        display = row.display
    newest = max(by_version, key=by_pep_440)
    return PackageLine(name=name, display=display, version=newest, states=by_version[newest], versions=len(by_version))


def by_pep_440(text: str) -> tuple[bool, Version]:
    """Sort versions as PEP 440 does, and what is none of them before."""
    try:
        return True, Version(text)
    except InvalidVersion:
        return False, Version("0")
