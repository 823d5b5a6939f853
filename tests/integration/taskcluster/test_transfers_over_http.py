"""Content up and down over real connections that break, in constant memory."""

import asyncio
import hashlib
import json
import re
import subprocess
import sys
import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from buildyard import taskcluster
from buildyard.taskcluster import aio

CONTENT = hashlib.shake_256(b"content").digest(3_000_000)
CUT_AT = 1_234_567
SIZE = 96 * 2**20


class Handler(BaseHTTPRequestHandler):
    """An object service and its store; the first answer with content breaks off."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_PUT(self):
        length = int(self.headers["Content-Length"])
        if self.path.startswith("/store/"):
            self.server.stored.append(self.take(length))
            return self.reply(200, b"")
        self.rfile.read(length)
        root = f"http://127.0.0.1:{self.server.server_port}/store/x"
        if "/upload/" in self.path:
            return self.reply(200, json.dumps({"uploadMethod": {"putUrl": {"url": root}}}).encode())
        hashes = {"sha256": hashlib.sha256(self.server.content).hexdigest()}
        return self.reply(200, json.dumps({"method": "getUrl", "url": root, "hashes": hashes}).encode())

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(200, b"{}")

    def take(self, length):
        digest = hashlib.sha256()
        while length:
            chunk = self.rfile.read(min(length, 1 << 20))
            digest.update(chunk)
            length -= len(chunk)
        return digest.hexdigest()

    def do_GET(self):
        begin = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(begin[1]) if begin else 0
        self.server.asked.append(start)
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Type", "a/b")
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        if len(self.server.asked) == 1:
            self.wfile.write(CONTENT[:CUT_AT])
            self.close_connection = True
        else:
            self.wfile.write(CONTENT[start:])

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.asked, server.stored, server.content = [], [], CONTENT
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def options(service):
    return {"rootUrl": f"http://127.0.0.1:{service.server_port}"}


def test_blocking_download_goes_on_where_the_connection_broke(options, service, tmp_path):
    with (tmp_path / "x").open("w+b") as file, taskcluster.Object(options) as objects:
        assert taskcluster.download.downloadToFile(name="x", objectService=objects, file=file) == "a/b"
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert service.asked == [0, CUT_AT]


def test_asyncio_download_goes_on_where_the_connection_broke(options, service):
    async def use():
        async with aio.Object(options) as objects:
            return await aio.download.downloadToBuf(name="x", objectService=objects)

    buffer, _ = asyncio.run(use())
    assert bytes(buffer) == CONTENT
    assert service.asked == [0, CUT_AT]


TWISTED = """
import io, json, sys
from twisted.internet.defer import succeed
from twisted.internet.task import react
from buildyard.taskcluster import tx

class Reader:
    def __init__(self):
        self.data = io.BytesIO(bytes(50_000))
    def read(self, max_size):
        return succeed(self.data.read(max_size))

async def use(reactor):
    objects = tx.Object(json.loads(sys.argv[1]))
    with open(sys.argv[2], "w+b") as file:
        assert await tx.download.downloadToFile(name="x", objectService=objects, file=file) == "a/b"
    facts = dict(projectId="p", name="n", contentType="a/b", expires="e", objectService=objects)
    await tx.upload.uploadFromBuf(data=bytes(50_000), **facts)
    with open(sys.argv[2], "rb") as file:
        await tx.upload.uploadFromFile(file=file, **facts)
    await tx.upload(readerFactory=lambda: succeed(Reader()), **facts)
    buffer, _ = await tx.download.downloadToBuf(name="x", objectService=objects)
    assert len(buffer) == 3_000_000
    await objects.close()

react(use)
"""


def test_twisted_program_moves_content_both_ways(options, service, tmp_path):
    arguments = [sys.executable, "-W", "error", "-c", TWISTED, json.dumps(options), str(tmp_path / "x")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x").read_bytes() == CONTENT
    small, whole = (hashlib.sha256(data).hexdigest() for data in (bytes(50_000), CONTENT))
    assert service.stored == [small, whole, small]


class Pattern:
    """A reader of many bytes that are nowhere."""

    def __init__(self):
        self.left = SIZE

    def read(self, max_size):
        size = min(max_size, self.left)
        self.left -= size
        return bytes(size)


def test_upload_takes_no_memory(options, service):
    facts = {"projectId": "p", "name": "n", "contentType": "a/b", "expires": "e", "contentLength": SIZE}
    told = []
    with taskcluster.Object(options) as objects:
        tracemalloc.start()
        try:
            taskcluster.upload(
                **facts, objectService=objects, readerFactory=Pattern, progress=lambda *now: told.append(now)
            )
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert service.stored == [hashlib.sha256(bytes(SIZE)).hexdigest()]
    assert peak < 16 * 2**20
    assert told[-1] == (SIZE, SIZE)
