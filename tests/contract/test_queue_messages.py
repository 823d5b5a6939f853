"""What every queue promises about messages: put, read in pages, get, delete, pop, count."""

from __future__ import annotations

from typing import Any

import pytest

from buildyard.farm.queue.base import (
    BadAmount,
    BadMarker,
    BadMessage,
    ClaimNotFound,
    MessageClaimed,
    MessageId,
    MessageNotClaimed,
    NewMessage,
    Queue,
)
from support.stores import Clock, OnQueue

P, Q = "project", "jobs"


async def put(queue: Queue, *bodies: Any, client_id: str = "", **keywords: int) -> list[MessageId]:
    messages = [NewMessage(body=body, **keywords) for body in bodies]
    return list(await queue.put(P, Q, messages, client_id=client_id))


async def bodies(queue: Queue, **keywords: Any) -> list[Any]:
    return [message.body for message in (await queue.page(P, Q, **keywords)).messages]


@pytest.mark.parametrize("body", [None, 0, "text", "\0 and \u2603", [1, [2]], {"a": {"b": [None, 1.5, True]}}])
def test_body_comes_back_as_it_was(on_queue: OnQueue, body: Any) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        ids = await put(queue, body)
        assert [message.body for message in await queue.get(P, Q, ids)] == [body]

    on_queue(scenario)


