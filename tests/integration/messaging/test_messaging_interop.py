"""With the official fedora-messaging 3.9.1 on one broker, RabbitMQ or ours: what one publishes the other consumes."""

import asyncio
import json
import os
import subprocess
from contextlib import aclosing
from pathlib import Path

import pytest

from buildyard.messaging import aio, api, config, testing
from buildyard.messaging.broker import serve_in_thread
from buildyard.messaging.message import ERROR, Message, dumps, loads
from support import peer_fedora_messaging, peer_pika
from support.golden_messages import Build, register_all
from support.needs import missing
from support.peers import PeerMissing, locked_peer

SCRIPT = Path(peer_fedora_messaging.__file__)
SOURCE = Path(api.__file__).parents[2]

#: Everything that a header can be (pika knows no fractions there), and what the other side may stumble over.
SPECS = [
    {"topic": "plain", "body": {"a": 1}},
    {"topic": "severe", "body": {"k": "é ☃"}, "severity": ERROR, "priority": 7},
    {"topic": "headers", "body": {}, "headers": {
        "x-text": "v", "small": 5, "medium": 300, "large": 70_000, "huge": 1 << 40, "minus": -5, "yes": True,
        "none": None, "nested": {"a": [1, "b", {"c": []}]}}},
    {"topic": "numbers", "body": {"big": 1 << 70, "float": 1e300, "list": [True, None, [], {}]}},
    {"topic": "large", "body": {"text": "x" * 300_000}},
]  # fmt: skip

TOML = """
amqp_url = "{url}"
publish_exchange = "amq.topic"

[queues."{queue}"]
durable = true
auto_delete = false
exclusive = false
arguments = {{ x-expires = 60000 }}

[[bindings]]
queue = "{queue}"
exchange = "amq.topic"
routing_keys = ["{queue}.#"]

[qos]
prefetch_size = 0
prefetch_count = 25
"""


@pytest.fixture(scope="session")
def official():
    """The Python of an environment with the official library, a schema package, and what buildyard needs there."""
    try:
        return locked_peer("fedora-messaging")
    except PeerMissing as reason:
        missing(str(reason))


@pytest.fixture
def broker_url(request, settings):
    """The address of RabbitMQ or, where a test asks for it, of the embedded broker."""
    if getattr(request, "param", "rabbitmq") == "rabbitmq":
        yield request.getfixturevalue("bus").url()
        return
    with testing.embedded_broker() as broker, serve_in_thread(broker) as server:
        yield server.url


ON_BOTH = pytest.mark.parametrize("broker_url", ["rabbitmq", "embedded"], indirect=True)


@pytest.fixture
def shared(broker_url, topic, tmp_path, settings):
    """One configuration file that both libraries use as it is; its queue is there."""
    path = tmp_path / "shared.toml"
    path.write_text(TOML.format(url=broker_url, queue=topic))
    config.conf.update(config.load(path))
    api.close()
    asyncio.run(declared())
    return path


async def declared():
    (consumer,) = await aio.start_consuming(lambda message: None)
    await consumer.cancel()


@pytest.fixture
def run(official, shared):
    """Run a program of the official library's environment; return its lines."""

    def run(*arguments, stdin="", program=None):
        done = subprocess.run(
            [program or official, *([] if program else [SCRIPT]), *map(str, arguments)],
            input=stdin,
            env={**os.environ, "FEDORA_MESSAGING_CONF": str(shared), "PYTHONPATH": str(SOURCE)},
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(("{", '"'))]

    return run


def specs(topic):
    return [{**spec, "topic": f"{topic}.{spec['topic']}"} for spec in SPECS]


def facts(message):
    names = ("topic", "body", "headers", "id", "severity", "priority")
    properties = message._properties
    wire = ("content_type", "content_encoding", "delivery_mode")
    return {
        "class": type(message).__name__,
        **{name: getattr(message, name) for name in names},
        **{name: getattr(properties, name) for name in wire},
    }


async def consumed(count):
    async with aclosing(aio.messages(bindings=config.conf["bindings"], queues=config.conf["queues"])) as stream:
        return [await anext(stream) for _ in range(count)]


@ON_BOTH
def test_what_they_publish_we_consume(run, topic):
    published = run("publish", stdin="\n".join(json.dumps(spec) for spec in specs(topic)))
    assert len(published) == len(SPECS)
    assert [facts(message) for message in asyncio.run(asyncio.wait_for(consumed(len(SPECS)), 20))] == published


def made(spec):
    priority = spec.pop("priority", None)
    message = Message(**spec)
    if priority is not None:
        message.priority = priority
    return message


@ON_BOTH
def test_what_we_publish_they_consume(run, topic):
    messages = [made(spec) for spec in specs(topic)]
    for message in messages:
        api.publish(message)
    assert run("consume", len(messages)) == [facts(message) for message in messages]


def test_message_of_a_class_that_they_do_not_know_is_their_base_class(run, topic):
    register_all()
    message = Build({"n": 1, "owner": "ada", "pkgs": ["bash"]}, topic=f"{topic}.build")
    api.publish(message)
    (seen,) = run("consume", 1)
    assert seen["class"] == "Message"
    assert seen["headers"] == message.headers
    assert seen["headers"]["fedora_messaging_rpm_bash"] is True


def test_their_program_publishes_our_lines(run, official, topic, tmp_path):
    sent = [Message({"n": n}, topic=f"{topic}.line") for n in range(3)]
    (tmp_path / "ours.jsonl").write_text(dumps(sent))
    run("publish", tmp_path / "ours.jsonl", program=official.parent / "fedora-messaging")
    got = asyncio.run(asyncio.wait_for(consumed(3), 20))
    assert [(message.id, message.body) for message in got] == [(message.id, message.body) for message in sent]


def test_we_read_the_lines_that_they_write(run, topic):
    (line,) = run("dump")
    (message,) = loads(json.dumps(line))
    assert (message.topic, message.body, message.priority) == ("their.topic", {"k": "é"}, 4)
    assert json.loads(dumps(message)) == line


def test_other_clients_use_the_embedded_broker(official):
    """pika and aio-pika, each in its own way, over a socket."""
    with testing.embedded_broker() as broker, serve_in_thread(broker) as server:
        done = subprocess.run(
            [official, peer_pika.__file__, server.url], capture_output=True, text=True, timeout=40, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert json.loads(done.stdout) == peer_pika.EXPECTED
        assert [(state.name, state.ready, state.unacknowledged) for state in broker.queues()] == [("kept", 0, 0)]


def test_class_of_a_real_schema_package_is_adapted(run, topic):
    told, error = run("adapted")
    assert told["kinds"] == [True, True, True]
    assert told["class"] == "UserCreateV1"
    assert told["headers"]["fedora_messaging_schema"] == "noggin.user.create.v1"
    assert told["headers"]["fedora_messaging_schema_package"] == "noggin_messages"
    assert told["headers"]["fedora_messaging_user_ada"] is True
    assert "ada" in told["summary"]
    assert error == "buildyard.messaging.exceptions.ValidationError"
