"""What the services keep, on both databases: one walk through each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from buildyard.farm import taskindex
from buildyard.farm.services.sweep import sweep
from buildyard.farm.store.base import Store
from buildyard.farm.taskindex import Entry
from support.services import Yard, serving
from support.stores import START, play_on_store


@pytest.fixture
def yard(store_url: str, tmp_path: Path) -> Iterator[Yard]:
    with serving(store_url, tmp_path) as yard:
        yield yard


def test_client_lives_its_life(yard: Yard) -> None:
    client = yard.client("mira", "assume:team", deleteOnExpiration=True)
    yard.role("team", "auth:get-client:*")
    yard.role("te*", "x:<..>")
    assert yard.ask("GET", "/api/auth/v1/clients/mira", by=client).json["expandedScopes"] == [
        "assume:team",
        "auth:get-client:*",
        "x:am",
    ]
    listed = yard.ask("GET", "/api/auth/v1/clients/?prefix=m").json["clients"]
    assert [each["clientId"] for each in listed] == ["mira"]
    assert yard.ask("POST", "/api/auth/v1/clients/mira/disable").json["disabled"] is True
    assert yard.ask("POST", "/api/auth/v1/roles/team", {"scopes": [], "description": "x"}).status == 200
    assert yard.ask("DELETE", "/api/auth/v1/roles/te*").status == 204
    yard.clock.advance(3601)
    assert yard.write(lambda connection: sweep(connection, yard.clock())) == 1


def test_index_keeps_the_highest_rank_of_many_at_once(yard: Yard) -> None:
    now = yard.clock()
    entries = [
        Entry(path=path, task_id=f"t{n}", rank=n, data="{}", expires=now + 60)
        for n in (2, 1, 3, 0)
        for path in ("a.b.c", "a.d")
    ]
    yard.write(lambda connection: taskindex.insert(connection, now, entries))
    assert yard.ask("GET", "/api/index/v1/task/a.b.c").json["taskId"] == "t3"
    below = yard.ask("GET", "/api/index/v1/namespaces/a").json["namespaces"]
    assert [each["namespace"] for each in below] == ["a.b"]
    yard.clock.advance(2 * 86_400)
    assert yard.write(lambda connection: sweep(connection, yard.clock())) == 4


def test_many_that_index_under_one_path_at_once_leave_the_highest_rank(store_url: str) -> None:
    async def main(store: Store) -> None:
        def body(number: int) -> Callable[[Connection], None]:
            entry = Entry(path="a.b.c", task_id=f"t{number}", rank=number, data="{}", expires=START + 60)
            return lambda connection: taskindex.insert(connection, START, [entry])

        await asyncio.gather(*(store.write(body(number)) for number in random.Random(1).sample(range(30), 30)))
        found = await store.read(lambda connection: taskindex.find(connection, START, "a.b.c"))
        assert found is not None
        assert found.task_id == "t29"

    play_on_store(store_url, main)


def test_secret_is_put_twice_and_removed(yard: Yard) -> None:
    for secret in ({"a": 1}, {"a": 2}):
        wanted = {"secret": secret, "expires": yard.later(60)}
        assert yard.ask("PUT", "/api/secrets/v1/secret/x%2Fy", wanted).status == 200
    assert yard.ask("GET", "/api/secrets/v1/secret/x%2Fy").json["secret"] == {"a": 2}
    assert yard.ask("DELETE", "/api/secrets/v1/secret/x%2Fy").status == 200
    assert yard.ask("GET", "/api/secrets/v1/secrets").json == {"secrets": []}
