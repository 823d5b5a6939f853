"""Messages recorded from fedora-messaging 3.9.1 on RabbitMQ 3.10.8 (`golden/messaging.jsonl`), both ways."""

import base64
import json
from pathlib import Path

import jsonschema
import pytest
from pamqp import commands

from buildyard.messaging._amqp import content
from buildyard.messaging._amqp.events import Delivered
from buildyard.messaging._properties import Properties
from buildyard.messaging._wire import decode, encode
from buildyard.messaging.exceptions import ValidationError
from buildyard.messaging.message import dumps, loads
from support.golden_messages import CLASSES, register_all

LINES = (Path(__file__).parents[1] / "golden" / "messaging.jsonl").read_text("utf-8").splitlines()
RECORDS = [json.loads(line) for line in LINES]
#: What upstream lets out, and we do not: it is no JSON.
NOT_JSON = "messaging/nan"


def setup_module():
    register_all()


def records(holds):
    found = [record for record in RECORDS if holds(record)]
    assert found
    return pytest.mark.parametrize("record", found, ids=[record["id"] for record in found])


def made(record):
    facts = record["made_from"]
    arguments = dict(facts["args"])
    if record["id"] == NOT_JSON:
        arguments["body"] = {name: float(value) for name, value in arguments["body"].items()}
    message = CLASSES[facts["class"]](**arguments)
    if "priority" in facts:
        message.priority = facts["priority"]
    if "id" in facts:
        message.id = facts["id"]
    return message


def sent(record):
    message = made(record)
    message.validate()
    settings = {
        "messaging/topic-prefix": {"topic_prefix": "org.example"},
        "messaging/publish-priority": {"priority": 3},
    }
    return encode(message, **settings.get(record["id"], {}))


@records(lambda one: "made_from" in one and "body_b64" in one and one["id"] != NOT_JSON)
def test_message_goes_out_as_recorded(record):
    outgoing = sent(record)
    properties = content.decode_header(content.encode_header(outgoing.properties, len(outgoing.body)))
    assert outgoing.routing_key == record["routing_key"]
    assert outgoing.body == base64.b64decode(record["body_b64"])
    headers = dict(record["headers"])
    assert len(properties.headers.pop("sent-at")) == len(headers.pop("sent-at"))
    assert properties.headers == headers
    told = {name: getattr(properties, name) for name in Properties.__struct_fields__ if name != "headers"}
    told = {name: value for name, value in told.items() if value is not None}
    if "id" not in record["made_from"]:
        assert len(told.pop("message_id")) == len(record["properties"].pop("message_id"))
    assert told == record["properties"]


@records(lambda one: "made_from" in one and ("error" in one or one["id"] == NOT_JSON))
def test_message_that_cannot_be_sent_is_refused_by_a_validation_error(record):
    with pytest.raises(ValidationError) as caught:
        sent(record)
    assert isinstance(caught.value, jsonschema.ValidationError)
    if "error" in record and record["error"][0].startswith("jsonschema"):
        assert caught.value.summary == record["error"][1]


@records(lambda one: one["id"].startswith("messaging/dumps-") and "line" in one)
def test_line_is_written_as_recorded(record):
    assert dumps(loads(record["line"])) == record["line"]


def test_line_of_an_invalid_message_is_refused_in_the_same_words():
    record = next(one for one in RECORDS if one["id"] == "messaging/dumps-invalid")
    with pytest.raises(ValidationError) as caught:
        dumps(CLASSES["Build"](body={"owner": "x"}))
    assert str(caught.value).startswith(record["error"][1])


@records(lambda one: one["id"].startswith("messaging/loads-") and "result" in one)
def test_line_is_read_as_recorded(record):
    for message, told in zip(loads(record["line"]), record["result"], strict=True):
        assert type(message) is CLASSES[told["class"]]
        headers = {name: value for name, value in message.headers.items() if name in told["headers"]}
        assert headers == told["headers"]
        assert message.headers.keys() - told["headers"].keys() <= {"sent-at"}
        if told["id"] == "(new uuid4)":
            told["id"] = message.id
        for name in ("topic", "body", "id", "severity", "queue", "priority"):
            assert getattr(message, name) == told[name]


@records(lambda one: one["id"].startswith("messaging/loads-") and "error" in one)
def test_line_that_is_no_message_is_refused(record):
    with pytest.raises(ValidationError) as caught:
        loads(record["line"])
    assert caught.value.summary.startswith(record["error"][1])


def delivered(record):
    """The message as the connection's core hands it over, from frames that pamqp has written."""
    facts = dict(record["properties"])
    if "type" in facts:
        facts["message_type"] = facts.pop("type")
    facts.pop("timestamp", None)
    properties = commands.Basic.Properties(**facts, headers=record["headers"])
    body = base64.b64decode(record["body_b64"])
    payload = b"\x00\x3c\x00\x00" + len(body).to_bytes(8, "big") + properties.marshal()
    return Delivered(
        channel=1,
        consumer="c",
        tag=1,
        is_redelivered=False,
        exchange=record["exchange"],
        routing_key=record["routing_key"],
        properties=content.decode_header(payload),
        body=body,
    )


@records(lambda one: one.get("consumer_3_9_1", {}).get("callback_saw"))
def test_foreign_message_is_read_as_recorded(record):
    message = decode(delivered(record), queue="q")
    told = record["consumer_3_9_1"]["callback_saw"][0]
    assert type(message) is CLASSES[told["class"]]
    if record["id"] == "messaging/odd-nan":
        told["body"] = message.body
    for name in ("topic", "body", "severity", "id", "priority"):
        assert getattr(message, name) == told[name]


@records(lambda one: "consumer_3_9_1" in one and not one["consumer_3_9_1"]["callback_saw"])
def test_foreign_message_that_is_none_is_a_validation_error_and_nothing_else(record):
    with pytest.raises(ValidationError):
        decode(delivered(record))
