"""Who may come in: by loopback, by basic authentication, by signature."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from buildyard.farm.access import Access
from buildyard.farm.here import is_loopback
from buildyard.farm.store.connect import open_store
from buildyard.farm.tasks.auth import open_authenticator
from buildyard.farm.tasks.clients import root_credentials
from buildyard.taskcluster._hawk import sign_request

T = TypeVar("T")
NOW = 1_800_000_000.0


async def _told(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    caller = getattr(request.state, "caller", None)
    scopes = caller is not None and caller.scopes.covers("farm:request")
    await JSONResponse({"who": getattr(request.state, "client_id", None), "may_ask": scopes})(scope, receive, send)


def _asked(
    place: Path,
    *,
    method: str = "GET",
    path: str = "/",
    is_local: bool = True,
    headers: Callable[[str], dict[str, str]] = lambda _: {},
    now: float = NOW,
) -> tuple[int, dict[str, Any]]:
    """Return status and body of one request through the door; ``headers`` is given the operator's access token."""

    async def ask() -> tuple[int, bytes]:
        store = await open_store(f"sqlite:///{place / 'yard.sqlite'}")
        try:
            root = await store.write(lambda connection: root_credentials(connection, NOW, "local/mira"))
            door = Access(_told, await open_authenticator(store, clock=lambda: now), is_local)
            fields = {"host": "127.0.0.1:8765"} | headers(root.access_token)
            return await _exchange(door, method, path, fields)
        finally:
            await store.close()

    status, body = asyncio.run(ask())
    return status, msgspec.json.decode(body)


async def _exchange(door: Access, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "server": ("127.0.0.1", 8765),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await door(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def _basic(name: str, token: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()}


def test_anybody_of_this_machine_may_read_and_ask(tmp_path: Path) -> None:
    assert _asked(tmp_path, method="POST") == (200, {"who": "somebody here", "may_ask": True})


def test_nobody_may_come_in_from_elsewhere_without_credentials(tmp_path: Path) -> None:
    status, problem = _asked(tmp_path, is_local=False)
    assert (status, problem["code"]) == (401, "no_credentials")


def test_installers_come_in_with_client_id_and_token(tmp_path: Path) -> None:
    told = _asked(tmp_path, is_local=False, headers=lambda token: _basic("local/mira", token))
    assert told == (200, {"who": "local/mira", "may_ask": True})


def test_token_of_a_client_that_has_expired_opens_nothing(tmp_path: Path) -> None:
    after_its_end = datetime(2999, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp()
    status, problem = _asked(tmp_path, headers=lambda token: _basic("local/mira", token), now=after_its_end)
    assert (status, problem["code"]) == (401, "no_credentials")


@pytest.mark.parametrize(
    "fields",
    [
        _basic("local/mira", "x" * 44),
        _basic("local/nobody", "x" * 44),
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"authorization": 'Hawk id="local/mira", ts="1", nonce="n", mac="x"'},
    ],
    ids=["wrong token", "unknown client", "not base64", "not text", "bad signature"],
)
def test_wrong_credentials_are_refused_even_on_loopback(tmp_path: Path, fields: dict[str, str]) -> None:
    assert _asked(tmp_path, headers=lambda _: fields)[0] == 401


def test_signed_request_is_its_signers(tmp_path: Path) -> None:
    def signed(token: str) -> dict[str, str]:
        header = sign_request(
            "GET",
            "http://127.0.0.1:8765/",
            client_id="local/mira",
            access_token=token,
            now=datetime.fromtimestamp(NOW, UTC).timestamp(),
            nonce="abcdef",
            ext="",
            hashed="",
        )
        return {"authorization": header}

    assert _asked(tmp_path, is_local=False, headers=signed)[1]["who"] == "local/mira"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_name_of_another_site_that_leads_here_is_refused(tmp_path: Path, method: str) -> None:
    status, problem = _asked(tmp_path, method=method, headers=lambda _: {"host": "evil.example:8765"})
    assert (status, problem["code"]) == (403, "foreign_host")


def test_page_of_another_site_may_not_ask(tmp_path: Path) -> None:
    status, problem = _asked(tmp_path, method="POST", headers=lambda _: {"origin": "https://evil.example"})
    assert (status, problem["code"]) == (403, "foreign_origin")


def test_own_page_may_ask(tmp_path: Path) -> None:
    assert _asked(tmp_path, method="POST", headers=lambda _: {"origin": "http://127.0.0.1:8765"})[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/queue/v1/ping",
        "/api/object/v1/ping",
        "/api/auth/v1/ping",
        "/api/index/v1/ping",
        "/api/secrets/v1/ping",
        "/api/hooks/v1/ping",
        "/references/manifest.json",
        "/schemas/secrets/v1/secret.json",
        "/api/farm/v1/claim-work",
    ],
)
def test_services_that_judge_for_themselves_are_let_through(tmp_path: Path, path: str) -> None:
    assert _asked(tmp_path, path=path, is_local=False) == (200, {"who": None, "may_ask": False})


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("yard.localhost", True),
        ("0.0.0.0", False),
        ("192.0.2.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_everything_else(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here
