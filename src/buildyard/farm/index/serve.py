"""The Simple index over HTTP: pages as bytes, wheels as files.

Pages come from `pages`, as `publish` wrote them, in HTML or JSON by content negotiation (PEP 691), compressed once and
kept in memory by their entity tag.  Wheels come from the object store by their sha256, which is their entity tag too;
a published file never changes, so clients may keep it for ever.  Errors are `Problem`s, answered by the application.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Row, func, select
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from buildyard.farm.index.negotiate import choose, names_etag, takes_gzip
from buildyard.farm.index.publish import ROOT
from buildyard.farm.index.render import Page, root
from buildyard.farm.problems import Problem
from buildyard.farm.store.base import Store
from buildyard.farm.store.tables import builds, files, pages

log = logging.getLogger(__name__)

HTML = "text/html"
JSON_V1 = "application/vnd.pypi.simple.v1+json"
HTML_V1 = "application/vnd.pypi.simple.v1+html"

#: What a client may ask for, and what it gets then (PEP 691); the first is for those that do not care.
_FORMS = {
    HTML: HTML,
    HTML_V1: HTML_V1,
    JSON_V1: JSON_V1,
    "application/vnd.pypi.simple.latest+html": HTML_V1,
    "application/vnd.pypi.simple.latest+json": JSON_V1,
    "application/json": JSON_V1,
}

#: A page may change at any moment, and asking whether it has costs an empty answer.
_PAGE_CACHE = "no-cache"
_FILE_CACHE = "max-age=31536000, immutable"

#: How many bytes of pages are kept in memory.
_CACHE_BYTES = 64_000_000

#: Ranges as RFC 9110 writes them; a header that is none of these is ignored (section 14.2).
_RANGES = re.compile(r"bytes=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*")

#: A normalised name (PEP 503).  What is shown as a command to paste must be nothing else.
_NAME = re.compile(r"[a-z0-9](-?[a-z0-9])*")


class Objects(Protocol):
    """Where the bytes of wheels lie."""

    def path(self, sha256: str) -> Path:
        """Return the file that has this hash."""
        ...


class PageCache:
    """Pages by entity tag, form and encoding, the least recently asked for forgotten first."""

    def __init__(self, limit: int = _CACHE_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._bodies: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """Return the body kept under this key."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def put(self, key: str, body: bytes) -> None:
        """Keep a body, and let go of others until all fit."""
        if key not in self._bodies and len(body) <= self._limit:
            self._bodies[key] = body
            self._size += len(body)
        while self._size > self._limit:
            _, gone = self._bodies.popitem(last=False)
            self._size -= len(gone)


@dataclass(frozen=True)
class IndexRooms:
    """What the index reads."""

    store: Store
    objects: Objects
    cache: PageCache = field(default_factory=PageCache)


def routes(rooms: IndexRooms) -> list[BaseRoute]:
    """Return the index's routes: ``/simple/`` and all below."""
    table: list[tuple[str, Callable[[IndexRooms, Request], Awaitable[Response]]]] = [
        ("/simple", _add_slash),
        ("/simple/", _root),
        ("/simple/{name}", _add_slash),
        ("/simple/{name}/", _project),
        ("/simple/{name}/{filename}", _file),
    ]
    return [Route(path, partial(endpoint, rooms), methods=["GET"]) for path, endpoint in table]


async def _add_slash(rooms: IndexRooms, request: Request) -> Response:
    name = request.path_params.get("name")
    return _moved(request, f"/simple/{canonicalize_name(name)}/" if name else "/simple/")


async def _root(rooms: IndexRooms, request: Request) -> Response:
    return await _page(rooms, request, ROOT)


async def _project(rooms: IndexRooms, request: Request) -> Response:
    asked: str = request.path_params["name"]
    name = canonicalize_name(asked)
    if asked != name:
        return _moved(request, f"/simple/{name}/")
    return await _page(rooms, request, name)


