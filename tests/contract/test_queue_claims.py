"""What every queue promises about claims: who holds what until when, and what becomes of it then."""

from __future__ import annotations

from typing import Any

import pytest

from buildyard.farm.queue.base import Claim, ClaimNotFound, NewMessage, Queue
from support.stores import Clock, OnQueue

P, Q = "project", "jobs"


async def put(queue: Queue, *bodies: Any, **keywords: int) -> None:
    await queue.put(P, Q, [NewMessage(body=body, **keywords) for body in bodies])


async def claim(queue: Queue, **keywords: int) -> Claim:
    claimed = await queue.claim(P, Q, **keywords)
    assert claimed is not None
    return claimed


def held(claimed: Claim | None) -> list[Any]:
    return [] if claimed is None else [message.body for message in claimed.messages]


def test_claim_takes_the_first_free_messages_in_order(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, *range(5))
        assert held(await queue.claim(P, Q, limit=2)) == [0, 1]
        assert held(await queue.claim(P, Q, limit=2)) == [2, 3]
        assert held(await queue.claim(P, Q, limit=2)) == [4]
        assert await queue.claim(P, Q, limit=2) is None

    on_queue(scenario)


def test_claim_tells_its_messages_and_times(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1)
        made = await claim(queue, ttl=90, grace=70)
        clock.advance(9)
        seen = await queue.get_claim(P, Q, made.id)
        assert (seen.ttl, seen.age, held(seen)) == (90, 9, [1])
        assert [message.claim_id for message in seen.messages] == [made.id]

    on_queue(scenario)


def test_claim_tells_its_grace(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1)
        made = await claim(queue, ttl=90, grace=70)
        assert (await queue.get_claim(P, Q, made.id)).grace == made.grace == 70

    on_queue(scenario)


def test_message_tells_how_often_it_was_claimed(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1)
        for count in (1, 2):
            assert [message.claim_count for message in (await claim(queue, ttl=60)).messages] == [count]
            clock.advance(60)

    on_queue(scenario)


def test_message_returns_when_its_claim_is_not_renewed(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1, 2)
        made = await claim(queue, ttl=60)
        clock.advance(59)
        assert await queue.claim(P, Q) is None
        clock.advance(1)
        again = await claim(queue)
        assert held(again) == [1, 2]
        with pytest.raises(ClaimNotFound):
            await queue.get_claim(P, Q, made.id)

    on_queue(scenario)


def test_returned_message_is_before_younger_ones_again(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, "old")
        await claim(queue, ttl=60)
        await put(queue, "young")
        clock.advance(60)
        assert held(await queue.claim(P, Q)) == ["old", "young"]

    on_queue(scenario)


def test_renewed_claim_holds_on(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1)
        made = await claim(queue, ttl=60)
        clock.advance(50)
        await queue.renew(P, Q, made.id, ttl=60, grace=60)
        assert (await queue.get_claim(P, Q, made.id)).age == 0
        clock.advance(59)
        assert await queue.claim(P, Q) is None
        clock.advance(1)
        assert held(await queue.claim(P, Q)) == [1]

    on_queue(scenario)


def test_claim_that_has_ended_cannot_be_renewed(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1)
        made = await claim(queue, ttl=60)
        clock.advance(60)
        with pytest.raises(ClaimNotFound):
            await queue.renew(P, Q, made.id)
        assert held(await queue.claim(P, Q)) == [1]

    on_queue(scenario)


def test_released_messages_are_free_at_once(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1, 2)
        made = await claim(queue)
        await queue.release(P, Q, made.id)
        await queue.release(P, Q, made.id)
        with pytest.raises(ClaimNotFound):
            await queue.get_claim(P, Q, made.id)
        assert held(await queue.claim(P, Q)) == [1, 2]

    on_queue(scenario)


def test_release_spares_what_others_hold(on_queue: OnQueue) -> None:
    """Zaqar's Redis store gives a live claim's messages out again after another claim before them is released."""

    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, *range(6))
        first = await claim(queue, limit=2)
        await claim(queue, limit=2)
        await queue.release(P, Q, first.id)
        assert held(await queue.claim(P, Q, limit=6)) == [0, 1, 4, 5]

    on_queue(scenario)


def test_release_by_an_ended_claim_frees_nothing_of_the_next(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1)
        first = await claim(queue, ttl=60)
        clock.advance(60)
        await claim(queue, ttl=60)
        await queue.release(P, Q, first.id)
        assert await queue.claim(P, Q) is None

    on_queue(scenario)


def test_claim_is_not_found_from_another_queue(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1)
        made = await claim(queue)
        await queue.create(P, "other")
        with pytest.raises(ClaimNotFound):
            await queue.get_claim(P, "other", made.id)
        with pytest.raises(ClaimNotFound):
            await queue.renew(P, "other", made.id)
        await queue.release(P, "other", made.id)
        assert held(await queue.get_claim(P, Q, made.id)) == [1]

    on_queue(scenario)


