"""Messages of transitions, held against those that Taskcluster 106.0.0 published (`golden/pulse.jsonl`)."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from buildyard.farm.events.outbox import BusMessage
from buildyard.farm.tasks.definition import PRIORITIES
from buildyard.farm.tasks.happened import (
    ArtifactCreated,
    Change,
    Defined,
    Group,
    GroupPriorityChanged,
    GroupResolved,
    GroupSealed,
    Happening,
    PriorityChanged,
)
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.pulse import messages_of
from buildyard.farm.tasks.rows import Run, Task
from buildyard.taskcluster import QueueEvents

LINES = (Path(__file__).parents[1] / "golden" / "pulse.jsonl").read_text("utf-8").splitlines()
RECORDS = [record for line in LINES if "taskcluster-queue" in (record := json.loads(line))["exchange"]]


def seconds(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


def run_of(told: dict[str, Any]) -> Run:
    return Run(
        run_id=told["runId"],
        state=State(told["state"]),
        reason_created=told["reasonCreated"],
        reason_resolved=told.get("reasonResolved"),
        worker_group=told.get("workerGroup"),
        worker_id=told.get("workerId"),
        scheduled=seconds(told["scheduled"]) or 0.0,
        started=seconds(told.get("started")),
        taken_until=seconds(told.get("takenUntil")),
        resolved=seconds(told.get("resolved")),
    )


def task_of(record: dict[str, Any]) -> Task:
    status = record["payload"]["status"]
    tags = record["payload"].get("task", {}).get("tags", {})
    routes = [route.removeprefix("route.") for route in record["CCs"]]
    return Task(
        task_id=status["taskId"],
        task_queue_id=status["taskQueueId"],
        scheduler_id=status["schedulerId"],
        project_id=status["projectId"],
        task_group_id=status["taskGroupId"],
        priority=PRIORITIES.index(status.get("priority", "lowest")),
        retries_left=status["retriesLeft"],
        definition=json.dumps({"payload": {}, "tags": tags, "routes": routes}),
        state=State(status["state"]),
        created=0.0,
        deadline=seconds(status["deadline"]) or 0.0,
        expires=seconds(status["expires"]) or 0.0,
        runs=tuple(map(run_of, status["runs"])),
    )


def changed(record: dict[str, Any]) -> Change:
    """The task before and after its run got the state that the message tells of."""
    after, number = task_of(record), record["payload"]["runId"]
    earlier = State.PENDING if after.runs[number].state is not State.PENDING else State.RUNNING
    before = [*after.runs]
    before[number] = msgspec.structs.replace(before[number], state=earlier)
    return Change(msgspec.structs.replace(after, runs=tuple(before)), after)


def group_of(record: dict[str, Any]) -> Group:
    told = record["payload"]
    expires = seconds(told["expires"]) or 0.0
    sealed = seconds(told.get("sealed"))
    name, scheduler = told["taskGroupId"], told["schedulerId"]
    return Group(task_group_id=name, scheduler_id=scheduler, expires=expires, sealed=sealed)


def happening(record: dict[str, Any]) -> Happening:
    kind, payload = record["exchange"].rpartition("/")[2], record["payload"]
    if kind == "task-defined":
        return Defined(task_of(record))
    if kind == "artifact-created":
        task = task_of(record)
        return ArtifactCreated(task, task.run(payload["runId"]), payload["artifact"])
    if kind == "task-priority-changed":
        return PriorityChanged(task_of(record), PRIORITIES.index(payload["oldPriority"]))
    if kind == "task-group-sealed":
        return GroupSealed(group_of(record))
    if kind == "task-group-resolved":
        return GroupResolved(group_of(record))
    return changed(record)


def comparable(body: dict[str, Any]) -> dict[str, Any]:
    """The body with one spelling of UTC, and without what Taskcluster leaves out when a group is cancelled."""
    plain: dict[str, Any] = json.loads(json.dumps(body))
    plain.get("status", {}).pop("priority", None)
    if "takenUntil" in plain:
        plain["takenUntil"] = seconds(plain["takenUntil"])
    return plain


@pytest.mark.parametrize("record", RECORDS, ids=[record["id"] for record in RECORDS])
def test_a_transition_gives_the_message_that_taskcluster_published(record: dict[str, Any]) -> None:
    (message,) = messages_of(happening(record))
    assert (message.exchange, message.routing_key) == (record["exchange"], record["routingKey"])
    assert list(message.cc) == record["CCs"]
    assert comparable(message.body) == comparable(record["payload"])


GROUP = Group(task_group_id="fR5ZO8zVQ4azMFxkPI_a_A", scheduler_id="golden", expires=1_800_000_000.0)


def test_a_groups_new_priority_has_a_message_of_its_own() -> None:
    assert messages_of(GroupPriorityChanged(GROUP, PRIORITIES.index("high"), 3)) == [
        BusMessage(
            exchange="exchange/taskcluster-queue/v1/task-group-priority-changed",
            routing_key="primary.fR5ZO8zVQ4azMFxkPI_a_A.golden._",
            cc=(),
            body={
                "taskGroupId": GROUP.task_group_id,
                "schedulerId": "golden",
                "newPriority": "high",
                "tasksAffected": 3,
                "version": 1,
            },
        )
    ]


def test_a_retry_is_an_exception_and_then_another_pending_run() -> None:
    (record,) = (record for record in RECORDS if record["id"] == "pulse/12-task-pending")
    after = task_of(record)
    running = msgspec.structs.replace(after.runs[0], state=State.RUNNING, reason_resolved=None, resolved=None)
    before = msgspec.structs.replace(after, runs=(running,), state=State.RUNNING)
    told = [
        (message.exchange.rpartition("/")[2], message.body["runId"]) for message in messages_of(Change(before, after))
    ]
    assert told == [("task-exception", 0), ("task-pending", 1)]


def test_every_exchange_of_the_queue_has_a_message() -> None:
    made = {record["exchange"] for record in RECORDS} | {"exchange/taskcluster-queue/v1/task-group-priority-changed"}
    events = QueueEvents({"rootUrl": "https://tc.example"})
    wanted = {
        getattr(events, name)()["exchange"]
        for name in dir(QueueEvents)
        if hasattr(getattr(QueueEvents, name), "exchange")
    }
    # Nothing completed was recorded; it is told as what failed is.
    assert wanted - made == {"exchange/taskcluster-queue/v1/task-completed"}