def _moved(request: Request, path: str) -> Response:
    """Redirect for good (PEP 503: names are normalised), with the query kept."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.scope.get('root_path', '')}{path}{query}", status_code=301)


async def _page(rooms: IndexRooms, request: Request, name: str) -> Response:
    form = _form(request)
    packed = takes_gzip(request.headers.get("accept-encoding"))
    etag = await rooms.store.read(partial(_etag, name=name))
    if etag is None:
        raise await rooms.store.read(partial(_unknown, name=name))
    # Each form and encoding is a representation of its own, so it has a strong tag of its own.
    key = f"{etag}-{form.rpartition('+')[2] if '+' in form else 'html'}{'-gz' if packed else ''}"
    headers = {"etag": f'"{key}"', "vary": "Accept, Accept-Encoding", "cache-control": _PAGE_CACHE}
    if names_etag(request.headers.get("if-none-match"), f'"{key}"'):
        return Response(status_code=304, headers=headers)
    body = rooms.cache.get(key)
    if body is None:
        body = await _body(rooms, name, key, form, packed=packed)
    if packed:
        headers["content-encoding"] = "gzip"
    return Response(body, headers=headers, media_type=form)


def _form(request: Request) -> str:
    """Return the media type to answer with.  Raises `Problem` (400, 406) where we have nothing that is wanted."""
    asked = request.query_params.get("format")
    if asked is not None:
        asked = asked.replace(" ", "+")  # what a plus becomes that nobody has escaped
        if asked not in _FORMS:
            raise Problem(400, "unknown_format", f"the index has no format {asked}", next=f"format={JSON_V1}")
        return _FORMS[asked]
    chosen = choose(request.headers.get("accept"), list(_FORMS))
    if chosen is None:
        raise Problem(406, "not_acceptable", "the index has HTML and JSON", next=f"Accept: {HTML}, {JSON_V1}")
    return _FORMS[chosen]


async def _body(rooms: IndexRooms, name: str, key: str, form: str, *, packed: bool) -> bytes:
    page = await rooms.store.read(partial(_read_page, name=name))
    if page is None:
        raise await rooms.store.read(partial(_unknown, name=name))
    body = page.json if form == JSON_V1 else page.html
    if packed:
        body = await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
    # Published again since its tag was read: right to answer with, wrong to keep under that tag.
    if key.startswith(page.etag):
        rooms.cache.put(key, body)
    return body


async def _file(rooms: IndexRooms, request: Request) -> Response:
    name, filename = request.path_params["name"], request.path_params["filename"]
    is_metadata = filename.endswith(".metadata")
    row = await rooms.store.read(partial(_read_file, filename=filename.removesuffix(".metadata")))
    if row is None or row.package != canonicalize_name(name):
        raise Problem(404, "unknown_file", f"the index has no file {filename}", next=f"see /simple/{name}/")
    if name != row.package:
        return _moved(request, f"/simple/{row.package}/{filename}")
    etag = f'"{row.metadata_sha256 if is_metadata else row.sha256}"'
    headers = {"etag": etag, "cache-control": _FILE_CACHE}
    if names_etag(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if is_metadata:
        return Response(row.metadata.encode(), headers=headers, media_type="text/plain")
    return await _wheel(rooms.objects.path(row.sha256), filename, headers)


async def _wheel(path: Path, filename: str, headers: dict[str, str]) -> Response:
    if not await asyncio.to_thread(path.is_file):
        log.error("index.file_missing", extra={"wheel": filename, "path": str(path)})
        raise Problem(500, "file_missing", f"the bytes of {filename} are not where they should be")
    return _RangedFile(path, headers=headers, media_type="application/octet-stream")


class _RangedFile(FileResponse):
    """A file with ranges, where a range that cannot be read is ignored rather than refused."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = [(key, value) for key, value in scope["headers"] if key != b"range" or _is_range(value)]
        await super().__call__({**scope, "headers": kept}, receive, send)


def _is_range(value: bytes) -> bool:
    text = value.decode("latin-1")
    if not _RANGES.fullmatch(text):
        return False
    ends = (one.strip().split("-") for one in text.partition("=")[2].split(","))
    return all(not first or not last or int(first) <= int(last) for first, last in ends)


def _etag(connection: Connection, name: str) -> str | None:
    found: str | None = connection.execute(select(pages.c.etag).where(pages.c.package == name)).scalar()
    return root([]).etag if found is None and name == ROOT else found


def _read_page(connection: Connection, name: str) -> Page | None:
    row = connection.execute(select(pages.c.html, pages.c.json).where(pages.c.package == name)).first()
    if row is None:
        return root([]) if name == ROOT else None
    return Page(html=row.html, json=row.json)


def _read_file(connection: Connection, filename: str) -> Row[Any] | None:
    query = select(files).where(files.c.filename == filename, files.c.published.is_not(None))
    return connection.execute(query).first()


def _unknown(connection: Connection, name: str) -> Problem:
    """Return what to say of a project that has no page: whether its wheels are on their way, and how to get them."""
    query = select(builds.c.state, func.count()).where(builds.c.package == name).group_by(builds.c.state)
    states = {row[0]: row[1] for row in connection.execute(query)}
    coming = sum(states.get(state, 0) for state in ("queued", "building", "will_retry"))
    if coming:
        detail = f"{coming} of its builds wait or run; its page appears with the first wheel."
        return Problem(404, "not_built_yet", f"{name} has no wheels yet", detail=detail, next="buildyard watch")
    if states:
        return Problem(404, "not_built", f"{name} has no wheels", next=f"buildyard explain {name}")
    if not _NAME.fullmatch(name):
        return Problem(404, "unknown_project", "this is no package's name", next="see /simple/")
    return Problem(404, "unknown_project", f"this farm has no {name}", next=f"buildyard request {name}")
