"""Who is not believed, what is not allowed, and that nothing odd in a request is a fault of the hub's."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from buildyard.farm.sealing import Sealing
from buildyard.farm.services.http import services
from buildyard.taskcluster.credentials import Credentials, createTemporaryCredentials
from buildyard.taskcluster.slugid import slugId
from support.services import KEY, Answer, Yard

WHO = "/api/auth/v1/scopes/current"
ROLE = "/api/auth/v1/roles/x"


def temporary(yard: Yard, by: Credentials, *scopes: str, name: str | None = None, **times: Any) -> Credentials:
    """Credentials that the client hands out; ``starts`` and ``lasts`` in seconds from now."""
    start = datetime.fromtimestamp(yard.clock() + times.get("starts", 0), UTC)
    end = start + timedelta(seconds=times.get("lasts", 600))
    given = createTemporaryCredentials(by.client_id, by.access_token, start, end, list(scopes), name)
    return Credentials.from_options(given)


def changed(given: Credentials, **facts: object) -> Credentials:
    assert given.certificate
    return Credentials(
        client_id=given.client_id, access_token=given.access_token, certificate=given.certificate | facts
    )


def not_believed(answer: Answer) -> str:
    assert answer.refused == (401, "AuthenticationFailed"), answer.content
    assert answer.headers["www-authenticate"] == "hawk"
    return answer.said


# --- signatures ------------------------------------------------------------------------------------------------------


def test_wrong_token_is_not_believed(yard: Yard) -> None:
    wrong = Credentials(client_id=yard.root.client_id, access_token="x" * 44)
    assert "Bad mac" in not_believed(yard.ask("GET", WHO, by=wrong))


@pytest.mark.parametrize("skew", [-901, 901])
def test_clock_that_is_too_far_off_is_not_believed(yard: Yard, skew: float) -> None:
    signature = yard.signature("GET", WHO, b"", yard.root)
    yard.clock.advance(skew)
    assert "Stale" in not_believed(yard.send("GET", WHO, {"Host": "tc.example", "Authorization": signature}))


def test_repeated_signature_opens_only_what_it_opened_and_not_for_long(yard: Yard) -> None:
    """As with Taskcluster a nonce is not remembered, so that a request may be sent again."""
    headers = {"Host": "tc.example", "Authorization": yard.signature("GET", WHO, b"", yard.root)}
    assert [yard.send("GET", WHO, headers).status for _ in range(2)] == [200, 200]
    not_believed(yard.send("GET", ROLE, headers))
    not_believed(yard.send("DELETE", WHO.replace("scopes/current", "roles/x"), headers))
    not_believed(yard.send("GET", WHO, headers | {"Host": "other.example"}))
    yard.clock.advance(901)
    not_believed(yard.send("GET", WHO, headers))


def test_body_that_was_changed_on_its_way_is_not_believed(yard: Yard) -> None:
    sent = json.dumps({"scopes": ["a"], "description": ""}).encode()
    headers = {"Host": "tc.example", "Content-Type": "application/json"}
    headers["Authorization"] = yard.signature("PUT", ROLE, sent, yard.root)
    assert "payload hash" in not_believed(yard.send("PUT", ROLE, headers, sent.replace(b'"a"', b'"*"')))
    assert yard.send("PUT", ROLE, headers, sent).status == 200


@pytest.mark.parametrize(
    "header",
    ["", "Hawk", "Basic eDp5", 'Hawk id="x"', 'Hawk id="é", ts="1", nonce="n", mac="m"', "Hawk " + 'a="b", ' * 400]
    + [f'Hawk id="x", ts="{ts}", nonce="n", mac="m"' for ts in ("-1", "1e9", "99999999999999999999", "now")],
)
def test_header_that_makes_no_sense_is_not_believed(yard: Yard, header: str) -> None:
    not_believed(yard.send("GET", WHO, {"Host": "tc.example", "Authorization": header}))


# --- temporary credentials -------------------------------------------------------------------------------------------


def test_temporary_credentials_may_do_their_scopes_alone(yard: Yard) -> None:
    yard.role("r", "auth:get-role:*")
    given = temporary(yard, yard.root, "assume:r", "auth:current-scopes")
    held = ["assume:anonymous", "assume:r", "auth:current-scopes", "auth:get-role:*"]
    assert yard.ask("GET", WHO, by=given).json == {"scopes": held}
    assert yard.ask("GET", "/api/auth/v1/clients/", by=given).status == 403


@pytest.mark.parametrize(
    "facts",
    [
        {"scopes": ["*"]},
        {"expiry": 4_000_000_000_000},
        {"start": 0},
        {"seed": "x" * 44},
        {"signature": "A" * 44},
        {"issuer": "static/buildyard/hub"},
        {"version": 2},
    ],
)
def test_certificate_that_was_changed_is_not_believed(yard: Yard, facts: dict[str, object]) -> None:
    given = temporary(yard, yard.client("mira", "auth:current-scopes"), "auth:current-scopes")
    assert yard.ask("GET", WHO, by=given).status == 200
    assert "ext.certificate" in not_believed(yard.ask("GET", WHO, by=changed(given, **facts)))


def test_certificate_counts_in_its_time_alone(yard: Yard) -> None:
    past = temporary(yard, yard.root, "*", lasts=1)
    yard.clock.advance(302)
    assert "expiry < now" in not_believed(yard.ask("GET", WHO, by=past))
    assert "start > now" in not_believed(yard.ask("GET", WHO, by=temporary(yard, yard.root, "*", starts=301)))


def test_certificate_gives_no_more_than_its_issuer_has(yard: Yard) -> None:
    issuer = yard.client("mira", "auth:current-scopes")
    assert "doesn't satisfy" in not_believed(yard.ask("GET", WHO, by=temporary(yard, issuer, "auth:*")))


def test_certificate_under_a_name_needs_the_right_to_that_name(yard: Yard) -> None:
    issuer = yard.client("mira", "auth:current-scopes", "auth:create-client:team/*")
    assert yard.ask("GET", WHO, by=temporary(yard, issuer, "auth:current-scopes", name="team/x")).status == 200
    other = temporary(yard, issuer, "auth:current-scopes", name="other")
    assert "auth:create-client:other" in not_believed(yard.ask("GET", WHO, by=other))


@pytest.mark.parametrize("name", [None, "team/y"])
def test_temporary_credentials_cannot_issue_others(yard: Yard, name: str | None) -> None:
    first = temporary(yard, yard.root, "*", name="team/x")
    assert yard.ask("GET", WHO, by=first).status == 200
    not_believed(yard.ask("GET", WHO, by=temporary(yard, first, "*", name=name)))


def test_temporary_credentials_end_with_their_issuer(yard: Yard) -> None:
    issuer = yard.client("mira", "auth:current-scopes")
    given = temporary(yard, issuer, "auth:current-scopes")
    yard.ask("POST", "/api/auth/v1/clients/mira/disable")
    not_believed(yard.ask("GET", WHO, by=given))


# --- less than one has -----------------------------------------------------------------------------------------------


def test_caller_may_narrow_what_a_request_may_do_but_not_widen_it(yard: Yard) -> None:
    client = yard.client("mira", "auth:current-scopes", "auth:get-role:*")
    assert yard.ask("GET", ROLE, by=client, scopes=["auth:get-role:x"]).status == 404
    assert yard.ask("GET", ROLE, by=client, scopes=["auth:get-role:y"]).status == 403
    assert "authorizedScopes" in not_believed(yard.ask("GET", ROLE, by=client, scopes=["auth:*"]))


def test_refusal_names_what_is_missing_and_not_what_is_there(yard: Yard) -> None:
    client = yard.client("mira", "index:find-task:a")
    said = yard.ask("POST", "/api/index/v1/tasks/indexes", {"indexes": ["a", "b", "c"]}, by=client).said
    missing = re.findall(r"```\n(.*?)\n```", said, re.DOTALL)[0]
    assert json.loads(missing) == {"AllOf": ["index:find-task:b", "index:find-task:c"]}


# --- signed addresses ------------------------------------------------------------------------------------------------


def test_signed_address_opens_one_address_for_reading_for_a_while(yard: Yard) -> None:
    url = yard.signed_url(WHO, yard.root)
    bewit = url.partition("?")[2]
    assert yard.ask("GET", url, signed=False).status == 200
    not_believed(yard.ask("GET", f"{ROLE}?{bewit}", signed=False))
    not_believed(yard.ask("PUT", f"{ROLE}?{bewit}", {}, signed=False))
    assert "two authentication methods" in not_believed(yard.ask("GET", url))
    yard.clock.advance(61)
    assert "expired" in not_believed(yard.ask("GET", url, signed=False))


def test_signed_address_that_was_changed_is_not_believed(yard: Yard) -> None:
    client = yard.client("mira", "auth:current-scopes")
    path, _, bewit = yard.signed_url(WHO, client, scopes=["auth:current-scopes"]).partition("?bewit=")
    plain = base64.urlsafe_b64decode(bewit + "=" * (-len(bewit) % 4)).decode()
    for part, other in (("mira", "local/x"), (plain.split("\\")[1], "4000000000"), (plain.split("\\")[3], "e30")):
        text = base64.urlsafe_b64encode(plain.replace(part, other).encode()).decode().rstrip("=")
        not_believed(yard.ask("GET", f"{path}?bewit={text}", signed=False))
    for text in ("", "x", "!!", "A" * 5000):
        not_believed(yard.ask("GET", f"{path}?bewit={text}", signed=False))


# --- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "refused"),
    [
        (b"{" * 100, "application/json", (400, "MalformedPayload")),
        (b"[" * 50_000, "application/json", (400, "MalformedPayload")),
        (b'"text"', "application/json", (400, "MalformedPayload")),
        (b"\xff", "application/json", (400, "MalformedPayload")),
        (b"{}", "text/plain", (400, "MalformedPayload")),
        (b"[]", "application/json", (400, "InputValidationError")),
        (b"{}", "application/json", (400, "InputValidationError")),
        (b'{"x":"' + b"x" * 100_000 + b'"}', "application/json", (413, "InputTooLarge")),
    ],
)
def test_body_that_cannot_be_is_refused(yard: Yard, body: bytes, kind: str, refused: tuple[int, str]) -> None:
    for path in ("/api/auth/v1/clients/x", "/api/secrets/v1/secret/x", "/api/index/v1/task/x"):
        assert yard.ask("PUT", path, body=body, headers={"Content-Type": kind}).refused == refused


# --- addresses -------------------------------------------------------------------------------------------------------

SAMPLES = {"taskId": slugId(), "runId": "0", "taskQueueId": "a%2Fb", "namespace": "a.b", "indexPath": "a.b"}
ODD = ("%00", "%2F..%2F..", "%C3%A9", "%FF", "%25%32%46", "a%0Ab", "%20", "a*'\"", "x" * 2000, "\xe9", "%F0%9F%A6%80")


@pytest.mark.parametrize("service", ["auth", "index", "object", "queue", "secrets"])
def test_odd_characters_in_a_parameter_are_no_fault_of_the_hub(yard: Yard, service: str) -> None:
    for operation in services(Sealing(KEY))[service]:
        route = operation.route.replace(":path", "")
        for name in re.findall(r"\{(\w+)\}", route):
            for odd in ODD:
                values = {key: odd if key == name else SAMPLES.get(key, "x") for key in re.findall(r"\{(\w+)\}", route)}
                path = f"/api/{service}/v1{route.format(**values)}"
                answer = yard.ask(operation.method, path, {} if operation.body == "json" else None)
                assert answer.status in (200, 204, 400, 401, 404, 409), (operation.name, path, answer.content)


def test_slash_inside_a_parameter_is_no_slash_of_the_route(yard: Yard) -> None:
    yard.client("mira")
    by = yard.client("other", "auth:disable-client:*")
    # The client `mira/disable` is meant, whom this caller may not update.
    refused = yard.ask(
        "POST", "/api/auth/v1/clients/mira%2Fdisable", {"expires": yard.later(9), "description": ""}, by=by
    )
    assert refused.status == 403
    assert yard.ask("GET", "/api/auth/v1/clients/mira").json["disabled"] is False
    assert yard.ask("GET", "/api/auth/v1/clients/mira/disable").status == 404


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "colour=red", "continuationToken=!!", "continuationToken="])
def test_query_that_cannot_be_is_refused(yard: Yard, query: str) -> None:
    for path in ("/api/auth/v1/clients/", "/api/secrets/v1/secrets", "/api/index/v1/tasks/a"):
        assert yard.ask("GET", f"{path}?{query}").status == 400


# --- the Marconi server ----------------------------------------------------------------------------------------------


def test_client_that_may_a_project_alone_has_tokens_for_it_alone(yard: Yard) -> None:
    def token(client: Credentials, project: str) -> Answer:
        user = {"name": client.client_id, "domain": {"id": "default"}, "password": client.access_token}
        identity = {"methods": ["password"], "password": {"user": user}}
        auth = {"identity": identity, "scope": {"project": {"id": project}}}
        return yard.ask("POST", "/v3/auth/tokens", {"auth": auth}, signed=False)

    def put(text: str) -> int:
        headers = {"X-Auth-Token": text, "Client-ID": "3381af922b9e11e3b19171861300734c"}
        return yard.ask("PUT", "/v2/queues/q", {}, signed=False, headers=headers).status

    yard.role("wheels", "marconi:wheels")
    for client in (yard.client("direct", "marconi:wheels"), yard.client("by-role", "assume:wheels")):
        given = token(client, "wheels")
        assert given.status == 201
        assert put(given.headers["x-subject-token"]) in (201, 204)
        assert token(client, "other").status == 401
        yard.ask("POST", f"/api/auth/v1/clients/{client.client_id}/disable")
        yard.clock.advance(5)
        assert put(given.headers["x-subject-token"]) == 401
        assert token(client, "wheels").status == 401
