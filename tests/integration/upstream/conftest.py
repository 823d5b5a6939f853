"""A package index of the test's own: files made on the spot, served over loopback as an index would."""

from __future__ import annotations

import base64
import io
import json
import ssl
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

JSON_TYPE = "application/vnd.pypi.simple.v1+json"


@dataclass
class Shelf:
    """The files of an index, by project."""

    files: dict[str, bytes] = field(default_factory=dict)
    projects: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def wheel(
        self, name: str, version: str, *, requires: tuple[str, ...] = (), tags: str = "py3-none-any", **told: object
    ) -> None:
        """Add a wheel that holds nothing but its metadata."""
        stem = f"{name.replace('-', '_')}-{version}"
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            archive.writestr(f"{stem}.dist-info/METADATA", metadata(name, version, requires))
            archive.writestr(f"{stem}.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n")
            archive.writestr(f"{stem}.dist-info/RECORD", "")
        self.add(name, f"{stem}-{tags}.whl", body.getvalue(), **told)

    def sdist(
        self, name: str, version: str, *, requires: tuple[str, ...] = (), setup: str = "", **told: object
    ) -> None:
        """Add a source distribution as setuptools of old made them: only its code, or its egg-info, tells the rest."""
        egg_info = f"{name.replace('-', '_')}.egg-info"
        texts = {
            "PKG-INFO": f"Metadata-Version: 1.1\nName: {name}\nVersion: {version}\n",
            "setup.py": setup or "raise SystemExit('this code must not run')",
            f"{egg_info}/PKG-INFO": "Metadata-Version: 1.1\n",
        }
        if requires:
            texts[f"{egg_info}/requires.txt"] = "\n".join(requires)
        self.archive(name, version, texts, **told)

    def archive(self, name: str, version: str, texts: dict[str, str], **told: object) -> None:
        """Add a source distribution of these files."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            for path, text in texts.items():
                member = tarfile.TarInfo(f"{name}-{version}/{path}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        self.add(name, f"{name}-{version}.tar.gz", out.getvalue(), **told)

    def add(self, project: str, filename: str, body: bytes, **told: object) -> None:
        """Add any file, with anything its page is to tell of it."""
        self.files[filename] = body
        digest = sha256(body).hexdigest()
        entry = {"filename": filename, "url": f"/files/{filename}", "hashes": {"sha256": digest}, "size": len(body)}
        self.projects.setdefault(project, []).append({**entry, **told})

    def write_to(self, directory: Path) -> Path:
        """Write the index as a directory tree and return its root."""
        for project, entries in self.projects.items():
            (directory / "simple" / project).mkdir(parents=True)
            anchors = "".join(anchor({**one, "url": f"../../files/{one['filename']}"}) for one in entries)
            (directory / "simple" / project / "index.html").write_text(f"<!doctype html><body>{anchors}</body>")
        (directory / "files").mkdir()
        for filename, body in self.files.items():
            (directory / "files" / filename).write_bytes(body)
        return directory / "simple"


def metadata(name: str, version: str, requires: tuple[str, ...]) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    return "\n".join([*lines, *(f"Requires-Dist: {one}" for one in requires), ""])


def anchor(entry: dict[str, object]) -> str:
    hashes = entry["hashes"]
    assert isinstance(hashes, dict)
    attributes = "".join(
        f' data-{name}="{entry[name]}"' for name in ("requires-python", "yanked") if isinstance(entry.get(name), str)
    )
    return f'<a href="{entry["url"]}#sha256={hashes["sha256"]}"{attributes}>{entry["filename"]}</a>\n'


class IndexServer(ThreadingHTTPServer):
    """Serves a shelf on a free port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self, shelf: Shelf, *, speaks_json: bool = True, account: str = "", tls: ssl.SSLContext | None = None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.shelf = shelf
        self.speaks_json = speaks_json
        self.account = account  #: ``user:password``, or nothing for everybody
        self.asked: list[tuple[str, int]] = []  #: path and status of each request
        self.scheme = "http"
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over clients that hang up, as those do that refuse our certificate."""

    @property
    def url(self) -> str:
        """The index's address, with the account it demands."""
        account = f"{self.account}@" if self.account else ""
        return f"{self.scheme}://{account}127.0.0.1:{self.server_port}/simple"

    def pages_asked(self) -> list[tuple[str, int]]:
        """Return path and status of each page that was asked for."""
        return [one for one in self.asked if one[0].startswith("/simple/")]


class _Handler(BaseHTTPRequestHandler):
    server: IndexServer
    protocol_version: ClassVar[str] = "HTTP/1.1"
    timeout = 10

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        status, kind, body = self._answer()
        etag = f'"{sha256(body + kind.encode()).hexdigest()[:16]}"'
        if status == 200 and self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        self.server.asked.append((self.path, status))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", etag)
        if status == 401:
            self.send_header("WWW-Authenticate", "Basic")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _answer(self) -> tuple[int, str, bytes]:
        expected = "Basic " + base64.b64encode(self.server.account.encode()).decode()
        if self.server.account and self.headers.get("Authorization") != expected:
            return 401, "text/plain", b"who are you?"
        _, room, name, *_ = [*self.path.split("/"), "", ""]
        shelf = self.server.shelf
        if room == "files" and name in shelf.files:
            return 200, "application/octet-stream", shelf.files[name]
        if room == "simple" and name in shelf.projects:
            return (200, *self._page(name, shelf.projects[name]))
        return 404, "text/plain", b"no such thing"

    def _page(self, name: str, entries: list[dict[str, object]]) -> tuple[str, bytes]:
        if self.server.speaks_json and JSON_TYPE in self.headers.get("Accept", ""):
            return JSON_TYPE, json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": entries}).encode()
        return "text/html; charset=utf-8", "".join(map(anchor, entries)).encode()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shelf() -> Shelf:
    """An empty index."""
    return Shelf()


@pytest.fixture
def new_shelf() -> Callable[[], Shelf]:
    """Make further empty indexes."""
    return Shelf


@pytest.fixture
def serve() -> Iterator[Callable[..., IndexServer]]:
    """Serve a shelf until the test ends."""
    running: list[tuple[IndexServer, threading.Thread]] = []

    def start(shelf: Shelf, **options: object) -> IndexServer:
        server = IndexServer(shelf, **options)  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
