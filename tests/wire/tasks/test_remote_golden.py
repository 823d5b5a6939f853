"""What real services answered, read by the farm whose tasks are there: its rows say the same afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from buildyard.faces.scripted import Answer, ScriptedTransport, answer
from buildyard.farm.store.base import Store
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.tasks import mirror, service
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.tasks.mirror import TaskStatus
from buildyard.farm.tasks.remote import RemoteTasks
from buildyard.taskcluster.aio import Queue
from support.stores import memory_connection, opened
from support.tasks import NOW, definition

LINES = (Path(__file__).parents[1] / "golden" / "taskcluster.jsonl").read_text("utf-8").splitlines()
RECORDS = {record["id"]: record for record in map(json.loads, LINES)}


def told(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return the task status in a recorded answer, ``None`` where there is none."""
    try:
        body = json.loads(record["response"].get("body", ""))
    except ValueError:
        return None
    found = body.get("status") if isinstance(body, dict) else None
    return found if isinstance(found, dict) and "runs" in found else None


STATUSES = {key: status for key, record in RECORDS.items() if (status := told(record)) and status["runs"]}


@pytest.mark.parametrize("key", STATUSES)
def test_rows_say_what_the_deployment_said(key: str) -> None:
    status = STATUSES[key]
    with memory_connection() as connection:
        noted(connection, status["taskId"])
        assert mirror.follow(connection, NOW, msgspec.convert(status, TaskStatus))
        found = service.status(connection, status["taskId"])
    assert [found["state"], found["retriesLeft"]] == [status["state"], status["retriesLeft"]]
    # A claim on a run there is renewed there.
    assert found["runs"] == [{name: run[name] for name in run if name != "takenUntil"} for run in status["runs"]]


def noted(connection: Connection, task_id: str) -> None:
    mirror.create_many(connection, NOW, {task_id: definition(NOW)})


def recorded(key: str) -> Answer:
    response = RECORDS[key]["response"]
    return answer(response["status"], response["body"].encode())


def looked(directory: Path, *script: Answer) -> tuple[ScriptedTransport, dict[str, Any]]:
    """Note the recorded task, look once, and return what was asked and how far the task is here."""
    task_id = STATUSES["tc/createTask"]["taskId"]

    async def scenario(remote: RemoteTasks, store: Store) -> dict[str, Any]:
        await store.write(lambda connection: noted(connection, task_id))
        await remote.look()
        return await store.read(lambda connection: service.status(connection, task_id))

    transport = ScriptedTransport(*script, start=NOW)
    return transport, asyncio.run(played(directory, transport, scenario))


async def played(
    directory: Path,
    transport: ScriptedTransport,
    scenario: Callable[[RemoteTasks, Store], Awaitable[dict[str, Any]]],
) -> dict[str, Any]:
    async with opened(f"sqlite:///{directory / 'yard.sqlite'}") as store:
        queue = Queue({"rootUrl": "http://tc.example"}, transport)
        remote = RemoteTasks(
            store, ObjectStore(directory / "objects"), LogStore(directory / "logs"), transport.now, queue
        )
        return await scenario(remote, store)


def test_task_is_asked_for_as_it_was_defined(tmp_path: Path) -> None:
    transport, status = looked(tmp_path, recorded("tc/createTask"))
    (request,) = transport.requests
    assert (request.method, request.url) == ("PUT", f"http://tc.example/api/queue/v1/task/{status['taskId']}")
    sent = msgspec.json.decode(bytes(request.body))  # type: ignore[arg-type]
    assert sent.items() >= definition(NOW).items()
    assert status["state"] == "pending"


def test_conflict_with_itself_under_another_date_is_no_conflict(tmp_path: Path) -> None:
    transport, status = looked(tmp_path, recorded("tc/createTask-conflict"), recorded("tc/status-running"))
    assert [request.method for request in transport.requests] == ["PUT", "GET"]
    assert status["state"] == "running"
