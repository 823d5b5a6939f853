"""A package index of the tests' own: source distributions made on the spot, served as PyPI serves its.

`Recipe` makes a source distribution that carries its build backend with it; `LocalIndex` keeps files in a directory as
PEP 503 has it (so that a ``file:`` address serves them) and `served` serves them on loopback, as HTML or JSON (PEP
691).  The network is never needed.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

_JSON = "application/vnd.pypi.simple.v1+json"
_BACKEND = Path(__file__).with_name("tiny_backend.py")
_PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'

#: When all sources were uploaded, so that SOURCE_DATE_EPOCH is the same on each day.
UPLOADED = "2024-02-03T04:05:06.000000Z"

_C_SOURCE = """\
#define PY_SSIZE_T_CLEAN
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "MODULE", "", -1, methods};
PyMODINIT_FUNC PyInit_MODULE(void) { return PyModule_Create(&module); }
"""

Extension = Literal["", "abi", "abi3", "pure fall-back"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A package to build: what its source distribution says, and what its wheel will be."""

    name: str
    version: str = "1.0"
    requires_python: str = ">=3.8"
    requires_dist: tuple[str, ...] = ()
    modules: Mapping[str, str] | None = None  #: file name to text; one module of the package's name unless given
    extension: Extension = ""
    c_source: str = _C_SOURCE  #: of the extension, with MODULE for its name
    script: str = ""  #: Python, run in the build before the wheel is made
    wheel_name: str = ""  #: of the wheel's file, where it is not the package's
    wheel_version: str = ""
    wheel_tag: str = ""
    metadata_name: str = ""  #: ``Name`` of the wheel's METADATA, where it is not the package's
    metadata_version: str = ""

    @property
    def module(self) -> str:
        """What is imported."""
        return self.name.lower().replace("-", "_")

    @property
    def filename(self) -> str:
        """The name of its source distribution."""
        return f"{self.module}-{self.version}.tar.gz"

    def metadata(self, name: str = "", version: str = "") -> str:
        """Return METADATA, and PKG-INFO of the source distribution (final about requirements: PEP 643)."""
        lines = ["Metadata-Version: 2.2", f"Name: {name or self.name}", f"Version: {version or self.version}"]
        lines += ["Summary: made by a test", f"Requires-Python: {self.requires_python}"]
        return "\n".join([*lines, *(f"Requires-Dist: {one}" for one in self.requires_dist)]) + "\n"

    def sdist(self) -> bytes:
        """Return its source distribution, the same bytes each time."""
        top = f"{self.module}-{self.version}"
        members = {
            "PKG-INFO": self.metadata(),
            "pyproject.toml": _PROJECT,
            "backend.py": _BACKEND.read_text(),
            "recipe.json": json.dumps(self._recipe()),
        }
        if self.extension:
            members[f"src/{self._extension_module}.c"] = self.c_source.replace("MODULE", self._extension_module)
        return archive({f"{top}/{name}": text.encode() for name, text in members.items()})

    @property
    def _extension_module(self) -> str:
        # Its own module where there is a pure one beside it, which does without.
        return f"_{self.module}" if self.extension == "pure fall-back" else self.module

    def _recipe(self) -> dict[str, object]:
        modules = self.modules
        if modules is None:
            pure = self.extension in ("", "pure fall-back")
            modules = {f"{self.module}.py": f"__version__ = {self.version!r}\n"} if pure else {}
        return {
            "modules": dict(modules),
            "extension": self.extension,
            "extension_module": self._extension_module,
            "script": self.script,
            "wheel_name": self.wheel_name or self.name.lower(),
            "wheel_version": self.wheel_version or self.version,
            "wheel_tag": self.wheel_tag,
            "metadata": self.metadata(self.metadata_name, self.metadata_version),
        }


def archive(files: Mapping[str, bytes], more: Sequence[tarfile.TarInfo] = ()) -> bytes:
    """Return a .tar.gz of these files and of further members without content, links and devices; always the same."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(data), 1_700_000_000, 0o644
            tar.addfile(member, io.BytesIO(data))
        for member in more:
            tar.addfile(member)
    return packed.getvalue()


@dataclass(frozen=True)
class _File:
    filename: str
    sha256: str
    size: int
    requires_python: str


@dataclass
class LocalIndex:
    """Files by project, in a directory that is an index by itself."""

    root: Path
    url: str = ""  #: of the index, while it is served
    _files: dict[str, list[_File]] = field(default_factory=dict)

    @property
    def file_url(self) -> str:
        """Its address as files."""
        return self.root.absolute().as_uri()

    def add(self, *recipes: Recipe) -> None:
        """Offer the source distributions of these."""
        for recipe in recipes:
            self.add_file(recipe.name, recipe.filename, recipe.sdist(), requires_python=recipe.requires_python)

    def add_file(
        self, project: str, filename: str, data: bytes, *, requires_python: str = ">=3.8", told_sha256: str = ""
    ) -> None:
        """Offer a file; ``told_sha256`` is what its page says where that is not the truth."""
        directory = self.root / canonicalize_name(project)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / filename).write_bytes(data)
        sha256 = told_sha256 or hashlib.sha256(data).hexdigest()
        offered = [one for one in self._files.get(directory.name, []) if one.filename != filename]
        self._files[directory.name] = [*offered, _File(filename, sha256, len(data), requires_python)]
        (directory / "index.html").write_bytes(self.page(directory.name, as_json=False))

    def page(self, project: str, *, as_json: bool) -> bytes:
        """Return a project's page.  Raises `KeyError` for one that is not here."""
        files = self._files[project]
        if as_json:
            listed = [_as_json(one) for one in files]
            page = {"meta": {"api-version": "1.1"}, "name": project, "versions": [], "files": listed}
            return json.dumps(page).encode()
        anchors = "".join(
            f'<a href="{one.filename}#sha256={one.sha256}" data-requires-python="{html.escape(one.requires_python)}">'
            f"{one.filename}</a><br>\n"
            for one in files
        )
        return f"<!DOCTYPE html><title>{project}</title>\n{anchors}".encode()


def _as_json(file: _File) -> dict[str, object]:
    return {
        "filename": file.filename,
        "url": file.filename,
        "hashes": {"sha256": file.sha256},
        "requires-python": file.requires_python,
        "size": file.size,
        "upload-time": UPLOADED,
        "yanked": False,
    }


@contextmanager
def served(root: Path) -> Iterator[LocalIndex]:
    """Yield an index that is served on a free port of loopback."""
    index = LocalIndex(root)
    root.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: _Handler(index, *given))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="index", daemon=True)
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple/"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, index: LocalIndex, *given: object) -> None:
        self._index = index
        super().__init__(*given)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        try:
            kind, body = self._found(parts)
        except (KeyError, OSError):
            self._answer(404, "text/plain", b"there is no such thing")
        else:
            self._answer(200, kind, body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _found(self, parts: list[str]) -> tuple[str, bytes]:
        if parts[0] != "simple" or len(parts) not in (2, 3):
            raise KeyError(self.path)
        if len(parts) == 3:
            return "application/octet-stream", (self._index.root / parts[1] / parts[2]).read_bytes()
        as_json = _JSON in self.headers.get("Accept", "")
        return _JSON if as_json else "text/html", self._index.page(parts[1], as_json=as_json)

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""
