"""Who changed what is told, the latest first."""

from __future__ import annotations

from typing import Any

from buildyard.farm.services import audit
from support.services import Yard

AUTH = "/api/auth/v1"


def told(yard: Yard, path: str) -> list[tuple[str, str, str]]:
    history: list[dict[str, Any]] = yard.ask("GET", f"{AUTH}{path}").json["auditHistory"]
    return [(each["clientId"], each["actionType"], each["entityId"]) for each in history]


def test_what_was_done_to_a_client_is_told_with_who_did_it(yard: Yard) -> None:
    by = yard.client("admin", "auth:*", "x")
    yard.client("team/mira", "x")
    given = {"expires": yard.later(60), "description": ""}
    yard.ask("POST", f"{AUTH}/clients/team%2Fmira", given, by=by)
    for verb in ("disable", "enable", "reset"):
        yard.ask("POST", f"{AUTH}/clients/team%2Fmira/{verb}", by=by)
    yard.ask("DELETE", f"{AUTH}/clients/team%2Fmira", by=by)
    actions = ["deleted", "reset", "enabled", "disabled", "updated"]
    deeds = [("admin", action, "team/mira") for action in actions]
    assert told(yard, "/audit/client/team%2Fmira") == [*deeds, (yard.root.client_id, "created", "team/mira")]
    assert told(yard, "/clients/admin/audit") == deeds


def test_what_was_refused_is_not_told(yard: Yard) -> None:
    by = yard.client("mira", "auth:create-role:*")
    assert yard.ask("PUT", f"{AUTH}/roles/r", {"description": "", "scopes": ["*"]}, by=by).status == 403
    yard.role("r", "a")
    assert yard.role("r", "b").status == 409
    assert told(yard, "/audit/role/r") == [(yard.root.client_id, "created", "r")]


def test_secrets_are_told_of_by_name_alone(yard: Yard) -> None:
    wanted = {"secret": {"hush": 1}, "expires": yard.later(60)}
    for _ in range(2):
        yard.ask("PUT", "/api/secrets/v1/secret/a%2Fb", wanted)
    yard.ask("DELETE", "/api/secrets/v1/secret/a%2Fb")
    assert [action for _, action, _ in told(yard, "/audit/secret/a%2Fb")] == ["deleted", "updated", "created"]


def test_history_comes_in_pages_to_those_who_may_see_it(yard: Yard) -> None:
    yard.role("r", "a")
    for number in range(2):
        yard.ask("POST", f"{AUTH}/roles/r", {"description": str(number), "scopes": ["a"]})
    path = f"{AUTH}/audit/role/r"
    first = yard.ask("GET", f"{path}?limit=2").json
    rest = yard.ask("GET", f"{path}?continuationToken={first['continuationToken']}").json
    assert [each["actionType"] for each in first["auditHistory"]] == ["updated", "updated"]
    assert [each["actionType"] for each in rest["auditHistory"]] == ["created"]
    assert "continuationToken" not in rest
    assert yard.ask("GET", path, by=yard.client("mira", "auth:audit-history:client")).status == 403
    assert yard.ask("GET", f"{AUTH}/clients/x/audit", by=yard.client("b", "auth:client-audit-history:y")).status == 403
    assert yard.ask("GET", f"{AUTH}/audit/colour/r").status == 400


def test_history_is_kept_for_a_year(yard: Yard) -> None:
    yard.role("r", "a")
    now = yard.clock()
    assert yard.write(lambda connection: audit.sweep(connection, now + audit.KEPT_S - 1, 10)) == 0
    assert yard.write(lambda connection: audit.sweep(connection, now + audit.KEPT_S, 10)) == 1
