"""What every keeper of queues promises about queues: names, metadata, removal."""

from __future__ import annotations

from typing import Any

import pytest

from buildyard.farm.queue.base import BadMetadata, NewMessage, Queue, QueueNotFound
from support.stores import Clock, OnQueue

P, Q = "project", "jobs"


def test_create_tells_whether_the_queue_is_new(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        assert await queue.create(P, Q)
        assert not await queue.create(P, Q)

    on_queue(scenario)


def test_first_message_makes_the_queue(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.put(P, Q, [NewMessage(body=1)])
        assert await queue.metadata(P, Q) == {}

    on_queue(scenario)


def test_metadata_is_replaced_whole(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.create(P, Q, {"a": 1})
        await queue.set_metadata(P, Q, {"b": [2]})
        assert await queue.metadata(P, Q) == {"b": [2]}
        await queue.create(P, Q)
        assert await queue.metadata(P, Q) == {"b": [2]}
        await queue.create(P, Q, {"c": None})
        assert await queue.metadata(P, Q) == {"c": None}

    on_queue(scenario)


def test_missing_queue_has_no_metadata(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        with pytest.raises(QueueNotFound):
            await queue.metadata(P, Q)
        with pytest.raises(QueueNotFound):
            await queue.set_metadata(P, Q, {})

    on_queue(scenario)


@pytest.mark.parametrize(
    "metadata",
    [
        {"_max_claim_count": 0},
        {"_max_claim_count": "2"},
        {"_max_claim_count": True},
        {"_default_message_ttl": 0},
        {"_default_message_delay": -1},
        {"_dead_letter_queue": 5},
        {"_dead_letter_queue": ""},
        {"_dead_letter_queue": Q},
        {"_dead_letter_queue_messages_ttl": 0.5},
    ],
)
def test_metadata_that_cannot_work_is_refused(on_queue: OnQueue, metadata: dict[str, Any]) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        with pytest.raises(BadMetadata) as refused:
            await queue.create(P, Q, metadata)
        assert refused.value.key in metadata
        with pytest.raises(QueueNotFound):
            await queue.metadata(P, Q)

    on_queue(scenario)


def test_queue_gives_ttl_and_delay_to_messages_without(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.create(P, Q, {"_default_message_ttl": 100, "_default_message_delay": 5})
        ids = await queue.put(P, Q, [NewMessage(body=1), NewMessage(body=2, ttl=70, delay=0)])
        assert [message.ttl for message in await queue.get(P, Q, ids)] == [100, 70]
        assert [message.body for message in (await queue.page(P, Q)).messages] == [2]

    on_queue(scenario)


def test_names_are_sorted_and_paged_within_a_project(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        for name in ("c", "a", "b"):
            await queue.create(P, name)
        await queue.create("other", "d")
        assert await queue.names(P, limit=2) == ["a", "b"]
        assert await queue.names(P, marker="b") == ["c"]

    on_queue(scenario)


def test_removed_queue_takes_messages_and_claims_with_it(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        ids = await queue.put(P, Q, [NewMessage(body=n) for n in range(4)])
        await queue.claim(P, Q, limit=2)
        await queue.remove(P, Q)
        await queue.remove(P, Q)
        with pytest.raises(QueueNotFound):
            await queue.metadata(P, Q)
        await queue.create(P, Q)
        assert await queue.get(P, Q, ids) == []

    on_queue(scenario)


def test_queues_of_one_name_in_two_projects_are_two(on_queue: OnQueue) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        await queue.put("one", Q, [NewMessage(body=1)])
        await queue.put("two", Q, [NewMessage(body=2)])
        assert [message.body for message in await queue.pop("two", Q)] == [2]
        assert [message.body for message in await queue.pop("one", Q)] == [1]

    on_queue(scenario)
