"""An index with real wheels, under uvicorn on loopback."""

from __future__ import annotations

import asyncio
import base64
import http.client
import io
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
import uvicorn
from sqlalchemy import Connection, delete, insert
from starlette.applications import Starlette

from buildyard.farm.index.publish import publish
from buildyard.farm.index.serve import IndexRooms, routes
from buildyard.farm.problems import Problem, problem_response
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.store.tables import builds, dirty_pages, files, pages

T = TypeVar("T")

UPLOADED = 1_760_000_000.0


def wheel(name: str, version: str, *, requires: str = "", requires_python: str = ">=3.8") -> tuple[str, bytes, str]:
    """Return file name, bytes and METADATA of a wheel that installs."""
    module, folder = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {requires_python}\n"
    metadata += f"Requires-Dist: {requires}\n" if requires else ""
    members = {
        f"{module}.py": f"version = {version!r}\n",
        f"{folder}/METADATA": metadata,
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in members.items())
    members[f"{folder}/RECORD"] = f"{record}{folder}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in members.items():
            archive.writestr(path, text)
    return f"{module}-{version}-py3-none-any.whl", packed.getvalue(), metadata


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Index:
    """A running index."""

    url: str
    store: Store
    objects: ObjectStore
    loop: asyncio.AbstractEventLoop

    def write(self, body: Callable[[Connection], T]) -> T:
        return asyncio.run_coroutine_threadsafe(self.store.write(body), self.loop).result(20)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        told = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, path, headers=told)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, body)

    def add(self, name: str, version: str, *, publishing: bool = True, **more: str) -> tuple[str, bytes]:
        """Add a wheel, and publish it."""
        filename, content, metadata = wheel(name, version, **more)
        staged = self.objects.stage()
        staged.write(content)
        stored = staged.commit()
        row = {
            "filename": filename,
            "package": name,
            "version": version,
            "build_id": 1,
            "sha256": stored.sha256,
            "size": len(content),
            "tags": "[]",
            "requires_python": more.get("requires_python", ">=3.8"),
            "metadata": metadata,
            "metadata_sha256": sha256(metadata.encode()).hexdigest(),
            "uploaded": UPLOADED,
        }

        def body(connection: Connection) -> None:
            connection.execute(insert(files).values(row))
            connection.execute(insert(dirty_pages).values(package=name, since=UPLOADED))
            if publishing:
                publish(connection, UPLOADED + 1)

        self.write(body)
        return filename, content

    def add_build(self, name: str, state: str) -> None:
        row = {"package": name, "display": name, "version": "1", "abi": "cp312", "platform": "linux_x86_64"}
        more = {"state": state, "source": "null", "created": UPLOADED}
        self.write(lambda connection: connection.execute(insert(builds).values({**row, **more})))


class _Server:
    def __init__(self, state: Path) -> None:
        self._state = state
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="index")
        self._server: uvicorn.Server | None = None
        self.index: Index | None = None

    def start(self) -> Index:
        self._thread.start()
        assert self._ready.wait(30)
        assert self.index is not None
        return self.index

    def stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(20)

    async def _serve(self) -> None:
        store = await open_store(f"sqlite:///{self._state / 'yard.sqlite'}")
        objects = ObjectStore(self._state / "objects")
        app = Starlette(
            routes=routes(IndexRooms(store=store, objects=objects)), exception_handlers={Problem: problem_response}
        )
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or small answers wait for 40 ms
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
        self.index = Index(url, store, objects, asyncio.get_running_loop())
        self._ready.set()
        try:
            await self._server.serve(sockets=[listening])
        finally:
            listening.close()
            await store.close()


@pytest.fixture(scope="module")
def running_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    server = _Server(tmp_path_factory.mktemp("state"))
    yield server.start()
    server.stop()


@pytest.fixture
def index(running_index: Index) -> Index:
    """A running index without a file."""

    def empty(connection: Connection) -> None:
        for table in (files, pages, dirty_pages, builds):
            connection.execute(delete(table))

    running_index.write(empty)
    return running_index
