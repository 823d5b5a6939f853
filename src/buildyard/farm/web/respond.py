"""Answers of the pages: HTML from a template, or the same as JSON, with the headers that keep a browser safe.

`answer` looks at what the client would rather have (``Accept``, or ``.json`` in the address); `see_other` ends every
action with a redirect and a line that tells what was done.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from urllib.parse import quote, unquote

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from buildyard.farm.builds.words import estimate
from buildyard.farm.index.negotiate import choose, takes_gzip
from buildyard.farm.problems import Problem
from buildyard.farm.web import csrf
from buildyard.farm.web.env import environment
from buildyard.farm.web.rooms import WebRooms

#: Nothing but our own files, and no script inside a page.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}

#: Scopes of the two actions, as the farm's API asks for them.
ASK, RETRY = "farm:request", "farm:retry"

_FLASH = "buildyard_flash"
_WORTH_PACKING = 1000

#: (word, address, keys that lead there) of the pages that exist.
NAVIGATION = (
    ("Overview", "/", "o"),
    ("Packages", "/packages", "p"),
    ("Builds", "/builds", "b"),
    ("Builders", "/builders", "w"),
    ("Events", "/events", "e"),
)


def wants_json(request: Request) -> bool:
    """Tell whether the client would rather have JSON than a page."""
    if request.url.path.endswith((".json", "/json")):
        return True
    return choose(request.headers.get("accept"), ["text/html", "application/json"]) == "application/json"


def answer(
    rooms: WebRooms,
    request: Request,
    template: str,
    context: Mapping[str, object],
    *,
    twin: object,
    title: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the page, or ``twin`` as JSON where that is wanted."""
    if wants_json(request):
        return json_answer(request, twin, status=status, headers=headers)
    cookie = csrf.cookie_of(request)
    page = environment().get_template(template)
    html = page.render({**surroundings(rooms, request, cookie), "title": title, **context})
    response = _packed(request, html.encode(), status, {"content-type": "text/html; charset=utf-8", **(headers or {})})
    csrf.keep(request, response, cookie)
    if _FLASH in request.cookies:
        response.delete_cookie(_FLASH, path="/")
    return response


def json_answer(
    request: Request, value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a value as JSON."""
    return _packed(request, msgspec.json.encode(value), status, {"content-type": "application/json", **(headers or {})})


def may(request: Request, scope: str) -> bool:
    """Tell whether the reader's scopes allow that; what no door has looked at is allowed."""
    caller = getattr(request.state, "caller", None)
    return caller is None or bool(caller.scopes.covers(scope))


def require(request: Request, scope: str) -> None:
    """Raise `Problem` (403) where the reader's scopes do not allow that."""
    if not may(request, scope):
        raise Problem(403, "insufficient_scopes", f"This needs the scope {scope}.", facts={"missing": scope})


def surroundings(rooms: WebRooms, request: Request, cookie: str = "") -> dict[str, object]:
    """Return what every template and every fragment of one knows."""
    now = rooms.clock()
    return {
        "now": now,
        "path": request.url.path,
        "address": request.url.netloc,
        "base": f"{request.url.scheme}://{request.url.netloc}",
        "farm": rooms.name or request.url.netloc,
        "version": rooms.version,
        "uptime": estimate(now - rooms.started),
        "navigation": NAVIGATION,
        "csrf_field": csrf.FIELD,
        "csrf_token": csrf.token(rooms.secret, cookie) if cookie else "",
        "flash": _flash(request),
        "may_ask": may(request, ASK),
        "may_retry": may(request, RETRY),
        "refresh": None,
        "live": None,
        "query": "",
    }


def see_other(request: Request, path: str, flash: str) -> Response:
    """Return the redirect that ends an action, with a line for the page it leads to."""
    response = RedirectResponse(path, status_code=303, headers={"cache-control": "no-store"})
    secure = request.url.scheme == "https"
    response.set_cookie(_FLASH, quote(flash), max_age=60, httponly=True, samesite="strict", secure=secure, path="/")
    return response


def _flash(request: Request) -> str:
    return unquote(request.cookies.get(_FLASH, ""))[:500]


def _packed(request: Request, body: bytes, status: int, headers: Mapping[str, str]) -> Response:
    told = {"cache-control": "private, no-cache", "vary": "Accept, Accept-Encoding, Cookie", **SAFE_HEADERS, **headers}
    if len(body) > _WORTH_PACKING and takes_gzip(request.headers.get("accept-encoding")):
        body = gzip.compress(body, 5, mtime=0)
        told["content-encoding"] = "gzip"
    return Response(body, status_code=status, headers=told)
