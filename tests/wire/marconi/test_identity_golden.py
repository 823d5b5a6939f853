"""What Keystone 30, and a Zaqar behind it, answered about credentials and tokens, against the hub.

The recorded users are our clients, called by their names where Keystone has numbers, and a recorded token stands for
ours from where it was given out.  Error texts are Keystone's own in few cases; what is compared is what a client acts
on: the status, the shape, the kind of error, and what a token says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import update

from buildyard.farm.store.tables import clients
from support.marconi import Answer, Server, serving

_GOLDEN = Path(__file__).parents[1] / "golden/keystone.jsonl"
WHEN = datetime(2026, 11, 22, 4, 27, 16, tzinfo=UTC).timestamp()
_TOKEN = re.compile(r"gAAAAA[\w-]+")

#: Keystone's numbers, and the names that we have in their stead.
NAMES = {
    "285e6d66cf494ec78a681d7086de510b": "worker",
    "5e67132e39a94e3983e272438c90b3e0": "defproj",
    "4a20b4bb53944954bddf7e13e53890b2": "lab",
    "28ddb1a1760c43c7a99475a230a76a2a": "lab2",
    "4d1ee97adce7497bb01553d21a7b4764": "ci",
}
#: The clients: their access tokens, and what they may.
CLIENTS = {
    "worker": ("worker-throwaway", ["marconi:lab", "marconi:lab2"]),
    "defproj": ("defproj-throwaway", ["marconi:lab"]),
    "disabled": ("disabled-throwaway", ["marconi:lab"]),
    "nobody": ("nobody-throwaway", []),
    "admin": ("labpass", ["*"]),
    "ci": ("ci-secret-throwaway", ["marconi:lab"]),
}
#: Tokens whose issue was not recorded: the end of each, whose it is, for which project.
TOKENS = {
    "vcBpBpoR9-OI": ("worker", "lab"),
    "jrvKXwiTYcRw": ("worker", None),
    "x3n4kP-ScVPG": ("ci", "lab"),
    "pEd3QVf-7uic": ("worker", "lab2"),
    "JsF7QQEJwE1c": ("worker", "lab"),
    "-odKWpbfLhQY": ("worker", "lab"),
    "mW3jC38s5hNE": ("worker", "lab"),
    "6r1VFH6GAXis": ("worker", "lab"),
    "aKdCzED-F-LU": ("worker", "lab"),
}
#: Not of this server: the front page of its address, managing credentials, Keystone away, and what we keep no trace of.
LEFT_OUT = re.compile(
    r"disc-root|disc-v2|zaqar-root|ac-(create|list|delete|expired)|admin-only|projects|cat|pw-changed|exp-use|zaqar-keystone"
)
#: Where we answer otherwise on purpose: why, and our status.
OTHERWISE = {
    "disc-unknown": ("an unknown address is told in JSON", 404),
    "ac-name": ("a client's one credential is called like the client", 404),
    "exp-validate-allow": ("an ended token is over for everybody", 404),
    "zaqar-rev-cached": ("a revoked token is over at once", 401),
    "pw-noscope-default-project": ("the project of a token without a scope is the client's only one", 201),
}


def _short(server: Server) -> None:
    server.rooms.settings = msgspec.structs.replace(server.rooms.settings, token_ttl=5)


def _usual(server: Server) -> None:
    server.rooms.settings = msgspec.structs.replace(server.rooms.settings, token_ttl=3600)


def _later(server: Server) -> None:
    server.clock.advance(7)
    _usual(server)


#: What happened before a record, by its name.
BETWEEN: dict[str, Callable[[Server], None]] = {
    "exp-issue": _short,
    "exp-rescope": _usual,
    "exp-validate-self": _later,
    "zaqar-short-ok": _short,
    "zaqar-expired-cached": _later,
    "zaqar-reauth": _usual,
}


def test_every_recorded_exchange_is_answered_as_keystone_did(tmp_path: Path) -> None:
    wrong = []
    with serving(f"sqlite:///{tmp_path / 'yard.sqlite'}", now=WHEN, is_local=False) as server:
        replay = Replay(server)
        for line in _GOLDEN.read_text().splitlines():
            record = json.loads(line)
            if not LEFT_OUT.match(record["id"]):
                BETWEEN.get(record["id"], lambda server: None)(server)
                answer = replay.answer(record)
                if not _as_recorded(record, answer):
                    wrong.append((record["id"], record["response"], answer))
    assert wrong == []


class Replay:
    """A server with the recorded clients, asked what Keystone was asked."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._tokens: dict[str, str] = {}
        for name, (secret, scopes) in CLIENTS.items():
            server.client(name, *scopes)
            told = {"access_token": secret, "disabled": name == "disabled"}
            change = update(clients).where(clients.c.client_id == name).values(told)
            server.write(lambda connection, change=change: connection.execute(change) and None)

    def answer(self, record: dict[str, Any]) -> Answer:
        """Send a recorded request, with our tokens and names in it."""
        request = record["request"]
        headers = {key: self._ours(value) for key, value in request["headers"].items() if key != "Content-Length"}
        if record["id"].startswith("zaqar-rev-") and "before" not in record["id"]:
            token = headers["X-Auth-Token"]
            self._server.ask("DELETE", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token})
        body = self._ours(request.get("body") or "").encode()
        answer = self._server.send(request["method"], request["path"], headers, body)
        given = {key.lower(): value for key, value in record["response"]["headers"].items()}.get("x-subject-token")
        if given is not None and "x-subject-token" in answer.headers:
            self._tokens.setdefault(given, answer.headers["x-subject-token"])
        return answer

    def _ours(self, text: str) -> str:
        for number, name in NAMES.items():
            text = text.replace(number, name)
        return _TOKEN.sub(lambda found: self._token(found[0]), text)

    def _token(self, theirs: str) -> str:
        end = theirs[-12:]
        if end == "JsF7QQEJwE1c":  # the other of five seconds was issued with it
            self._known("-odKWpbfLhQY")
        return self._known(end) if end in TOKENS else self._tokens.get(theirs, theirs)

    def _known(self, end: str) -> str:
        if end not in self._tokens:
            self._tokens[end] = self._issued(*TOKENS[end])
        return self._tokens[end]

    def _issued(self, name: str, project: str | None) -> str:
        credentials = self._server.client(name)
        more = {"scope": "unscoped"} if project is None else {}
        return self._server.token(credentials, project, **more).headers["x-subject-token"]


