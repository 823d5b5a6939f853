"""Live pages: one event stream a page (server-sent events); its script swaps fragments and appends log lines.

``/events/stream`` alone sends each event of the numbered log, with its number as id, so that ``Last-Event-ID`` (or
``?after=``) replays what was missed.  With ``?page=`` it sends that page's fragments whenever something happened, and
each two seconds while something is being built; with ``&log=`` the lines of a running build's log from there on.

A stream costs nothing while nothing happens: it waits on the store's channel, sends a comment now and then so that
proxies keep it open, and ends within a moment of the shutdown event.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from buildyard.farm.builds import views
from buildyard.farm.events import outbox
from buildyard.farm.problems import Problem
from buildyard.farm.store.errors import StoreClosed
from buildyard.farm.store.tables import events, runs
from buildyard.farm.web import build_list, build_page, builders, event_list, overview
from buildyard.farm.web.env import environment
from buildyard.farm.web.log import Cursor, GrowingLog
from buildyard.farm.web.respond import SAFE_HEADERS
from buildyard.farm.web.rooms import WebRooms

log = logging.getLogger(__name__)

#: A comment goes out after so many seconds of silence.
HEARTBEAT_S = 15.0

#: While something is being built, fragments are rendered this often.
REFRESH_S = 2.0

#: Events come in bursts: the first one waits for its companions, and so much lies between two renderings.
_SETTLE_S, _LEAST_S = 0.2, 1.0

#: A batch of replayed events.
_BATCH = 500

#: What changes by itself as time passes; it is no reason to send a fragment again.
_PASSING = re.compile(r">[^<]*</time>")

#: Renders a page's fragments as of an event's number or later.
Parts = Callable[[int], Awaitable[dict[str, str]]]

#: Pages whose fragments are the same for everybody.
_SAME_FOR_ALL: dict[str, Callable[[WebRooms, Request], Awaitable[dict[str, str]]]] = {
    "overview": overview.parts,
    "first-run": overview.first_parts,
    "builders": builders.parts,
}


async def stream(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /events/stream``."""
    page = request.query_params.get("page", "")
    sources = await _page_sources(rooms, request, page) if page else [_events(rooms, await _position(rooms, request))]
    headers = {**SAFE_HEADERS, "cache-control": "no-store", "x-accel-buffering": "no"}
    if request.method == "HEAD":
        return Response(media_type="text/event-stream", headers=headers)
    return StreamingResponse(merged(sources, rooms.shutdown), media_type="text/event-stream", headers=headers)


async def _page_sources(rooms: WebRooms, request: Request, page: str) -> list[AsyncIterator[bytes]]:
    run = await _running(rooms, _number(page)) if page.startswith("build:") else None
    sources = [_fragments(rooms, _parts_of(rooms, request, page, run))]
    if run is not None and "log" in request.query_params:
        sources.append(_log_lines(rooms, run, build_page.cursor_of(request)))
    return sources


