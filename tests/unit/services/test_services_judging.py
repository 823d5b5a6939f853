"""Requests judged for others, and the two functions on which client libraries are tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from buildyard.taskcluster.credentials import Credentials, createTemporaryCredentials
from support.services import Yard, serving
from support.stores import START

AUTH = "/api/auth/v1"
TESTER = Credentials(client_id="tester", access_token="no-secret")


def judged(yard: Yard, **request: Any) -> Any:
    """What authenticateHawk says of a request to another service, asked without credentials."""
    facts = {"method": "get", "resource": "/some/place?x=1", "host": "tc.example", "port": 80}
    return yard.ask("POST", f"{AUTH}/authenticate-hawk", facts | request, signed=False).json


def test_signed_request_to_another_service_is_judged(yard: Yard) -> None:
    yard.role("r", "b")
    client = yard.client("mira", "assume:r")
    signature = yard.signature("GET", "/some/place?x=1", b"", client)
    told = judged(yard, authorization=signature)
    assert told.pop("hash")
    assert told == {
        "status": "auth-success",
        "scheme": "hawk",
        "clientId": "mira",
        "scopes": ["assume:anonymous", "assume:r", "b"],
        "expires": yard.later(3600),
    }


def test_request_that_is_not_believed_is_told_as_such(yard: Yard) -> None:
    signature = yard.signature("GET", "/other", b"", yard.root)
    assert judged(yard, authorization=signature) == {"status": "auth-failed", "message": "Unauthorized: Bad mac"}


def test_request_without_credentials_has_what_everybody_has(yard: Yard) -> None:
    told = judged(yard)
    assert (told["status"], told["scheme"], told["scopes"]) == ("no-auth", "none", ["assume:anonymous"])


def test_signed_address_of_another_service_is_judged(yard: Yard) -> None:
    told = judged(yard, resource=yard.signed_url("/some/place", yard.client("mira", "x")))
    assert (told["status"], told["scheme"], told["clientId"]) == ("auth-success", "bewit", "mira")


@pytest.mark.parametrize("wrong", [{"method": "GET"}, {"port": 70000}, {"host": 1}, {"more": 1}, {"resource": None}])
def test_request_that_makes_no_sense_is_refused(yard: Yard, wrong: dict[str, Any]) -> None:
    facts = {"method": "get", "resource": "/", "host": "x", "port": 80} | wrong
    answer = yard.ask("POST", f"{AUTH}/authenticate-hawk", facts, signed=False)
    assert answer.refused == (400, "InputValidationError")


def tried(yard: Yard, client: list[str], required: list[str], **how: Any) -> Any:
    body = {"clientScopes": client, "requiredScopes": required}
    return yard.ask("POST", f"{AUTH}/test-authenticate", body, by=how.pop("by", TESTER), **how)


def test_tester_has_the_scopes_that_the_test_says(yard: Yard) -> None:
    told = tried(yard, ["test:*"], ["test:a"], scopes=["test:a", "test:b"]).json
    assert told == {"clientId": "tester", "scopes": ["assume:anonymous", "test:a", "test:b"]}
    assert tried(yard, ["test:a"], ["test:b"]).refused == (403, "InsufficientScopes")
    assert tried(yard, ["*"], [], by=yard.root).refused == (401, "AuthenticationFailed")


def test_tester_may_act_by_temporary_credentials_with_a_name(yard: Yard) -> None:
    start = datetime.fromtimestamp(START, UTC)
    given = createTemporaryCredentials(
        TESTER.client_id, TESTER.access_token, start, start + timedelta(hours=1), ["test:a"], "test:mine"
    )
    answer = tried(yard, ["test:*", "auth:create-client:test:*"], ["test:a"], by=Credentials.from_options(given))
    assert answer.json["clientId"] == "test:mine"


def test_signed_address_can_be_tried(yard: Yard) -> None:
    url = yard.signed_url(f"{AUTH}/test-authenticate-get/", TESTER)
    scopes = ["assume:anonymous", "test:*", "auth:create-client:test:*"]
    assert yard.ask("GET", url, signed=False).json == {"clientId": "tester", "scopes": scopes}
    assert yard.ask("GET", f"{AUTH}/test-authenticate-get/", signed=False).status == 403


def test_guarded_hub_and_open_one_differ_in_what_everybody_may(tmp_path: Any) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.sqlite'}", tmp_path, anonymous=("open:*",)) as yard:
        assert judged(yard)["scopes"] == ["assume:anonymous", "open:*"]
