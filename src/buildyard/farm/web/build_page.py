"""A build's own page: is this wheel good and where from, how far is it, or why did it fail.

`page` answers ``/builds/<id>``, `raw_log` the log's bytes, `retry` the one action; `parts` renders the live fragments.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from buildyard.farm.abi import Abi
from buildyard.farm.builds.words import LOOKS, platform_words, sentence
from buildyard.farm.problems import Problem
from buildyard.farm.web import build_words, csrf
from buildyard.farm.web.build_facts import Facts, Run, read
from buildyard.farm.web.env import environment
from buildyard.farm.web.log import Cursor, Log, Section, Wanted
from buildyard.farm.web.respond import RETRY, SAFE_HEADERS, answer, require, see_other, surroundings
from buildyard.farm.web.rooms import WebRooms
from buildyard.farm.web.tracks import PhaseCell, recorded, underway

#: States in which a result is that of an earlier try.
_BEFORE_RESULT = frozenset({"queued", "building"})

#: Seconds between two loads of a running build's page where the browser runs no script.
_REFRESH = 10

_TEXT = "text/plain; charset=utf-8"

#: The fragments that follow events, each a template of its own.
PARTS = ("build_head", "build_phases", "build_side")


async def page(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /builds/<id>``."""
    facts = await facts_of(rooms, request)
    context = await asyncio.to_thread(_context, rooms, facts) | await _log_context(rooms, facts, request)
    if _is_under_way(facts):
        context |= {"refresh": _REFRESH, "live": f"build:{facts.build.id}"}
    return answer(rooms, request, "build.html", context, twin=facts.build, title=_title(facts))


async def parts(rooms: WebRooms, request: Request, number: int, run: tuple[str, int] | None) -> dict[str, str]:
    """Return the page's live fragments by their id; with the whole log once the build has ended.

    A page that does not follow the log of the ``run`` that is on now is to load itself again.
    """
    facts = await _facts(rooms, number)
    follows = "log" in request.query_params and (facts.build.task_id, facts.build.run_id) == run
    if facts.build.state == "building" and not follows:
        return {"reload": f"/builds/{number}"}
    context = surroundings(rooms, request, csrf.cookie_of(request))
    context |= await asyncio.to_thread(_context, rooms, facts)
    names = [*PARTS]
    if not _is_under_way(facts):
        context |= await _log_context(rooms, facts, request)
        names.append("build_log")
    rendered = {name: environment().get_template(f"parts/{name}.html").render(context) for name in names}
    return rendered | {"title": _title(facts)}


