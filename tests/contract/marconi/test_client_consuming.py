"""Consumers: what is deleted, what is released, and what is held meanwhile, on real servers and in every face."""

import logging

import pytest


class Broken(Exception):
    pass


async def filled(client, count=4):
    queue = await client.create_queue("work")
    await queue.post_messages([{"body": n} for n in range(count)])
    return queue


async def breaking_at(body, consumer):
    async for message in consumer:
        if message.body == body:
            raise Broken


async def left(queue):
    """What can be claimed, and what cannot."""
    stats = await queue.stats
    return stats.free, stats.claimed


def test_message_is_deleted_when_the_next_is_asked_for(marconi):
    async def scenario(client):
        queue = await filled(client)
        seen = [message.body async for message in queue.consume(limit=3, ttl=60, grace=60, poll=None)]
        return seen, await left(queue)

    assert marconi(scenario) == ([0, 1, 2, 3], (0, 0))


def test_crashed_handler_never_deletes_its_message(marconi):
    async def scenario(client):
        queue = await filled(client)
        consumer = queue.consume(limit=3, ttl=60, grace=60, poll=None)
        with pytest.raises(Broken):
            await breaking_at(1, consumer)
        await consumer.close()
        return await left(queue)

    assert marconi(scenario) == (3, 0)


def test_break_releases_the_message_in_hand(marconi):
    async def scenario(client):
        queue = await filled(client)
        async with queue.consume(limit=3, ttl=60, grace=60, poll=None) as messages:
            async for message in messages:
                if message.body == 1:
                    break
        return await left(queue)

    assert marconi(scenario) == (3, 0)


def test_message_that_was_deleted_before_break_stays_deleted(marconi):
    async def scenario(client):
        queue = await filled(client)
        async with queue.consume(limit=3, ttl=60, grace=60, poll=None) as messages:
            async for message in messages:
                await message.delete()
                break
        return await left(queue)

    assert marconi(scenario) == (3, 0)


def test_handler_that_lets_go_gets_the_message_again(quick_marconi):
    async def scenario(client):
        queue, seen = await filled(client, 2), []
        async with queue.consume(ttl=60, grace=60, poll=0.05) as messages:
            async for message in messages:
                seen.append(message.body)
                if len(seen) == 1:
                    await messages.release()
                elif len(seen) == 3:
                    await message.delete()
                    break
        return seen, await left(queue)

    assert quick_marconi(scenario) == ([0, 0, 1], (0, 0))


def test_claim_is_renewed_while_the_handler_works(quick_marconi):
    async def scenario(client):
        queue, seen, taken = await filled(client, 1), [], []
        async for message in queue.consume(ttl=1, grace=10, poll=None):
            await client.connection.transport.sleep(2.2)
            taken += await queue.claim(ttl=1, grace=10)
            seen.append(message.body)
        return seen, taken, await left(queue)

    assert quick_marconi(scenario) == ([0], [], (0, 0))


def test_handler_that_takes_too_long_is_not_held_on_to(quick_marconi, caplog):
    async def scenario(client):
        queue, others = await filled(client, 1), []
        async for _ in queue.consume(ttl=1, grace=10, poll=None, longest=0.3):
            await client.connection.transport.sleep(1.5)
            others += await queue.claim(ttl=60, grace=10)
        return len(others), await left(queue)

    with caplog.at_level(logging.WARNING):
        assert quick_marconi(scenario) == (1, (0, 1))
    assert "marconi.handler_too_long" in caplog.messages


def test_lost_claim_is_told_and_its_other_messages_are_left_alone(quick_marconi):
    async def scenario(client):
        queue, seen = await filled(client, 2), []
        async with queue.consume(ttl=1, grace=10, poll=None) as messages:
            async for message in messages:
                seen.append(message.body)
                if len(seen) == 1:
                    await queue.release_claim(message.claim_id)
                    await client.connection.transport.sleep(0.6)
                    assert messages.claim_is_lost
                if len(seen) == 2:
                    assert not messages.claim_is_lost
        return seen, await left(queue)

    assert quick_marconi(scenario) == ([0, 0, 1], (0, 0))


def test_consumer_waits_for_messages(quick_marconi):
    async def scenario(client):
        queue = await filled(client, 1)
        async with queue.consume(ttl=60, grace=60, poll=0.05) as messages:
            async for message in messages:
                if message.body == "later":
                    await message.delete()
                    break
                await message.delete()
                await queue.post_messages({"body": "later"})
        return await left(queue)

    assert quick_marconi(scenario) == (0, 0)


def test_connection_that_is_closed_releases_what_its_consumers_hold(marconi):
    async def scenario(client):
        queue = await filled(client)
        messages = aiter(queue.consume(limit=2, ttl=60, grace=60, poll=None))
        await anext(messages)
        await client.connection.close()
        return await left(queue)

    assert marconi(scenario) == (4, 0)
