"""The pages of a farm under uvicorn, and Chromium to look at them."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from sqlalchemy import Connection
from starlette.applications import Starlette

from buildyard.farm.index import serve
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.web.app import WebRooms, exception_handlers, routes
from support.demo_farm import DemoRequests, Rows, fill, fill_a_little
from support.needs import missing

T = TypeVar("T")

GIB = 1_000_000_000


@dataclass
class Farm:
    """A running hub's pages."""

    url: str
    store: Store
    logs: LogStore
    objects: ObjectStore
    known: dict[str, int] = field(default_factory=dict)
    loop: asyncio.AbstractEventLoop | None = None
    shutdown: asyncio.Event | None = None
    now: float = 0.0

    def write(self, body: Callable[[Connection], T]) -> T:
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(self.store.write(body), self.loop).result(20)

    def stop_streams(self) -> None:
        assert self.loop is not None
        assert self.shutdown is not None
        self.loop.call_soon_threadsafe(self.shutdown.set)

    def resume_streams(self) -> None:
        assert self.loop is not None
        assert self.shutdown is not None
        self.loop.call_soon_threadsafe(self.shutdown.clear)


class _Server:
    """uvicorn in a thread of its own, ended by us alone."""

    def __init__(self, state: Path, filler: Callable[[Connection, float, LogStore], dict[str, int]] | None) -> None:
        self._state = state
        self._filler = filler
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="pages")
        self._server: uvicorn.Server | None = None
        self.farm: Farm | None = None

    def start(self) -> Farm:
        self._thread.start()
        assert self._ready.wait(30)
        if self._error is not None:
            raise self._error
        assert self.farm is not None
        return self.farm

    def stop(self) -> None:
        if self.farm is not None and self._server is not None:
            self.farm.stop_streams()
            self._server.should_exit = True
        self._thread.join(20)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        store = await open_store(f"sqlite:///{self._state / 'yard.sqlite'}")
        logs, objects = LogStore(self._state / "logs"), ObjectStore(self._state / "objects")
        shutdown = asyncio.Event()
        rooms = WebRooms(
            store=store,
            logs=logs,
            requests_service=DemoRequests(store),
            version="1.0",
            disk=lambda: (492 * GIB, 930 * GIB),
            disk_floor=20 * GIB,
            shutdown=shutdown,
            started=time.time() - 12 * 86400,
        )
        app = Starlette(
            routes=[*serve.routes(serve.IndexRooms(store=store, objects=objects)), *routes(rooms)],
            exception_handlers=exception_handlers(rooms),
        )
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or small answers wait for 40 ms
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self.farm = Farm(url=url, store=store, logs=logs, objects=objects, shutdown=shutdown, now=time.time())
        self.farm.loop = asyncio.get_running_loop()
        if self._filler is not None:
            filler = self._filler
            self.farm.known = await store.write(lambda connection: filler(connection, time.time(), logs))
        self._ready.set()
        try:
            await self._server.serve(sockets=[listening])
        finally:
            listening.close()
            await store.close()


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm with something in every state; its tests do not change what others look at."""
    server = _Server(tmp_path_factory.mktemp("farm"), fill)
    yield server.start()
    server.stop()


@pytest.fixture
def empty_farm(tmp_path: Path) -> Iterator[Farm]:
    """A farm with one builder, where nobody has asked for anything yet."""

    def filler(connection: Connection, now: float, logs: LogStore) -> dict[str, int]:
        Rows(connection, now).builder("yard-1", 2)
        return {}

    server = _Server(tmp_path, filler)
    yield server.start()
    server.stop()


@pytest.fixture
def own_farm(tmp_path: Path) -> Iterator[Farm]:
    """A small farm for tests that change it."""
    server = _Server(tmp_path, fill_a_little)
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")  # while playwright runs, no test of this thread can have an event loop of its own
def browser() -> Iterator[Any]:
    """Chromium; without it these tests are skipped, and under CI they fail."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("there is no Chromium; to add it: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*flags, "--disable-component-update", "--disable-sync"]
        )
        yield browser
        browser.close()
