"""Clients: made, looked at, changed, shut out, deleted; and nobody gives what they do not have."""

from __future__ import annotations

from typing import Any

import pytest

from buildyard.farm.services.sweep import sweep
from buildyard.taskcluster.credentials import Credentials
from support.services import Answer, Yard

CLIENTS = "/api/auth/v1/clients"


def wanted(yard: Yard, *scopes: str, **changes: Any) -> dict[str, Any]:
    return {"expires": yard.later(3600), "description": "a *client*", "scopes": list(scopes), **changes}


def may_read(yard: Yard, client: Credentials) -> int:
    return yard.ask("GET", f"{CLIENTS}/x", by=client).status


def test_client_is_made_with_a_token_that_is_shown_once(yard: Yard) -> None:
    made = yard.ask("PUT", f"{CLIENTS}/team%2Fmira", wanted(yard, "x:b", "x:*")).json
    assert len(made.pop("accessToken")) == 44
    now = yard.later(0)
    moments = dict.fromkeys(("created", "lastModified", "lastDateUsed", "lastRotated"), now)
    assert made == {
        "clientId": "team/mira",
        "description": "a *client*",
        "expires": yard.later(3600),
        **moments,
        "deleteOnExpiration": False,
        "scopes": ["x:*", "x:b"],
        "expandedScopes": ["x:*"],
        "disabled": False,
    }
    assert yard.ask("GET", f"{CLIENTS}/team%2Fmira").json == made


def test_client_may_do_what_its_scopes_say(yard: Yard) -> None:
    client = yard.client("mira", "auth:get-client:x")
    assert may_read(yard, client) == 404
    assert yard.ask("GET", f"{CLIENTS}/y", by=client).refused == (403, "InsufficientScopes")


def test_repeated_creation_gives_the_same_client_for_a_while(yard: Yard) -> None:
    given = wanted(yard, "x")
    first = yard.ask("PUT", f"{CLIENTS}/mira", given).json
    assert yard.ask("PUT", f"{CLIENTS}/mira", given).json == first
    assert yard.ask("PUT", f"{CLIENTS}/mira", {**given, "description": "other"}).refused == (409, "RequestConflict")
    yard.clock.advance(16 * 60)
    assert yard.ask("PUT", f"{CLIENTS}/mira", given).refused == (409, "RequestConflict")


@pytest.mark.parametrize("scope", ["y", "x:*", "*"])
def test_nobody_makes_a_client_that_may_do_more(yard: Yard, scope: str) -> None:
    by = yard.client("mira", "auth:create-client:team/*", "x:1", "x:2*")
    assert yard.ask("PUT", f"{CLIENTS}/team%2Fnew", wanted(yard, "x:1", "x:23"), by=by).status == 200
    refused = yard.ask("PUT", f"{CLIENTS}/team%2Fother", wanted(yard, "x:1", scope), by=by)
    assert refused.refused == (403, "InsufficientScopes")
    missing = refused.said.partition("missing the following scopes")[2].partition("This request")[0]
    assert scope in missing
    assert "x:1" not in missing


def test_nobody_makes_a_client_outside_their_names(yard: Yard) -> None:
    by = yard.client("mira", "auth:create-client:team/*")
    assert yard.ask("PUT", f"{CLIENTS}/other", wanted(yard), by=by).refused == (403, "InsufficientScopes")


def test_rights_through_a_role_may_be_given(yard: Yard) -> None:
    yard.role("builders", "x:*")
    by = yard.client("mira", "auth:create-client:*", "assume:builders")
    assert yard.ask("PUT", f"{CLIENTS}/new", wanted(yard, "x:1", "assume:builders"), by=by).status == 200


def test_change_needs_only_the_scopes_that_are_added(yard: Yard) -> None:
    yard.client("theirs", "secret:1")
    by = yard.client("mira", "auth:update-client:theirs", "x:*")
    changed = yard.ask("POST", f"{CLIENTS}/theirs", wanted(yard, "secret:1", "x:1"), by=by)
    assert changed.json["scopes"] == ["secret:1", "x:1"]
    refused = yard.ask("POST", f"{CLIENTS}/theirs", wanted(yard, "secret:1", "secret:2"), by=by)
    assert "secret:2" in refused.said
    assert refused.refused == (403, "InsufficientScopes")


def test_change_without_scopes_leaves_them(yard: Yard) -> None:
    yard.client("theirs", "x:1")
    yard.clock.advance(10)
    given = {"expires": yard.later(60), "description": "new", "deleteOnExpiration": True}
    changed = yard.ask("POST", f"{CLIENTS}/theirs", given).json
    assert (changed["scopes"], changed["description"], changed["deleteOnExpiration"]) == (["x:1"], "new", True)
    assert changed["lastModified"] == yard.later(0) != changed["created"]


