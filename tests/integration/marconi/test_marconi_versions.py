"""What v1 and v1.1 answer otherwise than v2."""

from __future__ import annotations

import json

import pytest

from support.marconi import BOB, Server

V1, V1_1 = "/v1/queues/q", "/v1.1/queues/q"


def test_v1_queue_is_there_or_not(server: Server) -> None:
    assert server.ask("GET", V1).status == 404
    assert server.ask("HEAD", V1).status == 404
    assert server.ask("PUT", V1).status == 201
    assert server.ask("PUT", V1).status == 204
    assert (server.ask("GET", V1).status, server.ask("HEAD", V1).status) == (204, 204)
    assert server.ask("DELETE", V1).status == 204


def test_v1_metadata_has_an_address_of_its_own(server: Server) -> None:
    assert server.ask("GET", f"{V1}/metadata").status == 404
    assert server.ask("PUT", f"{V1}/metadata", {"a": 1}).status == 404
    server.ask("PUT", V1)
    answer = server.ask("PUT", f"{V1}/metadata", {"a": 1})
    assert (answer.status, answer.headers["location"]) == (204, f"{V1}/metadata")
    shown = server.ask("GET", f"{V1}/metadata")
    assert (shown.json, shown.headers["content-location"]) == ({"a": 1}, f"{V1}/metadata")
    server.ask("PUT", f"{V1}/metadata", {"b": 2})
    assert server.ask("GET", f"{V1}/metadata").json == {"b": 2}
    assert server.ask("PUT", f"{V1}/metadata", {"_b": 2}).status == 400


def test_v1_shows_nothing_as_204(server: Server) -> None:
    server.ask("PUT", V1)
    for path in ("/v1/queues?marker=q", f"{V1}/messages", f"{V1}/messages?ids=1", "/v1/queues/none/messages"):
        answer = server.ask("GET", path)
        assert (answer.status, answer.content) == (204, b""), path
    assert server.ask("POST", f"{V1}/claims", {"ttl": 60, "grace": 60}).status == 204


def test_v1_messages_come_and_go_in_bare_arrays(server: Server) -> None:
    assert server.ask("POST", f"{V1}/messages", [{"ttl": 60, "body": 1}]).status == 404
    server.ask("PUT", V1)
    posted = server.ask("POST", f"{V1}/messages", [{"ttl": 60, "body": 1}, {"ttl": 60, "body": 2}])
    assert (posted.status, posted.json["partial"], len(posted.json["resources"])) == (201, False, 2)
    ids = posted.headers["location"].partition("?ids=")[2]
    shown = server.ask("GET", f"{V1}/messages?ids={ids}").json
    assert [set(message) for message in shown] == [{"href", "ttl", "age", "body"}] * 2
    page = server.ask("GET", f"{V1}/messages?echo=true")
    assert set(page.json) == {"messages", "links"}
    assert page.headers["content-location"] == f"{V1}/messages?echo=true"
    assert server.ask("GET", f"{V1}/messages").status == 204
    one = server.ask("GET", posted.json["resources"][0])
    assert (one.json["body"], "id" in one.json) == (1, False)
    assert server.ask("DELETE", f"{V1}/messages").status == 400
    assert server.ask("DELETE", f"{V1}/messages?pop=1").status == 400
    assert server.ask("DELETE", f"{V1}/messages?ids={ids}").status == 204


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"messages": []}, "Document type not supported."),
        ([1], "Document type not supported."),
        ([], "No messages to enqueu."),
        ([{"body": 1}], 'Missing "ttl" field.'),
        ([{"ttl": 60}], 'Missing "body" field.'),
        ([{"ttl": "60", "body": 1}], 'The value of the "ttl" field must be a int.'),
    ],
)
def test_v1_post_that_is_no_post_is_refused(server: Server, body: object, told: str) -> None:
    assert server.ask("POST", f"{V1}/messages", body).why == (400, told)


def test_v1_claim_says_ttl_and_grace_and_is_a_bare_array(server: Server) -> None:
    server.post(1, 2)
    for terms, missing in (({"grace": 60}, "ttl"), ({"ttl": 60}, "grace"), ({}, "ttl")):
        assert server.ask("POST", f"{V1}/claims", terms).why == (400, f'Missing "{missing}" field.')
    assert server.ask("POST", f"{V1}/claims").status == 400
    got = server.ask("POST", f"{V1}/claims?limit=1", {"ttl": 60, "grace": 60})
    (message,) = got.json
    assert (got.status, set(message)) == (201, {"href", "ttl", "age", "body"})
    claim = got.headers["location"]
    assert claim.rpartition("/")[2] == message["href"].partition("?claim_id=")[2]
    assert server.ask("PATCH", claim, {"grace": 60}).why == (400, 'Missing "ttl" field.')
    assert server.ask("PATCH", claim, {"ttl": 90}).status == 204
    shown = server.ask("GET", claim)
    assert (shown.json["ttl"], len(shown.json["messages"])) == (90, 1)
    assert shown.headers["content-location"] == claim
    assert server.ask("DELETE", message["href"]).status == 204
    assert server.ask("DELETE", claim).status == 204


