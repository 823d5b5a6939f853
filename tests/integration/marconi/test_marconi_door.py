"""Who is let in, and to which project: headers, tokens, signed URLs, and pages of other sites."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from buildyard.taskcluster.credentials import Credentials
from support.marconi import ALICE, Answer, Server, serving

QUEUE = "/v2/queues/q"


@pytest.fixture
def abroad(store_url: str) -> Iterator[Server]:
    """A server that listens on more than loopback."""
    with serving(store_url, is_local=False) as server:
        yield server


@pytest.fixture
def alone(store_url: str) -> Iterator[Server]:
    """A server on loopback whose clock may be moved as one likes."""
    with serving(store_url) as server:
        yield server


def text(answer: Answer) -> str:
    assert answer.status == 201, answer
    return answer.headers["x-subject-token"]


def test_without_a_token_nobody_comes_in_from_elsewhere(abroad: Server) -> None:
    for method, path in (("GET", "/v2/queues"), ("GET", "/v2/ping"), ("GET", "/v2/"), ("GET", "/v2/nope")):
        answer = abroad.ask(method, path)
        assert answer.status == 401
        assert answer.json["error"]["code"] == 401
        assert answer.headers["www-authenticate"] == 'Keystone uri="http://127.0.0.1:8765/v3"'


@pytest.mark.parametrize("token", ["", "rubbish", "gAAAAA" + "A" * 200, "é"])
def test_bad_token_is_refused_even_on_loopback(alone: Server, abroad: Server, token: str) -> None:
    assert alone.ask("GET", "/v2/queues", token=token).status == 401
    assert abroad.ask("GET", "/v2/queues", token=token).status == 401


def test_token_opens_its_project_and_no_other(abroad: Server) -> None:
    worker = abroad.client("worker", "marconi:lab", "marconi:lab2")
    lab, lab2 = (text(abroad.token(worker, name)) for name in ("lab", "lab2"))
    abroad.ask("PUT", QUEUE, token=lab, project=None)
    assert len(abroad.ask("GET", "/v2/queues", token=lab, project="lab2").json["queues"]) == 1
    assert abroad.ask("GET", "/v2/queues", token=lab2, project="lab").json["queues"] == []
    assert abroad.token(worker, "other").status == 401


@pytest.mark.parametrize(
    ("scopes", "project"),
    [
        (["marconi:lab"], "lab"),
        (["marconi:lab", "queue:*"], "lab"),
        (["*"], "default"),
        (["marconi:*"], "default"),
        (["marconi:lab", "marconi:lab2"], None),
        (["marconi:lab*"], None),
        ([], None),
    ],
)
def test_token_without_a_project_is_for_the_only_one(abroad: Server, scopes: list[str], project: str | None) -> None:
    answer = abroad.token(abroad.client("worker", *scopes))
    assert answer.json["token"].get("project", {}).get("id") == project
    used = abroad.ask("GET", "/v2/queues", token=text(answer))
    if project is None:
        assert used.why == (400, "The header X-PROJECT-ID was missing")
    else:
        assert used.status == 200


@pytest.mark.parametrize("version", ["v1", "v1.1", "v2"])
def test_token_without_a_project_opens_none(abroad: Server, version: str) -> None:
    token = text(abroad.token(abroad.client("worker"), scope="unscoped"))
    for project in (None, "lab"):
        answer = abroad.ask("GET", f"/{version}/queues", token=token, project=project)
        assert answer.why == (400, "The header X-PROJECT-ID was missing")


@pytest.mark.parametrize("name", ["\0", "a\n", "", "x" * 300, "é", "local/nobody"])
def test_client_that_cannot_be_is_unknown(alone: Server, name: str) -> None:
    nobody = Credentials(client_id=name, access_token="x")
    assert alone.token(nobody, "lab").status == 401
    assert alone.token(alone.client("worker", "marconi:*"), "a\0").status == 401
    credential = {"methods": ["application_credential"], "application_credential": {"id": name, "secret": "x"}}
    assert alone.ask("POST", "/v3/auth/tokens", {"auth": {"identity": credential}}).status == 404


def test_token_ends_at_its_time(alone: Server) -> None:
    token = text(alone.token(alone.client("worker", "marconi:lab"), "lab"))
    alone.clock.advance(3599)
    assert alone.ask("GET", "/v2/queues", token=token).status == 200
    alone.clock.advance(1)
    assert alone.ask("GET", "/v2/queues", token=token).status == 401
    assert alone.ask("POST", f"{QUEUE}/messages", {"messages": [{"body": 1}]}, token=token).status == 401
    assert alone.bodies() == []


def test_revoked_token_is_over_at_once_here_and_soon_elsewhere(alone: Server, abroad: Server) -> None:
    worker = alone.client("worker", "marconi:lab")
    token, other = text(alone.token(worker, "lab")), text(alone.token(worker, "lab"))
    assert abroad.ask("GET", "/v2/queues", token=token).status == 200
    ending = alone.ask("DELETE", "/v3/auth/tokens", token=other, headers={"X-Subject-Token": token})
    assert ending.status == 204
    assert alone.ask("GET", "/v2/queues", token=token).status == 401
    assert alone.ask("GET", "/v2/queues", token=other).status == 200
    abroad.clock.advance(5)
    assert abroad.ask("GET", "/v2/queues", token=token).status == 401


@pytest.mark.parametrize("change", [{"disabled": True}, {"access_token": "x" * 44}, {"scopes": '["marconi:else"]'}])
def test_client_that_is_changed_loses_its_tokens(alone: Server, change: dict[str, object]) -> None:
    from sqlalchemy import update

    from buildyard.farm.store.tables import clients

    token = text(alone.token(alone.client("worker", "marconi:lab"), "lab"))
    assert alone.ask("GET", "/v2/queues", token=token).status == 200
    alone.write(lambda connection: connection.execute(update(clients).values(change)))
    alone.clock.advance(5)
    assert alone.ask("GET", "/v2/queues", token=token).status == 401


def test_token_of_another_hubs_key_is_not_believed(alone: Server) -> None:
    token = text(alone.token(alone.client("worker", "marconi:lab"), "lab"))
    alone.rooms.key = b"another"
    assert alone.ask("GET", "/v2/queues", token=token + "A").status == 401
    alone.app = type(alone.app)(alone.rooms)
    assert alone.ask("GET", "/v2/queues", token=token).status == 401


def test_health_is_told_to_whoever_may_do_everything(alone: Server) -> None:
    everything, lab = alone.client("root", "*"), alone.client("worker", "marconi:lab")
    assert alone.ask("GET", "/v2/health").status == 403
    assert alone.ask("GET", "/v2/health", token=text(alone.token(lab, "lab"))).status == 403
    told = alone.ask("GET", "/v2/health", token=text(alone.token(everything, "any"))).json
    assert told["catalog_reachable"] is True
    assert told[alone.rooms.store.dialect]["storage_reachable"] is True


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("host", ["evil.example:8765", "evil.example", "192.0.2.1", ""])
def test_name_of_another_site_that_leads_here_is_refused(server: Server, method: str, host: str) -> None:
    assert server.ask(method, f"{QUEUE}/claims", headers={"Host": host}).status == 403


@pytest.mark.parametrize("host", ["localhost:8765", "[::1]:8765", "127.0.0.1", "yard.localhost"])
def test_names_of_this_machine_are_let_in(server: Server, host: str) -> None:
    assert server.ask("GET", "/v2/queues", headers={"Host": host}).status == 200


def test_page_of_another_site_may_not_ask(server: Server) -> None:
    evil = {"Origin": "https://evil.example"}
    assert server.ask("POST", f"{QUEUE}/messages", {"messages": [{"body": 1}]}, headers=evil).status == 403
    assert server.ask("DELETE", QUEUE, headers=evil).status == 403
    assert server.bodies() == []
    own = {"Origin": "http://127.0.0.1:8765"}
    assert server.ask("PUT", QUEUE, headers=own).status == 201


def test_token_is_believed_under_any_name(alone: Server) -> None:
    token = text(alone.token(alone.client("worker", "marconi:lab"), "lab"))
    headers = {"Host": "yard.example", "Origin": "https://other.example"}
    assert alone.ask("PUT", QUEUE, token=token, headers=headers).status == 201


@pytest.mark.parametrize(
    ("headers", "status", "title"),
    [
        ({"Client-ID": "foo"}, 400, "Wrong UUID value"),
        ({"X-Project-ID": ""}, 400, "Empty project header not allowed"),
        ({"X-Project-ID": "a" * 257}, 400, "Invalid queue identification"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 400, "Invalid Content-Type"),
    ],
)
def test_header_that_is_wrong_is_named(server: Server, headers: dict[str, str], status: int, title: str) -> None:
    answer = server.ask("GET", QUEUE, headers=headers)
    assert (answer.status, answer.json["title"]) == (status, title)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("application/*;q=0.5, text/html", 200),
        ("text/html, APPLICATION/JSON", 200),
        ("", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/json; q=0.0, text/plain", 406),
    ],
)
def test_caller_takes_json_or_is_told_nothing(server: Server, accept: str, status: int) -> None:
    answer = server.ask("GET", QUEUE, headers={"Accept": accept})
    assert answer.status == status
    assert status == 200 or answer.content == b""


# --- signed URLs


def signed(server: Server, **wanted: object) -> dict[str, str]:
    told = server.ask("POST", f"{QUEUE}/share", wanted).json
    return {
        "URL-Signature": told["signature"],
        "URL-Expires": told["expires"],
        "URL-Methods": ",".join(told["methods"]),
        "URL-Paths": ",".join(told["paths"]),
    }


def test_signed_url_needs_no_token(abroad: Server) -> None:
    token = text(abroad.token(abroad.client("worker", "marconi:lab"), "lab"))
    told = abroad.ask("POST", f"{QUEUE}/share", {"methods": ["GET", "POST"]}, token=token, project=None).json
    headers = {
        "URL-Signature": told["signature"],
        "URL-Expires": told["expires"],
        "URL-Methods": "POST,GET",
        "URL-Paths": told["paths"][0],
        "Host": "yard.example",
    }
    post = {"messages": [{"body": 1}]}
    assert abroad.ask("POST", f"{QUEUE}/messages", post, project="lab", headers=headers).status == 201
    shown = abroad.ask("GET", f"{QUEUE}/messages?echo=true", project="lab", headers=headers).json
    (message,) = shown["messages"]
    assert abroad.ask("GET", message["href"], project="lab", headers=headers).json["body"] == 1
    for method, path, project in (
        ("DELETE", message["href"], "lab"),
        ("GET", f"{QUEUE}/messages", "other"),
        ("POST", f"{QUEUE}/claims", "lab"),
        ("GET", QUEUE, "lab"),
        ("GET", "/v2/queues/q2/messages", "lab"),
        ("GET", "/v2/queues", "lab"),
    ):
        assert abroad.ask(method, path, project=project, headers=headers).status == 404, (method, path)


def test_signed_url_ends_at_its_time(alone: Server) -> None:
    headers = signed(alone)
    assert alone.ask("GET", f"{QUEUE}/messages", headers=headers).status == 200
    alone.clock.advance(86_400)
    assert alone.ask("GET", f"{QUEUE}/messages", headers=headers).status == 404


@pytest.mark.parametrize(
    "change",
    [
        {"URL-Signature": "0" * 64},
        {"URL-Signature": ""},
        {"URL-Signature": "é"},
        {"URL-Expires": "2999-01-01T00:00:00"},
        {"URL-Expires": "soon"},
        {"URL-Methods": "GET,DELETE"},
        {"URL-Paths": "/v2"},
    ],
)
def test_signature_that_was_changed_is_a_404(server: Server, change: dict[str, str]) -> None:
    assert server.ask("GET", f"{QUEUE}/messages", headers=signed(server) | change).status == 404


def test_signature_of_one_project_is_not_good_for_another(server: Server) -> None:
    """The parts that are signed are joined by a backslash and an n, which a project's name may have in it."""
    told = server.ask("POST", f"{QUEUE}/share", {"methods": ["GET", "POST"]}, project="mine\\nvictim").json
    headers = {"URL-Signature": told["signature"], "URL-Expires": told["expires"], "URL-Paths": told["paths"][0]}
    for methods, project in (("GET,POST\\nmine", "victim"), ("GET,POST", "mine\\nvictim")):
        forged = headers | {"URL-Methods": methods}
        assert server.ask("GET", f"{QUEUE}/messages", project=project, headers=forged).status == 404


@pytest.mark.parametrize(
    "wanted",
    [
        {"paths": ["nope"]},
        {"paths": []},
        {"paths": "messages"},
        {"methods": ["STEAL"]},
        {"methods": [["GET"]]},
        {"expires": "soon"},
        {"expires": 5},
        [],
    ],
)
def test_what_cannot_be_shared_is_refused(server: Server, wanted: object) -> None:
    assert server.ask("POST", f"{QUEUE}/share", wanted, client=ALICE).status == 400
