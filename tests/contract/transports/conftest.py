"""A small real server that can send odd bytes, and the three transports to hold against it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
import trustme

from buildyard.faces.blocking import run_blocking
from buildyard.faces.transport import Request, Response, Timeout, Transport

T = TypeVar("T")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Received:
    """One request as the server saw it, byte for byte."""

    line: bytes
    fields: list[tuple[bytes, bytes]]
    body: bytes = b""

    @property
    def target(self) -> bytes:
        return self.line.split(b" ")[1]

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key.lower() == name.lower()]


class Connection:
    """One connection of the server's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> Received | None:
        try:
            raw = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        line, *fields = raw[:-4].split(b"\r\n")
        return Received(line, [_field(text) for text in fields])

    async def request(self) -> Received | None:
        received = await self.head()
        if received is not None:
            length = int((received.values(b"content-length") or [b"0"])[0])
            received.body = await self.reader.readexactly(length)
        return received

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End with RST instead of FIN."""
        self.writer.transport.abort()


def _field(text: bytes) -> tuple[bytes, bytes]:
    name, _, value = text.partition(b":")
    return name, value.strip(b" \t")


Handler = Callable[[Connection], Awaitable[None]]


@dataclass
class Server:
    """A server on a port of its own.  It answers each request with the next of ``replies``, else with ``OK``."""

    loop: asyncio.AbstractEventLoop
    port: int = 0
    scheme: str = "http"
    replies: list[bytes] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    handler: Handler | None = None  #: instead of replies: what to do with each connection

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        self.connections += 1
        try:
            await (self.handler or self._reply)(connection)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _reply(self, connection: Connection) -> None:
        while (received := await connection.request()) is not None:
            self.received.append(received)
            reply = self.replies.pop(0) if self.replies else OK
            await connection.send(reply)
            if b"Connection: close" in reply:
                return


class Servers:
    """The loop on a thread on which all servers of a test run live."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="test-servers", daemon=True)
        self.thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def start(self, tls: ssl.SSLContext | None = None) -> tuple[Server, asyncio.Server]:
        server = Server(self.loop, scheme="https" if tls else "http")

        async def begin() -> asyncio.Server:
            return await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)

        listening = self.run(begin())
        server.port = listening.sockets[0].getsockname()[1]
        return server, listening

    def stop(self, listening: asyncio.Server) -> None:
        async def end() -> None:
            listening.close()

        self.run(end())

    def close(self) -> None:
        async def end() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0.01)

        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.close()


@pytest.fixture
def start_server(servers: Servers) -> Iterator[Callable[..., Server]]:
    """Start another server, over TLS where a context is given."""
    started: list[asyncio.Server] = []

    def start(tls: ssl.SSLContext | None = None) -> Server:
        server, listening = servers.start(tls)
        started.append(listening)
        return server

    yield start
    for listening in started:
        servers.stop(listening)


@pytest.fixture
def server(start_server: Callable[..., Server]) -> Server:
    return start_server()


class Face(Protocol):
    """One of the three ways to run a coroutine over its transport."""

    name: str

    def run(self, operation: Callable[[Transport], Coroutine[Any, Any, T]], **options: Any) -> T: ...


async def _with(transport: Transport, operation: Callable[[Transport], Coroutine[Any, Any, T]]) -> T:
    try:
        return await operation(transport)
    finally:
        await transport.close()


class Blocking:
    name = "blocking"

    def run(self, operation: Callable[[Transport], Coroutine[Any, Any, T]], **options: Any) -> T:
        from buildyard.faces.http import BlockingTransport

        return run_blocking(_with(BlockingTransport(**options), operation))


class Asyncio:
    name = "asyncio"

    def run(self, operation: Callable[[Transport], Coroutine[Any, Any, T]], **options: Any) -> T:
        from buildyard.faces.http import AsyncioTransport

        return asyncio.run(_with(AsyncioTransport(**options), operation))


class Twisted:
    name = "twisted"

    def run(self, operation: Callable[[Transport], Coroutine[Any, Any, T]], **options: Any) -> T:
        from twisted.internet import reactor, threads
        from twisted.internet.defer import Deferred

        from buildyard.faces.twisted import TwistedTransport

        def start() -> Deferred[Any]:
            return Deferred.fromCoroutine(_with(TwistedTransport(**options), operation))

        result: Any = threads.blockingCallFromThread(reactor, start)
        return result  # type: ignore[no-any-return]


@pytest.fixture(params=["blocking", "asyncio", "twisted"])
def face(request: pytest.FixtureRequest) -> Face:
    if request.param == "twisted":
        request.getfixturevalue("reactor_thread")
    faces: dict[str, Face] = {"blocking": Blocking(), "asyncio": Asyncio(), "twisted": Twisted()}
    return faces[request.param]


@pytest.fixture
def tls_face(face: Face) -> Face:
    """A face that can do TLS here."""
    if face.name == "twisted":
        pytest.importorskip("OpenSSL", reason="https over Twisted needs pyOpenSSL")
    return face


@pytest.fixture
def fetch(face: Face) -> Callable[..., Response]:
    """Send one request and return its answer."""

    def fetch(method: str, url: str, **options: Any) -> Response:
        request = Request(method, url, timeout=Timeout(5, 5), **options)
        return face.run(lambda transport: transport.send(request))

    return fetch


@dataclass(frozen=True)
class Certificates:
    """An authority, the files it makes, and servers' contexts."""

    ca: trustme.CA
    folder: Path

    @property
    def ca_file(self) -> str:
        path = self.folder / "ca.pem"
        self.ca.cert_pem.write_to_path(str(path))
        return str(path)

    def client_files(self) -> tuple[str, str]:
        issued = self.ca.issue_cert("builder@example.org")
        cert, key = self.folder / "client.pem", self.folder / "client.key"
        cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return str(cert), str(key)

    def server_context(self, *names: str, ask_client: bool = False) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.ca.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
        if ask_client:
            self.ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificates(authority: trustme.CA, tmp_path: Path) -> Certificates:
    return Certificates(authority, tmp_path)
