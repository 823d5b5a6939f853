"""Signed URLs and subscriptions, of v2."""

import pytest
from msgspec import structs

from buildyard.marconi.errors import BadRequest, NotFound


def test_signed_url_lets_others_do_this_much_and_no_more(marconi_v2):
    async def make(client):
        queue = await client.create_queue("work")
        await queue.post_messages({"body": 1})
        return await queue.share(paths=["messages"], methods=["GET"])

    async def use(client):
        queue = client.queue("work")
        found = [message.body async for message in queue.messages()]
        with pytest.raises(NotFound):
            await queue.pop()
        with pytest.raises(NotFound):
            await client.queue("other").read_page()
        return found

    signed = marconi_v2(make)
    assert signed.signature not in repr(signed)
    assert marconi_v2(use, auth=signed) == [1]


def test_signed_url_that_was_changed_is_worth_nothing(marconi_v2):
    async def make(client):
        return await (await client.create_queue("work")).share()

    async def use(client):
        with pytest.raises(NotFound):
            await client.queue("work").read_page()

    signed = marconi_v2(make)
    marconi_v2(use, auth=structs.replace(signed, methods=("GET", "POST")))


async def subscribed(client):
    queue = await client.create_queue("work")
    return queue, await queue.subscribe("http://trigger.example/x", ttl=300, options={"a": 1})


def test_subscription_is_read_changed_and_ended(real_zaqar):
    async def scenario(client):
        queue, first = await subscribed(client)
        before = await queue.get_subscription(first)
        await queue.update_subscription(first, ttl=600, options={"a": 2})
        after = await queue.get_subscription(first)
        await queue.delete_subscription(first)
        await queue.delete_subscription(first)
        with pytest.raises(NotFound):
            await queue.get_subscription(first)
        told = [(each.subscriber, each.source, each.ttl, each.options) for each in (before, after)]
        return told, [each.id async for each in queue.subscriptions()]

    subscriber = "http://trigger.example/x"
    assert real_zaqar(scenario) == ([(subscriber, "work", 300, {"a": 1}), (subscriber, "work", 600, {"a": 2})], [])


def test_subscriptions_are_listed_over_all_pages(real_zaqar):
    async def scenario(client):
        queue = await client.create_queue("work")
        ids = [await queue.subscribe(f"http://trigger.example/{n}") for n in range(23)]
        return sorted(ids), sorted([each.id async for each in queue.subscriptions()])

    made, listed = real_zaqar(scenario)
    assert listed == made


def test_subscriber_of_another_scheme_is_refused(real_zaqar):
    async def scenario(client):
        await client.queue("work").subscribe("gopher://x")

    with pytest.raises(BadRequest):
        real_zaqar(scenario)


def test_subscription_is_confirmed_by_its_subscriber(real_zaqar):
    async def scenario(client):
        queue, first = await subscribed(client)
        await queue.confirm_subscription(first)
        return (await queue.get_subscription(first)).confirmed

    assert real_zaqar(scenario) is True


def test_server_without_notifications_says_so(quick_marconi):
    async def scenario(client):
        await subscribed(client)

    with pytest.raises(NotFound) as caught:
        quick_marconi(scenario)
    assert "no subscriptions" in caught.value.description