async def merged(sources: Sequence[AsyncIterator[bytes]], shutdown: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield what the sources yield, in the order in which it comes, until all have ended or the hub stops."""
    queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=32)
    pumps = asyncio.gather(*(_pump(source, queue) for source in sources))
    stop = asyncio.create_task(shutdown.wait())
    try:
        yield b"retry: 2000\n\n"
        while not stop.done() and not (pumps.done() and queue.empty()):
            if frame := await _next(queue, pumps, stop):
                yield frame
    finally:
        stop.cancel()
        pumps.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await pumps


async def _next(queue: asyncio.Queue[bytes], pumps: asyncio.Future[list[None]], stop: asyncio.Task[bool]) -> bytes:
    """Return the next frame, a heartbeat after a while, or nothing where there is nothing more."""
    getting = asyncio.ensure_future(queue.get())
    ends: set[asyncio.Future[Any]] = {getting, pumps, stop}
    try:
        await asyncio.sleep(0)  # lets a frame that is there already win over the end
        await asyncio.wait(ends, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not getting.done():
            getting.cancel()
    if getting.done() and not getting.cancelled():
        return getting.result()
    return b"" if pumps.done() or stop.done() else b": still here\n\n"


async def _pump(source: AsyncIterator[bytes], queue: asyncio.Queue[bytes]) -> None:
    try:
        async for frame in source:
            await queue.put(frame)
    except StoreClosed:
        return  # the hub stops
    except Exception:
        # The browser connects again and gets what it missed.
        log.exception("web.stream_failed")


async def _events(rooms: WebRooms, after: int) -> AsyncIterator[bytes]:
    """Yield every event that follows this number, for ever."""
    async with rooms.store.waiter([outbox.CHANNEL]) as waiter:
        while True:
            found = await rooms.store.read(partial(outbox.after, number=after, limit=_BATCH))
            for one in found:
                yield frame(views.event(one), id=one.id)
                after = one.id
            if len(found) < _BATCH:
                await waiter.wait(3600)


async def _fragments(rooms: WebRooms, parts: Parts) -> AsyncIterator[bytes]:
    """Yield the fragments of a page that changed: at once, whenever something happened, and while something runs."""
    sent: dict[str, str] = {}
    clock = asyncio.get_running_loop().time
    async with rooms.store.waiter([outbox.CHANNEL]) as waiter:
        while True:
            number, at = await rooms.store.read(_last_event)
            fresh = await parts(number)
            for name, html in fresh.items():
                if sent.get(name) != (kept := _PASSING.sub(">", html)):
                    sent[name] = kept
                    yield frame({"part": name, "html": html}, event="part")
            yield frame({"now": rooms.clock(), "last": at}, event="seen", id=number)
            is_busy = await rooms.store.read(_is_busy)
            rendered = clock()
            if await waiter.wait(REFRESH_S if is_busy else 3600):
                await asyncio.sleep(max(_SETTLE_S, _LEAST_S - (clock() - rendered)))


async def _log_lines(rooms: WebRooms, run: tuple[str, int], cursor: Cursor) -> AsyncIterator[bytes]:
    """Yield the lines of a running log from the cursor on, as HTML; ends with the run."""
    growing = GrowingLog(cursor)
    ended = partial(_has_ended, rooms, run)
    template = environment().get_template("parts/log_rows.html")
    async for piece in rooms.logs.follow(*run, cursor.offset, ended=ended):
        lines = growing.feed(piece, rooms.logs.marks(*run))
        if lines:
            html = template.render(rows=lines)
            yield frame({"html": html, "next": str(growing.cursor)}, event="log")


def frame(value: object, *, event: str = "", id: int | None = None) -> bytes:
    """Return a server-sent event with JSON in it (WHATWG HTML, section 9.2)."""
    head = (f"id: {id}\n" if id is not None else "") + (f"event: {event}\n" if event else "")
    return head.encode() + b"data: " + msgspec.json.encode(value) + b"\n\n"


def _parts_of(rooms: WebRooms, request: Request, page: str, run: tuple[str, int] | None) -> Parts:
    """Return what renders a page's fragments.  Raises `Problem` (400) for a page without any."""
    kind, _, rest = page.partition(":")
    if page in _SAME_FOR_ALL:
        make = partial(_SAME_FOR_ALL[page], rooms, request)
        return lambda number: rooms.kept.get(page, number, make)
    if page == "builds":
        return lambda number: build_list.parts(rooms, request)
    if kind == "events" and rest in event_list.CHOICES:
        return lambda number: event_list.parts(rooms, request, rest)
    if kind == "build":
        build = _number(page)
        return lambda number: build_page.parts(rooms, request, build, run)
    raise Problem(400, "bad_query", f"There is no live page {page[:40]!r}.")


def _number(page: str) -> int:
    text = page.partition(":")[2]
    if not text.isdecimal() or len(text) > 18:
        raise Problem(400, "bad_query", f"There is no live page {page[:40]!r}.")
    return int(text)


async def _position(rooms: WebRooms, request: Request) -> int:
    """Return the number of the last event that the client has seen; the newest where it does not say."""
    text = request.headers.get("last-event-id") or request.query_params.get("after", "")
    if not text:
        return await rooms.store.read(outbox.last_number)
    if not text.isdecimal() or len(text) > 18:
        raise Problem(400, "bad_query", f"An event’s number is wanted, {text[:40]!r} is none.")
    return int(text)


def _last_event(connection: Connection) -> tuple[int, float | None]:
    row = connection.execute(select(events.c.id, events.c.at).order_by(events.c.id.desc()).limit(1)).first()
    return (row.id, row.at) if row else (0, None)


def _is_busy(connection: Connection) -> bool:
    return connection.execute(select(runs.c.run_id).where(runs.c.state == "running").limit(1)).first() is not None


async def _running(rooms: WebRooms, number: int) -> tuple[str, int] | None:
    view = await rooms.store.read(lambda connection: views.build(connection, rooms.clock(), number))
    if view is None or view.task_id is None or view.run_id is None:
        return None
    return view.task_id, view.run_id


async def _has_ended(rooms: WebRooms, run: tuple[str, int]) -> bool:
    query = select(runs.c.resolved).where(runs.c.task_id == run[0], runs.c.run_id == run[1])
    row = await rooms.store.read(lambda connection: connection.execute(query).first())
    return row is None or row.resolved is not None
