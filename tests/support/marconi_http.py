"""The hub's Marconi server behind real HTTP: a port of 127.0.0.1, a thread, a store of its own.

`support.marconi` asks the same server without sockets.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from sqlalchemy import Connection
from starlette.applications import Starlette

from buildyard.farm.marconi_settings import MarconiSettings
from buildyard.farm.queue.http import MarconiRooms, in_front_of
from buildyard.farm.store.connect import open_store
from buildyard.farm.tasks.clients import ensure_client, find_client
from buildyard.taskcluster.credentials import Credentials

USER, PROJECT = "worker", "work"


class MarconiServer:
    """A running server.  ``url`` is its address, without a version; ``worker`` may have tokens for `PROJECT`."""

    worker: Credentials

    def __init__(self, store_url: str, settings: MarconiSettings) -> None:
        self._store_url = store_url
        self._settings = settings
        self._ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()
        self._ready.result(20)

    def key_of(self, client_id: str, *scopes: str) -> str:
        """Return the key of a client that may do this, made at the first call."""

        def made(connection: Connection) -> Credentials:
            return ensure_client(connection, time.time(), client_id, scopes)

        writing = asyncio.run_coroutine_threadsafe(self._store.write(made), self._loop)
        return writing.result(20).access_token

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _stop(self) -> None:
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
        store = self._store = await open_store(self._store_url)
        self.worker = await store.write(lambda c: ensure_client(c, time.time(), USER, [f"marconi:{PROJECT}"]))
        rooms = MarconiRooms(
            store=store, find_client=find_client, key=b"of the tests", is_local=True, settings=self._settings
        )
        app = in_front_of(Starlette(), rooms)
        config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=3)
        self._server = uvicorn.Server(config)
        with socket.socket(proto=socket.IPPROTO_TCP) as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            serving = asyncio.create_task(self._server.serve([listening]))
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.01)
            self._ready.set_result(None)
            await serving
        await store.close()


@contextmanager
def serving_over_http(store_url: str, **settings: Any) -> Iterator[MarconiServer]:
    """A server on the store at this address, with these of `MarconiSettings`, ended at the end."""
    server = MarconiServer(store_url, MarconiSettings(**settings))
    try:
        yield server
    finally:
        server.close()
