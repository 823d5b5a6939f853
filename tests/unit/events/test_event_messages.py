"""The farm's messages: every event has a class in both groups, a schema, and words."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from buildyard.farm.events import messages, outbox
from buildyard.farm.events.message_kinds import message_classes, schema_name
from buildyard.farm.events.messages import CLASSES
from buildyard.farm.events.outbox import BusMessage
from buildyard.farm.events.outgoing import outgoing
from buildyard.farm.events.schemas import TOPICS, BuildCompleted, BuilderLost, BuildRequested, Event
from buildyard.farm.store.tables import events
from buildyard.messaging import message as bus
from buildyard.messaging.events import event_of
from buildyard.messaging.exceptions import ValidationError
from support.stores import memory_connection

ROOT = Path(__file__).resolve().parents[3]
IDENTITY = UUID("6f2f0c2c-8f33-4f0e-9a63-0a1f7e6f3b11")

_VALUES = {int: 3, float: 1.5, str: "word", bool: True}


def example(kind: type[Event], **changes: Any) -> Event:
    """An event of this kind with a value in each field that needs one."""
    given: dict[str, Any] = {
        field.name: _VALUES.get(field.type, ("six",)) for field in msgspec.structs.fields(kind) if field.required
    }
    return kind(**given | changes)


def body(kind: type[Event]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(example(kind)))
    return found


EVERY = pytest.mark.parametrize("topic", TOPICS)


def completed(**changes: Any) -> bus.Message:
    return CLASSES["build.completed"](body(BuildCompleted) | changes)


@EVERY
def test_an_event_is_a_valid_message_that_says_what_the_event_says(topic: str) -> None:
    made = CLASSES[topic](body(TOPICS[topic]))
    made.validate()
    assert (made.topic, made.summary) == (f"buildyard.{topic}", example(TOPICS[topic]).summary)
    assert str(made).startswith(made.summary)


@EVERY
def test_a_message_without_a_key_that_its_event_needs_is_refused(topic: str) -> None:
    whole = body(TOPICS[topic])
    with pytest.raises(ValidationError):
        CLASSES[topic]({name: value for name, value in whole.items() if name != next(iter(whole))}).validate()


def test_a_key_that_a_later_version_added_is_no_fault() -> None:
    completed(weather="fair").validate()


def test_a_message_names_its_package_and_who_asked_for_filters() -> None:
    asked = CLASSES["build.requested"](body(BuildRequested))
    assert completed(package="six").headers["fedora_messaging_rpm_six"] is True
    assert (asked.agent_name, asked.usernames, asked.agent_avatar) == ("word", ["word"], None)


def test_a_name_that_no_header_can_hold_keeps_no_message_from_being_sent() -> None:
    made = completed(package="a" * 300)
    made.validate()
    assert [name for name in made.headers if "rpm" in name] == []


def test_a_wrong_body_keeps_no_message_from_being_made() -> None:
    with pytest.raises(ValidationError):
        CLASSES["build.completed"]({"package": 5}).validate()


@pytest.mark.parametrize(("group", "module"), [("buildyard.messages", "messages"), ("fedora.messages", "fedora")])
def test_both_groups_of_entry_points_have_every_event(group: str, module: str) -> None:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][group]
    assert found == {schema_name(kind): f"buildyard.farm.events.{module}:{kind.__name__}" for kind in TOPICS.values()}


def test_classes_are_found_in_their_module_by_the_names_of_events() -> None:
    assert messages.BuildCompleted is CLASSES["build.completed"]
    assert not hasattr(messages, "Nothing")


def test_classes_can_be_made_over_any_base() -> None:
    class Theirs:
        body: Any = None

    made = message_classes(Theirs, "elsewhere")["BuilderLost"]()
    made.body = {"builder": "yard-1", "reason": "said goodbye"}
    assert isinstance(made, Theirs)
    assert (made.summary, type(made).__module__) == ("builder yard-1 said goodbye", "elsewhere")


def sent(*happened: Event, told: tuple[BusMessage, ...] = (), prefix: str = "") -> list[Any]:
    with memory_connection() as connection:
        outbox.record(connection, 1_800_000_000.0, happened, told)
        rows = connection.execute(select(events).order_by(events.c.id)).all()
        return [outgoing(row, IDENTITY, prefix) for row in rows]


def test_an_event_goes_out_under_its_schema_its_time_and_the_prefix() -> None:
    (found,) = sent(BuilderLost(builder="yard-1", reason="said goodbye"), prefix="org.example")
    headers = found.properties.headers
    assert found.routing_key == "org.example.buildyard.builder.lost"
    assert headers["fedora_messaging_schema"] == "buildyard.builder.lost.v1"
    assert (headers["sent-at"], headers["fedora_messaging_severity"]) == ("2027-01-15T08:00:00+00:00", bus.WARNING)
    assert json.loads(found.body) == {"builder": "yard-1", "reason": "said goodbye"}


def test_the_same_row_goes_out_under_the_same_id_and_another_under_another() -> None:
    lost = BuilderLost(builder="yard-1", reason="said goodbye")
    first, second = ([one.properties.message_id for one in sent(lost, lost)] for _ in range(2))
    assert first == second
    assert len(set(first)) == 2


def test_a_message_with_an_exchange_of_its_own_goes_out_as_it_is() -> None:
    told = BusMessage(exchange="e/x", routing_key="primary.a", cc=("route.r",), body={"version": 1})
    (found,) = sent(told=(told,), prefix="org.example")
    assert (found.routing_key, found.body) == ("primary.a", b'{"version":1}')
    assert (found.properties.headers, found.properties.delivery_mode) == ({"CC": ["route.r"]}, 2)


def test_a_routing_key_that_amqp_cannot_hold_is_refused() -> None:
    with pytest.raises(ValidationError):
        sent(told=(BusMessage(exchange="e", routing_key="a" * 256, body={}),))


def test_an_event_that_this_version_does_not_know_goes_out_without_a_schema_of_its_own() -> None:
    row = SimpleNamespace(id=1, topic="moon.risen", at=0.0, body='{"phase":"full"}', exchange="", cc="")
    found = outgoing(row, IDENTITY, "")
    assert (found.routing_key, json.loads(found.body)) == ("buildyard.moon.risen", {"phase": "full"})
    assert found.properties.headers["fedora_messaging_schema"] == "base.message"


def test_a_message_of_the_farm_is_its_typed_event() -> None:
    assert event_of(completed(package="six")) == example(BuildCompleted, package="six")
