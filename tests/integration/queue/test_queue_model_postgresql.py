"""Random lives of a queue on PostgreSQL, against the same model as on SQLite; fewer, as each step is a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Connection

from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store
from support.postgresql import Cluster
from support.queue_model import DEAD, P, Q, QueueMachine

T = TypeVar("T")


@pytest.mark.service("postgresql")
def test_queue_lives_as_its_model(postgresql: Cluster) -> None:
    url = postgresql.database()
    with asyncio.Runner() as runner:
        store: Store = runner.run(open_store(url))

        class OnPostgresql(QueueMachine):
            def transact(self, body: Callable[[Connection], T]) -> T:
                return runner.run(store.write(body))

            def teardown(self) -> None:
                from buildyard.farm.queue.database import remove

                for name in (Q, DEAD):
                    self.transact(lambda connection, name=name: remove(connection, P, name))

        small = settings(
            max_examples=8,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        try:
            run_state_machine_as_test(OnPostgresql, settings=small)
        finally:
            runner.run(store.close())
            postgresql.drop(url)
