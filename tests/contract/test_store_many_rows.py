"""Many rows in one statement, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from buildyard.farm.store.base import Store
from buildyard.farm.store.many_rows import insert_new_rows, insert_rows, update_rows
from buildyard.farm.store.tables import task_queues
from support.stores import OnStore

NAMES = ("task_queue_id", "last_active", "expires")
INSERT = insert_rows(task_queues, NAMES)
UPDATE = update_rows(task_queues, ("task_queue_id",), ("last_active",))


def row(name: str, active: float = 1.0) -> dict[str, Any]:
    return {"task_queue_id": name, "last_active": active, "expires": 9.0}


def active(connection: Connection) -> dict[str, float]:
    found = connection.execute(select(task_queues.c.task_queue_id, task_queues.c.last_active))
    return {row.task_queue_id: row.last_active for row in found}


@pytest.mark.parametrize("count", [0, 1, 2, 300])
def test_rows_are_inserted_and_changed_each_with_its_own_values(on_store: OnStore, count: int) -> None:
    def body(connection: Connection) -> dict[str, float]:
        INSERT.run(connection, [row(f"q{number}") for number in range(count)])
        UPDATE.run(connection, [row(f"q{number}", 10.0 + number) for number in range(count)])
        return active(connection)

    async def scenario(store: Store) -> None:
        assert await store.write(body) == {f"q{number}": 10.0 + number for number in range(count)}

    on_store(scenario)


@pytest.mark.parametrize("known", [["a"], ["a", "b"]])
def test_rows_whose_keys_are_there_stay_as_they_are(on_store: OnStore, known: list[str]) -> None:
    def body(connection: Connection) -> set[str]:
        insert_new = insert_new_rows(task_queues, NAMES, connection.dialect.name)
        insert_new.run(connection, [row(name) for name in known])
        return {one[0] for one in insert_new.run(connection, [row(name, 2.0) for name in ("a", "b", "c")])}

    async def scenario(store: Store) -> None:
        assert await store.write(body) == {"a", "b", "c"} - set(known)
        assert (await store.read(active))["a"] == 1.0

    on_store(scenario)
