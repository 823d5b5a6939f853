"""Every Taskcluster service of the hub: its routes, its monitoring, its references; and a clear 404 for all others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from buildyard.farm.sealing import Sealing
from buildyard.farm.services import auth_http, index_http, judging_http, secrets_http
from buildyard.farm.services.references import References
from buildyard.farm.tasks import http as tasks_http
from buildyard.farm.tasks.answers import json_response
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.tasks.wire import Operation, service_routes

_VERBS: Final = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


def services(sealing: Sealing) -> Mapping[str, tuple[Operation, ...]]:
    """Return the operations of each service, by its name."""
    own = {
        "auth": (*auth_http.OPERATIONS, *judging_http.OPERATIONS),
        "index": index_http.OPERATIONS,
        "secrets": secrets_http.operations(sealing),
    }
    found = own | dict(tasks_http.SERVICES)
    return {name: (*tasks_http.MONITORING, *operations) for name, operations in sorted(found.items())}


def routes(rooms: TaskRooms, sealing: Sealing) -> list[BaseRoute]:
    """Return the routes of all services, of the farm's own ones for builders, and of the references."""
    found = services(sealing)
    return [
        *(service_routes(rooms, f"/api/{name}/v1", operations) for name, operations in found.items()),
        service_routes(rooms, tasks_http.FARM, tasks_http.OWN),
        *References(found).routes(),
        Route("/api/{service}/{rest:path}", _nothing_here(tuple(found)), methods=_VERBS),
    ]


def _nothing_here(names: tuple[str, ...]) -> Callable[[Request], Awaitable[Response]]:
    async def nothing_here(request: Request) -> Response:
        service = request.path_params["service"]
        if service == "farm":  # whose errors have a form of their own
            raise HTTPException(404)
        if service in names:
            message = f"no function of this hub's `{service}`: /references/{service}/v1/api.json lists those it has"
        else:
            message = f"this hub has no service `{service}`: /references/manifest.json lists those it has"
        # Taskcluster answers an unknown path or verb in another form than everything else.
        return json_response({"error": "Not found", "message": message}, 404)

    return nothing_here
