"""Queues over HTTP, on both databases; projects do not see each other."""

from __future__ import annotations

import pytest

from support.marconi import Server

QUEUE = "/v2/queues/q"
PATCH = {"Content-Type": "application/openstack-messaging-v2.0-json-patch"}


def names(server: Server, query: str = "") -> list[str]:
    return [queue["name"] for queue in server.ask("GET", f"/v2/queues?{query}").json["queues"]]


def test_queue_that_is_there_stays_as_it_is(server: Server) -> None:
    assert server.ask("PUT", QUEUE, {"colour": "red"}).status == 201
    assert server.ask("PUT", QUEUE, {"colour": "blue"}).status == 204
    assert server.ask("GET", QUEUE).json["colour"] == "red"


def test_queue_is_made_by_its_first_message(server: Server) -> None:
    server.post(1)
    assert names(server) == ["q"]


def test_removed_queue_is_gone_with_all_that_was_in_it(server: Server) -> None:
    server.post(1, 2)
    claim, _ = server.claim(1)
    assert server.ask("DELETE", QUEUE).status == 204
    assert names(server) == []
    assert server.bodies() == []
    assert server.ask("GET", f"{QUEUE}/claims/{claim}").status == 404


def test_metadata_is_changed_in_one_go_or_not_at_all(server: Server) -> None:
    server.ask("PUT", QUEUE, {"a": 1})
    bad = [{"op": "add", "path": "/metadata/b", "value": 2}, {"op": "remove", "path": "/metadata/c"}]
    assert server.ask("PATCH", QUEUE, bad, headers=PATCH).status == 409
    told = server.ask("PATCH", QUEUE, bad[:1], headers=PATCH)
    assert (told.status, told.json["a"], told.json["b"], told.json["_max_claim_count"]) == (200, 1, 2, None)
    assert server.ask("GET", QUEUE).json == told.json


def test_metadata_of_a_queue_that_never_was_cannot_be_changed(server: Server) -> None:
    change = [{"op": "add", "path": "/metadata/b", "value": 2}]
    assert server.ask("PATCH", QUEUE, change, headers=PATCH).status == 404


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        (
            {"_default_message_ttl": 5},
            "_default_message_ttl can not exceed 1209600 seconds, and must be at least 60 seconds long.",
        ),
        ({"_default_message_ttl": "60"}, "_default_message_ttl must be integer."),
        (
            {"_default_message_delay": 901},
            "_default_message_delay can not exceed 900 seconds, and must be at least 0 seconds long.",
        ),
        (
            {"_max_messages_post_size": 262_145},
            "_max_messages_post_size can not exceed 262144, and must be at least greater than 0.",
        ),
        ({"_max_claim_count": True}, "_max_claim_count must be integer."),
        ({"_dead_letter_queue": "a b"}, "_dead_letter_queue must be the name of a queue."),
        ({"_dead_letter_queue": "\0"}, "_dead_letter_queue must be the name of a queue."),
        ({"_dead_letter_queue": 1}, "_dead_letter_queue must be the name of a queue."),
        ({"_dead_letter_queue": "q"}, "_dead_letter_queue is another queue, not this one"),
        (
            {"_enable_encrypt_messages": True},
            "_enable_encrypt_messages can only be false: this server keeps messages as they are.",
        ),
        ({"a": "x" * 65_530}, "Queue metadata is too large. Max size: 65536"),
    ],
)
def test_metadata_that_cannot_work_is_refused(server: Server, metadata: object, told: str) -> None:
    assert server.ask("PUT", QUEUE, metadata).why == (400, told)
    assert names(server) == []


def test_queues_are_listed_by_name_page_by_page(server: Server) -> None:
    for name in ("b", "a", "d", "c"):
        server.ask("PUT", f"/v2/queues/{name}")
    page = server.ask("GET", "/v2/queues?limit=3&with_count=true").json
    assert ([queue["name"] for queue in page["queues"]], page["count"]) == (["a", "b", "c"], 4)
    rest = server.ask("GET", page["links"][0]["href"]).json
    assert [queue["name"] for queue in rest["queues"]] == ["d"]
    assert server.ask("GET", rest["links"][0]["href"]).json["queues"] == []


