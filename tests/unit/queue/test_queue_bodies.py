"""The queue's plain functions, several in one transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from buildyard.farm.queue import database as queue
from buildyard.farm.queue.base import BadMessage, NewMessage, QueueError
from buildyard.farm.store.base import WAKE_KEY
from support.stores import START

FARM = "farm"


def put(connection: Connection, name: str, *bodies: object, now: float = START, **keywords: int) -> list[int]:
    return queue.put(connection, now, FARM, name, [NewMessage(body=body, **keywords) for body in bodies])


def woken(connection: Connection) -> set[str]:
    return connection.info.get(WAKE_KEY, set())


def test_put_gives_ascending_numbers_in_order(connection: Connection) -> None:
    ids = put(connection, "a", *range(50))
    assert ids == sorted(ids)
    assert [message.body for message in queue.get(connection, START, FARM, "a", ids)] == list(range(50))


def test_put_of_nothing_makes_no_queue(connection: Connection) -> None:
    assert queue.put(connection, START, FARM, "a", []) == []
    assert queue.names(connection, FARM, limit=10) == []


def test_put_wakes_its_queue(connection: Connection) -> None:
    put(connection, "pool/high", 1)
    assert woken(connection) == {queue.channel(FARM, "pool/high")}


def test_number_of_a_deleted_message_is_not_given_again(connection: Connection) -> None:
    (first,) = put(connection, "a", 1)
    queue.delete_messages(connection, [first])
    assert put(connection, "a", 2) != [first]


def test_pop_takes_the_first_queue_first(connection: Connection) -> None:
    put(connection, "low", "l1", "l2")
    put(connection, "high", "h1", "h2")
    popped = queue.pop(connection, START, FARM, ["high", "none", "low"], 3)
    assert [(message.queue, message.body) for message in popped] == [("high", "h1"), ("high", "h2"), ("low", "l1")]


def test_pop_deletes_what_it_returns(connection: Connection) -> None:
    ids = put(connection, "a", 1, 2)
    queue.pop(connection, START, FARM, ["a"], 1)
    assert queue.exists(connection, ids) == {ids[1]}


def test_pop_leaves_claimed_and_delayed_messages(connection: Connection) -> None:
    put(connection, "a", "claimed")
    queue.claim(connection, START, FARM, "a")
    put(connection, "a", "delayed", delay=10)
    assert queue.pop(connection, START, FARM, ["a"], 10) == []


def test_pop_takes_a_message_whose_claim_has_ended(connection: Connection) -> None:
    put(connection, "a", 1)
    queue.claim(connection, START, FARM, "a", ttl=60)
    (message,) = queue.pop(connection, START + 60, FARM, ["a"], 10)
    assert message.claim_count == 1


def test_pop_from_no_queues_is_nothing(connection: Connection) -> None:
    assert queue.pop(connection, START, FARM, [], 10) == []


def test_exists_bears_thousands_of_numbers(connection: Connection) -> None:
    ids = put(connection, "a", 1, 2)
    assert queue.exists(connection, [*ids, *range(1_000, 40_000)]) == set(ids)


def test_delete_messages_bears_thousands_of_numbers(connection: Connection) -> None:
    ids = put(connection, "a", 1, 2)
    queue.delete_messages(connection, [*ids, *range(1_000, 40_000)])
    assert queue.exists(connection, ids) == set()


def test_sweep_deletes_expired_messages_up_to_its_limit(connection: Connection) -> None:
    put(connection, "a", *range(5), ttl=60)
    assert queue.sweep(connection, START + 60, limit=3).expired == 3
    assert queue.sweep(connection, START + 60, limit=3).expired == 2


def test_sweep_keeps_messages_that_live(connection: Connection) -> None:
    ids = put(connection, "a", 1, ttl=60)
    queue.sweep(connection, START + 59)
    assert queue.exists(connection, ids) == set(ids)


def test_sweep_frees_ended_claims_and_wakes_their_queue(connection: Connection) -> None:
    put(connection, "a", 1, 2)
    queue.claim(connection, START, FARM, "a", ttl=60)
    connection.info.clear()
    swept = queue.sweep(connection, START + 60)
    assert (swept.freed, swept.claims) == (2, 1)
    assert woken(connection) == {queue.channel(FARM, "a")}


def test_release_wakes_its_queue(connection: Connection) -> None:
    put(connection, "a", 1)
    claim = queue.claim(connection, START, FARM, "a")
    assert claim is not None
    connection.info.clear()
    queue.release(connection, START, FARM, "a", claim.id)
    assert woken(connection) == {queue.channel(FARM, "a")}


@pytest.mark.parametrize("keywords", [{"ttl": 0}, {"ttl": -1}, {"delay": -1}])
def test_impossible_time_of_a_message_is_refused(keywords: dict[str, int]) -> None:
    with pytest.raises(BadMessage):
        NewMessage(body=1, **keywords)


def test_every_error_says_what_it_is_in_the_tree() -> None:
    from buildyard.farm.queue import base

    for kind in QueueError.__subclasses__():
        assert f"* {kind.__name__}" in (base.__doc__ or "")
