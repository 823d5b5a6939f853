"""What the examples need: a hub, and a deployment for what no example asks more of than whether it is there.

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

import pytest

from buildyard.farm.tasks import service
from buildyard.farm.tasks.paging import MAX_PAGE
from buildyard.farm.tasks.rooms import TaskSettings
from buildyard.taskcluster import Auth, Queue, Secrets, fromNowJSON, slugId
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
    """Answers pings, over HTTP."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        is_there = self.path in ("/api/queue/v1/ping", "/api/hooks/v1/ping")
        self.reply(200 if is_there else 404, {"alive": True, "uptime": 1.0} if is_there else {"error": "Not found"})

    def reply(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


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


@pytest.fixture(scope="session")
def group_url(hub: Hub) -> str:
    """The root URL of the hub, which has the task group of the examples, in three pages."""
    wanted = {
        slugId(): definition(hub.clock(), taskGroupId=GROUP, schedulerId="examples", taskQueueId="examples/pages")
        for _ in range(2 * MAX_PAGE + 7)
    }
    hub.write(lambda connection, now: service.create_many(connection, now, wanted))
    return hub.url


@pytest.fixture(scope="session")
def secrets_url(hub: Hub) -> str:
    """The root URL of the hub, which has the secret of the examples; whoever asks may read it."""
    name = "project/foo/prod-config"
    with Secrets(hub.options()) as secrets, Auth(hub.options()) as auth:
        secrets.set(name, {"secret": SECRET, "expires": fromNowJSON("1 hour")})
        everybody = {"description": "", "scopes": [f"secrets:get:{name}"]}
        auth.createRole("anonymous", everybody)
    return hub.url


@pytest.fixture
def member(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard variables say who a client of the hub is."""
    with Auth(hub.options()) as auth:
        wanted = {"description": "", "expires": fromNowJSON("1 hour"), "scopes": []}
        client = auth.createClient(f"member/{slugId()}", wanted)
    monkeypatch.setenv("TASKCLUSTER_CLIENT_ID", client["clientId"])
    monkeypatch.setenv("TASKCLUSTER_ACCESS_TOKEN", client["accessToken"])


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