def test_changed_scopes_count_at_once(yard: Yard) -> None:
    client = yard.client("mira", "auth:get-client:x")
    assert may_read(yard, client) == 404
    yard.ask("POST", f"{CLIENTS}/mira", wanted(yard))
    assert may_read(yard, client) == 403


def test_disabled_client_is_shut_out_until_it_is_enabled(yard: Yard) -> None:
    client = yard.client("mira", "auth:get-client:x")
    assert yard.ask("POST", f"{CLIENTS}/mira/disable").json["disabled"] is True
    assert may_read(yard, client) == 401
    assert yard.ask("POST", f"{CLIENTS}/mira/enable").json["disabled"] is False
    assert may_read(yard, client) == 404


def test_new_token_makes_the_old_one_worthless(yard: Yard) -> None:
    client = yard.client("mira", "auth:get-client:x")
    yard.clock.advance(10)
    reset = yard.ask("POST", f"{CLIENTS}/mira/reset").json
    assert reset["lastRotated"] == yard.later(0)
    assert may_read(yard, client) == 401
    assert may_read(yard, Credentials(client_id="mira", access_token=reset["accessToken"])) == 404


def test_expired_client_is_not_believed(yard: Yard) -> None:
    client = yard.client("mira", "auth:get-client:x", expires=yard.later(30))
    yard.clock.advance(31)
    answer = yard.ask("GET", f"{CLIENTS}/x", by=client)
    assert answer.refused == (401, "AuthenticationFailed")
    assert "expired" in answer.said


def test_deleted_client_is_gone_and_a_repeat_is_no_error(yard: Yard) -> None:
    client = yard.client("mira", "auth:get-client:x")
    for _ in range(2):
        assert (yard.ask("DELETE", f"{CLIENTS}/mira").status) == 204
    assert may_read(yard, client) == 401
    assert yard.ask("GET", f"{CLIENTS}/mira").refused == (404, "ResourceNotFound")


def test_expired_clients_that_asked_for_it_are_deleted(yard: Yard) -> None:
    yard.client("goes", expires=yard.later(30), deleteOnExpiration=True)
    yard.client("stays", expires=yard.later(30))
    yard.clock.advance(31)
    yard.write(lambda connection: sweep(connection, yard.clock()))
    assert yard.ask("GET", f"{CLIENTS}/goes").status == 404
    assert yard.ask("GET", f"{CLIENTS}/stays").status == 200


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", ""), ("POST", ""), ("POST", "/reset"), ("POST", "/disable"), ("DELETE", "")]
)
def test_farms_own_clients_are_not_changed(yard: Yard, method: str, path: str) -> None:
    answer = yard.ask(method, f"{CLIENTS}/static%2Fbuildyard%2Fhub{path}", wanted(yard))
    assert answer.refused == (400, "InputError")


@pytest.mark.parametrize("verb", ["reset", "enable", "disable"])
def test_each_action_needs_its_own_scope(yard: Yard, verb: str) -> None:
    yard.client("theirs")
    by = yard.client("mira", "auth:update-client:*", "auth:create-client:*")
    assert yard.ask("POST", f"{CLIENTS}/theirs/{verb}", by=by).refused == (403, "InsufficientScopes")


def test_use_is_noted_to_within_six_hours(yard: Yard) -> None:
    def last_used() -> Any:
        return yard.ask("GET", f"{CLIENTS}/mira").json["lastDateUsed"]

    client = yard.client("mira", "auth:get-client:x", expires=yard.later(100_000))
    made = yard.later(0)
    yard.clock.advance(3600)
    may_read(yard, client)
    assert last_used() == made
    yard.clock.advance(6 * 3600)
    may_read(yard, client)
    assert last_used() == yard.later(0)


def pages(yard: Yard, path: str, name: str) -> list[list[Any]]:
    found, token = [], ""
    while True:
        answer: Answer = yard.ask("GET", f"{path}limit=2{token}")
        found.append(answer.json[name])
        if "continuationToken" not in answer.json:
            return found
        token = f"&continuationToken={answer.json['continuationToken']}"


def test_clients_are_listed_in_pages_by_prefix_without_their_tokens(yard: Yard) -> None:
    for name in ("a%1", "a_", "Ab", "ab", "ac", "b"):
        yard.client(name.replace("%", "!"))
    found = pages(yard, f"{CLIENTS}/?prefix=a&", "clients")
    assert [[each["clientId"] for each in page] for page in found] == [["a!1", "a_"], ["ab", "ac"]]
    assert "accessToken" not in found[0][0]
    assert yard.ask("GET", f"{CLIENTS}?limit=0").json == {"clients": []}
