"""The farm's own HTTP API, ``/api/farm/v1``: ask for wheels, see how they come along, follow events and logs.

Everything here reads through `builds` and answers JSON in the words of the pages and the terminal.  What builders say
to the hub is next door (`tasks.extension`, in Taskcluster's shapes).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec
from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from buildyard.farm.abi import Abi
from buildyard.farm.builds import views
from buildyard.farm.builds.explained import told
from buildyard.farm.builds.service import BuildService
from buildyard.farm.builds.status import status as farm_status
from buildyard.farm.events.broker import ALL, Broker
from buildyard.farm.problems import Problem
from buildyard.farm.store.base import Store
from buildyard.farm.tasks.logs import LogStore
from buildyard.taskcluster._hawk import payload_hash

PREFIX = "/api/farm/v1"

#: The longest a reader may wait for events in one request.
_LONGEST_WAIT_S = 30.0
_LONGEST_BINDING = 255  # AMQP's bound on routing keys
_MAX_REQUIREMENTS = 1000
_MAX_BODY = 1_000_000


class Ask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /requests``."""

    requirements: list[str]
    abis: list[str] = []
    deps: bool = True
    again: bool = False  #: build again what failed


@dataclass(frozen=True)
class ApiRooms:
    """What the API reads and calls."""

    store: Store
    builds: BuildService
    broker: Broker
    logs: LogStore
    version: str
    state_id: str
    follow: Callable[[str, int, int], AsyncIterator[bytes]]  #: a run's log from an offset on, until it is resolved
    disk: Callable[[], tuple[int, int]]  #: free and total bytes where the files lie
    disk_floor: int  #: building pauses below so many free bytes
    clock: Callable[[], float] = time.time
    started: float = field(default_factory=time.time)


def routes(rooms: ApiRooms) -> list[BaseRoute]:
    """Return the API's routes."""
    table: list[tuple[str, str, Callable[[ApiRooms, Request], Awaitable[Response]]]] = [
        ("GET", "/ping", _ping),
        ("POST", "/requests", _ask),
        ("GET", "/requests/{number:int}", _request),
        ("GET", "/status", _status),
        ("GET", "/packages/{name}/explain", _explain),
        ("GET", "/builds/{number:int}", _build),
        ("POST", "/builds/{number:int}/retry", _retry),
        ("GET", "/builds/{number:int}/log", _log),
        ("GET", "/events", _events),
        ("GET", "/builders", _builders),
    ]
    return [Route(PREFIX + path, partial(endpoint, rooms), methods=[method]) for method, path, endpoint in table]


async def _ping(rooms: ApiRooms, request: Request) -> Response:
    uptime = rooms.clock() - rooms.started
    return _json({"alive": True, "version": rooms.version, "state_id": rooms.state_id, "uptime_s": uptime})


async def _ask(rooms: ApiRooms, request: Request) -> Response:
    _require(request, "farm:request")
    asked = await _ask_body(request)
    asked_by = str(request.state.client_id).removeprefix("local/")
    number = await rooms.builds.ask(
        asked.requirements, asked.abis, deps=asked.deps, asked_by=asked_by, again=asked.again
    )
    return _json({"id": number, "state": "asked"}, status=201, headers={"location": f"{PREFIX}/requests/{number}"})


async def _ask_body(request: Request) -> Ask:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Problem(415, "not_json", "a request is JSON", next="send it with Content-Type: application/json")
    body = await _bounded_body(request)
    try:
        asked = msgspec.json.decode(body, type=Ask)
    except msgspec.DecodeError as error:
        raise Problem(400, "bad_request", "this is not a request", detail=str(error)) from error
    if not 1 <= len(asked.requirements) <= _MAX_REQUIREMENTS:
        raise Problem(400, "bad_request", f"a request names 1 to {_MAX_REQUIREMENTS} packages")
    for text in asked.requirements:
        _check_requirement(text)
    for abi in asked.abis:
        _check_abi(abi)
    return asked


async def _bounded_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise Problem(413, "too_large", f"a request has at most {_MAX_BODY:,} bytes")
    told = request.state.caller.payload_hash
    if told is not None and told != payload_hash(request.headers.get("content-type", ""), bytes(body)):
        raise Problem(401, "bad_hash", "the body is not the one that was signed")
    return bytes(body)


