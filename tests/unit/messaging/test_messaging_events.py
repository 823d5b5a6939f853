"""Which messages are known as which events."""

import msgspec
import pytest

from buildyard.messaging.events import EventRegistry
from buildyard.messaging.exceptions import ValidationError
from buildyard.messaging.message import Message, register


class Done(msgspec.Struct, frozen=True, kw_only=True):
    id: int


def message(body=None, topic="a.b.c", exchange="ex", schema=None):
    made = Message(body or {"id": 1}, topic=topic)
    made.exchange = exchange
    if schema is not None:
        made.headers["fedora_messaging_schema"] = schema
    return made


@pytest.fixture
def registry():
    return EventRegistry()


@pytest.mark.parametrize(
    "where, is_known",
    [
        ({"topic": "a.b.c"}, True),
        ({"topic": "a.*.c"}, True),
        ({"topic": "#"}, True),
        ({"topic": "a.#"}, True),
        ({"topic": "a.b.c.#"}, True),
        ({"topic": "#.c"}, True),
        ({"topic": "a.*"}, False),
        ({"topic": "a.b"}, False),
        ({"exchange": "ex"}, True),
        ({"exchange": "ex", "topic": "x.#"}, False),
        ({"exchange": "other"}, False),
        ({"schema": "base.message"}, True),
        ({"schema": "base.message", "exchange": "other"}, False),
        ({"schema": "other"}, False),
    ],
)
def test_message_is_known_by_all_that_was_said_of_it(registry, where, is_known):
    registry.register(Done, **where)
    assert registry.event_of(message()) == (Done(id=1) if is_known else None)


def test_schema_says_more_than_exchange_and_exchange_more_than_topic(registry):
    for name, where in (("topic", {"topic": "#"}), ("schema", {"schema": "s"}), ("exchange", {"exchange": "ex"})):
        registry.register(lambda message, name=name: name, **where)
    assert registry.event_of(message(schema="s")) == "schema"
    assert registry.event_of(message()) == "exchange"
    assert registry.event_of(message(exchange="other")) == "topic"


def test_parser_that_knows_nothing_of_a_message_leaves_it_to_the_others(registry):
    registry.register(Done, topic="#")
    registry.register(lambda message: None, exchange="ex")
    assert registry.event_of(message()) == Done(id=1)


def test_the_last_that_was_registered_holds(registry):
    registry.register(lambda message: 1, topic="#")
    registry.register(lambda message: 2, topic="#")
    assert registry.event_of(message()) == 2


def test_body_that_does_not_fit_is_no_valid_message(registry):
    registry.register(Done, topic="#")
    with pytest.raises(ValidationError, match="int"):
        registry.event_of(message({"id": "x"}))


def test_header_of_any_kind_is_looked_up(registry):
    registry.register(Done, topic="#")
    assert registry.event_of(message(schema=["no", "text"])) == Done(id=1)


def test_kind_for_every_message_is_refused(registry):
    with pytest.raises(ValueError, match="which messages"):
        registry.register(Done)


def test_package_that_cannot_be_loaded_breaks_its_own_events_alone(monkeypatch):
    class Point:
        name = value = "x"

        def __init__(self, load):
            self.load = load

    def broken():
        raise RuntimeError

    def good():
        return lambda register: register(Done, topic="#")

    monkeypatch.setattr("buildyard.messaging.events.entry_points", lambda group: [Point(broken), Point(good)])
    assert EventRegistry("some.group").event_of(message()) == Done(id=1)


class Telling(Message):
    @property
    def event(self):
        return msgspec.convert(self.body, Done)


register("test.telling", Telling)


def test_class_of_messages_may_tell_its_event_itself(registry):
    assert registry.event_of(Telling({"id": 4}, topic="x")) == Done(id=4)
    with pytest.raises(ValidationError):
        registry.event_of(Telling({"id": "x"}, topic="x"))


def test_what_was_registered_stands_over_what_the_class_says(registry):
    registry.register(lambda message: "registered", topic="x")
    assert registry.event_of(Telling({"id": 4}, topic="x")) == "registered"
