"""The HTTP layer that all of Taskcluster's services share: a call in, an answer or an error out.

`Operation` is one line of a service's reference; `endpoint` makes of it what Starlette serves, in the order that
Taskcluster checks things: body, path, query, signature, then the operation itself.  `http`,
`objects_http` and `extension` list their operations.  `answers` next door renders what comes of them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from buildyard.farm import taskindex
from buildyard.farm.tasks.answers import Failure, Style, json_response
from buildyard.farm.tasks.auth import Caller
from buildyard.farm.tasks.definition import PROVISIONER, TASK_QUEUE, WORKER_TYPE
from buildyard.farm.tasks.errors import (
    AuthenticationFailed,
    InputTooLarge,
    InputValidationError,
    InvalidArguments,
    MalformedPayload,
)
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.tasks.routing import RawRoute, ServiceRoutes
from buildyard.taskcluster._hawk import SignedRequest, client_address, payload_hash
from buildyard.taskcluster.scopes import ScopeSet
from buildyard.taskcluster.slugid import SLUG_PATTERN

T = TypeVar("T")

PATH: Final = rf"(?=.{{1,1024}}$){taskindex.PATH}"

#: What each parameter of a path must be.
PARAMETERS: Final = {
    "taskId": SLUG_PATTERN,
    "runId": r"[0-9]{1,3}",
    "taskGroupId": SLUG_PATTERN,
    "taskQueueId": TASK_QUEUE,
    "provisionerId": PROVISIONER,
    "workerType": WORKER_TYPE,
    "workerGroup": PROVISIONER,
    "workerId": PROVISIONER,
    "name": r"[\x20-\x7e]{1,1024}",
    "builder": PROVISIONER,
    "clientId": r"[A-Za-z0-9!@/:.+|_-]{1,1024}",
    "roleId": r"[\x20-\x7e]{1,1024}",
    "entityType": r"client|role|secret|hook|worker_pool",
    "entityId": r"[\x20-\x7e]{1,1024}",
    "namespace": PATH,
    "indexPath": PATH,
}
#: What each parameter of a query must be.
QUERY: Final = {
    "limit": r"[0-9]+",
    "continuationToken": r".+",
    "prefix": r"[A-Za-z0-9!@/:.+|_-]{1,1024}",
    "quarantined": r"true|false",
    "offset": r"[0-9]{1,15}",
    "at": r"[0-9]{1,9}(\.[0-9]{1,9})?",
    "uploadId": SLUG_PATTERN,
    "contentType": r"[ -~]{0,255}",
    "contentLength": r"[0-9]{1,15}",
    "expires": r"[0-9]{1,12}",
    "signature": r"[0-9a-f]{64}",
}


class Call(Struct, frozen=True, kw_only=True):
    """One request that was understood and whose sender is known."""

    rooms: TaskRooms
    request: Request
    params: Mapping[str, str]
    query: Mapping[str, str]
    payload: Any  #: the decoded JSON body, ``{}`` where there was none
    body: bytes  #: as it came, where the operation takes raw bytes
    caller: Caller

    @property
    def run_id(self) -> int:
        """The run named in the path."""
        return int(self.params["runId"])

    def decode(self, kind: type[T]) -> T:
        """Return the payload as this kind of value.  Raises `InputValidationError`, which names what does not fit."""
        try:
            return msgspec.convert(self.payload, kind)
        except msgspec.ValidationError as error:
            raise InputValidationError(f"the body does not fit this call: {error}") from error


Answer = Response | Mapping[str, Any] | None
Handler = Callable[[Call], Awaitable[Answer]]


class Operation(Struct, frozen=True):
    """One operation of a service, as its reference lists it."""

    name: str
    method: str
    route: str  #: below the service's prefix; ``{name:path}`` takes slashes too
    handler: Handler
    body: Literal["none", "json", "raw", "stream"] = "none"  #: ``stream``: the handler reads it, and checks its right
    query: frozenset[str] = frozenset()
    signed: bool = True  #: False: whoever comes may call it, and a signature is not looked at
    style: Style = "taskcluster"
    shows_payload: bool = True  #: False: no error's answer shows any of it, whatever was sent


def service_routes(rooms: TaskRooms, prefix: str, operations: Sequence[Operation]) -> ServiceRoutes:
    """Return the routes that serve these operations below the prefix."""
    return ServiceRoutes(prefix, [_route(rooms, prefix, operation) for operation in operations])


def _route(rooms: TaskRooms, prefix: str, operation: Operation) -> RawRoute:

    async def endpoint(request: Request) -> Response:
        failed = Failure(operation.name, operation.style, request, rooms)
        try:
            call = await _understood(rooms, operation, request, failed)
            return _rendered(await operation.handler(call))
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it
        except Exception as error:
            return failed.answer(error)

    return RawRoute(prefix + operation.route, endpoint, methods=[operation.method], name=operation.name)


def _rendered(answer: Answer) -> Response:
    if isinstance(answer, Response):
        return answer
    return Response(status_code=204) if answer is None else json_response(answer)


async def _understood(rooms: TaskRooms, operation: Operation, request: Request, failed: Failure) -> Call:
    body = await _read(rooms, operation, request)
    # Parsed before the signature is checked, as Taskcluster does, so that an error can show what it is about.
    payload = _parse(request, body) if operation.body == "json" else {}
    failed.payload = payload if operation.shows_payload else {}
    params = {name: str(value) for name, value in request.path_params.items()}
    _check_params(params)
    query = _checked_query(operation, request)
    caller = await _identify(rooms, operation, request, body)
    return Call(
        rooms=rooms, request=request, params=params, query=query, payload=payload, body=body or b"", caller=caller
    )


async def _read(rooms: TaskRooms, operation: Operation, request: Request) -> bytes | None:
    if operation.body == "stream":
        return None
    limit = rooms.settings.log_bytes if operation.body == "raw" else rooms.settings.json_bytes
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise InputTooLarge(limit)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise InputTooLarge(limit)
        parts.append(part)
    return b"".join(parts)


def _parse(request: Request, body: bytes | None) -> Any:
    if not body:
        return {}
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise MalformedPayload(
            f"Payload must be JSON with content-type: application/json got content-type: {kind or 'nothing'}"
        )
    try:
        payload = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise MalformedPayload(f"Failed to parse JSON: {error}") from error
    if not isinstance(payload, dict | list):
        raise MalformedPayload("Payload must be a JSON object or array")
    return payload


def _check_params(params: Mapping[str, str]) -> None:
    wrong = [
        f"URL parameter '{name}' given as '{value}' must match regular expression: '/^{PARAMETERS[name]}$/'"
        for name, value in params.items()
        if not re.fullmatch(PARAMETERS[name], value)
    ]
    if wrong:
        raise InvalidArguments("\n".join(["Invalid URL patterns:", *wrong]))


def _checked_query(operation: Operation, request: Request) -> dict[str, str]:
    found = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    found.pop("bewit", None)
    wrong = []
    for name, value in found.items():
        if name not in operation.query:
            wrong.append(f"Query-string parameter: {name} is not supported!")
        elif not re.fullmatch(QUERY[name], value):
            wrong.append(f'Query-string parameter: {name}="{value}" does not match expression: /^{QUERY[name]}$/')
    if wrong:
        raise InvalidArguments("\n".join(wrong))
    return found


async def _identify(rooms: TaskRooms, operation: Operation, request: Request, body: bytes | None) -> Caller:
    if not operation.signed:
        return Caller(client_id=None, scopes=ScopeSet(()))
    signed = signed_request(rooms, request, body if operation.body != "raw" else None)
    caller = await rooms.auth.identify(signed)
    # Taskcluster hashes JSON bodies alone; ours are checked whatever they are.
    if operation.body == "raw" and caller.payload_hash not in (None, payload_hash(signed.content_type, body or b"")):
        raise AuthenticationFailed("Invalid payload hash: something changed the body on its way")
    return caller


def signed_request(rooms: TaskRooms, request: Request, body: bytes | None) -> SignedRequest:
    """Return what the request's signature covers; ``body`` is None where its hash is not to be checked."""
    host, port = _client_address(rooms, request)
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    return SignedRequest(
        method=request.method,
        resource=f"{path}?{query}" if query else path,
        host=host,
        port=port,
        authorization=request.headers.get("authorization"),
        content_type=request.headers.get("content-type", ""),
        body=body,
    )


def _client_address(rooms: TaskRooms, request: Request) -> tuple[str, int]:
    headers = request.headers
    forwarded = {}
    if rooms.settings.trust_forwarded:
        forwarded = {
            "forwarded_port": headers.get("x-forwarded-port"),
            "forwarded_proto": headers.get("x-forwarded-proto"),
        }
    return client_address(headers.get("host", ""), scheme=request.scope["scheme"], **forwarded)


def root_url(rooms: TaskRooms, request: Request) -> str:
    """Return the farm's address as this request's sender sees it, without a slash at its end."""
    if rooms.settings.root_url:
        return rooms.settings.root_url.rstrip("/")
    scheme = request.scope["scheme"]
    if rooms.settings.trust_forwarded:
        scheme = request.headers.get("x-forwarded-proto", scheme)
    return f"{scheme}://{request.headers.get('host', '')}"