def test_queues_are_found_by_name_and_metadata(server: Server) -> None:
    for name, metadata in {"red-1": {"n": 1}, "red-2": {"n": 2}, "blue": {"n": 1, "t": "x"}}.items():
        server.ask("PUT", f"/v2/queues/{name}", metadata)
    assert names(server, "name=red") == ["red-1", "red-2"]
    assert names(server, "n=1") == ["blue", "red-1"]
    assert names(server, "t=x&n=1") == ["blue"]
    assert names(server, "name=red&n=3") == []


@pytest.mark.parametrize("marker", ["%00", "a%00"])
def test_marker_that_is_no_name_is_refused(server: Server, marker: str) -> None:
    assert server.ask("GET", f"/v2/queues?marker={marker}").status == 400


@pytest.mark.parametrize("marker", ["nope", "-1", "1.5", "9" * 40, "%00"])
def test_marker_that_no_page_gave_is_refused(server: Server, marker: str) -> None:
    server.post(1)
    assert server.ask("GET", f"{QUEUE}/messages?marker={marker}").status == 400


def test_marker_of_another_queue_is_a_place_in_this_one(server: Server) -> None:
    server.post(1, 2)
    (other,) = server.post("x", queue="other")
    server.post(3)
    assert server.bodies(f"echo=true&marker={other}") == [3]


def test_projects_do_not_see_each_other(server: Server) -> None:
    (message,) = server.post("secret")
    claim, _ = server.claim()
    server.ask("PUT", QUEUE, {"a": 1})
    them = {"project": "them"}
    assert server.ask("GET", f"{QUEUE}/messages?echo=true", **them).json["messages"] == []
    assert server.ask("GET", f"{QUEUE}/messages/{message}", **them).status == 404
    assert server.ask("GET", f"{QUEUE}/messages?ids={message}", **them).status == 404
    assert server.ask("GET", f"{QUEUE}/claims/{claim}", **them).status == 404
    assert server.ask("PATCH", f"{QUEUE}/claims/{claim}", {"ttl": 60}, **them).status == 404
    assert server.ask("GET", f"{QUEUE}/stats", **them).json["messages"]["total"] == 0
    assert server.ask("GET", "/v2/queues", **them).json["queues"] == []
    for method, path in (
        ("DELETE", f"{QUEUE}/claims/{claim}"),
        ("DELETE", f"{QUEUE}/messages/{message}"),
        ("DELETE", f"{QUEUE}/messages?ids={message}&claim_ids={claim}"),
        ("DELETE", f"{QUEUE}/messages?pop=1"),
        ("POST", f"{QUEUE}/purge"),
        ("DELETE", QUEUE),
    ):
        assert server.ask(method, path, **them).status in (200, 204)
    told = server.ask("GET", f"{QUEUE}/claims/{claim}").json
    assert [one["body"] for one in told["messages"]] == ["secret"]


def test_no_header_reaches_the_farms_own_queues(server: Server) -> None:
    from buildyard.farm.queue.base import NewMessage
    from buildyard.farm.queue.database import names, put
    from buildyard.farm.tasks.transitions import PROJECT

    server.write(lambda connection: put(connection, server.clock(), PROJECT, "own", [NewMessage(body=1)]))
    for name in (PROJECT, f"marconi:{PROJECT}", f"x\\{PROJECT}", f"{PROJECT} "):
        assert server.ask("GET", "/v2/queues", project=name).json["queues"] == []
        server.ask("DELETE", "/v2/queues/own", project=name)
        assert server.ask("DELETE", "/v2/queues/own/messages?pop=1", project=name).json["messages"] == []
    assert server.write(lambda connection: names(connection, PROJECT, limit=9)) == ["own"]
