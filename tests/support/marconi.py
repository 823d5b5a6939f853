"""The Marconi server in the test's own process, on a store of its own, with a clock that the test sets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

from sqlalchemy import Connection

from buildyard.farm.marconi_settings import MarconiSettings
from buildyard.farm.queue.http import MarconiRooms
from buildyard.farm.queue.http.serving import Marconi
from buildyard.farm.store.connect import open_store
from buildyard.farm.tasks.clients import ensure_client, find_client
from buildyard.taskcluster.credentials import Credentials
from support.stores import Clock

T = TypeVar("T")

#: Two programs, and a project of theirs.
ALICE = "3381af922b9e11e3b19171861300734c"
BOB = "9f6c2b627d1c4c3a8f5e0b6f5e1b2a77"
PROJECT = "demo"
KEY = b"golden-lab-secret"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content) if self.content else None

    @property
    def why(self) -> tuple[int, str]:
        """Status and description of a refusal."""
        return self.status, self.json["description"]


class Server:
    """A Marconi server; `ask` sends it one request as somebody."""

    def __init__(self, runner: asyncio.Runner, rooms: MarconiRooms, clock: Clock) -> None:
        self.rooms = rooms
        self.clock = clock
        self.app = Marconi(rooms)
        self.project = PROJECT  #: whose queues are meant, unless a test says
        self._runner = runner

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        client: str | None = ALICE,
        project: str | None = "",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; ``body`` is sent as it is if it is bytes, else as JSON."""
        told = {"Client-ID": client, "X-Project-ID": self.project if project == "" else project, "X-Auth-Token": token}
        sent = {name: value for name, value in told.items() if value is not None} | dict(headers or {})
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.send(method, path, {"Host": "127.0.0.1:8765", **sent}, data)

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send a request with these headers and no others."""
        return self._runner.run(exchange(self.app, method, path, headers, body))

    def post(self, *bodies: object, queue: str = "q", version: str = "v2", **more: Any) -> list[str]:
        """Put messages with these bodies into a queue; return their ids."""
        posted: Any = [{"body": body, "ttl": 300, **more} for body in bodies]
        answer = self.ask("POST", f"/{version}/queues/{queue}/messages", {"messages": posted})
        assert answer.status == 201, answer
        return [href.rpartition("/")[2] for href in answer.json["resources"]]

    def claim(self, limit: int = 10, *, client: str = BOB, queue: str = "q", **terms: int) -> tuple[str, list[Any]]:
        """Return the id of a claim and its messages; nothing where there are none."""
        answer = self.ask("POST", f"/v2/queues/{queue}/claims?limit={limit}", terms or None, client=client)
        assert answer.status in (201, 204), answer
        location = answer.headers.get("location", "")
        return location.rpartition("/")[2], answer.json["messages"] if answer.content else []

    def bodies(self, query: str = "echo=true&include_claimed=true&limit=20", queue: str = "q") -> list[Any]:
        """Return the bodies of the messages in a queue, in order."""
        return [message["body"] for message in self.ask("GET", f"/v2/queues/{queue}/messages?{query}").json["messages"]]

    def write(self, body: Callable[[Connection], T]) -> T:
        """Run a transaction body."""
        return self._runner.run(self.rooms.store.write(body))

    def client(self, client_id: str, *scopes: str) -> Credentials:
        """Return the credentials of a client that may do this."""
        return self.write(lambda connection: ensure_client(connection, self.clock(), client_id, scopes))

    def token(self, credentials: Credentials, project: str | None = None, **more: Any) -> Answer:
        """Ask for a token."""
        user = {"name": credentials.client_id, "domain": {"id": "default"}, "password": credentials.access_token}
        auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
        if project is not None:
            auth["scope"] = {"project": {"name": project, "domain": {"id": "default"}}}
        return self.ask("POST", "/v3/auth/tokens", {"auth": auth | more}, client=None, project=None)


async def exchange(app: Any, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Pass one request to an ASGI application, as a server would."""
    bare, _, query = path.partition("?")
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(bare),
        "raw_path": bare.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "scheme": "http",
        "headers": [*pairs, (b"content-length", b"%d" % len(body))],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    told = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:]))


@contextmanager
def serving(url: str, *, is_local: bool = True, now: float | None = None, **settings: Any) -> Iterator[Server]:
    """A server on the store at this address, as a hub on loopback serves it unless told otherwise."""
    clock = Clock() if now is None else Clock(now)
    with asyncio.Runner() as runner:
        store = runner.run(open_store(url))
        try:
            rooms = MarconiRooms(
                store=store,
                find_client=find_client,
                key=KEY,
                is_local=is_local,
                clock=clock,
                settings=MarconiSettings(**settings),
            )
            yield Server(runner, rooms, clock)
        finally:
            runner.run(store.close())
