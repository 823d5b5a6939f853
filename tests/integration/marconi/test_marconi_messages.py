"""Messages over HTTP, on both databases: what Zaqar's defects were, and what every version does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from support.marconi import ALICE, BOB, Server

QUEUE = "/v2/queues/q"


def test_messages_come_in_the_order_they_were_posted(server: Server) -> None:
    server.post(*range(15))
    server.post(*range(15, 18))
    assert server.bodies() == list(range(18))


def test_a_page_leads_to_the_next_until_it_is_empty(server: Server) -> None:
    server.post(*range(5))
    seen, href = [], f"{QUEUE}/messages?echo=true&limit=2"
    while True:
        page = server.ask("GET", href).json
        if not page["messages"]:
            break
        seen.append([message["body"] for message in page["messages"]])
        href = page["links"][0]["href"]
    assert (seen, page["links"]) == ([[0, 1], [2, 3], [4]], [])


def test_who_follows_a_queue_sees_what_comes_later(server: Server) -> None:
    server.post(1)
    (link,) = server.ask("GET", f"{QUEUE}/messages?echo=true").json["links"]
    server.post(2)
    assert [message["body"] for message in server.ask("GET", link["href"]).json["messages"]] == [2]


def test_page_of_own_messages_does_not_hide_a_foreign_one_behind_it(server: Server) -> None:
    """Zaqar filters after the limit, and shows an empty page without a link."""
    server.post(*range(20))
    server.post(*range(20, 30))
    server.ask("POST", f"{QUEUE}/messages", {"messages": [{"body": "foreign"}]}, client=BOB)
    assert server.bodies("") == ["foreign"]


def test_claimed_messages_are_shown_when_asked_for(server: Server) -> None:
    """Zaqar answers 503."""
    server.post(1, 2)
    claim, _ = server.claim(1)
    shown = server.ask("GET", f"{QUEUE}/messages?echo=true&include_claimed=true").json["messages"]
    assert [message["href"].partition("?claim_id=")[2] for message in shown] == [claim, ""]
    assert server.bodies("echo=true") == [2]


def test_released_claim_gives_out_nothing_that_another_holds(server: Server) -> None:
    """Zaqar gives out everything behind the first free message."""
    server.post(*range(6))
    first, _ = server.claim(2)
    server.claim(2)
    server.ask("DELETE", f"{QUEUE}/claims/{first}")
    assert [message["body"] for message in server.claim(6)[1]] == [0, 1, 4, 5]
    stats = server.ask("GET", f"{QUEUE}/stats").json["messages"]
    assert (stats["claimed"], stats["free"], stats["total"]) == (6, 0, 6)


def test_delayed_message_cannot_be_claimed_before_its_time(server: Server) -> None:
    """Zaqar gives it out where a free one is in front of it."""
    server.post("now")
    server.post("later", delay=100)
    assert [message["body"] for message in server.claim()[1]] == ["now"]
    server.clock.advance(100)
    assert [message["body"] for message in server.claim()[1]] == ["later"]


def test_queue_that_delays_shows_delayed_messages_only_when_asked(server: Server) -> None:
    server.ask("PUT", QUEUE, {"_default_message_delay": 60})
    server.post("later")
    assert server.bodies("echo=true") == []
    assert server.bodies("echo=true&include_delayed=true") == ["later"]
    assert server.ask("GET", f"{QUEUE}/stats").json["messages"]["free"] == 1


def test_message_is_gone_after_its_ttl(server: Server) -> None:
    server.post(1)
    server.clock.advance(299)
    assert server.bodies() == [1]
    server.clock.advance(1)
    assert server.bodies() == []


def test_queue_says_how_long_its_messages_live_and_how_large_they_are(server: Server) -> None:
    server.ask("PUT", QUEUE, {"_default_message_ttl": 120, "_max_messages_post_size": 100})
    posted = server.ask("POST", f"{QUEUE}/messages", {"messages": [{"body": 1}]})
    assert server.ask("GET", posted.json["resources"][0]).json["ttl"] == 120
    large = server.ask("POST", f"{QUEUE}/messages", {"messages": [{"body": "x" * 100}]})
    assert large.why == (400, "Message collection size is too large. Max size 100")


@pytest.mark.parametrize(("count", "has_ids"), [(1, True), (101, True), (500, True), (501, False)])
def test_very_many_messages_are_not_named_in_a_header(server: Server, count: int, has_ids: bool) -> None:
    posted = {"messages": [{"body": number} for number in range(count)]}
    answer = server.ask("POST", f"{QUEUE}/messages", posted)
    assert len(answer.json["resources"]) == count
    assert ("?ids=" in answer.headers["location"]) is has_ids
    assert server.bodies() == list(range(min(count, 20)))


@pytest.mark.parametrize("body", [None, "é 🦀", "\0", 0, -1.5, 2**63, [], {}, {"a": [None, {"": False}]}])
def test_any_json_is_a_body(server: Server, body: Any) -> None:
    server.post(body)
    assert server.bodies() == [body]


def test_one_message_or_some_are_had_by_their_ids(server: Server) -> None:
    one, two, three = server.post("one", "two", "three")
    assert server.ask("GET", f"{QUEUE}/messages/{two}").json["body"] == "two"
    some = server.ask("GET", f"{QUEUE}/messages?ids={three},nope,{one}").json
    assert [message["body"] for message in some["messages"]] == ["one", "three"]
    assert "links" not in some


@pytest.mark.parametrize("message", ["999999999", "nope", "1e3", "-1", "9" * 40, "%00"])
def test_message_that_never_was_is_not_found_and_deleted_at_once(server: Server, message: str) -> None:
    server.post(1)
    assert server.ask("GET", f"{QUEUE}/messages/{message}").status == 404
    assert server.ask("GET", f"{QUEUE}/messages?ids={message}").status == 404
    assert server.ask("DELETE", f"{QUEUE}/messages/{message}").status == 204
    assert server.bodies() == [1]


def test_claimed_message_is_deleted_by_its_claim_alone(server: Server) -> None:
    server.post(1, 2, 3)
    mine, (one, _) = server.claim(2)
    theirs, _ = server.claim(1)
    bare = one["href"].partition("?")[0]
    assert server.ask("DELETE", bare).why == (
        403,
        "This message is claimed; it cannot be deleted without a valid claim ID.",
    )
    assert server.ask("DELETE", f"{bare}?claim_id={theirs}").status == 403
    for bad in ("bad", "0" * 32, "", "%00"):
        told = server.ask("DELETE", f"{bare}?claim_id={bad}")
        assert told.why == (400, "The specified claim does not exist or has expired.")
    assert server.ask("DELETE", f"{bare}?claim_id={mine}").status == 204
    assert server.bodies() == [2, 3]


def test_free_message_is_not_deleted_by_a_claim(server: Server) -> None:
    (free,) = server.post(1)
    server.post(2)
    claim, _ = server.claim(1)
    server.ask("DELETE", f"{QUEUE}/claims/{claim}")
    server.claim(1)
    other = server.post(3)[0]
    holder, _ = server.claim(1)
    told = server.ask("DELETE", f"{QUEUE}/messages/{other}?claim_id={holder}")
    assert told.why == (400, "A claim was specified, but the message is not currently claimed.")
    assert free


def test_several_messages_are_deleted_at_once(server: Server) -> None:
    one, _, three = server.post(1, 2, 3)
    assert server.ask("DELETE", f"{QUEUE}/messages?ids={one},{three},nope").status == 204
    assert server.bodies() == [2]


def test_bulk_delete_leaves_what_another_holds(server: Server) -> None:
    """Zaqar deletes it, whoever asks."""
    ids = ",".join(server.post(1, 2, 3))
    claim, _ = server.claim(2, client=BOB)
    assert server.ask("DELETE", f"{QUEUE}/messages?ids={ids}", client=ALICE).status == 204
    assert server.bodies() == [1, 2]
    first = ids.partition(",")[0]
    server.ask("DELETE", f"{QUEUE}/messages?ids={first}&claim_ids={claim}", client=ALICE)
    assert server.bodies() == [2]
    server.ask("DELETE", f"{QUEUE}/messages?ids={ids}", client=BOB)
    assert server.bodies() == []


def test_bulk_delete_takes_what_nobody_holds_any_more(server: Server) -> None:
    ids = ",".join(server.post(1))
    server.claim(1, client=BOB, ttl=60, grace=60)
    server.clock.advance(60)
    server.ask("DELETE", f"{QUEUE}/messages?ids={ids}", client=ALICE)
    assert server.bodies() == []


def test_popped_message_is_gone(server: Server) -> None:
    server.post(1, 2, 3)
    server.claim(1)
    popped = server.ask("DELETE", f"{QUEUE}/messages?pop=2").json["messages"]
    assert [(one["body"], "href" in one) for one in popped] == [(2, False), (3, False)]
    assert server.bodies() == [1]
    assert server.ask("DELETE", f"{QUEUE}/messages?pop=1").json == {"messages": []}


def test_purge_takes_everything_that_nobody_holds(server: Server) -> None:
    server.post(1, 2)
    server.claim(1)
    server.post("later", delay=60)
    assert server.ask("POST", f"{QUEUE}/purge", {"resource_types": ["subscriptions"]}).status == 204
    assert len(server.bodies()) == 3
    assert server.ask("POST", f"{QUEUE}/purge").status == 204
    assert server.bodies() == [1]


def test_purge_takes_more_than_one_transaction_does(server: Server) -> None:
    from buildyard.farm.queue.purging import PURGE_LIMIT

    many = PURGE_LIMIT + 1
    server.post(*range(many))
    assert server.ask("POST", f"{QUEUE}/purge").status == 204
    assert server.ask("GET", f"{QUEUE}/stats").json["messages"]["total"] == 0


def test_stats_tell_the_oldest_and_the_newest(server: Server) -> None:
    server.post("old")
    server.clock.advance(5)
    server.post("new")
    claim, _ = server.claim(1)
    told = server.ask("GET", f"{QUEUE}/stats").json["messages"]
    assert (told["claimed"], told["free"], told["total"]) == (1, 1, 2)
    assert (told["oldest"]["body"], told["oldest"]["age"], told["oldest"]["claim_id"]) == ("old", 5, claim)
    assert (told["newest"]["body"], told["newest"]["claim_id"]) == ("new", None)


def test_clock_that_jumps_back_makes_no_age_negative_and_loses_nothing(server: Server) -> None:
    server.post(1)
    server.clock.advance(-3600)
    (message,) = server.ask("GET", f"{QUEUE}/messages?echo=true").json["messages"]
    assert message["age"] == 0
    claim, _ = server.claim(ttl=60, grace=60)
    assert server.ask("GET", f"{QUEUE}/claims/{claim}").json["age"] == 0
    server.clock.advance(3600)


def test_clock_that_jumps_ahead_ends_claims_and_messages_alike(server: Server) -> None:
    server.post(1)
    claim, _ = server.claim(ttl=60, grace=60)
    server.clock.advance(10**9)
    assert server.ask("GET", f"{QUEUE}/claims/{claim}").status == 404
    assert server.bodies() == []
    server.clock.advance(-(10**9))


def test_bulk_delete_may_have_to_name_its_claims(server: Server) -> None:
    usual = server.rooms.settings
    server.rooms.settings = msgspec.structs.replace(usual, message_delete_with_claim_id=True)
    try:
        ids = ",".join(server.post(1, 2))
        claim, _ = server.claim(1, client=BOB)
        assert server.ask("DELETE", f"{QUEUE}/messages?ids={ids}", client=BOB).status == 400
        server.ask("DELETE", f"{QUEUE}/messages?ids={ids}&claim_ids={'0' * 32}", client=BOB)
        assert server.bodies() == [1]
        server.ask("DELETE", f"{QUEUE}/messages?ids={ids}&claim_ids={claim}", client=BOB)
        assert server.bodies() == []
    finally:
        server.rooms.settings = usual