def _as_recorded(record: dict[str, Any], ours: Answer) -> bool:
    if record["id"] in OTHERWISE:
        return ours.status == OTHERWISE[record["id"]][1]
    theirs = record["response"]
    told = {key.lower() for key in theirs["headers"]}
    return (
        ours.status == theirs["status"]
        and told & {"x-subject-token", "www-authenticate"} <= set(ours.headers)
        and _gist(theirs.get("body")) == _gist(ours.content.decode())
    )


def _gist(body: str | None) -> Any:
    """Return what a client acts on of an answer."""
    try:
        told = json.loads(body or "null")
    except ValueError:
        return None  # a page of HTML
    if not isinstance(told, dict):
        return told
    if "token" in told:
        token = told["token"]
        project = token.get("project", {}).get("name")
        return set(token), token["methods"], len(token["audit_ids"]), project, _services(token)
    if "error" in told:
        return told["error"]["code"], told["error"]["title"]
    return set(told)


def _services(token: dict[str, Any]) -> list[tuple[str, str]]:
    return [(service["type"], end["interface"]) for service in token.get("catalog", ()) for end in service["endpoints"]]


def test_what_is_left_out_or_answered_otherwise_is_recorded() -> None:
    recorded = [json.loads(line)["id"] for line in _GOLDEN.read_text().splitlines()]
    assert OTHERWISE.keys() <= set(recorded)
    assert sum(1 for name in recorded if not LEFT_OUT.match(name)) > 75
