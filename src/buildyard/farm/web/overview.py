"""The overview: is all well, what runs, what waits, what needs somebody.

On a farm where nobody has asked for anything yet it is the first-run page instead: three steps, each one line to paste.
Its parts are live; `parts` renders them for the event stream with the templates of the page itself.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, func, select
from starlette.requests import Request
from starlette.responses import Response

from buildyard.farm.builds import views
from buildyard.farm.builds.headline import silent_phrase
from buildyard.farm.builds.status import Status, status
from buildyard.farm.store.tables import builds, files, request_builds
from buildyard.farm.web.charts import chart
from buildyard.farm.web.env import environment
from buildyard.farm.web.feed import EventLine, latest
from buildyard.farm.web.respond import answer, surroundings
from buildyard.farm.web.rooms import WebRooms
from buildyard.farm.web.tracks import track

#: Rows of a list before "18 more".
SHOWN = 12
_LATEST = 8
_INSTALL = 4

#: The fragments that follow events, each a template of its own.
PARTS = ("headline", "building", "chart", "needs", "queue", "builders", "disk", "latest")
FIRST_PARTS = ("first_head", "can_build", "latest")


class Overview(Struct, frozen=True, kw_only=True):
    """What the page shows, read in one snapshot."""

    status: Status
    latest: list[EventLine]
    install: list[str]  #: packages that the install line names
    builders: list[views.BuilderView]


async def overview(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /``."""
    found = await _read(rooms)
    first_run = not found.status.asked_ever
    return answer(
        rooms,
        request,
        "first_run.html" if first_run else "overview.html",
        _context(found) | {"refresh": 30, "live": "first-run" if first_run else "overview"},
        twin=found.status,
        title=found.status.headline,
    )


async def parts(rooms: WebRooms, request: Request) -> dict[str, str]:
    """Return the page's live fragments by their id."""
    found = await _read(rooms)
    context = surroundings(rooms, request) | _context(found)
    rendered = {name: environment().get_template(f"parts/{name}.html").render(context) for name in PARTS}
    return rendered | {"title": found.status.headline}


async def first_parts(rooms: WebRooms, request: Request) -> dict[str, str]:
    """Return the first-run page's live fragments; once something was asked for, the word that it is over."""
    found = await _read(rooms)
    if found.status.asked_ever:
        return {"reload": "/"}
    context = surroundings(rooms, request) | _context(found)
    rendered = {name: environment().get_template(f"parts/{name}.html").render(context) for name in FIRST_PARTS}
    return rendered | {"title": found.status.headline}


async def _read(rooms: WebRooms) -> Overview:
    now, disk = rooms.clock(), rooms.disk()

    def body(connection: Connection) -> Overview:
        return Overview(
            status=status(connection, now, disk=disk, disk_floor=rooms.disk_floor),
            latest=latest(connection, limit=_LATEST),
            install=_installable(connection),
            builders=views.builders(connection, now),
        )

    return await rooms.store.read(body)


def _context(found: Overview) -> dict[str, Any]:
    return {
        "status": found.status,
        "phrase": silent_phrase(found.status),
        "tracks": [(build, track(build)) for build in found.status.building[:SHOWN]],
        "chart": chart(found.status.hours),
        "needs": found.status.needs_a_look[:SHOWN],
        "latest": found.latest,
        "install": found.install,
        "interpreters": [
            (builder, interpreter)
            for builder in found.builders
            if builder.state == "working"
            for interpreter in builder.interpreters
        ],
        "can_build": [builder for builder in found.builders if builder.state == "working"],
    }


def _installable(connection: Connection) -> list[str]:
    """Return the packages with wheels that somebody asked for by name, newest first."""
    query = (
        select(files.c.package)
        .join(builds, builds.c.id == files.c.build_id)
        .join(request_builds, (request_builds.c.build_id == builds.c.id) & request_builds.c.top_level)
        .where(files.c.published.is_not(None))
        .group_by(files.c.package)
        .order_by(func.max(files.c.uploaded).desc(), files.c.package)
        .limit(_INSTALL)
    )
    return sorted(connection.scalars(query))