def test_delayed_message_is_not_claimed_even_behind_a_free_one(on_queue: OnQueue) -> None:
    """Zaqar's Redis store claims it."""

    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.create(P, Q, {"_default_message_delay": 1})
        await put(queue, "now", delay=0)
        await put(queue, "later", delay=30)
        await put(queue, "now too", delay=0)
        assert held(await queue.claim(P, Q)) == ["now", "now too"]
        clock.advance(30)
        assert held(await queue.claim(P, Q)) == ["later"]

    on_queue(scenario)


def test_delayed_message_is_claimed_when_it_is_due(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.create(P, Q, {"_default_message_delay": 1})
        await put(queue, "later", delay=30)
        clock.advance(29)
        assert await queue.claim(P, Q) is None
        clock.advance(1)
        assert held(await queue.claim(P, Q)) == ["later"]

    on_queue(scenario)


def test_message_outlives_its_claim_by_the_grace(on_queue: OnQueue) -> None:
    """Zaqar shows a message of 60 s that is claimed for 300 with a grace of 100 as one of 400."""

    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1, ttl=60)
        made = await claim(queue, ttl=300, grace=100)
        assert made.messages[0].ttl == 400
        clock.advance(399)
        assert held(await queue.claim(P, Q, ttl=60, grace=60)) == [1]

    on_queue(scenario)


def test_message_ends_with_the_grace(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1, ttl=60)
        await claim(queue, ttl=300, grace=100)
        clock.advance(401)
        assert await queue.claim(P, Q) is None

    on_queue(scenario)


def test_claim_does_not_shorten_a_long_life(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1, ttl=10_000)
        assert (await claim(queue, ttl=300, grace=100)).messages[0].ttl == 10_000

    on_queue(scenario)


def test_renewal_prolongs_its_messages(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1, ttl=100)
        made = await claim(queue, ttl=60, grace=60)
        clock.advance(50)
        await queue.renew(P, Q, made.id, ttl=300, grace=100)
        clock.advance(300)
        assert held(await queue.claim(P, Q)) == [1]

    on_queue(scenario)


def test_deleted_message_leaves_its_claim(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await put(queue, 1, 2)
        made = await claim(queue)
        await queue.delete(P, Q, made.messages[0].id, claim_id=made.id)
        assert held(await queue.get_claim(P, Q, made.id)) == [2]
        await queue.delete(P, Q, made.messages[1].id, claim_id=made.id)
        assert held(await queue.get_claim(P, Q, made.id)) == []

    on_queue(scenario)


def test_message_claimed_too_often_goes_to_the_dead_letters(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.create(P, Q, {"_max_claim_count": 2, "_dead_letter_queue": "dead"})
        await put(queue, "bad")
        for _ in range(2):
            assert held(await queue.claim(P, Q, ttl=60)) == ["bad"]
            clock.advance(60)
        assert await queue.claim(P, Q) is None
        assert held(await queue.claim(P, "dead")) == ["bad"]
        assert (await queue.stats(P, Q)).total == 0

    on_queue(scenario)


def test_claim_passes_over_dead_letters_to_the_living(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.create(P, Q, {"_max_claim_count": 1, "_dead_letter_queue": "dead"})
        await put(queue, *range(5))
        await claim(queue, ttl=60, limit=5)
        await put(queue, "alive")
        clock.advance(60)
        assert held(await queue.claim(P, Q, limit=2)) == ["alive"]
        assert [message.body for message in (await queue.page(P, "dead")).messages] == list(range(5))

    on_queue(scenario)


def test_dead_letters_are_seen_by_who_follows_their_queue(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.create(P, Q, {"_max_claim_count": 1, "_dead_letter_queue": "dead"})
        await put(queue, "bad")
        await queue.put(P, "dead", [NewMessage(body="younger")])
        marker = (await queue.page(P, "dead")).marker
        await claim(queue, ttl=60)
        clock.advance(60)
        await queue.claim(P, Q)
        assert [message.body for message in (await queue.page(P, "dead", marker=marker)).messages] == ["bad"]

    on_queue(scenario)


def test_dead_letters_live_as_long_as_the_queue_says(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        reserved = {"_max_claim_count": 1, "_dead_letter_queue": "dead", "_dead_letter_queue_messages_ttl": 5000}
        await queue.create(P, Q, reserved)
        await put(queue, "bad", ttl=100)
        await claim(queue, ttl=60)
        clock.advance(60)
        await queue.claim(P, Q)
        assert [message.ttl for message in (await queue.page(P, "dead")).messages] == [5000]

    on_queue(scenario)
