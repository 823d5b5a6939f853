"""Messages of a queue: post, read, delete, pop, on every server and face."""

import pytest

from buildyard.marconi import Message
from buildyard.marconi.errors import BadRequest, Forbidden, NotInVersion

ODD = [None, 0, 1.5, "h\u00e9 \U0001f980", [], {"deep": [{"er": None}]}, True]


async def filled(client, count, **more):
    queue = await client.create_queue("work")
    return queue, await queue.post_messages([{"body": n, **more} for n in range(count)])


def test_bodies_come_back_as_they_were(marconi):
    async def scenario(client):
        queue = await client.create_queue("work")
        await queue.post_messages([{"body": body} for body in ODD])
        return [message.body async for message in queue.messages(echo=True)]

    assert marconi(scenario) == ODD


def test_messages_come_over_all_pages_in_order(marconi):
    async def scenario(client):
        queue, ids = await filled(client, 45)
        return ids, [message.id async for message in queue.messages(echo=True)]

    posted, read = marconi(scenario)
    assert read == posted
    assert len(read) == 45


def test_limit_bounds_all_pages_together(marconi):
    async def scenario(client):
        queue, _ = await filled(client, 45)
        return [message.body async for message in queue.messages(echo=True, limit=33)]

    assert marconi(scenario) == list(range(33))


def test_single_message_is_read_once(marconi):
    async def scenario(client):
        queue, _ = await filled(client, 1)
        return [message.body async for message in queue.messages(echo=True)]

    assert marconi(scenario) == [0]


def test_own_messages_are_shown_with_echo_alone(marconi):
    async def scenario(client):
        queue, _ = await filled(client, 2)
        quiet = [message async for message in queue.messages()]
        client.client_id = "9f6c2b627d1c4c3a8f5e0b6f5e1b2a77"
        return quiet, [message.body async for message in queue.messages()]

    assert marconi(scenario) == ([], [0, 1])


def test_pages_are_followed_by_their_markers(marconi):
    async def scenario(client):
        queue, _ = await filled(client, 3)
        first = await queue.read_page(limit=2, echo=True)
        second = await queue.read_page(first.marker, echo=True)
        end = await queue.read_page(second.marker, echo=True)
        await queue.post_messages({"body": "later"})
        later = await queue.read_page(end.marker, echo=True)
        return [[message.body for message in page.messages] for page in (first, second, end, later)]

    assert marconi(scenario) == [[0, 1], [2], [], ["later"]]


def test_messages_by_id_are_those_that_are_there(marconi):
    async def scenario(client):
        queue, ids = await filled(client, 25)
        await queue.delete_message(ids[3])
        asked = [*ids, "50b68a50d6f5b8c8a7c62b01"]
        found = [message.body async for message in queue.get_messages(ids=asked)]
        none = [message async for message in queue.get_messages(ids=["50b68a50d6f5b8c8a7c62b01"])]
        return sorted(found), none

    assert marconi(scenario) == ([n for n in range(25) if n != 3], [])


def test_one_message_is_free_and_young(marconi):
    async def scenario(client):
        queue, ids = await filled(client, 1, ttl=300)
        return ids[0], await queue.get_message(ids[0])

    message_id, message = marconi(scenario)
    assert (message.id, message.ttl, message.status, message.claim_id) == (message_id, 300, Message.Free, None)
    assert 0 <= message.age < 30


def test_deleted_message_is_gone_and_may_be_deleted_again(marconi):
    async def scenario(client):
        queue, ids = await filled(client, 2)
        message = await queue.get_message(ids[0])
        await message.delete()
        await message.delete()
        await queue.delete_message(ids[0])
        return [each.body async for each in queue.messages(echo=True)]

    assert marconi(scenario) == [1]


def test_claimed_message_is_deleted_by_its_claim_alone(marconi):
    async def scenario(client):
        queue, ids = await filled(client, 1)
        (message,) = await queue.claim(ttl=60, grace=60)
        with pytest.raises(Forbidden):
            await queue.delete_message(ids[0])
        with pytest.raises(BadRequest):
            await queue.delete_message(ids[0], "00000000-0000-0000-0000-000000000000")
        await message.delete()
        return (await queue.stats).total

    assert marconi(scenario) == 0


def test_many_messages_are_deleted_in_requests_that_the_service_takes(marconi):
    async def scenario(client):
        queue, ids = await filled(client, 45)
        await queue.delete_messages(ids[:44])
        return [message.body async for message in queue.messages(echo=True)]

    assert marconi(scenario) == [44]


def test_claimed_messages_are_deleted_together(marconi):
    async def scenario(client):
        queue, _ = await filled(client, 5)
        await queue.delete_messages(await queue.claim(limit=4, ttl=60, grace=60))
        return [message.body async for message in queue.messages(echo=True)]

    assert marconi(scenario) == [4]


def test_post_above_the_limit_is_split(marconi):
    async def scenario(client):
        queue = await client.create_queue("work")
        ids = await queue.post_messages([{"body": "x" * 60_000} for _ in range(9)])
        return len(set(ids)), (await queue.stats).total

    assert marconi(scenario) == (9, 9)


def test_post_that_is_refused_halfway_tells_what_it_posted(marconi):
    async def scenario(client):
        queue = await client.create_queue("work")
        with pytest.raises(BadRequest) as caught:
            await queue.post_messages([{"body": "small"}, {"body": "x" * 300_000}])
        return caught.value.posted, [message.id async for message in queue.messages(echo=True)]

    posted, there = marconi(scenario)
    assert list(posted) == there
    assert len(there) == 1


def test_popped_messages_are_gone_and_their_delete_does_nothing(marconi):
    async def scenario(client):
        queue, _ = await filled(client, 3)
        if not marconi.server.has_v2 and marconi.server.version == "1":
            with pytest.raises(NotInVersion):
                await queue.pop()
            return [0, 1], 1
        popped = await queue.pop(2)
        for message in popped:
            await message.delete()
        return [message.body for message in popped], (await queue.stats).total

    assert marconi(scenario) == ([0, 1], 1)


def test_purge_leaves_the_queue_empty(marconi_v2):
    async def scenario(client):
        queue, _ = await filled(client, 3)
        await queue.purge(["messages"])
        return (await queue.stats).total

    assert marconi_v2(scenario) == 0


def test_message_with_a_delay_waits(marconi_v2):
    async def scenario(client):
        queue = await client.create_queue("work", {"_default_message_delay": 1})
        await queue.post_messages({"body": "later", "delay": 600})
        return bool(await queue.claim(ttl=60, grace=60))

    assert marconi_v2(scenario) is False
