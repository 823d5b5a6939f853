"""What people write into forms is read kindly, and what other sites send is refused."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from buildyard.farm.problems import Problem
from buildyard.farm.web import csrf
from buildyard.farm.web.ask import requirements_of
from buildyard.farm.web.respond import ASK, RETRY, require, wants_json

SECRET = b"secret"
COOKIE = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("six", ["six"]),
        ("six\nwrapt<2\n", ["six", "wrapt<2"]),
        ("six wrapt numpy", ["six", "wrapt", "numpy"]),
        ("six, wrapt", ["six", "wrapt"]),
        ("msgpack >= 1.1", ["msgpack>=1.1"]),
        ("# a comment\nsix # another\n\n-r other.txt\n--index-url x\n", ["six"]),
        ("six==1.0 --hash=sha256:ab \\\n", ["six==1.0"]),
        ("six; python_version < '4'", ['six; python_version < "4"']),
        ("uvicorn[standard]", ["uvicorn[standard]"]),
    ],
)
def test_requirements_are_read_from_names_and_files(text: str, found: list[str]) -> None:
    assert requirements_of(text) == found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_request"),
        ("# nothing\n", "bad_request"),
        ("six >>> 2", "bad_requirement"),
        ("<script>", "bad_requirement"),
        ("six @ file:///etc/passwd", "bad_requirement"),
        ("a\n" * 1001, "bad_request"),
    ],
)
def test_what_is_no_requirement_is_refused_with_a_reason(text: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        requirements_of(text)
    assert (caught.value.status, caught.value.code) == (400, code)


def request(body: bytes = b"", path: str = "/request", method: str = "POST", **headers: str) -> Request:
    told = {"host": "farm.invalid", "content-type": "application/x-www-form-urlencoded", **headers}
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(key.replace("_", "-").encode(), value.encode()) for key, value in told.items()],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


def form(**fields: str) -> bytes:
    return urlencode({csrf.FIELD: csrf.token(SECRET, COOKIE), **fields}).encode()


def checked(asked: Request) -> dict[str, list[str]]:
    return dict(asyncio.run(csrf.checked_form(SECRET, asked)))


def test_a_form_of_our_own_page_is_read() -> None:
    asked = request(form(requirements="six"), cookie=f"{csrf.COOKIE}={COOKIE}", origin="http://farm.invalid")
    assert checked(asked)["requirements"] == ["six"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (form(), {}, 403),
        (form(), {"cookie": f"{csrf.COOKIE}={'f' * 32}"}, 403),
        (b"token=\xff", {"cookie": f"{csrf.COOKIE}={COOKIE}"}, 400),
        (b"a=%ff", {"cookie": f"{csrf.COOKIE}={COOKIE}"}, 400),
        (form(), {"cookie": f"{csrf.COOKIE}={COOKIE}", "origin": "http://evil.invalid"}, 403),
        (form(), {"cookie": f"{csrf.COOKIE}={COOKIE}", "origin": "null"}, 403),
        (form(), {"cookie": f"{csrf.COOKIE}={COOKIE}", "sec_fetch_site": "cross-site"}, 403),
        (form(), {"cookie": f"{csrf.COOKIE}={COOKIE}", "content-type": "text/plain"}, 415),
        (form(big="x" * csrf.MAX_FORM), {"cookie": f"{csrf.COOKIE}={COOKIE}"}, 413),
    ],
)
def test_any_other_form_is_refused(body: bytes, headers: dict[str, str], status: int) -> None:
    with pytest.raises(Problem) as caught:
        checked(request(body, **headers))
    assert caught.value.status == status


def test_a_cookie_that_is_none_of_ours_is_replaced() -> None:
    assert csrf.cookie_of(request(cookie=f'{csrf.COOKIE}="<script>"')) != "<script>"


@pytest.mark.parametrize(
    ("path", "accept", "json"),
    [
        ("/builds", "text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("/builds", "*/*", False),
        ("/builds", "application/json", True),
        ("/builds", "application/json;q=0.5, text/html", False),
        ("/builds.json", "text/html", True),
    ],
)
def test_json_is_for_those_who_ask_for_it(path: str, accept: str, json: bool) -> None:
    assert wants_json(request(path=path, method="GET", accept=accept)) is json


class Caller:
    """Somebody with these scopes."""

    def __init__(self, *scopes: str) -> None:
        self.scopes = self
        self._scopes = scopes

    def covers(self, scope: str) -> bool:
        return scope in self._scopes


def test_an_action_needs_its_scope() -> None:
    asked = request()
    asked.state.caller = Caller("farm:request")
    require(asked, ASK)
    with pytest.raises(Problem) as caught:
        require(asked, RETRY)
    assert (caught.value.status, caught.value.facts) == (403, {"missing": "farm:retry"})
