"""Claims, on every server and face."""

import pytest

from buildyard.marconi import Message
from buildyard.marconi.errors import BadRequest, NotFound


async def claimed(client, count=3, **more):
    queue = await client.create_queue("work")
    await queue.post_messages([{"body": n} for n in range(count)])
    return queue, await queue.claim(**{"ttl": 60, "grace": 60, **more})


def test_claim_holds_the_first_messages(marconi):
    async def scenario(client):
        _, claim = await claimed(client, limit=2)
        return claim.ttl, claim.grace, [(m.body, m.status, m.claim_id == claim.id) for m in claim]

    held = [(0, Message.Claimed, True), (1, Message.Claimed, True)]
    assert marconi(scenario) == (60, 60, held)


def test_claim_is_read_as_often_as_wanted(marconi):
    async def scenario(client):
        _, claim = await claimed(client)
        first = [message.body async for message in claim.messages()]
        return first, [message.body async for message in claim.messages(limit=2)], [message.body for message in claim]

    assert marconi(scenario) == ([0, 1, 2], [0, 1], [0, 1, 2])


def test_claim_of_nothing_is_false_and_does_nothing(marconi):
    async def scenario(client):
        _, claim = await claimed(client, count=1)
        empty = await client.queue("work").claim(ttl=60, grace=60)
        await empty.patch(ttl=100)
        await empty.delete()
        return bool(claim), bool(empty), empty.id, list(empty), len(empty)

    assert marconi(scenario) == (True, False, None, [], 0)


def test_claimed_messages_are_given_to_nobody_else(marconi):
    async def scenario(client):
        queue, _ = await claimed(client, limit=2)
        other = await queue.claim(ttl=60, grace=60)
        return [message.body for message in other], [m.body async for m in queue.messages(echo=True)]

    assert marconi(scenario) == ([2], [])


def test_released_messages_are_free_at_once(marconi):
    async def scenario(client):
        queue, claim = await claimed(client)
        await claim.delete()
        await queue.release_claim(claim)
        return [message.body for message in await queue.claim(ttl=60, grace=60)]

    assert marconi(scenario) == [0, 1, 2]


def test_renewal_sends_ttl_and_grace(marconi):
    """An omitted one would become the server's default, 300 and 60."""

    async def scenario(client):
        queue, claim = await claimed(client, ttl=100, grace=90)
        await claim.patch(grace=80)
        kept = claim.ttl, claim.grace, (await queue.get_claim(claim.id)).ttl
        await queue.update_claim(claim, ttl=200, grace=70)
        return kept, (await queue.get_claim(claim)).ttl

    assert marconi(scenario) == ((100, 80, 100), 200)


def test_claim_that_is_read_has_what_is_left_of_it(marconi):
    async def scenario(client):
        queue, claim = await claimed(client)
        await next(iter(claim)).delete()
        again = await queue.get_claim(claim.id)
        through_messages = [message.body async for message in queue.get_messages(claim=claim.id, limit=1)]
        return [message.body for message in again], again.id == claim.id, through_messages

    assert marconi(scenario) == ([1, 2], True, [1])


def test_released_claim_is_not_found(marconi):
    async def scenario(client):
        queue, claim = await claimed(client)
        await claim.delete()
        with pytest.raises(NotFound):
            await queue.get_claim(claim.id)
        with pytest.raises(NotFound):
            await claim.patch(ttl=60)

    marconi(scenario)


def test_claim_out_of_bounds_is_refused_with_reason(marconi):
    async def scenario(client):
        await claimed(client, ttl=100_000)

    with pytest.raises(BadRequest) as caught:
        marconi(scenario)
    assert "43200" in caught.value.description


def test_message_comes_back_when_its_claim_is_not_renewed(quick_marconi):
    async def scenario(client):
        queue, claim = await claimed(client, count=1, ttl=1, grace=10)
        assert not await queue.claim(ttl=1, grace=10)
        await client.connection.transport.sleep(1.2)
        with pytest.raises(BadRequest):
            await next(iter(claim)).delete()
        return [message.body for message in await queue.claim(ttl=1, grace=10)]

    assert quick_marconi(scenario) == [0]
