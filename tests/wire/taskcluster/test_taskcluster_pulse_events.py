"""Messages recorded from Taskcluster 106.0.0 (`golden/pulse.jsonl`), as events."""

import json
from pathlib import Path

import pytest

from buildyard.messaging import Message
from buildyard.messaging._properties import Properties
from buildyard.messaging.events import event_of as known_event_of
from buildyard.taskcluster import QueueEvents, pulse
from buildyard.taskcluster.errors import TaskclusterFailure

LINES = (Path(__file__).parents[1] / "golden" / "pulse.jsonl").read_text("utf-8").splitlines()
RECORDS = {record["id"]: record for record in map(json.loads, LINES)}
each_record = pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)


def delivered(record):
    properties = Properties(content_type="application/json", headers={"CC": record["CCs"]})
    message = Message(record["payload"], topic=record["routingKey"], properties=properties)
    message.exchange = record["exchange"]
    return message


@each_record
def test_each_message_is_an_event_with_all_that_was_sent(record):
    event = pulse.event_of(delivered(record))
    assert type(event) is not pulse.PulseEvent
    assert event.payload == record["payload"]
    assert event.exchange.endswith(record["exchange"])
    assert event.routingKey == record["routingKey"]
    assert [f"route.{route}" for route in event.routes] == record["CCs"]


@each_record
def test_routing_is_what_the_payload_says(record):
    event = pulse.event_of(delivered(record))
    if isinstance(event, pulse.TaskEvent):
        status = event.payload["status"]
        names = ("taskId", "provisionerId", "workerType", "schedulerId", "taskGroupId")
        assert {name: getattr(event.routing, name) for name in names} == {name: status[name] for name in names}
        for name in ("runId", "workerGroup", "workerId"):
            if name in event.payload:
                assert getattr(event.routing, name) == event.payload[name]
    elif isinstance(event, pulse.TaskGroupEvent):
        assert event.routing.taskGroupId == event.payload["taskGroupId"]
        assert event.routing.schedulerId == event.payload["schedulerId"]
    else:
        assert event.routing == pulse.Routing()


def test_what_is_absent_is_none():
    event = pulse.event_of(delivered(RECORDS["pulse/01-task-defined"]))
    assert (event.kind, event.routing.runId, event.routing.workerId, event.routing.reserved) == (
        "taskDefined", None, None, None
    )  # fmt: skip


@pytest.mark.parametrize(
    "name, summary",
    [
        ("pulse/03-task-running", "taskRunning W8QUnJBkRR-Pg0Avz0KvJA run 0"),
        ("pulse/18-task-group-sealed", "taskGroupSealed fR5ZO8zVQ4azMFxkPI_a_A"),
    ],
)
def test_event_says_what_happened(name, summary):
    assert pulse.event_of(delivered(RECORDS[name])).summary == summary


@each_record
def test_messaging_knows_them_without_being_told(record):
    assert known_event_of(delivered(record)) == pulse.event_of(delivered(record))


@pytest.mark.parametrize("key", ["primary.x", "route.x.0.a.b.c.d.e.f._", "primary.x.first.a.b.c.d.e.f._", ""])
def test_message_that_is_not_as_its_exchange_says_is_kept_as_it_is(key):
    record = {**RECORDS["pulse/03-task-running"], "routingKey": key}
    event = pulse.event_of(delivered(record))
    assert (type(event), event.kind, event.routing, event.payload) == (pulse.PulseEvent, "", None, record["payload"])


def test_message_of_another_exchange_is_kept_as_it_is():
    event = pulse.event_of(delivered({**RECORDS["pulse/03-task-running"], "exchange": "exchange/build/normalized"}))
    assert (type(event), event.exchange) == (pulse.PulseEvent, "exchange/build/normalized")


@pytest.mark.parametrize("copies", [None, "route.x", [1, "x", "route.y"]])
def test_copies_of_any_kind_are_read(copies):
    message = delivered(RECORDS["pulse/03-task-running"])
    message.headers["CC"] = copies
    assert pulse.event_of(message).routes == (("y",) if isinstance(copies, list) else ())


def where(*bindings, url="amqp://pulse-user:secret@127.0.0.1", user=None, queue=None, max_length=None):
    return QueueEvents()._queue(bindings, url, user, queue, max_length)


def test_queue_is_named_by_the_user_of_the_address():
    (name,) = where(queue="watcher")["queues"]
    assert name == "queue/pulse-user/watcher"


def test_named_queue_outlives_the_listener_and_another_does_not():
    ((_, named),) = where(queue="watcher", max_length=5)["queues"].items()
    ((name, own),) = where()["queues"].items()
    assert named == {
        "durable": True, "auto_delete": False, "exclusive": False, "arguments": {"x-max-length": 5}
    }  # fmt: skip
    assert (own["exclusive"], own["auto_delete"], name.startswith("queue/pulse-user/")) == (True, True, True)


def test_without_bindings_it_is_every_exchange_of_the_service():
    bindings = where()["bindings"]
    assert len(bindings) == 11
    assert {"exchange/taskcluster-queue/v1/task-completed", "exchange/taskcluster-queue/v1/task-group-resolved"} <= {
        one["exchange"] for one in bindings
    }


@pytest.mark.parametrize("user", ["", "a/b"])
def test_user_that_is_none_is_refused(user):
    with pytest.raises(TaskclusterFailure, match="no user of Pulse"):
        where(url=f"amqp://{user.replace('/', '%2F')}:x@127.0.0.1")
