"""An account's queues: the list, metadata and statistics, on every server and face."""

import json

import pytest

from buildyard.marconi.errors import BadRequest, NotFound, NotInVersion


def test_queue_is_new_once(marconi):
    async def scenario(client):
        first, second = await client.create_queue("work"), await client.create_queue("work")
        return first.is_new, second.is_new, second.name

    assert marconi(scenario) == (True, False, "work")


def test_queues_are_listed_over_all_pages(marconi):
    async def scenario(client):
        for n in range(23):
            await client.create_queue(f"q{n:02}")
        return [queue.name async for queue in client.queues]

    assert marconi(scenario) == [f"q{n:02}" for n in range(23)]


def test_limit_bounds_the_list_and_marker_begins_it(marconi):
    async def scenario(client):
        for name in "abcde":
            await client.create_queue(name)
        return [queue.name async for queue in client.queues(marker="b", limit=2)]

    assert marconi(scenario) == ["c", "d"]


def test_detailed_list_has_the_metadata(marconi):
    async def scenario(client):
        await client.create_queue("work", {"colour": "blue"})
        detailed = [queue.listed_metadata["colour"] async for queue in client.queues(detailed=True)]
        plain = [queue.listed_metadata async for queue in client.queues()]
        return detailed, plain

    assert marconi(scenario) == (["blue"], [None])


def test_list_goes_on_while_its_queues_are_deleted(marconi):
    async def scenario(client):
        for n in range(23):
            await client.create_queue(f"q{n:02}")
        async for queue in client.queues:
            await queue.delete()
        return [queue.name async for queue in client.queues]

    assert marconi(scenario) == []


def own(metadata):
    return {key: value for key, value in metadata.items() if not key.startswith("_")}


@pytest.mark.parametrize("given", [{"game": "d2", "n": [1, None]}, json.dumps({"game": "d2", "n": [1, None]})])
def test_metadata_is_given_as_a_mapping_or_as_text(marconi, given):
    async def scenario(client):
        queue = await client.create_queue("wot", given)
        return own(await queue.metadata)

    assert marconi(scenario) == {"game": "d2", "n": [1, None]}


def test_set_metadata_replaces_all_of_it(marconi):
    async def scenario(client):
        queue = await client.create_queue("wot", {"a": 1, "b": 2})
        await queue.set_metadata({"b": 3, "c": {"d": 4}})
        return own(await queue.metadata)

    if marconi.server.version == "1.1":
        with pytest.raises(NotInVersion):
            marconi(scenario)
    else:
        assert marconi(scenario) == {"b": 3, "c": {"d": 4}}


def test_create_with_metadata_replaces_that_of_a_queue_that_is_there(marconi):
    async def scenario(client):
        await client.create_queue("wot", {"a": 1})
        queue = await client.create_queue("wot", {"b": 2})
        return queue.is_new, own(await queue.metadata)

    kept = {"a": 1} if marconi.server.version == "1.1" else {"b": 2}
    assert marconi(scenario) == (False, kept)


def test_setting_of_the_service_is_kept_where_it_is_not_named(marconi_v2):
    async def scenario(client):
        queue = await client.create_queue("wot", {"_default_message_ttl": 600, "a": 1})
        await queue.set_metadata({"a": 2})
        return (await queue.metadata)["_default_message_ttl"]

    assert marconi_v2(scenario) == 600


def test_stats_count_free_and_claimed(marconi):
    async def scenario(client):
        queue = await client.create_queue("work")
        await queue.post_messages([{"body": n} for n in range(3)])
        await queue.claim(limit=1, ttl=60, grace=60)
        stats = await queue.stats
        return (
            stats.claimed,
            stats.free,
            stats.total,
            stats.oldest.ttl in (3600, 0),
            stats.newest.id != stats.oldest.id,
        )

    assert marconi(scenario) == (1, 2, 3, True, True)


def test_stats_of_an_empty_queue_are_zero(marconi):
    async def scenario(client):
        stats = await (await client.create_queue("work")).stats
        return stats.total, stats.oldest

    assert marconi(scenario) == (0, None)


def test_deleted_queue_is_empty_again(marconi):
    async def scenario(client):
        queue = await client.create_queue("work")
        await queue.post_messages({"body": 1})
        await queue.delete()
        await queue.delete()
        await client.create_queue("work")
        return (await queue.stats).total

    assert marconi(scenario) == 0


def test_queues_of_another_project_are_out_of_sight(marconi):
    async def make(client):
        queue = await client.create_queue("work")
        await queue.post_messages({"body": 1})

    async def look(client):
        return [queue.name async for queue in client.queues]

    marconi(make)
    assert marconi(look) == ["work"]
    assert marconi(look, project_id="somebody-else") == []


def test_home_tells_what_there_is(marconi):
    async def scenario(client):
        home = await client.home
        return home.href("rel/queues")

    assert marconi(scenario).startswith(f"/v{marconi.server.version}/queues")


def test_service_is_alive(marconi):
    async def scenario(client):
        return await client.ping()

    assert marconi(scenario) is True


def test_queue_with_an_odd_name_is_refused_with_reason(marconi):
    async def scenario(client):
        await client.create_queue("no spaces, please")

    with pytest.raises(BadRequest) as caught:
        marconi(scenario)
    assert caught.value.title == "Invalid queue identification"
    assert "no%20spaces%2C%20please" in caught.value.url


def test_message_that_is_not_there_is_not_found(marconi):
    async def scenario(client):
        queue = await client.create_queue("work")
        await queue.get_message("50b68a50d6f5b8c8a7c62b01")

    with pytest.raises(NotFound) as caught:
        marconi(scenario)
    assert caught.value.code == caught.value.status == 404
