"""What the examples need: a hub of tasks and objects, and a deployment for the services that a hub has not.

An example differs from the published one in its import line, and where something stood for a value: addresses, ids,
names that were mistyped.  Addresses are those of servers here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from buildyard.farm.tasks.rooms import TaskSettings
from buildyard.taskcluster import Queue, fromNowJSON, slugId
from support.hub import Hub, running_hub
from support.tasks import OTHER_POOL, definition

GROUP = "JzTGxwxhQ76_Tt1dxkaG5g"
SECRET = {
    "common": {"environment": "production", "remote_log": "https://log.xx.com/payload"},
    "backend": {"bugzilla_token": "XXXX"},
    "task": {"backend_url": "https://backend.foo.mozilla.com"},
    "bot": {"backend_url": "https://backend.foo.mozilla.com"},
}


class Deployment(BaseHTTPRequestHandler):
    """Answers what the examples ask, over HTTP: a task group of three pages, one secret, and pings."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        token = parse_qs(place.query).get("continuationToken", ["0"])[0]
        answer = {
            f"/api/queue/v1/task-group/{GROUP}/list": lambda: page(int(token)),
            "/api/secrets/v1/secret/project/foo/prod-config": lambda: {"secret": SECRET, "expires": "2035-01-01"},
            "/api/queue/v1/ping": lambda: {"alive": True, "uptime": 1.0},
            "/api/hooks/v1/ping": lambda: {"alive": True, "uptime": 1.0},
        }.get(unquote(place.path))
        self.reply(200 if answer else 404, answer() if answer else {"error": "Not found"})

    def reply(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def page(number: int) -> dict[str, Any]:
    found: dict[str, Any] = {"taskGroupId": GROUP, "tasks": [{"status": {}, "task": {}}] * (number + 1)}
    return {**found, "continuationToken": str(number + 1)} if number < 2 else found


@pytest.fixture(scope="session")
def root_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Deployment)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(autouse=True)
def environment(root_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard variables, as a worker or a developer has them; no task around."""
    monkeypatch.setenv("TASKCLUSTER_ROOT_URL", root_url)
    monkeypatch.setenv("TASKCLUSTER_PROXY_URL", root_url)
    monkeypatch.setenv("TASKCLUSTER_CLIENT_ID", "id")
    monkeypatch.setenv("TASKCLUSTER_ACCESS_TOKEN", "accessToken")
    for name in ("TASKCLUSTER_CERTIFICATE", "TASK_ID", "RUN_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    settings = TaskSettings(long_poll_s=0.3)
    with running_hub(tmp_path_factory.mktemp("hub"), settings=settings) as hub:
        yield hub


@pytest.fixture
def artifact(hub: Hub) -> Iterator[dict[str, Any]]:
    """A task on the hub whose run has left public/x, with ``data`` in it."""
    with Queue(hub.options()) as queue:
        task_id = slugId()
        queue.createTask(task_id, definition(hub.clock(), taskQueueId=OTHER_POOL))
        claim = queue.claimWork(OTHER_POOL, {"workerGroup": "g", "workerId": "w"})["tasks"][0]
        worker = queue.with_credentials(claim["credentials"])
        data = bytes(range(256)) * 100
        worker.uploadArtifact(task_id, 0, "public/x", data, contentType="a/b", expires=fromNowJSON("1 hour"))
        worker.reportCompleted(task_id, 0)
        yield {"taskId": task_id, "name": "public/x", "data": data}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(b"some bytes" * 2000)
    return path