def _require(request: Request, scope: str) -> None:
    if not request.state.caller.scopes.covers(scope):
        raise Problem(403, "insufficient_scopes", f"this needs the scope {scope}", facts={"missing": scope})


def _check_requirement(text: str) -> None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise Problem(
            400,
            "bad_requirement",
            f'"{text}" is not a requirement',
            detail=str(error).splitlines()[0],
            next="write it as in: wrapt<2",
        ) from error
    if requirement.url is not None:
        raise Problem(400, "bad_requirement", f'"{text}" names an address; the farm builds what its index has')


def _check_abi(text: str) -> None:
    try:
        Abi.parse(text)
    except ValueError as error:
        raise Problem(400, "bad_abi", str(error)) from error


async def _request(rooms: ApiRooms, request: Request) -> Response:
    number = request.path_params["number"]
    found = await rooms.store.read(lambda connection: views.request(connection, rooms.clock(), number))
    if found is None:
        raise Problem(404, "unknown_request", f"there is no request {number}")
    return _json(found)


async def _status(rooms: ApiRooms, request: Request) -> Response:
    now, disk = rooms.clock(), rooms.disk()
    return _json(
        await rooms.store.read(lambda connection: farm_status(connection, now, disk=disk, disk_floor=rooms.disk_floor))
    )


async def _explain(rooms: ApiRooms, request: Request) -> Response:
    name = views.normalised(request.path_params["name"])
    found = await rooms.store.read(lambda connection: told(connection, rooms.clock(), name))
    if found is None:
        raise Problem(404, "unknown_package", f'nobody has asked for "{name}" here', next=f"buildyard request {name}")
    if found.refused and not found.versions:
        newest = found.refused[0]
        raise Problem(404, newest.code, newest.reason, facts={"request": newest.request})
    return _json(found)


async def _build(rooms: ApiRooms, request: Request) -> Response:
    return _json(await _known_build(rooms, request))


async def _known_build(rooms: ApiRooms, request: Request) -> views.BuildView:
    number = request.path_params["number"]
    found = await rooms.store.read(lambda connection: views.build(connection, rooms.clock(), number))
    if found is None:
        raise Problem(404, "unknown_build", f"there is no build {number}", next="buildyard status")
    return found


async def _retry(rooms: ApiRooms, request: Request) -> Response:
    _require(request, "farm:retry")
    build = await _known_build(rooms, request)
    await rooms.builds.retry(build.id)
    return _json(await _known_build(rooms, request))


async def _log(rooms: ApiRooms, request: Request) -> Response:
    build = await _known_build(rooms, request)
    if build.task_id is None or build.run_id is None:
        return Response(b"", media_type="text/plain")
    if request.query_params.get("follow"):
        start = _number(request, "start")
        return StreamingResponse(rooms.follow(build.task_id, build.run_id, start), media_type="text/plain")
    path = rooms.logs.path(build.task_id, build.run_id)
    if build.state == "building" or not path.exists():
        # A file that grows while it is sent would have more bytes than were announced.
        text = await asyncio.to_thread(rooms.logs.read, build.task_id, build.run_id)
        return Response(text, media_type="text/plain; charset=utf-8", headers={"cache-control": "no-store"})
    return FileResponse(path, media_type="text/plain; charset=utf-8", headers={"cache-control": "no-store"})


async def _events(rooms: ApiRooms, request: Request) -> Response:
    binding = request.query_params.get("topic", ALL)
    if len(binding) > _LONGEST_BINDING:
        raise Problem(400, "bad_query", f"a topic's binding has at most {_LONGEST_BINDING} characters")
    piece = await rooms.broker.read(
        _number(request, "after"),
        binding=binding,
        limit=min(_number(request, "limit") or 500, 1000),
        wait_s=min(float(_number(request, "wait")), _LONGEST_WAIT_S),
    )
    return _json({"events": [views.event(one) for one in piece.events], "last": piece.last})


async def _builders(rooms: ApiRooms, request: Request) -> Response:
    return _json({"builders": await rooms.store.read(lambda connection: views.builders(connection, rooms.clock()))})


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not text.isdecimal() or len(text) > 18:
        raise Problem(400, "bad_query", f"{name}={text} is not a number")
    return int(text)


def _json(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = msgspec.json.encode(value)
    return Response(
        body, status_code=status, media_type="application/json", headers={"cache-control": "no-store"} | (headers or {})
    )
