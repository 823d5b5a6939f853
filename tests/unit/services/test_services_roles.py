"""Roles as the service changes them, and that callers are expanded by them."""

from __future__ import annotations

import pytest

from support.services import Yard

ROLES = "/api/auth/v1/roles"


def given(*scopes: str, description: str = "") -> dict[str, object]:
    return {"description": description, "scopes": list(scopes)}


def test_role_is_made_and_told_with_what_it_comes_to(yard: Yard) -> None:
    yard.role("base", "y")
    made = yard.role("golden:role", "a:b", "a:*", "assume:base").json
    assert made == {
        "roleId": "golden:role",
        "scopes": ["a:*", "a:b", "assume:base"],
        "expandedScopes": ["a:*", "assume:base", "assume:golden:role", "y"],
        "description": "",
        "created": yard.later(0),
        "lastModified": yard.later(0),
    }
    assert yard.ask("GET", f"{ROLES}/golden%3Arole").json == made


def test_client_with_a_role_may_do_what_the_role_says_and_no_longer_once_it_does_not(yard: Yard) -> None:
    client = yard.client("mira", "assume:reader")
    assert yard.ask("GET", f"{ROLES}/x", by=client).status == 403
    yard.role("reader", "auth:get-role:*")
    assert yard.ask("GET", f"{ROLES}/x", by=client).status == 404
    assert yard.ask("POST", f"{ROLES}/reader", given("other")).json["scopes"] == ["other"]
    assert yard.ask("GET", f"{ROLES}/x", by=client).status == 403


def test_deleted_role_gives_nothing_and_a_repeat_is_no_error(yard: Yard) -> None:
    yard.role("reader", "auth:get-role:*")
    client = yard.client("mira", "assume:reader")
    for _ in range(2):
        assert yard.ask("DELETE", f"{ROLES}/reader").status == 204
    assert yard.ask("GET", f"{ROLES}/x", by=client).status == 403
    assert yard.ask("GET", f"{ROLES}/reader").refused == (404, "ResourceNotFound")


def test_family_fills_in_what_its_star_stands_for(yard: Yard) -> None:
    yard.role("project:*", "auth:get-role:<..>/x")
    client = yard.client("mira", "assume:project:six")
    assert yard.ask("GET", f"{ROLES}/six%2Fx", by=client).status == 404
    assert yard.ask("GET", f"{ROLES}/seven%2Fx", by=client).status == 403


def test_everybody_has_the_role_anonymous(yard: Yard) -> None:
    assert yard.ask("GET", f"{ROLES}/x", signed=False).status == 403
    yard.role("anonymous", "auth:get-role:x")
    assert yard.ask("GET", f"{ROLES}/x", signed=False).status == 404
    assert yard.ask("GET", f"{ROLES}/x", by=yard.client("mira")).status == 404


def test_nobody_makes_a_role_that_may_do_more(yard: Yard) -> None:
    by = yard.client("mira", "auth:create-role:*", "x:1")
    assert yard.ask("PUT", f"{ROLES}/mine", given("x:1"), by=by).status == 200
    assert yard.ask("PUT", f"{ROLES}/other", given("x:1", "y"), by=by).refused == (403, "InsufficientScopes")


def test_change_needs_only_what_the_role_did_not_come_to(yard: Yard) -> None:
    yard.role("base", "y")
    yard.role("theirs", "z:*", "assume:base")
    by = yard.client("mira", "auth:update-role:theirs")
    assert yard.ask("POST", f"{ROLES}/theirs", given("z:1", "y"), by=by).json["scopes"] == ["y", "z:1"]
    assert yard.ask("POST", f"{ROLES}/theirs", given("z:2"), by=by).refused == (403, "InsufficientScopes")


def test_same_role_again_is_no_error_and_another_is(yard: Yard) -> None:
    first = yard.role("r", "b", "a").json
    assert yard.role("r", "a", "b").json == first
    assert yard.role("r", "a").refused == (409, "RequestConflict")
    assert yard.ask("POST", f"{ROLES}/unknown", given("a")).refused == (404, "ResourceNotFound")


def test_circle_that_would_not_end_is_refused_and_changes_nothing(yard: Yard) -> None:
    yard.role("b*", "assume:a<..>")
    assert yard.role("a*", "assume:b<..>x").refused == (400, "InputError")
    yard.role("a*", "y")
    refused = yard.ask("POST", f"{ROLES}/a*", given("assume:b<..>x"))
    assert refused.refused == (400, "InputError")
    assert "`a*`" in refused.said
    assert yard.ask("GET", f"{ROLES}/a*").json["scopes"] == ["y"]


@pytest.mark.parametrize("scopes", [["x**"], ["x", "x"], ["x\n"], ["é"]])
def test_scopes_that_cannot_be_are_refused(yard: Yard, scopes: list[str]) -> None:
    assert yard.ask("PUT", f"{ROLES}/r", given(*scopes)).status == 400
    client = {"expires": yard.later(60), **given(*scopes)}
    assert yard.ask("PUT", "/api/auth/v1/clients/c", client).status == 400


def test_roles_are_listed_whole_and_in_pages(yard: Yard) -> None:
    for name in ("a", "b", "c"):
        yard.role(name, f"{name}:1")
    assert [role["roleId"] for role in yard.ask("GET", f"{ROLES}/").json] == ["a", "b", "c"]
    first = yard.ask("GET", "/api/auth/v1/roleids/?limit=2").json
    assert first["roleIds"] == ["a", "b"]
    token = first["continuationToken"]
    assert yard.ask("GET", f"/api/auth/v1/roleids/?limit=2&continuationToken={token}").json == {"roleIds": ["c"]}
    rest = yard.ask("GET", f"/api/auth/v1/roles2/?continuationToken={token}").json
    assert [role["expandedScopes"] for role in rest["roles"]] == [["assume:c", "c:1"]]


def test_scopes_are_expanded_for_whoever_may_ask(yard: Yard) -> None:
    yard.role("r", "a:*", "b")
    asked = {"scopes": ["assume:r", "a:1", "c"]}
    answer = yard.ask("POST", "/api/auth/v1/scopes/expand", asked)
    assert answer.json == {"scopes": ["a:*", "assume:r", "b", "c"]}
    assert yard.ask("POST", "/api/auth/v1/scopes/expand", asked, by=yard.client("mira")).status == 403


def test_caller_is_told_what_they_may_do(yard: Yard) -> None:
    yard.role("r", "auth:current-scopes", "b")
    answer = yard.ask("GET", "/api/auth/v1/scopes/current", by=yard.client("mira", "assume:r"))
    assert answer.json == {"scopes": ["assume:anonymous", "assume:r", "auth:current-scopes", "b"]}
    narrowed = yard.ask("GET", "/api/auth/v1/scopes/current", by=yard.root, scopes=["auth:current-scopes"])
    assert narrowed.json == {"scopes": ["assume:anonymous", "auth:current-scopes"]}
