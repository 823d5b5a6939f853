"""Errors as pages: what happened, what to do, and an id to report; for scripts the same as problem details.

`handlers` is given to the application.  Addresses below ``/api/`` always answer ``application/problem+json``.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from buildyard.farm.index.negotiate import choose
from buildyard.farm.problems import MEDIA_TYPE, Problem
from buildyard.farm.store.errors import StoreBusy, StoreFull, StoreUnreachable
from buildyard.farm.web.respond import SAFE_HEADERS, answer
from buildyard.farm.web.rooms import WebRooms

log = logging.getLogger(__name__)

Handler = Callable[[Request, Exception], Awaitable[Response]]

#: What stands in for a status that came without words: its code, what happened, what to do.
_WORDS = {
    400: ("bad_request", "This request cannot be understood.", ""),
    401: ("sign_in", "This farm asks who you are.", "Send credentials with the request."),
    403: ("forbidden", "These credentials do not allow that.", ""),
    404: ("unknown_page", "There is no such page.", "Look for the package, or begin at the overview."),
    405: ("wrong_method", "This address cannot be used like that.", ""),
    409: ("conflict", "That is not possible as things stand.", "Load the page anew and look again."),
    413: ("too_large", "That is more than this address takes.", ""),
    429: ("too_many", "That was asked too often.", "Wait a little, then ask again."),
    500: ("internal", "Something went wrong here.", "It is written to the hub’s log under the id below."),
    503: ("unavailable", "The farm cannot answer just now.", "It answers again by itself; try in a moment."),
}

#: A description of the index (PEP 691) is JSON too, and so is any other structured type of ours.
_JSON_TYPES = (
    "text/html",
    "application/json",
    MEDIA_TYPE,
    "application/vnd.pypi.simple.v1+json",
    "application/vnd.pypi.simple.latest+json",
)


def handlers(rooms: WebRooms) -> dict[int | type[Exception], Handler]:
    """Return the application's exception handlers."""
    by_type: dict[int | type[Exception], Callable[[Exception], Problem]] = {
        Problem: _same,
        HTTPException: _of_status,
        StoreUnreachable: _unreachable,
        StoreBusy: _unreachable,
        StoreFull: _full,
        Exception: _fault,
    }
    return {kind: partial(_answer, rooms, to_problem) for kind, to_problem in by_type.items()}


async def _answer(
    rooms: WebRooms, to_problem: Callable[[Exception], Problem], request: Request, error: Exception
) -> Response:
    problem = to_problem(error)
    number = str(getattr(request.state, "request_id", "") or secrets.token_hex(3))
    if problem.status >= 500:
        log.error("web.failed", extra={"request": number, "path": request.url.path}, exc_info=error)
    if _wants_problem_json(request):
        told = problem.body() | {"request": number}
        headers = {**SAFE_HEADERS, **problem.headers}
        return Response(msgspec.json.encode(told), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)
    context = {"problem": problem, "request_id": number}
    return answer(
        rooms,
        request,
        "error.html",
        context,
        twin=problem.body(),
        title=problem.title,
        status=problem.status,
        headers=problem.headers,
    )


def _wants_problem_json(request: Request) -> bool:
    if request.url.path.startswith("/api/") or request.url.path.endswith(".json"):
        return True
    return choose(request.headers.get("accept"), _JSON_TYPES) not in ("text/html", None)


def _same(error: Exception) -> Problem:
    assert isinstance(error, Problem)
    return error


def _of_status(error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    code, title, next = _WORDS.get(error.status_code, _WORDS[500 if error.status_code >= 500 else 400])
    return Problem(error.status_code, code, title, next=next, headers=error.headers)


def _unreachable(error: Exception) -> Problem:
    return Problem(
        503,
        "store_unreachable",
        "The database does not answer.",
        detail="Builders keep working; their results are sent when it is back.",
        headers={"retry-after": "5"},
    )


def _full(error: Exception) -> Problem:
    return Problem(
        503,
        "store_full",
        "The disk is full.",
        detail="Nothing was lost. Builders keep working; their results are taken when there is room.",
        next="Make room where the state directory lies; the farm goes on by itself.",
        headers={"retry-after": "30"},
    )


def _fault(error: Exception) -> Problem:
    code, title, next = _WORDS[500]
    return Problem(500, code, title, next=next)
