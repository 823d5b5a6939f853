"""The table of Taskcluster's functions, renewed from references as a deployment has them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tools import taskcluster_client as client  # noqa: E402
from tools import taskcluster_table as table  # noqa: E402


def references() -> list[dict[str, Any]]:
    """The documents that would give the table of this checkout, and one that is neither API nor exchanges."""
    known = table.read_table()
    found = [{"$schema": "/schemas/common/logs-reference-v0.json#"}]
    return found + [_api(each) for each in known["services"]] + [_exchanges(each) for each in known["events"]]


def _api(service: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {
            **{key: value for key, value in function.items() if key not in ("summary", "idempotent", "read_seconds")},
            "method": function["method"].lower(),
            "stability": function.get("stability", "stable"),
            **{key: f"{function[key]}#" for key in ("input", "output") if key in function},
        }
        for function in service["functions"]
    ]
    kind = "/schemas/common/api-reference-v0.json#"
    return {"$schema": kind, "serviceName": service["service"], "apiVersion": service["version"], "entries": entries}


def _exchanges(group: dict[str, Any]) -> dict[str, Any]:
    entries = [{**each, "routingKey": [_key(word) for word in each["key"]]} for each in group["exchanges"]]
    kind = "/schemas/common/exchanges-reference-v0.json#"
    facts = {"serviceName": group["service"], "apiVersion": group["version"], "exchangePrefix": group["prefix"]}
    return {"$schema": kind, **facts, "entries": entries}


def _key(word: str) -> dict[str, Any]:
    name, _, constant = word.removesuffix(".#").partition("=")
    return {"name": name, "constant": constant, "multipleWords": word.endswith(".#")}


def test_references_give_the_table_with_our_words() -> None:
    known = table.read_table()
    assert table.renewed(known, iter(references()), known["release"]) == known


def test_new_function_gets_the_words_of_its_name() -> None:
    entry = {"name": "listNewThings", "method": "get", "route": "/new", "stability": "experimental"}
    document = {"$schema": "/schemas/common/api-reference-v0.json#", "serviceName": "web-server", "entries": [entry]}
    (service,) = table.renewed(table.read_table(), iter([document]), "200.0.0")["services"]
    assert service["class"] == "WebServer"
    assert service["functions"][0]["summary"] == "List new things."
    assert "/new" in client.services_module({"release": "200.0.0", "services": [service]})


def test_table_is_written_as_it_lies_in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.json"
    known = table.read_table()
    before = table.TABLE.read_text("utf-8")
    monkeypatch.setattr(table, "TABLE", path)
    table.write_table(known)
    assert path.read_text("utf-8") == before


@pytest.fixture
def deployment() -> Iterator[str]:
    """A root URL below which references lie as a deployment has them."""
    documents = {f"/references/{number}.json": each for number, each in enumerate(references())}
    manifest = {"references": [path if n % 2 else path.lstrip("/") for n, path in enumerate(documents)]}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            body = json.dumps({**documents, "/references/manifest.json": manifest}[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_references_are_read_from_a_deployment(deployment: str) -> None:
    assert list(table.documents(deployment)) == references()


def test_references_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "references.json"
    path.write_text(json.dumps([{"filename": "x", "content": each} for each in references()]))
    assert list(table.documents(str(path))) == references()


@pytest.mark.parametrize(
    ("name", "iteration"),
    [
        ("listTaskGroup", "iterTaskGroup"),
        ("list", "iterSecrets"),
        ("tasks", "iterTasks"),
        ("allPurgeRequests", "iterPurgeRequests"),
    ],
)
def test_iterations_are_named_after_what_they_list(name: str, iteration: str) -> None:
    assert client.iterator_name("Secrets", name) == iteration
