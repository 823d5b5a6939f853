"""One request to the Marconi server, and its answer, straight on ASGI: no framework between the wire and a handler.

`Call` holds what was checked already and reads the rest when a handler asks for it; `Answer` is what a handler gives.
`serving` makes the one and sends the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope

from buildyard.farm.queue.http.errors import bad_request
from buildyard.farm.queue.http.rooms import MarconiRooms
from buildyard.farm.queue.queues import channel

T = TypeVar("T")

Headers = tuple[tuple[bytes, bytes], ...]

JSON: Final = b"application/json"


class Answer(Struct, frozen=True):
    """An answer on its way out."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    media_type: bytes = JSON


#: What was done and needs no words.
DONE: Final = Answer(204)


class ClientGone(Exception):
    """The caller has left before its request was whole; nobody reads an answer."""


#: Parameters that are lists.  OpenStack's own client sends them as ``ids=1&ids=2``.
_LISTS: Final = frozenset({"ids", "claim_ids"})


def _merged(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in _LISTS and name in found else value
    return found


class Call:
    """A request whose caller and address are known.  One is made for each request."""

    __slots__ = (
        "_query",
        "_receive",
        "client_id",
        "has_token",
        "headers",
        "is_admin",
        "item",
        "method",
        "path",
        "project",
        "queue",
        "rooms",
        "scope",
        "version",
    )

    def __init__(self, rooms: MarconiRooms, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]) -> None:
        self.rooms = rooms
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers = headers
        self.version = ""  #: ``v1``, ``v1.1`` or ``v2``
        self.queue = ""  #: the queue's name in the path, if there is one
        self.item = ""  #: the id of the message or claim in the path
        self.project = ""  #: what the caller calls its project; "" where v1 knows none
        self.client_id = ""
        self.has_token = False
        self.is_admin = False  #: its token may do everything in every project
        self._receive = receive
        self._query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters: the last of each name, and a list's all, with commas between them."""
        if self._query is None:
            text = self.scope["query_string"].decode("latin-1")
            self._query = _merged(parse_qsl(text, keep_blank_values=True)) if text else {}
        return self._query

    @property
    def owner(self) -> str:
        """The project as the store knows it: never one of the farm's own."""
        return f"marconi:{self.project}"

    @property
    def here(self) -> str:
        """The address of this call's queue, as hrefs begin."""
        return f"/{self.version}/queues/{self.queue}"

    async def body(self, most: int, told: str) -> bytes:
        """Return the body, at most so many bytes.  Raises the 400 that says ``told`` for more."""
        length = self.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > most:
            raise bad_request(told)
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            size += len(part)
            if size > most:
                raise bad_request(told)
            parts.append(part)
            more = message.get("more_body", False)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def write(self, body: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Return what this transaction body gave at the present time, once it is committed."""
        clock = self.rooms.clock
        return await self.rooms.store.write(lambda connection: body(connection, clock(), *args, **kwargs))

    async def on_queue(self, body: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Return what this body did with this call's queue, once it is committed, in the queue's lane."""
        clock, owner, queue = self.rooms.clock, self.owner, self.queue
        return await self.rooms.store.write(
            lambda connection: body(connection, clock(), owner, queue, *args, **kwargs), lane=channel(owner, queue)
        )

    async def read(self, body: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Return what this body read at the present time."""
        clock = self.rooms.clock
        return await self.rooms.store.read(lambda connection: body(connection, clock(), *args, **kwargs))


Handler = Callable[[Call], Awaitable[Answer]]


def answered(value: object, status: int = 200, headers: Headers = ()) -> Answer:
    """Return the answer that holds this value as JSON."""
    return Answer(status, msgspec.json.encode(value), headers)


def located(href: str) -> Headers:
    """Return the header that says where something is."""
    return ((b"location", href.encode("latin-1", "replace")),)
