"""The pages' routes: each address, what answers it, and its twin in JSON.

The hub puts these beside the index and the API; `errors.handlers` makes pages of what goes wrong in any of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from buildyard.farm.index.negotiate import takes_gzip
from buildyard.farm.problems import Problem
from buildyard.farm.web import (
    ask,
    build_list,
    build_page,
    builders,
    errors,
    event_list,
    live,
    overview,
    packages,
    project,
)
from buildyard.farm.web.env import assets
from buildyard.farm.web.respond import SAFE_HEADERS
from buildyard.farm.web.rooms import WebRooms

__all__ = ["WebRooms", "exception_handlers", "routes"]

View = Callable[[WebRooms, Request], Awaitable[Response]]

exception_handlers = errors.handlers


def routes(rooms: WebRooms) -> list[BaseRoute]:
    """Return every route of the pages."""
    reads: list[tuple[str, View]] = [
        ("/", overview.overview),
        ("/index.json", overview.overview),
        ("/packages", packages.packages),
        ("/packages.json", packages.packages),
        ("/project/{name}", project.project),
        ("/project/{name}/", project.project),
        ("/project/{name}/json", project.project),
        ("/builds", build_list.build_list),
        ("/builds.json", build_list.build_list),
        ("/builds/{number:int}", build_page.page),
        ("/builds/{number:int}.json", build_page.page),
        ("/builds/{number:int}/log", build_page.raw_log),
        ("/builders", builders.builders),
        ("/builders.json", builders.builders),
        ("/builders/{name}", _builder),
        ("/events", event_list.event_list),
        ("/events.json", event_list.event_list),
        ("/events/stream", live.stream),
        ("/request", ask.form),
        ("/request.json", ask.form),
        ("/static/{name}", _static),
        ("/favicon.ico", _icon),
    ]
    actions: list[tuple[str, View]] = [("/request", ask.ask), ("/builds/{number:int}/retry", build_page.retry)]
    return [
        *(Route(path, partial(view, rooms), methods=["GET"]) for path, view in reads),
        *(Route(path, partial(view, rooms), methods=["POST"]) for path, view in actions),
    ]


async def _static(rooms: WebRooms, request: Request) -> Response:
    """Answer with a static file, which never changes under its hashed name."""
    for asset in assets().values():
        if asset.name == request.path_params["name"]:
            break
    else:
        raise Problem(404, "unknown_file", "There is no such file.")
    headers = {**SAFE_HEADERS, "cache-control": "max-age=31536000, immutable", "vary": "Accept-Encoding"}
    if not takes_gzip(request.headers.get("accept-encoding")):
        return Response(asset.body, media_type=asset.media_type, headers=headers)
    headers["content-encoding"] = "gzip"
    return Response(asset.packed, media_type=asset.media_type, headers=headers)


async def _icon(rooms: WebRooms, request: Request) -> Response:
    return RedirectResponse(f"/static/{assets()['icon.svg'].name}", status_code=301)


async def _builder(rooms: WebRooms, request: Request) -> Response:
    """Lead to a builder's row until builders have pages of their own."""
    return RedirectResponse(f"/builders#{request.path_params['name']}", status_code=302)
