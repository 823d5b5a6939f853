"""The tasks floor behind a real server, in a thread of its own, and a caller that signs by hand."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import urllib3
import uvicorn
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
from buildyard.taskcluster._hawk import payload_hash, sign_request
from buildyard.taskcluster.credentials import Credentials

T = TypeVar("T")

SECRETS_KEY = bytes(range(32))


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def said(self) -> str:
        """The message of an error, without its listing."""
        return str(self.json["message"]).split("\n\n---\n")[0]


class Hub:
    """A running hub of tasks and objects.  `call` asks it as anybody; `does` runs something inside it."""

    def __init__(self, root: Path, url: str, settings: TaskSettings, anonymous: tuple[str, ...]) -> None:
        self.state = root
        self.offset = 0.0  #: what its clock runs ahead of ours
        self._store_url = url
        self._settings = settings
        self._anonymous = anonymous
        self._ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._pool = urllib3.PoolManager(retries=False, timeout=30)

    def clock(self) -> float:
        return time.time() + self.offset

    def start(self) -> None:
        self._thread.start()
        self._ready.result(20)

    def stop(self) -> None:
        """End the server, as Ctrl-C would; a second time does nothing."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join(20)
        self._pool.clear()
        assert not self._thread.is_alive()

    def _end(self) -> None:
        self.rooms.shutdown.set()
        self._server.should_exit = True

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        store = await open_store(self._store_url)
        self.root = await store.write(lambda connection: clients.root_credentials(connection, self.clock()))
        self.builder = await store.write(lambda connection: clients.builder_credentials(connection, self.clock()))
        self.rooms = TaskRooms(
            store=store,
            objects=ObjectStore(self.state / "objects"),
            logs=LogStore(self.state / "logs"),
            auth=await open_authenticator(store, clock=self.clock, anonymous=self._anonymous),
            clock=self.clock,
            settings=self._settings,
        )
        app = Starlette(routes=routes(self.rooms, Sealing(SECRETS_KEY)))
        config = uvicorn.Config(app, port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=3)
        self._server = uvicorn.Server(config)
        # asyncio sends small answers at once only where a socket says that it is TCP's.
        listening = socket.socket(proto=socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        serving = asyncio.create_task(self._server.serve([listening]))
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.01)
        self._ready.set_result(None)
        await serving
        await store.close()

    def does(self, scenario: Callable[[TaskRooms], Awaitable[T]]) -> T:
        """Run this in the hub's own loop and return its result."""

        async def main() -> T:
            return await scenario(self.rooms)

        return asyncio.run_coroutine_threadsafe(main(), self._loop).result(20)

    def write(self, body: Callable[[Connection, float], T]) -> T:
        """Run a transaction body at the hub's time."""
        return self.does(lambda rooms: rooms.write(body))

    def options(self, credentials: Any = None) -> dict[str, Any]:
        """Options of a Taskcluster client, as the operator unless told otherwise."""
        given = credentials or {"clientId": self.root.client_id, "accessToken": self.root.access_token}
        return {"rootUrl": self.url, "credentials": given, "maxRetries": 0}

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
        hashed: str | None = None,
    ) -> Answer:
        """Ask the hub: JSON or raw bytes, signed or not."""
        url = path if path.startswith("http") else self.url + path
        data = json.dumps(payload).encode() if payload is not None else body
        sent = dict(headers or {})
        if data is not None:
            sent.setdefault("Content-Type", content_type)
        if sign:
            digest = hashed or payload_hash(content_type if data else "", data or b"")
            sent["Authorization"] = authorization(method, url, sign, self.clock(), digest)
        answer = self._pool.request(method, url, body=data, headers=sent, redirect=False)
        return Answer(answer.status, answer.headers, answer.data)


def authorization(method: str, url: str, credentials: Credentials, now: float, digest: str) -> str:
    return sign_request(
        method,
        url,
        client_id=credentials.client_id,
        access_token=credentials.access_token,
        now=now,
        nonce="nonce",
        ext=credentials.ext(),
        hashed=digest,
    )


@contextmanager
def running_hub(
    state: Path,
    *,
    store_url: str | None = None,
    settings: TaskSettings | None = None,
    anonymous: tuple[str, ...] = LOOPBACK_SCOPES,
) -> Iterator[Hub]:
    """A hub on a free port of this machine, stopped at the end."""
    hub = Hub(state, store_url or f"sqlite:///{state / 'yard.sqlite'}", settings or TaskSettings(), anonymous)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()
