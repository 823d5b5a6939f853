"""Messages: construction, headers, equality, validation."""

import logging
import pickle

import jsonschema
import pytest

from buildyard.messaging import exceptions, schema_utils
from buildyard.messaging._validation import validator
from buildyard.messaging.message import (
    ERROR,
    INFO,
    SERIALIZED_MESSAGE_SCHEMA,
    Message,
    dumps,
    get_class,
    get_name,
    load_message,
    loads,
    register,
)


class Update(Message):
    topic = "unit.update"
    severity = ERROR
    body_schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"agent": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["agent"],
    }

    @property
    def usernames(self):
        return [self.body["agent"]]

    @property
    def agent_name(self):
        return self.body["agent"]


register("unit.update", Update, "unit_messages")


def test_class_gives_topic_and_severity():
    message = Update({"agent": "ada"})
    assert (message.topic, message.severity, message.headers["fedora_messaging_severity"]) == ("unit.update", 40, 40)


def test_severity_zero_is_the_class_s():
    assert Message(severity=0).severity == INFO


def test_what_a_message_concerns_becomes_headers():
    assert Update({"agent": "ada"}).headers["fedora_messaging_user_ada"] is True


def test_property_that_raises_costs_its_headers_alone(caplog):
    with caplog.at_level(logging.WARNING):
        message = Update({"nobody": 1})
    assert message.headers["fedora_messaging_schema"] == "unit.update"
    assert "usernames" in caplog.text


def test_headers_are_those_of_the_construction():
    message = Message()
    message.severity = ERROR
    assert message.headers["fedora_messaging_severity"] == INFO


def test_priority_is_property_and_header():
    message = Message()
    message.priority = 4
    assert (message._properties.priority, message.headers["priority"]) == (4, 4)


def test_any_object_with_pika_s_names_serves_as_properties():
    class Theirs:
        message_id, headers, priority = "m-1", {"a": 1}, None

    message = Message(properties=Theirs())
    assert (message.id, message.headers, message.priority) == ("m-1", {"a": 1}, 0)


def test_equality_is_of_topic_body_and_headers_without_their_time():
    one, two = Message({"a": 1}, topic="t"), Message({"a": 1}, topic="t")
    two.headers["sent-at"] = "2020-01-01T00:00:00+00:00"
    two.queue = "q"
    assert one == two
    assert one != Message({"a": 2}, topic="t")


def test_messages_are_not_hashable():
    with pytest.raises(TypeError):
        hash(Message())


def test_unregistered_class_says_how_to_register_it():
    class Unheard(Message):
        pass

    with pytest.raises(TypeError, match=r"fedora\.messages"):
        Unheard()


def test_names_and_classes_find_each_other():
    assert get_name(Update) == "unit.update"
    assert get_class("unit.update") is Update


def test_unknown_schema_is_warned_of_once(caplog):
    assert get_class("unit.never", "never-messages") is Message
    assert get_class("unit.never", "never-messages") is Message
    assert caplog.text.count("unit.never") == 1
    assert "never-messages" in caplog.text


def test_avatar_is_none_without_an_agent():
    assert Message().agent_avatar is None
    assert Update({"agent": "ada"}).agent_avatar == schema_utils.user_avatar_url("ada")


def test_avatar_needs_an_identity():
    with pytest.raises(ValueError):
        schema_utils.libravatar_url()


def test_avatar_address_holds_hash_size_and_default():
    url = schema_utils.libravatar_url(email="a@example.com", size=32, default="identicon")
    assert url.endswith("?s=32&d=identicon")
    assert len(url.rpartition("/")[2].partition("?")[0]) == 64


@pytest.mark.parametrize("body", [{}, {"agent": 5}, {"agent": "a", "n": "x"}])
def test_body_that_does_not_fit_is_both_errors(body):
    message = Message.__new__(Update)
    Message.__init__(message, body)
    with pytest.raises(exceptions.ValidationError) as caught:
        message.validate()
    assert isinstance(caught.value, jsonschema.ValidationError)
    assert isinstance(caught.value, exceptions.BaseException)
    assert caught.value.summary


def test_bad_schema_is_a_schema_error():
    class Bad(Message):
        body_schema = {"type": 5}

    register("unit.bad", Bad)
    with pytest.raises(jsonschema.SchemaError):
        Bad({"a": 1}).validate()


def test_schema_is_compiled_once():
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}
    assert validator(schema) is validator(schema)
    assert validator(schema) is validator(dict(schema))


def test_loads_refuses_a_body_that_does_not_fit_its_class():
    line = dumps(Update({"agent": "ada"})).replace('"agent": "ada"', '"agent": 5')
    with pytest.raises(exceptions.ValidationError):
        loads(line)


def test_lines_of_the_first_release_are_read():
    line = '{"topic": "t", "headers": {}, "id": "1", "body": {}, "queue": "q"}'
    assert loads(line)[0].queue == "q"


def test_written_line_has_the_five_keys_of_the_first_release():
    shape = loads(dumps([Message(topic="t")]))[0]
    assert shape.topic == "t"
    assert {"topic", "headers", "id", "body", "queue"} <= SERIALIZED_MESSAGE_SCHEMA["properties"].keys()
    assert all(f'"{name}":' in dumps(Message()) for name in ("topic", "headers", "id", "body", "queue"))


def test_one_object_is_loaded_as_a_line_is():
    assert load_message({"topic": "t", "body": {"a": 1}}).body == {"a": 1}


def test_printed_message_shows_everything():
    text = str(Message({"k": "v"}, topic="a.b"))
    assert all(part in text for part in ("Id: ", "Topic: a.b", "Headers: {", '    "k": "v"'))


@pytest.mark.parametrize(
    "error",
    [
        exceptions.HaltConsumer(3, "enough", requeue=True),
        exceptions.BadDeclaration("queue", {"queue": "q"}, "no"),
        exceptions.PublishReturned("refused"),
        exceptions.ConfigurationException("wrong"),
        exceptions.MessageTooLarge(5, 4),
        exceptions.ConnectionException(reason="gone"),
    ],
)
def test_errors_are_pickled_whole(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert again.__dict__ == error.__dict__
    assert str(again) == str(error)


def test_reason_of_a_connection_error_is_printed():
    assert str(exceptions.ConnectionException(reason="gone")) == "gone"
