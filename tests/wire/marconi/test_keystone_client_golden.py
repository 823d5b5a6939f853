"""What Keystone 30 was asked and answered (`golden/keystone.jsonl`), seen from the client."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import ScriptedTransport, answer, body_of
from buildyard.marconi import Client, Connection, errors
from buildyard.marconi.auth import ApiKey, ApplicationCredential, Password, Scope, Token
from buildyard.retry import NO_RETRY

LINES = (Path(__file__).parents[1] / "golden" / "keystone.jsonl").read_text("utf-8").splitlines()
RECORDS = {record["id"]: record for record in map(json.loads, LINES)}
# Sometime before the tokens of the records end.
START = datetime(2026, 11, 22, 4, 27, tzinfo=UTC).timestamp()
LAB = "4a20b4bb53944954bddf7e13e53890b2"
WORKER = "285e6d66cf494ec78a681d7086de510b"


def asked(name):
    """The part of a recorded request that tells who asks and for what."""
    return json.loads(RECORDS[name]["request"]["body"])["auth"]


def token_in(name):
    return asked(name)["identity"]["token"]["id"]


def worker(**more):
    return Password(user="worker", password="worker-throwaway", **more)


#: Credentials, by the record in which they were shown.
GRANTED = {
    "pw-scoped": worker(scope=Scope(project_name="lab")),
    "pw-scoped-ids": Password(user=WORKER, user_is_id=True, password="worker-throwaway", scope=Scope(project_id=LAB)),
    "pw-domain-name": worker(user_domain_name="Default", scope=Scope(project_name="lab", domain_name="Default")),
    "ac-id": ApplicationCredential(id="4d1ee97adce7497bb01553d21a7b4764", secret="ci-secret-throwaway"),
    "ac-name": ApplicationCredential(name="ci", user="worker", secret="ci-secret-throwaway"),
    "tok-rescope": Token(token=token_in("tok-rescope"), scope=Scope(project_id="28ddb1a1760c43c7a99475a230a76a2a")),
}
REFUSED = {
    "pw-wrong": (worker(scope=Scope(project_name="lab")), errors.BadCredentials),
    "pw-no-role": (worker(scope=Scope(project_name="lab")), errors.BadCredentials),
    "pw-project-nodomain": (worker(scope=Scope(project_name="lab")), errors.BadRequest),
    "ac-wrong-secret": (GRANTED["ac-id"], errors.BadCredentials),
    "ac-wrong-id": (GRANTED["ac-id"], errors.BadCredentials),
    "ac-expired-auth": (GRANTED["ac-id"], errors.BadCredentials),
    "tok-garbage": (GRANTED["tok-rescope"], errors.BadCredentials),
    "tok-from-ac": (GRANTED["tok-rescope"], errors.Forbidden),
    "exp-rescope-after": (GRANTED["tok-rescope"], errors.BadCredentials),
    "bad-put": (worker(), errors.MethodNotAllowed),
    "disc-v2-tokens": (ApiKey(user="worker", apikey="key"), errors.NotFound),
    "pw-noscope": (worker(), errors.UnscopedToken),
}


def scripted(auth, *names, **options):
    replies = []
    for name in names:
        response = RECORDS[name]["response"]
        headers = [(key, value) for key, value in response["headers"].items() if key.lower() != "connection"]
        replies.append(answer(response["status"], (response.get("body") or "").encode(), headers))
    script = ScriptedTransport(*replies, start=START)
    given = {"auth_url": "http://keystone.example/v3", "retry": NO_RETRY}
    return Connection(auth=auth, transport=script, **(given | options)), script


@pytest.mark.parametrize("name", GRANTED)
def test_token_is_asked_for_as_it_was_recorded(name):
    connection, script = scripted(GRANTED[name], name)
    response = RECORDS[name]["response"]
    assert connection.token == response["headers"]["X-Subject-Token"]
    (sent,) = script.requests
    assert (sent.method, sent.url) == ("POST", "http://keystone.example/v3/auth/tokens")
    assert json.loads(body_of(sent)) == json.loads(RECORDS[name]["request"]["body"])


@pytest.mark.parametrize("name", GRANTED)
def test_grant_has_user_project_expiry_and_endpoint(name):
    connection, _ = scripted(GRANTED[name], name)
    token = json.loads(RECORDS[name]["response"]["body"])["token"]
    assert connection.tenant == token["project"]["id"]
    assert connection.expires == datetime.fromisoformat(token["expires_at"])
    assert connection.host == "http://zaqar.example/v2"
    assert run_blocking(connection._core.read_grant()).user == "worker"


@pytest.mark.parametrize("name", REFUSED)
def test_recorded_refusal_is_a_typed_error_without_secrets(name):
    auth, expected = REFUSED[name]
    connection, _ = scripted(auth, name)
    with pytest.raises(expected) as caught:
        connection.token  # noqa: B018 - an attribute that asks
    assert type(caught.value) is expected
    assert "throwaway" not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


def test_token_that_is_there_is_asked_about_itself():
    record = RECORDS["val-get-self"]
    own = record["request"]["headers"]["X-Subject-Token"]
    connection, script = scripted(Token(token=own), "val-get-self")
    assert connection.token == own
    assert connection.tenant == LAB
    assert script.requests[0].method == "GET"


@pytest.mark.parametrize("name", [name for name in RECORDS if name.startswith("zaqar-")])
def test_answers_of_zaqar_behind_keystone_are_read(name):
    """401 in Keystone's form, 400 in Zaqar's, 503 in the middleware's."""
    record = RECORDS[name]
    status = record["response"]["status"]
    connection, _ = scripted(Token(token="t", project_id=LAB), name, auth_url="", endpoint="http://zaqar.example")
    call = connection._core.call(record["request"]["method"], "/queues", client_id="c")
    if status < 300:
        assert run_blocking(call).status == status
        return
    with pytest.raises(errors.ErrorBase) as caught:
        run_blocking(call)
    error = caught.value
    assert error.code == status
    if status == 401:
        assert type(error) is errors.Unauthorized
        assert error.description == "The request you have made requires authentication."
    if status == 503:
        assert "The Keystone service is temporarily unavailable." in error.description


def test_expired_token_is_replaced_and_the_post_sent_again_once():
    names = ("pw-scoped", "zaqar-expired-post", "exp-reauth", "zaqar-reauth")
    connection, script = scripted(worker(scope=Scope(project_name="lab")), *names)
    assert len(Client(connection).queue("kq").post_messages({"body": 1})) == 1
    tokens = [dict(request.headers).get("X-Auth-Token") for request in script.requests]
    first, second = (RECORDS[name]["response"]["headers"]["X-Subject-Token"] for name in ("pw-scoped", "exp-reauth"))
    assert tokens == [None, first, None, second]
