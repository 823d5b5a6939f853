"""Builders: who works, on what, and what is amiss with whom.

``/builders`` has one row a builder; its parts are live.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from buildyard.farm.builds import views
from buildyard.farm.builds.status import Status, status
from buildyard.farm.builds.words import plural
from buildyard.farm.web.env import environment
from buildyard.farm.web.respond import answer, surroundings
from buildyard.farm.web.rooms import WebRooms
from buildyard.farm.web.tracks import track


class Found(Struct, frozen=True, kw_only=True):
    """What the page shows."""

    status: Status
    builders: list[views.BuilderView]


async def builders(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /builders``."""
    found = await _read(rooms)
    context = _context(found) | {"live": "builders", "refresh": 30}
    return answer(
        rooms, request, "builders.html", context, twin={"builders": found.builders}, title=headline(found.builders)
    )


async def parts(rooms: WebRooms, request: Request) -> dict[str, str]:
    """Return the page's live fragment."""
    found = await _read(rooms)
    context = surroundings(rooms, request) | _context(found)
    rows = environment().get_template("parts/builder_rows.html").render(context)
    return {"builder_rows": rows, "title": headline(found.builders)}


def headline(found: list[views.BuilderView]) -> str:
    """Return how many work, and how busy they are, as a sentence."""
    there = [one for one in found if one.state != "gone"]
    working = [one for one in there if one.state == "working"]
    if not there:
        return "No builder is there"
    slots, busy = sum(one.slots for one in working), sum(one.busy for one in working)
    if len(working) == len(there):
        return f"{plural(len(there), 'builder')} working, {busy} of {plural(slots, 'slot')} busy"
    return f"{len(working)} of {plural(len(there), 'builder')} working, {busy} of {plural(slots, 'slot')} busy"


async def _read(rooms: WebRooms) -> Found:
    now = rooms.clock()

    def body(connection: Connection) -> Found:
        return Found(status=status(connection, now), builders=views.builders(connection, now))

    return await rooms.store.read(body)


def _context(found: Found) -> dict[str, Any]:
    tracks = [(build, track(build)) for build in found.status.building]
    return {
        "builders": [
            (builder, [pair for pair in tracks if pair[0].builder == builder.name]) for builder in found.builders
        ],
        "headline": headline(found.builders),
    }
