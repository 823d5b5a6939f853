"""Random lives of a queue on SQLite, against a model: none lost, none held twice, first in, first out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from hypothesis import HealthCheck, settings
from sqlalchemy import Connection

from support.queue_model import QueueMachine
from support.stores import memory_connection

T = TypeVar("T")


class OnSqlite(QueueMachine):
    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._connection = self._stack.enter_context(memory_connection())

    def transact(self, body: Callable[[Connection], T]) -> T:
        return body(self._connection)

    def teardown(self) -> None:
        self._stack.close()


TestQueueOnSqlite = OnSqlite.TestCase
TestQueueOnSqlite.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
