"""Claims over HTTP, on both databases."""

from __future__ import annotations

import pytest

from support.marconi import BOB, Server

QUEUE = "/v2/queues/q"


def test_claim_holds_messages_from_everybody_else(server: Server) -> None:
    server.post(*range(5))
    first, messages = server.claim(2)
    assert [message["body"] for message in messages] == [0, 1]
    assert all(message["href"].endswith(f"?claim_id={first}") for message in messages)
    assert [message["body"] for message in server.claim(10)[1]] == [2, 3, 4]
    assert server.claim() == ("", [])


def test_claim_of_nothing_is_204(server: Server) -> None:
    answer = server.ask("POST", f"{QUEUE}/claims")
    assert (answer.status, answer.content) == (204, b"")


def test_claim_ends_and_its_messages_are_given_out_again(server: Server) -> None:
    server.post(1)
    first, _ = server.claim(ttl=60, grace=60)
    server.clock.advance(60)
    assert server.ask("GET", f"{QUEUE}/claims/{first}").status == 404
    second, messages = server.claim()
    assert [message["body"] for message in messages] == [1]
    assert second != first


def test_claim_prolongs_a_message_by_its_grace(server: Server) -> None:
    server.ask("POST", f"{QUEUE}/messages", {"messages": [{"body": 1, "ttl": 60}]})
    _, (message,) = server.claim(ttl=300, grace=100)
    assert message["ttl"] == 400


def test_renewed_claim_holds_on_and_is_young_again(server: Server) -> None:
    server.post(1)
    claim, _ = server.claim(ttl=60, grace=60)
    server.clock.advance(59)
    assert server.ask("GET", f"{QUEUE}/claims/{claim}").json["age"] == 59
    assert server.ask("PATCH", f"{QUEUE}/claims/{claim}", {"ttl": 100, "grace": 1}).status == 204
    server.clock.advance(99)
    told = server.ask("GET", f"{QUEUE}/claims/{claim}").json
    assert (told["age"], told["ttl"], [message["body"] for message in told["messages"]]) == (99, 100, [1])
    server.clock.advance(1)
    assert server.ask("PATCH", f"{QUEUE}/claims/{claim}", {"ttl": 100}).status == 404


def test_renewal_without_a_ttl_takes_the_default(server: Server) -> None:
    server.post(1)
    claim, _ = server.claim(ttl=60, grace=60)
    server.ask("PATCH", f"{QUEUE}/claims/{claim}", {})
    assert server.ask("GET", f"{QUEUE}/claims/{claim}").json["ttl"] == 300
    assert server.ask("PATCH", f"{QUEUE}/claims/{claim}").why == (400, "Request body could not be parsed.")


def test_released_messages_are_free_at_once(server: Server) -> None:
    server.post(1)
    claim, _ = server.claim()
    assert server.ask("DELETE", f"{QUEUE}/claims/{claim}").status == 204
    assert server.ask("DELETE", f"{QUEUE}/claims/{claim}").status == 204
    assert server.claim()[1]


def test_deleted_message_leaves_its_claim(server: Server) -> None:
    server.post(1, 2)
    claim, (one, _) = server.claim()
    server.ask("DELETE", one["href"])
    told = server.ask("GET", f"{QUEUE}/claims/{claim}").json
    assert [message["body"] for message in told["messages"]] == [2]
    assert set(told) == {"age", "ttl", "messages", "href"}


def test_exhausted_message_goes_to_the_dead_letter_queue(server: Server) -> None:
    dead = {"_max_claim_count": 2, "_dead_letter_queue": "dead", "_dead_letter_queue_messages_ttl": 900}
    server.ask("PUT", QUEUE, dead)
    server.post("poison")
    for _ in range(2):
        claim, messages = server.claim()
        assert messages
        server.ask("DELETE", f"{QUEUE}/claims/{claim}")
    assert server.claim() == ("", [])
    (message,) = server.claim(queue="dead")[1]
    assert (message["body"], message["ttl"]) == ("poison", 900)


@pytest.mark.parametrize("claim", ["nope", "0" * 32, "%00", "a" * 500])
def test_claim_that_never_was_is_not_found(server: Server, claim: str) -> None:
    server.post(1)
    assert server.ask("GET", f"{QUEUE}/claims/{claim}").status == 404
    assert server.ask("PATCH", f"{QUEUE}/claims/{claim}", {"ttl": 60}).status == 404
    assert server.ask("DELETE", f"{QUEUE}/claims/{claim}").status == 204


def test_claim_of_another_queue_is_not_this_ones(server: Server) -> None:
    server.post(1)
    server.post(2, queue="other")
    claim, _ = server.claim(queue="other")
    assert server.ask("GET", f"{QUEUE}/claims/{claim}").status == 404
    assert server.ask("PATCH", f"{QUEUE}/claims/{claim}", {"ttl": 60}).status == 404
    assert server.ask("DELETE", f"{QUEUE}/claims/{claim}").status == 204
    assert server.claim(queue="other") == ("", [])


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"ttl": 59}, "The TTL for a claim may not exceed 43200 seconds, and must be at least 60 seconds long."),
        ({"ttl": 43_201}, "The TTL for a claim may not exceed 43200 seconds, and must be at least 60 seconds long."),
        (
            {"grace": 10**20},
            "The grace for a claim may not exceed 43200 seconds, and must be at least 60 seconds long.",
        ),
        ({"ttl": "60"}, 'The value of the "ttl" field must be a int.'),
        ([], "Document type not supported."),
        (None, "Request body could not be parsed."),
    ],
)
def test_impossible_claim_is_refused(server: Server, terms: object, told: str) -> None:
    body = b"{" if terms is None else terms
    assert server.ask("POST", f"{QUEUE}/claims", body).why == (400, told)


def test_impossible_renewal_is_refused(server: Server) -> None:
    server.post(1)
    claim, _ = server.claim()
    for terms in ({"ttl": 1}, {"ttl": 60, "grace": -1}, {"ttl": 60, "grace": 10**30}, {"ttl": None}):
        assert server.ask("PATCH", f"{QUEUE}/claims/{claim}", terms, client=BOB).status == 400
