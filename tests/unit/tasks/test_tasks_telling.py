"""What a bus is told of a transition: Taskcluster's messages, in the transaction's own log, where there is a bus."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, select

from buildyard.farm.events import outbox
from buildyard.farm.store.tables import events
from buildyard.farm.tasks import service
from buildyard.farm.tasks.exchanges import EXCHANGES, PREFIX
from buildyard.taskcluster import QueueEvents
from support.tasks import NOW, claim, make, running, topics


def told(connection: Connection) -> list[Row[Any]]:
    """The rows that only a bus is told."""
    return list(connection.execute(select(events).where(events.c.exchange != "").order_by(events.c.id)).all())


def exchanges(connection: Connection) -> list[str]:
    return [row.exchange.removeprefix(PREFIX) for row in told(connection)]


def with_bus(connection: Connection) -> Connection:
    return connection.execution_options(**{outbox.TASKCLUSTER: True})


def test_a_bus_is_told_each_transition_of_a_task_in_order(connection: Connection) -> None:
    task_id = running(with_bus(connection))
    service.report_completed(connection, NOW + 1, task_id, 0)
    assert exchanges(connection) == [
        "task-defined",
        "task-pending",
        "task-running",
        "task-completed",
        "task-group-resolved",
    ]


def test_a_retry_is_an_exception_and_then_a_run_that_waits(connection: Connection) -> None:
    task_id = running(with_bus(connection))
    service.report_exception(connection, NOW, task_id, 0, "worker-shutdown")
    last = told(connection)[-2:]
    assert [row.exchange.removeprefix(PREFIX) for row in last] == ["task-exception", "task-pending"]
    assert [json.loads(row.body)["runId"] for row in last] == [0, 1]


def test_messages_have_routes_beside_their_key_and_the_status_of_their_moment(connection: Connection) -> None:
    task_id = make(with_bus(connection), routes=["index.a.b"])
    claim(connection, NOW + 1)
    pending = told(connection)[1]
    assert pending.topic.startswith(f"primary.{task_id}.0._._.buildyard.")
    assert (json.loads(pending.cc), json.loads(pending.body)["status"]["state"]) == (["route.index.a.b"], "pending")


def test_without_a_bus_nothing_but_the_events_is_written(connection: Connection) -> None:
    running(connection)
    assert (told(connection), topics(connection)) == ([], ["task.pending", "task.running"])


def test_exchanges_that_are_declared_are_those_that_the_client_listens_to() -> None:
    listened = QueueEvents({"rootUrl": "https://tc.example"})
    names = [name for name in dir(listened) if name.startswith(("task", "artifact"))]
    assert sorted(EXCHANGES) == sorted(getattr(listened, name)()["exchange"] for name in names)