async def raw_log(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /builds/<id>/log``: the log's own bytes, with ranges once it is whole."""
    facts = await facts_of(rooms, request)
    task_id, run = facts.build.task_id, facts.log_run
    headers = {**SAFE_HEADERS, "cache-control": "no-cache", "content-security-policy": "sandbox; default-src 'none'"}
    path = rooms.logs.path(task_id, run.run_id) if task_id and run else None
    if path is None or not await asyncio.to_thread(path.is_file):
        return Response(b"", media_type=_TEXT, headers=headers)
    if run is not None and run.resolved is None:
        # A file that grows while it is sent would come out longer than its announced length.
        return Response(await asyncio.to_thread(path.read_bytes), media_type=_TEXT, headers=headers)
    return FileResponse(path, media_type=_TEXT, headers=headers)


async def retry(rooms: WebRooms, request: Request) -> Response:
    """Answer ``POST /builds/<id>/retry``."""
    require(request, RETRY)
    await csrf.checked_form(rooms.secret, request)
    facts = await facts_of(rooms, request)
    await rooms.requests_service.retry(facts.build.id)
    build = facts.build
    return see_other(request, f"/builds/{build.id}", f"{build.package} {build.version} {build.abi} is queued again.")


async def facts_of(rooms: WebRooms, request: Request) -> Facts:
    """Return the build that the address names.  Raises `Problem` (404)."""
    return await _facts(rooms, request.path_params["number"])


async def _facts(rooms: WebRooms, number: int) -> Facts:
    now = rooms.clock()
    found = await rooms.store.read(lambda connection: read(connection, now, number))
    if found is None:
        raise Problem(404, "unknown_build", f"There is no build {number}.", next="see all of them at /builds")
    return found


def _context(rooms: WebRooms, facts: Facts) -> dict[str, Any]:
    now = rooms.clock()
    return {
        "facts": facts,
        "build": facts.build,
        "sentence": build_words.headline(facts, now),
        "banner": build_words.banner(facts),
        "cells": _cells(rooms, facts, now),
        "command": _command(facts),
        "same_cause_query": urlencode({"state": "failed", "class": facts.build.kind}),
        "is_under_way": _is_under_way(facts),
    }


def _is_under_way(facts: Facts) -> bool:
    return facts.build.state in ("queued", "building", "will_retry")


def _title(facts: Facts) -> str:
    build = facts.build
    state = sentence(LOOKS[build.state].word)
    return f"{state}: {build.package} {build.version} {build.abi} {platform_words(build.platform)}"


def _command(facts: Facts) -> str:
    """Return the line that repeats this build wherever one is."""
    build, abi = facts.build, Abi.parse(facts.build.abi)
    python = f"{'pypy' if abi.implementation == 'pp' else ''}{abi.python_version}{'t' if abi.free_threaded else ''}"
    return f"buildyard build {facts.name}=={build.version} --python {python} --no-deps -o wheels"


def _cells(rooms: WebRooms, facts: Facts, now: float) -> list[PhaseCell]:
    build, run = facts.build, facts.log_run
    if build.result is not None and build.state not in _BEFORE_RESULT:
        return recorded(build.result.phases, failed=build.result.outcome == "failed")
    if not _is_under_way(facts):
        return []
    if build.state != "building" or run is None or run.started is None or build.task_id is None:
        return underway([], 0.0, None)
    marks = rooms.logs.marks(build.task_id, run.run_id)
    starts = [(mark.phase, mark.at) for mark in marks if mark.phase]
    usual = facts.usual
    if usual is None:
        return underway(starts, now - run.started, None)
    return underway(starts, now - run.started, usual.seconds, usual.shares)


def _wanted(facts: Facts, request: Request) -> Wanted:
    build = facts.build
    return Wanted(
        cause=build.log_line if build.state in ("failed", "will_retry") else None,
        is_running=build.state == "building",
        has_failed=build.state in ("failed", "will_retry"),
        asked=_asked_lines(request),
        only_errors=request.query_params.get("only") == "errors",
    )


def _asked_lines(request: Request) -> range:
    first, _, last = request.query_params.get("lines", "").partition("-")
    last = last or first
    if not (first.isdecimal() and last.isdecimal() and len(first) < 10 and len(last) < 10):
        return range(0)
    return range(max(int(first), 1), int(last) + 1)


async def _log_context(rooms: WebRooms, facts: Facts, request: Request) -> dict[str, Any]:
    wanted = _wanted(facts, request)
    log, sections = await _log(rooms, facts, wanted)
    return {"sections": sections, "log_lines": len(log), "cursor": log.end, "only_errors": wanted.only_errors}


async def _log(rooms: WebRooms, facts: Facts, wanted: Wanted) -> tuple[Log, list[Section]]:
    run = facts.log_run
    if run is None or facts.build.task_id is None:
        return Log(b""), []
    return await asyncio.to_thread(partial(_read_log, rooms, facts.build.task_id, run, wanted))


def _read_log(rooms: WebRooms, task_id: str, run: Run, wanted: Wanted) -> tuple[Log, list[Section]]:
    data = rooms.logs.read(task_id, run.run_id)
    log = Log(data, rooms.logs.marks(task_id, run.run_id), grows=run.state == "running")
    return log, log.sections(wanted)


def cursor_of(request: Request) -> Cursor:
    """Return where a page's log left off.  Raises `Problem` (400)."""
    try:
        return Cursor.parse(request.query_params.get("log", "0-1"))
    except ValueError as error:
        raise Problem(400, "bad_cursor", str(error)) from error
