"""The list of builds: every filter lives in the address, so that each view can be linked.

``/builds?state=&package=&pool=&class=&request=&before=``, newest first, a page at a time.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name
from sqlalchemy import ColumnElement, Connection, Row, func, select
from starlette.requests import Request
from starlette.responses import Response

from buildyard.farm.builds.states import State
from buildyard.farm.builds.words import kind_words, platform_words, plural, sentence
from buildyard.farm.problems import Problem
from buildyard.farm.store.tables import builds, request_builds, requests
from buildyard.farm.web.env import environment
from buildyard.farm.web.respond import answer, surroundings
from buildyard.farm.web.rooms import WebRooms

PAGE = 50

#: The filters in the order in which the page offers them.
STATES = tuple(State)


class Filters(Struct, frozen=True, kw_only=True):
    """What of the builds is listed."""

    state: str = ""
    package: str = ""
    pool: str = ""  #: a platform, ``linux_x86_64`` or ``linux-x86_64``
    kind: str = ""  #: a failure's class
    request: int | None = None
    before: int | None = None

    def query(self, **other: object) -> str:
        """Return the address's query with these filters and some of them changed."""
        told = {
            "state": self.state,
            "package": self.package,
            "pool": self.pool,
            "class": self.kind,
            "request": self.request,
            "before": None,
        } | other
        return urlencode({key: value for key, value in told.items() if value})


class BuildLine(Struct, frozen=True, kw_only=True):
    """One build in one line."""

    id: int
    package: str
    version: str
    abi: str
    platform: str
    state: str
    kind: str = msgspec.field(name="class")
    reason: str
    elapsed_s: float | None
    builder: str
    at: float  #: when it ended, began or was asked for, the last of these


class Asked(Struct, frozen=True, kw_only=True):
    """The request whose builds are listed."""

    id: int
    state: str
    reason: str
    requirements: list[str]
    asked_by: str
    at: float
    next: str


class Listed(Struct, frozen=True, kw_only=True):
    """A page of the list."""

    builds: list[BuildLine]
    counts: dict[str, int]  #: by state, of all that the other filters leave
    older: int | None  #: `before` of the next page
    asked: Asked | None


async def build_list(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /builds``."""
    filters = filters_of(request)
    found = await rooms.store.read(lambda connection: read(connection, filters))
    if filters.request is not None and found.asked is None:
        raise Problem(404, "unknown_request", f"There is no request {filters.request}.", next="see /builds")
    is_live = filters.before is None
    context = _context(filters, found) | {"live": "builds" if is_live else None, "refresh": 30 if is_live else None}
    return answer(rooms, request, "builds.html", context, twin=found, title=headline(filters, found))


async def parts(rooms: WebRooms, request: Request) -> dict[str, str]:
    """Return the page's live fragment; the filters are those of the stream's address."""
    filters = filters_of(request)
    found = await rooms.store.read(lambda connection: read(connection, filters))
    context = surroundings(rooms, request) | _context(filters, found)
    title = headline(filters, found)
    return {"build_rows": environment().get_template("parts/build_rows.html").render(context), "title": title}


def _context(filters: Filters, found: Listed) -> dict[str, Any]:
    return {"filters": filters, "listed": found, "states": STATES, "headline": headline(filters, found)}


def filters_of(request: Request) -> Filters:
    """Return the filters of an address.  Raises `Problem` (400) for what is none."""
    asked = request.query_params
    state = asked.get("state", "")
    if state and state not in STATES:
        raise Problem(400, "bad_query", f"No build is {state!r}.", next=f"state is one of {', '.join(STATES)}")
    return Filters(
        state=state,
        package=canonicalize_name(asked.get("package", "")),
        pool=asked.get("pool", "").replace("-", "_"),
        kind=asked.get("class", ""),
        request=_number(request, "request"),
        before=_number(request, "before"),
    )


def read(connection: Connection, filters: Filters) -> Listed:
    """Return the page of builds that these filters leave."""
    chosen = _chosen(filters)
    counted = select(builds.c.state, func.count()).where(*chosen).group_by(builds.c.state)
    counts = {row[0]: row[1] for row in connection.execute(counted)}
    shown = [*chosen]
    if filters.state:
        shown.append(builds.c.state == filters.state)
    if filters.before is not None:
        shown.append(builds.c.id < filters.before)
    rows = connection.execute(select(builds).where(*shown).order_by(builds.c.id.desc()).limit(PAGE + 1)).all()
    return Listed(
        builds=[_line(row) for row in rows[:PAGE]],
        counts=counts,
        older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        asked=None if filters.request is None else _asked(connection, filters.request),
    )


def headline(filters: Filters, found: Listed) -> str:
    """Return what the list holds, as a sentence."""
    number = found.counts.get(filters.state, 0) if filters.state else sum(found.counts.values())
    what = plural(number, "build")
    state = filters.state.replace("_", " ")
    told = [what if not state else f"{what} {state}"]
    if filters.package:
        told.append(f"of {filters.package}")
    if filters.pool:
        told.append(f"in pool {platform_words(filters.pool)}")
    if filters.kind:
        told.append(f"with {kind_words(filters.kind)}")
    if found.asked is not None:
        return f"Request {found.asked.id}{_came_to(found.asked, ' '.join(told))}"
    return sentence(" ".join(told)) if number else f"No {' '.join(told).removeprefix('0 ')}"


def _came_to(asked: Asked, builds_told: str) -> str:
    words = {"asked": " is being planned", "failed": " could not be planned"}
    return words.get(asked.state, f": {builds_told}")


def _chosen(filters: Filters) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if filters.package:
        chosen.append(builds.c.package == filters.package)
    if filters.pool:
        chosen.append(builds.c.platform == filters.pool)
    if filters.kind:
        chosen.append(builds.c.kind == filters.kind)
    if filters.request is not None:
        of_request = select(request_builds.c.build_id).where(request_builds.c.request_id == filters.request)
        chosen.append(builds.c.id.in_(of_request))
    return chosen


def _line(row: Row[Any]) -> BuildLine:
    ended = row.state in ("built", "failed", "will_retry") and row.finished and row.started
    return BuildLine(
        id=row.id,
        package=row.display,
        version=row.version,
        abi=row.abi,
        platform=row.platform,
        state=row.state,
        kind=row.kind,
        reason=row.reason,
        elapsed_s=row.finished - row.started if ended else None,
        builder=row.builder,
        at=row.finished or row.started or row.created,
    )


def _asked(connection: Connection, number: int) -> Asked | None:
    row = connection.execute(select(requests).where(requests.c.id == number)).first()
    if row is None:
        return None
    facts = msgspec.json.decode(row.detail, type=dict[str, Any])
    return Asked(
        id=row.id,
        state=row.state,
        reason=row.reason,
        requirements=msgspec.json.decode(row.requirements),
        asked_by=row.asked_by,
        at=row.created,
        next=str(facts.get("next", "")),
    )


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise Problem(400, "bad_query", f"{name} is a number, {text[:40]!r} is none.")
    return int(text)
