"""A hub's Taskcluster services and Marconi server in the test's own process, with a clock that the test sets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, delete
from starlette.applications import Starlette

from buildyard.farm.queue import http as marconi
from buildyard.farm.sealing import Sealing
from buildyard.farm.services.http import routes
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.store.tables import metadata
from buildyard.farm.tasks import clients
from buildyard.farm.tasks.auth import open_authenticator
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.tasks.rooms import TaskRooms, TaskSettings
from buildyard.farm.tasks.times import to_json
from buildyard.taskcluster._hawk import payload_hash, sign_request, sign_url
from buildyard.taskcluster.credentials import Credentials
from support.marconi import Answer as Plain
from support.marconi import exchange
from support.stores import Clock

T = TypeVar("T")

KEY = bytes(range(32))
ROOT_URL = "http://tc.example"


class Answer(Plain):
    """What came back."""

    @property
    def said(self) -> str:
        """The message of an error, without its listing."""
        return str(self.json["message"]).split("\n\n---\n")[0]

    @property
    def refused(self) -> tuple[int, str]:
        """Status and code of a refusal."""
        return self.status, self.json["code"]


class Yard:
    """A hub's services; `ask` sends them one request, as the operator unless told otherwise."""

    def __init__(self, runner: asyncio.Runner, rooms: TaskRooms, clock: Clock, sealing: Sealing) -> None:
        self.rooms = rooms
        self.clock = clock
        self._runner = runner
        app = Starlette(routes=routes(rooms, sealing))
        marconi_rooms = marconi.MarconiRooms(
            store=rooms.store, find_client=clients.find_client, key=KEY, is_local=False, clock=clock
        )
        self.app = marconi.in_front_of(app, marconi_rooms)
        self.root = self.write(lambda connection: clients.root_credentials(connection, clock()))

    def ask(
        self,
        method: str,
        path: str,
        payload: object = None,
        *,
        by: Credentials | None = None,
        signed: bool = True,
        scopes: Sequence[str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request: JSON or raw bytes, signed or not; ``scopes`` narrow what it may do."""
        data = json.dumps(payload).encode() if payload is not None else body or b""
        sent = {"Host": "tc.example", **({"Content-Type": "application/json"} if data else {})}
        if signed:
            sent["Authorization"] = self.signature(method, path, data, by or self.root, scopes)
        return self.send(method, path, sent | dict(headers or {}), data)

    def signature(
        self, method: str, path: str, data: bytes, by: Credentials, scopes: Sequence[str] | None = None
    ) -> str:
        """The ``Authorization`` of such a request."""
        return sign_request(
            method,
            ROOT_URL + path,
            client_id=by.client_id,
            access_token=by.access_token,
            now=self.clock(),
            nonce="nonce",
            ext=by.ext(scopes),
            hashed=payload_hash("application/json" if data else "", data),
        )

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send a request with these headers and no others."""
        came = self._runner.run(exchange(self.app, method, path, headers, body))
        return Answer(came.status, came.headers, came.content)

    def signed_url(self, path: str, by: Credentials, seconds: float = 60, scopes: Sequence[str] | None = None) -> str:
        """The path with a bewit."""
        ends = self.clock() + seconds
        url = sign_url(
            ROOT_URL + path, client_id=by.client_id, access_token=by.access_token, expiry=ends, ext=by.ext(scopes)
        )
        return url.removeprefix(ROOT_URL)

    def write(self, body: Callable[[Connection], T]) -> T:
        """Run a transaction body."""
        return self._runner.run(self.rooms.store.write(body))

    def later(self, seconds: float) -> str:
        """The moment in so many seconds, as JSON has it."""
        return to_json(self.clock() + seconds)

    def client(self, client_id: str, *scopes: str, **more: Any) -> Credentials:
        """Make a client through the service, and return its credentials."""
        wanted = {"expires": self.later(3600), "description": "", "scopes": list(scopes), **more}
        answer = self.ask("PUT", f"/api/auth/v1/clients/{client_id.replace('/', '%2F')}", wanted)
        assert answer.status == 200, answer.content
        return Credentials(client_id=client_id, access_token=answer.json["accessToken"])

    def role(self, role_id: str, *scopes: str) -> Answer:
        """Make a role through the service."""
        path = f"/api/auth/v1/roles/{role_id.replace('/', '%2F')}"
        return self.ask("PUT", path, {"description": "", "scopes": list(scopes)})


@contextmanager
def stored(url: str) -> Iterator[tuple[asyncio.Runner, Store]]:
    """The store at this address, and the loop it is used in."""
    with asyncio.Runner() as runner:
        store = runner.run(open_store(url))
        try:
            yield runner, store
        finally:
            runner.run(store.close())


def yard_on(
    runner: asyncio.Runner, store: Store, state: Path, *, anonymous: tuple[str, ...] = (), key: bytes = KEY
) -> Yard:
    """The services of a hub that begins on this store."""
    clock = Clock()
    rooms = TaskRooms(
        store=store,
        objects=ObjectStore(state / "objects"),
        logs=LogStore(state / "logs"),
        auth=runner.run(open_authenticator(store, clock=clock, anonymous=anonymous)),
        clock=clock,
        settings=TaskSettings(long_poll_s=0.05, json_bytes=100_000),
    )
    return Yard(runner, rooms, clock, Sealing(key))


@contextmanager
def serving(url: str, state: Path, **how: Any) -> Iterator[Yard]:
    """The services on the store at this address."""
    with stored(url) as (runner, store):
        yield yard_on(runner, store, state, **how)


def emptied(connection: Connection) -> None:
    """Delete every row."""
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))
