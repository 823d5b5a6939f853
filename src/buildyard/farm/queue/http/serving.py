"""The Marconi server as one ASGI application: find the address, let the caller in, answer.

Every request to ``/v1``, ``/v1.1``, ``/v2`` and ``/v3`` comes here, past the hub's other door and Starlette, which take
longer than to post a message: posting and claiming single ones is what a queue's server does all day.  `addresses`
lists what there is.
"""

from __future__ import annotations

import itertools
import logging
import uuid
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from buildyard.farm.queue.base import QueueError
from buildyard.farm.queue.http import errors
from buildyard.farm.queue.http.addresses import VERSIONS, Found, find
from buildyard.farm.queue.http.call import Answer, Call, ClientGone
from buildyard.farm.queue.http.desk import Desk
from buildyard.farm.queue.http.door import Door, check_headers
from buildyard.farm.queue.http.errors import Refusal, bad_request, by_router
from buildyard.farm.queue.http.identity import Identity
from buildyard.farm.queue.http.rooms import MarconiRooms
from buildyard.farm.store.errors import StoreError

log = logging.getLogger(__name__)

_FAULT: Final = "The server met a fault of its own; its log says more."


class Marconi:
    """The application."""

    def __init__(self, rooms: MarconiRooms) -> None:
        self._rooms = rooms
        self._desk = Desk(rooms)
        self._identity = Identity(self._desk, rooms.key)
        self._door = Door(self._desk, is_local=rooms.is_local)
        self._number = itertools.count()
        self._process = f"req-{uuid.uuid4()}"[:-12]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call = Call(self._rooms, scope, receive, dict(scope["headers"]))
        try:
            answer = await self._answer(call)
        except ClientGone:
            return
        await _send(send, answer, self._request_id(), is_head=call.method == "HEAD")

    async def _answer(self, call: Call) -> Answer:
        try:
            return await self._handled(call)
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body(), refusal.headers)
        except QueueError as error:
            return _refused(bad_request(str(error)))
        except StoreError as error:
            log.warning("marconi.unavailable", extra={"path": call.path, "why": str(error)})
            return _refused(Refusal(503, "Service temporarily unavailable", errors.LATER))
        except ClientGone:
            raise
        except Exception as error:
            log.error("marconi.failed", exc_info=error, extra={"path": call.path, "method": call.method})
            return _refused(Refusal(500, "500 Internal Server Error", _FAULT))

    async def _handled(self, call: Call) -> Answer:
        if call.path.startswith("/v3"):
            return await self._identity.answer(call)
        found = find(call.path)
        if found is not None:
            call.version, call.queue, call.item = found.version, found.queue, found.item
        await self._door.admit(call)
        if found is None:
            raise by_router(404)
        if found.resource.absent:
            raise by_router(404, description=found.resource.absent)
        check_headers(call)
        handler = found.resource.handlers.get(call.method)
        return await handler(call) if handler is not None else _other_method(call, found)

    def _request_id(self) -> bytes:
        """Return a name for this request, unlike any other's."""
        return f"{self._process}{next(self._number):012x}".encode()


def is_marconi(path: str) -> bool:
    """Tell whether a path is one of those that judge their callers here."""
    return path[1:].partition("/")[0] in VERSIONS


def in_front_of(rest: ASGIApp, rooms: MarconiRooms) -> ASGIApp:
    """Return what serves ``/v1``, ``/v1.1``, ``/v2`` and ``/v3``, and leaves everything else to the rest."""
    marconi = Marconi(rooms)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        here = marconi if scope["type"] == "http" and is_marconi(scope["path"]) else rest
        await here(scope, receive, send)

    return application


def _refused(refusal: Refusal) -> Answer:
    return Answer(refusal.status, refusal.body(), refusal.headers)


def _other_method(call: Call, found: Found) -> Answer:
    allowed = ", ".join(sorted(found.resource.handlers))
    if call.method == "OPTIONS":
        return Answer(200, headers=((b"allow", allowed.encode()),))
    raise by_router(405, (b"allow", f"{allowed}, OPTIONS".encode()))


async def _send(send: Send, answer: Answer, request_id: bytes, *, is_head: bool) -> None:
    headers = [(b"x-openstack-request-id", request_id), *answer.headers]
    if answer.status != 204:
        headers += ((b"content-type", answer.media_type), (b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else answer.body})