def test_v1_stats_are_of_a_queue_that_is_there(server: Server) -> None:
    assert server.ask("GET", f"{V1}/stats").status == 404
    server.ask("PUT", V1)
    assert server.ask("GET", f"{V1}/stats").json == {"messages": {"claimed": 0, "free": 0, "total": 0}}
    server.post(1)
    told = server.ask("GET", f"{V1}/stats").json["messages"]["newest"]
    assert set(told) == {"href", "age", "created"}


def test_v1_wants_fewer_headers(server: Server) -> None:
    bare = {"client": None, "project": None}
    assert server.ask("PUT", V1, **bare).status in (201, 204)
    assert server.ask("GET", f"{V1}/stats", **bare).status == 200
    assert server.ask("GET", f"{V1}/messages", **bare).status == 400
    assert server.ask("POST", f"{V1}/messages", [], **bare).status == 400
    assert server.ask("GET", V1, headers={"X-Project-ID": ""}, project=None).status == 400
    assert server.ask("DELETE", V1, **bare).status == 204


def test_v1_health_is_open(server: Server) -> None:
    assert (server.ask("GET", "/v1/health").status, server.ask("HEAD", "/v1/health").status) == (204, 204)


def test_v1_1_shows_nothing_as_an_empty_list(server: Server) -> None:
    assert server.ask("GET", "/v1.1/queues").json == {"queues": [], "links": []}
    assert server.ask("GET", f"{V1_1}/messages").json == {"messages": [], "links": []}
    assert server.ask("GET", f"{V1_1}/messages?ids=1").status == 404
    assert server.ask("POST", f"{V1_1}/claims").status == 204


def test_v1_1_queue_is_its_metadata_as_it_was_given(server: Server) -> None:
    assert server.ask("GET", V1_1).status == 404
    server.ask("PUT", V1_1, {"a": 1})
    assert server.ask("GET", V1_1).json == {"a": 1}
    assert server.ask("PATCH", V1_1, []).status == 405
    assert server.ask("HEAD", V1_1).status == 405
    assert server.ask("GET", f"{V1_1}/metadata").status == 404


def test_v1_1_makes_queues_by_itself_and_pops(server: Server) -> None:
    posted = server.ask("POST", f"{V1_1}/messages", {"messages": [{"body": 1}, {"body": 2, "ttl": 60}]})
    assert (posted.status, set(posted.json)) == (201, {"resources"})
    got = server.ask("POST", f"{V1_1}/claims?limit=1", client=BOB)
    assert (got.status, got.json["messages"][0]["body"]) == (201, 1)
    assert got.json["messages"][0]["href"].startswith(f"{V1_1}/messages/")
    (popped,) = server.ask("DELETE", f"{V1_1}/messages?pop=5").json["messages"]
    assert (popped["body"], "claim_count" in popped) == (2, False)


def test_v1_1_knows_no_delay(server: Server) -> None:
    server.ask("POST", f"{V1_1}/messages", {"messages": [{"body": 1, "delay": 900}]})
    assert server.ask("POST", f"{V1_1}/claims").status == 201


@pytest.mark.parametrize("version", ["v1", "v1.1", "v2"])
def test_home_document_leads_to_addresses_that_are_there(server: Server, version: str) -> None:
    answer = server.ask("GET", f"/{version}/")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
        "application/json-home",
        "max-age=86400",
    )
    for resource in json.loads(answer.content)["resources"].values():
        path = resource["href-template"].partition("{?")[0]
        for name, value in {"queue_name": "q", "message_id": "1", "claim_id": "0" * 32}.items():
            path = path.replace(f"{{{name}}}", value)
        allowed = server.ask("OPTIONS", path).headers["allow"].split(", ")
        assert set(resource["hints"]["allow"]) <= set(allowed), path


@pytest.mark.parametrize("version", ["v1.1", "v2"])
def test_message_of_one_version_is_had_in_another(server: Server, version: str) -> None:
    (message,) = server.post("same", version=version)
    for other in ("v1", "v1.1", "v2"):
        assert server.ask("GET", f"/{other}/queues/q/messages/{message}").json["body"] == "same"
