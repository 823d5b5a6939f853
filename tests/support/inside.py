"""The tasks floor's HTTP in the test's own process, past sockets: an application, a store, a clock that a test sets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from sqlalchemy import Connection
from starlette.applications import Starlette

from buildyard.farm.sealing import Sealing
from buildyard.farm.services.http import routes
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.tasks import clients
from buildyard.farm.tasks.auth import LOOPBACK_SCOPES, open_authenticator
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.tasks.rooms import TaskRooms, TaskSettings
from buildyard.taskcluster._hawk import payload_hash
from buildyard.taskcluster.credentials import Credentials
from support.hub import SECRETS_KEY, Answer, authorization

T = TypeVar("T")
HOST = "127.0.0.1:8765"


class Inside:
    """A hub of tasks and objects; `call` asks it as `support.hub.Hub.call` does."""

    def __init__(self, runner: asyncio.Runner, rooms: TaskRooms, root: Credentials, builder: Credentials) -> None:
        self.offset = 0.0  #: what its clock runs ahead of ours
        self.rooms, self.root, self.builder = rooms, root, builder
        self._runner = runner
        self._app = Starlette(routes=routes(rooms, Sealing(SECRETS_KEY)))
        rooms.clock = self.clock

    def clock(self) -> float:
        return time.time() + self.offset

    def write(self, body: Callable[[Connection, float], T]) -> T:
        """Run a transaction body at the hub's time."""
        return self._runner.run(self.rooms.write(body))

    def client(self, client_id: str, *scopes: str) -> Credentials:
        """Return the credentials of a client that may do this."""
        return self.write(lambda connection, now: clients.ensure_client(connection, now, client_id, scopes))

    def call(
        self,
        method: str,
        path: str,
        payload: object = None,
        *,
        sign: Credentials | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the hub: JSON or raw bytes, signed or not."""
        url = path if path.startswith("http") else f"http://{HOST}{path}"
        data = json.dumps(payload).encode() if payload is not None else body
        sent = {"Host": HOST, **(headers or {})}
        if data is not None:
            sent |= {"Content-Type": content_type, "Content-Length": str(len(data))}
        if sign:
            digest = payload_hash(content_type if data else "", data or b"")
            sent["Authorization"] = authorization(method, url, sign, self.clock(), digest)
        return self._runner.run(_exchange(self._app, method, "/" + url.split("/", 3)[3], sent, data or b""))


async def _exchange(app: Any, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    bare, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(bare),
        "raw_path": bare.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "scheme": "http",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
    }
    parts, sent = [body], []

    async def receive() -> Any:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": False}
        return await asyncio.get_running_loop().create_future()  # the client stays

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    told = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:]))


@contextmanager
def inside(
    state: Path, settings: TaskSettings | None = None, anonymous: tuple[str, ...] = LOOPBACK_SCOPES
) -> Iterator[Inside]:
    """A hub on SQLite, closed at the end."""
    with asyncio.Runner() as runner:
        store = runner.run(open_store(f"sqlite:///{state / 'yard.sqlite'}"))
        try:
            root = runner.run(store.write(lambda connection: clients.root_credentials(connection, time.time())))
            builder = runner.run(store.write(lambda connection: clients.builder_credentials(connection, time.time())))
            rooms = TaskRooms(
                store=store,
                objects=ObjectStore(state / "objects"),
                logs=LogStore(state / "logs"),
                auth=runner.run(open_authenticator(store, clock=time.time, anonymous=anonymous)),
                settings=settings or TaskSettings(),
            )
            yield Inside(runner, rooms, root, builder)
        finally:
            runner.run(store.close())
