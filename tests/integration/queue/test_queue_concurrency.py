"""Many at one queue at once: nobody is given what another has, nothing is lost, who follows misses nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from buildyard.farm.queue.base import MessageId, NewMessage
from buildyard.farm.queue.database import DatabaseQueue
from support.stores import opened

P, Q = "project", "jobs"
MESSAGES = 240


async def hubs(stack: AsyncExitStack, url: str) -> list[DatabaseQueue]:
    """Queues of two hubs on PostgreSQL; SQLite has one, which alone may write the file."""
    count = 1 if url.startswith("sqlite") else 2
    return [DatabaseQueue(await stack.enter_async_context(opened(url))) for _ in range(count)]


async def put_all(queue: DatabaseQueue) -> None:
    await queue.put(P, Q, [NewMessage(body=number) for number in range(MESSAGES)])


def test_eight_claimers_never_get_the_same_message(store_url: str) -> None:
    async def scenario() -> None:
        given: Counter[MessageId] = Counter()

        async def claimer(queue: DatabaseQueue) -> None:
            while (claim := await queue.claim(P, Q, limit=3)) is not None:
                given.update(message.id for message in claim.messages)
                for message in claim.messages:
                    await queue.delete(P, Q, message.id, claim_id=claim.id)

        async with AsyncExitStack() as stack:
            queues = await hubs(stack, store_url)
            await put_all(queues[0])
            await asyncio.gather(*(claimer(queues[number % len(queues)]) for number in range(8)))
            # One that finds all it wanted about to be taken by others leaves; the last of them leaves nothing.
            await claimer(queues[0])
            assert len(given) == MESSAGES
            assert set(given.values()) == {1}
            assert (await queues[0].stats(P, Q)).total == 0

    asyncio.run(scenario())


def test_eight_who_pop_never_get_the_same_message(store_url: str) -> None:
    async def scenario() -> None:
        given: Counter[MessageId] = Counter()

        async def popper(queue: DatabaseQueue) -> None:
            while popped := await queue.pop(P, Q, 3):
                given.update(message.id for message in popped)

        async with AsyncExitStack() as stack:
            queues = await hubs(stack, store_url)
            await put_all(queues[0])
            await asyncio.gather(*(popper(queues[number % len(queues)]) for number in range(8)))
            await popper(queues[0])
            assert len(given) == MESSAGES
            assert set(given.values()) == {1}

    asyncio.run(scenario())


def test_ended_claims_are_given_out_once_each(store_url: str) -> None:
    async def scenario() -> None:
        now = 1_800_000_000.0
        async with opened(store_url) as store:
            queue = DatabaseQueue(store, lambda: now)
            await put_all(queue)
            while await queue.claim(P, Q, limit=20, ttl=60):
                pass
            now += 60
            claims = await asyncio.gather(*(queue.claim(P, Q, limit=10) for _ in range(8)))
            given = Counter(message.id for claim in claims if claim is not None for message in claim.messages)
            assert given
            assert set(given.values()) == {1}

    asyncio.run(scenario())


def test_producers_keep_their_order_and_a_follower_misses_nothing(store_url: str) -> None:
    """On PostgreSQL numbers are given before the commit, so a follower might pass one that is not there yet."""

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            queues = await hubs(stack, store_url)
            await queues[0].create(P, Q)
            done = asyncio.Event()

            async def producer(number: int) -> None:
                for step in range(30):
                    await queues[number % len(queues)].put(P, Q, [NewMessage(body=[number, step])])

            async def follower() -> list[list[int]]:
                seen: list[list[int]] = []
                marker = None
                while True:
                    last_look = done.is_set()
                    page = await queues[-1].page(P, Q, marker=marker, limit=20)
                    seen += [message.body for message in page.messages]
                    marker = page.marker
                    if last_look and not page.messages:
                        return seen

            following = asyncio.ensure_future(follower())
            await asyncio.gather(*(producer(number) for number in range(8)))
            done.set()
            seen = await following
            assert len(seen) == 8 * 30
            for number in range(8):
                assert [step for who, step in seen if who == number] == list(range(30))

    asyncio.run(scenario())
