"""A service on loopback that judges each request: all three faces are believed, over real connections."""

import asyncio
import json
import subprocess
import sys
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from buildyard.faces.blocking import run_blocking
from buildyard.faces.http import BlockingTransport
from buildyard.taskcluster import Queue, aio
from buildyard.taskcluster._hawk import Authenticated, Client, SignedRequest, authenticate, client_address

TASK = "VtMbr2u_QKaR-ZQxhpFjkw"
TOKEN = "tok-0123456789-abcdefghijklmnopqrstuvwxyzAB"
CONTENT = bytes(range(256)) * 400
NAME = "public/odd name+%.whl"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.server.connections += 1
        super().setup()

    def log_message(self, *_):
        """Say nothing."""

    def answer_it(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/store/"):
            self.server.stored.append((dict(self.headers), body))
            return self.reply(200, None)
        who = self.judge(body)
        self.server.judged.append(who)
        if not isinstance(who, Authenticated) or who.client_id != "tester":
            return self.reply(401, {"code": "AuthenticationFailed", "message": str(who)})
        return self.reply(200, self.content())

    do_GET = do_PUT = do_POST = answer_it  # noqa: N815

    def judge(self, body):
        now = datetime.now(UTC)
        client = Client(client_id="tester", access_token=TOKEN, scopes=("*",), expires=now + timedelta(days=1))
        host, port = client_address(self.headers["Host"])
        request = SignedRequest(
            method=self.command,
            resource=self.path,
            host=host,
            port=port,
            authorization=self.headers.get("Authorization"),
            content_type=self.headers.get("Content-Type", ""),
            body=body,
        )
        return authenticate(request, {"tester": client}.get, now=now)

    def content(self):
        root = f"http://127.0.0.1:{self.server.server_port}"
        credentials = {"clientId": "tester", "accessToken": TOKEN}
        if self.command == "POST" and "/artifacts/" in self.path:
            return {"name": "a/b", "projectId": "p", "uploadId": "u", "expires": "e", "credentials": credentials}
        if "/upload/" in self.path:
            return {"uploadMethod": {"putUrl": {"url": f"{root}/store/x", "headers": {"Content-Type": "a/b"}}}}
        return {"path": self.path}

    def reply(self, status, value):
        data = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.judged, server.stored, server.connections = [], [], 0
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(params=["127.0.0.1", "localhost"])
def options(service, request):
    root = f"http://{request.param}:{service.server_port}"
    return {"rootUrl": root, "credentials": {"clientId": "tester", "accessToken": TOKEN}, "maxRetries": 0}


def calls(queue):
    """Calls without a body, with one, and with an odd name."""
    return [
        lambda: queue.status(TASK),
        lambda: queue.claimWork("prov/pool", {"workerId": "w", "é": "☃"}),
        lambda: queue.reclaimTask(TASK, 0),
        lambda: queue.artifact(TASK, 0, NAME),
        lambda: queue.listArtifacts(TASK, 0, query={"continuationToken": "a b+/=&c"}),
    ]


def believed(service):
    return [type(who) is Authenticated for who in service.judged]


def test_blocking_requests_are_believed(options, service):
    with Queue(options) as queue:
        for call in calls(queue):
            assert call()["path"].startswith("/api/queue/v1/")
    assert believed(service) == [True] * 5


def test_asyncio_requests_are_believed(options, service):
    async def use():
        async with aio.Queue(options) as queue:
            for call in calls(queue):
                assert (await call())["path"].startswith("/api/queue/v1/")

    asyncio.run(use())
    assert believed(service) == [True] * 5


def test_clients_that_share_a_session_share_one_connection(options, service):
    session = BlockingTransport()
    first = Queue(options, session)
    for _ in range(5):
        first.ping()
        Queue(options, session=session).ping()
        first.with_credentials(options["credentials"]).ping()
    run_blocking(session.close())
    assert (len(service.judged), service.connections) == (15, 1)


TWISTED = """
import json, sys
from twisted.internet.task import react
from buildyard.taskcluster import tx

async def use(reactor):
    queue = tx.Queue(json.loads(sys.argv[1]))
    await queue.status("x")
    await queue.claimWork("prov/pool", {"workerId": "w"})
    await queue.reclaimTask("x", 0)
    await queue.uploadArtifact("x", 0, "odd name", bytes(9000), contentType="a/b", expires="e")
    await queue.close()

react(use)
"""


def test_twisted_requests_are_believed(options, service):
    arguments = [sys.executable, "-W", "error", "-c", TWISTED, json.dumps(options)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 0, done.stderr
    assert believed(service) == [True] * 7
    assert service.stored[0][1] == bytes(9000)


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "x.whl"
    path.write_bytes(CONTENT)
    return path


def test_file_arrives_whole_from_blocking_code(options, service, wheel):
    with Queue(options) as queue:
        queue.uploadArtifact(TASK, 0, NAME, wheel, contentType="a/b", expires="e")
    (headers, body), *_ = service.stored
    assert (body, headers["Content-Type"], "Authorization" in headers) == (CONTENT, "a/b", False)
    assert believed(service) == [True] * 4


def test_file_arrives_whole_from_asyncio_code(options, service, wheel):
    async def use():
        async with aio.Queue(options) as queue:
            await queue.uploadArtifact(TASK, 0, NAME, wheel, contentType="a/b", expires="e")

    asyncio.run(use())
    assert service.stored[0][1] == CONTENT


def test_signed_url_is_believed_without_a_header(options, service):
    with Queue(options) as queue:
        url = queue.buildSignedUrl("artifact", TASK, 0, NAME)
    with urllib.request.urlopen(url, timeout=10) as response:
        assert response.status == 200
    assert [who.scheme for who in service.judged] == ["bewit"]
