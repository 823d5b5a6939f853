"""Forms that only our own pages can send.

A browser keeps a random cookie; each form carries its HMAC under the hub's secret.  Another site can send the cookie
along, but cannot know the token (the signed double-submit pattern); a foreign ``Origin`` is refused besides.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from buildyard.farm.problems import Problem

COOKIE = "buildyard_form"
FIELD = "token"

#: A form is a few requirements; more than this is none.
MAX_FORM = 200_000


def cookie_of(request: Request) -> str:
    """Return the visitor's cookie, or a new one; `keep` sends it."""
    known = request.cookies.get(COOKIE, "")
    return known if known.isalnum() and len(known) == 32 else secrets.token_hex(16)


def token(secret: bytes, cookie: str) -> str:
    """Return the token of this visitor's forms."""
    return hmac.new(secret, cookie.encode(), sha256).hexdigest()


def keep(request: Request, response: Response, cookie: str) -> None:
    """Let the visitor keep the cookie, if it is new."""
    if request.cookies.get(COOKIE) != cookie:
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=secure, path="/")


async def checked_form(secret: bytes, request: Request) -> Mapping[str, list[str]]:
    """Return the fields of a form that one of our pages sent.

    Raises `Problem`: 403 where it comes from elsewhere or from before the hub's last start, 400, 413, 415.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise Problem(415, "not_a_form", "this address takes a form")
    _check_origin(request)
    fields = await _fields(request)
    cookie = request.cookies.get(COOKIE, "")
    sent = fields.get(FIELD, [""])[0]
    if not cookie or not hmac.compare_digest(token(secret, cookie).encode(), sent.encode()):
        raise Problem(403, "stale_form", "this form is older than the hub", next="go back, load the page anew, send it")
    return fields


async def _fields(request: Request) -> Mapping[str, list[str]]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise Problem(413, "too_large", f"a form has at most {MAX_FORM:,} bytes")
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=1000, errors="strict")
    except ValueError as error:  # not UTF-8, or too many fields
        raise Problem(400, "bad_form", "this form cannot be read") from error


def _check_origin(request: Request) -> None:
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "foreign_form", "this form was sent by another site")