def test_first_in_first_out_for_one_producer(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        for start in range(0, 30, 3):
            await put(queue, *range(start, start + 3))
        assert await bodies(queue, limit=100) == list(range(30))
        assert [message.body for message in await queue.pop(P, Q, 100)] == list(range(30))

    on_queue(scenario)


def test_large_batch_is_whole_and_in_order(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        ids = await put(queue, *range(2500))
        assert [message.body for message in await queue.get(P, Q, ids)] == list(range(2500))

    on_queue(scenario)


def test_pages_follow_one_another(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, *range(5))
        seen, marker = [], None
        while (page := await queue.page(P, Q, marker=marker, limit=2)).messages:
            seen.append([message.body for message in page.messages])
            marker = page.marker
        assert seen == [[0, 1], [2, 3], [4]]

    on_queue(scenario)


def test_marker_of_the_last_page_shows_what_comes_later(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, "old")
        end = (await queue.page(P, Q)).marker
        assert (await queue.page(P, Q, marker=end)).marker == end
        await put(queue, "new")
        assert await bodies(queue, marker=end) == ["new"]

    on_queue(scenario)


def test_marker_as_text_is_as_good(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        ids = await put(queue, 1, 2)
        assert await bodies(queue, marker=str(ids[0])) == [2]

    on_queue(scenario)


@pytest.mark.parametrize("marker", ["x", "-1", "1.5", "9" * 40, -1])
def test_marker_that_no_page_gave_is_refused(on_queue: OnQueue, marker: MessageId) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        with pytest.raises(BadMarker):
            await queue.page(P, Q, marker=marker)

    on_queue(scenario)


def test_own_messages_are_shown_only_with_echo(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, "mine", client_id="me")
        await put(queue, "theirs", client_id="they")
        assert await bodies(queue, client_id="me") == ["theirs"]
        assert await bodies(queue, client_id="me", echo=True) == ["mine", "theirs"]

    on_queue(scenario)


def test_page_is_full_although_own_messages_come_first(on_queue: OnQueue) -> None:
    """Zaqar's Redis store filters after the limit and shows an empty page."""

    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, *range(30), client_id="me")
        await put(queue, "theirs", client_id="they")
        assert await bodies(queue, client_id="me", limit=10) == ["theirs"]

    on_queue(scenario)


def test_claimed_messages_are_shown_only_when_asked(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, "first", "second", "third")
        claim = await queue.claim(P, Q, limit=2)
        assert claim is not None
        assert await bodies(queue) == ["third"]
        page = await queue.page(P, Q, include_claimed=True)
        assert [message.claim_id for message in page.messages] == [claim.id, claim.id, None]

    on_queue(scenario)


def test_message_is_shown_again_when_its_claim_has_ended(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, "first", "second")
        await queue.claim(P, Q, ttl=60, limit=1)
        clock.advance(60)
        page = await queue.page(P, Q)
        assert [(message.body, message.claim_id) for message in page.messages] == [("first", None), ("second", None)]

    on_queue(scenario)


def test_delayed_message_is_shown_when_asked_or_due(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.create(P, Q, {"_default_message_delay": 1})
        await put(queue, "later", delay=30)
        assert await bodies(queue) == []
        assert await bodies(queue, include_delayed=True) == ["later"]
        clock.advance(30)
        assert await bodies(queue) == ["later"]

    on_queue(scenario)


def test_delay_needs_nothing_of_the_queue(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, "later", delay=30)
        assert await queue.claim(P, Q) is None

    on_queue(scenario)


def test_message_cannot_be_taken_when_its_ttl_is_over(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, "short", ttl=60)
        clock.advance(60)
        assert await queue.claim(P, Q) is None
        assert await queue.pop(P, Q) == []

    on_queue(scenario)


def test_message_is_gone_after_its_ttl(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        ids = await put(queue, "short", ttl=60)
        clock.advance(60)
        assert await bodies(queue) == []
        assert await queue.get(P, Q, ids) == []
        clock.advance(1)
        assert await bodies(queue) == []
        assert await queue.get(P, Q, ids) == []
        assert await queue.claim(P, Q) is None
        assert await queue.pop(P, Q) == []

    on_queue(scenario)


def test_message_tells_its_age(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        (message_id,) = await put(queue, 1, ttl=100)
        clock.advance(7)
        (message,) = await queue.get(P, Q, [message_id])
        assert (message.age, message.ttl, message.id) == (7, 100, message_id)

    on_queue(scenario)


def test_get_passes_over_ids_that_are_not_there(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        (message_id,) = await put(queue, 1)
        found = await queue.get(P, Q, [str(message_id), 10**9, "no-such", "9" * 30, -5])
        assert [message.body for message in found] == [1]

    on_queue(scenario)


def test_message_is_not_found_from_another_queue_or_project(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        ids = await put(queue, 1)
        await queue.create(P, "other")
        await queue.create("other", Q)
        assert await queue.get(P, "other", ids) == []
        await queue.delete_many("other", Q, ids)
        assert await queue.get("other", Q, ids) == []
        assert len(await queue.get(P, Q, ids)) == 1

    on_queue(scenario)


def test_free_message_is_deleted(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        first, _ = await put(queue, 1, 2)
        await queue.delete(P, Q, first)
        await queue.delete(P, Q, first)
        assert await bodies(queue) == [2]

    on_queue(scenario)


def test_claimed_message_is_deleted_only_with_its_claim(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        first, second = await put(queue, 1, 2)
        claim = await queue.claim(P, Q, limit=1)
        other = await queue.claim(P, Q, limit=1)
        assert claim is not None
        assert other is not None
        with pytest.raises(MessageClaimed):
            await queue.delete(P, Q, first)
        with pytest.raises(MessageClaimed):
            await queue.delete(P, Q, first, claim_id=other.id)
        await queue.delete(P, Q, first, claim_id=claim.id)
        assert [message.id for message in await queue.get(P, Q, [first, second])] == [second]

    on_queue(scenario)


def test_delete_with_a_claim_that_is_none_is_refused(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        (first,) = await put(queue, 1)
        with pytest.raises(ClaimNotFound):
            await queue.delete(P, Q, first, claim_id="no-such-claim")

    on_queue(scenario)


def test_delete_of_a_free_message_with_a_claim_is_refused(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        _, second = await put(queue, 1, 2)
        claim = await queue.claim(P, Q, limit=1)
        assert claim is not None
        with pytest.raises(MessageNotClaimed):
            await queue.delete(P, Q, second, claim_id=claim.id)

    on_queue(scenario)


def test_claim_that_has_ended_deletes_nothing(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        (first,) = await put(queue, 1)
        claim = await queue.claim(P, Q, ttl=60)
        assert claim is not None
        clock.advance(60)
        with pytest.raises(ClaimNotFound):
            await queue.delete(P, Q, first, claim_id=claim.id)
        assert await bodies(queue) == [1]

    on_queue(scenario)


def test_delete_many_deletes_claimed_messages_too(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        ids = await put(queue, 1, 2, 3)
        await queue.claim(P, Q, limit=1)
        await queue.delete_many(P, Q, [*ids[:2], 10**9, "x"])
        assert [message.body for message in await queue.get(P, Q, ids)] == [3]

    on_queue(scenario)


def test_delete_many_with_claims_spares_those_of_others(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        ids = await put(queue, "mine", "theirs", "free")
        mine = await queue.claim(P, Q, limit=1)
        await queue.claim(P, Q, limit=1)
        assert mine is not None
        await queue.delete_many(P, Q, ids, claim_ids=[mine.id])
        assert [message.body for message in await queue.get(P, Q, ids)] == ["theirs"]

    on_queue(scenario)


def test_pop_takes_from_the_front_and_leaves_the_claimed(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, *range(4))
        await queue.claim(P, Q, limit=1)
        assert [message.body for message in await queue.pop(P, Q, 2)] == [1, 2]
        assert [message.body for message in await queue.pop(P, Q, 2)] == [3]
        assert await queue.pop(P, Q, 2) == []

    on_queue(scenario)


def test_stats_count_free_and_claimed(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, *range(4))
        await queue.claim(P, Q, limit=1, ttl=300)
        clock.advance(5)
        stats = await queue.stats(P, Q)
        assert (stats.claimed, stats.delayed, stats.free, stats.total) == (1, 0, 3, 4)
        assert stats.oldest is not None
        assert stats.newest is not None
        assert (stats.oldest.body, stats.oldest.age, stats.newest.body) == (0, 5, 3)

    on_queue(scenario)


def test_stats_count_delayed_messages_apart(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.create(P, Q, {"_default_message_delay": 1})
        await put(queue, "now", delay=0)
        await put(queue, "later", delay=60)
        stats = await queue.stats(P, Q)
        assert (stats.delayed, stats.free, stats.total) == (1, 1, 2)
        assert stats.newest is not None
        assert stats.newest.body == "later"

    on_queue(scenario)


def test_stats_leave_out_what_has_expired(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, "short", ttl=60)
        await put(queue, "long", ttl=90)
        clock.advance(61)
        stats = await queue.stats(P, Q)
        assert stats.total == 1
        assert stats.oldest is not None
        assert stats.oldest.body == "long"

    on_queue(scenario)


def test_stats_count_a_message_whose_claim_has_ended_as_free(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1)
        await queue.claim(P, Q, ttl=60)
        clock.advance(60)
        stats = await queue.stats(P, Q)
        assert (stats.claimed, stats.free) == (0, 1)

    on_queue(scenario)


def test_stats_of_a_missing_queue_are_zeros(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        stats = await queue.stats(P, "none")
        assert (stats.total, stats.oldest, stats.newest) == (0, None, None)

    on_queue(scenario)


def test_missing_queue_is_empty(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        assert (await queue.page(P, "none")).messages == ()
        assert await queue.get(P, "none", [1]) == []
        assert await queue.claim(P, "none") is None
        assert await queue.pop(P, "none") == []
        await queue.delete(P, "none", 1)
        await queue.delete_many(P, "none", [1])

    on_queue(scenario)


@pytest.mark.parametrize("body", [object(), "\ud800", {"deep": [set, 1]}], ids=["object", "surrogate", "deep"])
def test_body_that_is_no_json_is_refused_with_its_whole_batch(on_queue: OnQueue, body: Any) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        with pytest.raises(BadMessage):
            await put(queue, "good", body)
        assert await bodies(queue) == []

    on_queue(scenario)


def test_amount_that_cannot_be_is_refused(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1)
        for asked in (
            queue.pop(P, Q, -1),
            queue.claim(P, Q, limit=-1),
            queue.claim(P, Q, ttl=0),
            queue.claim(P, Q, grace=-1),
            queue.page(P, Q, limit=-1),
            queue.names(P, limit=-1),
            queue.renew(P, Q, "any", ttl=0),
        ):
            with pytest.raises(BadAmount):
                await asked
        assert await queue.pop(P, Q, 0) == []
        assert await bodies(queue) == [1]

    on_queue(scenario)
