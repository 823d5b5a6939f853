"""``buildyard bus`` on a real RabbitMQ, within this process: what it prints, keeps, and how it ends."""

import asyncio
import http.server
import json
import threading
import time
import uuid
from contextlib import aclosing

import pytest

from buildyard.cli.app import run
from buildyard.messaging import aio, config
from buildyard.messaging.message import WARNING, Message, dumps, loads
from support.golden_messages import Build, register_all


@pytest.fixture
def toml(bus, settings, topic, tmp_path):
    """A configuration file with a durable queue, which is bound to the test's topic; and that queue's name."""
    path = tmp_path / "bus.toml"
    path.write_text(
        f'amqp_url = "{bus.url()}"\n'
        f'[queues."{topic}"]\ndurable = true\nauto_delete = false\nexclusive = false\n'
        "arguments = { x-expires = 60000 }\n"
        f'[[bindings]]\nqueue = "{topic}"\nexchange = "amq.topic"\nrouting_keys = ["{topic}.#"]\n'
    )
    return path


@pytest.fixture
def waiting(toml, topic):
    """Messages that wait in the queue of the file."""
    config.conf.load_config(toml)
    asyncio.run(_bound())
    messages = [Message({"n": n, "é": "☃"}, topic=f"{topic}.x") for n in range(5)]
    asyncio.run(_published(messages))
    return messages


async def _bound():
    (consumer,) = await aio.start_consuming(lambda message: None)
    await consumer.cancel()


async def _published(messages):
    async with aio.Publisher() as publisher:
        await publisher.publish_many(messages)


def left(toml):
    """The messages that are in the queue of the file, read to a mark."""

    async def read():
        mark = Message({}, topic=next(iter(config.conf["queues"])) + ".mark")
        await _published([mark])
        found = []
        async with aclosing(aio.messages(bindings=config.conf["bindings"], queues=config.conf["queues"])) as stream:
            async for message in stream:
                if message.id == mark.id:
                    break
                found.append(message)
        return found

    config.conf.load_config(toml)
    return asyncio.run(asyncio.wait_for(read(), 10))


def told_json(capsys):
    return json.loads(capsys.readouterr().out)


# --- record, publish, replay ------------------------------------------------------------------------------------------


def test_recording_with_a_limit_keeps_as_many_and_leaves_the_others(toml, waiting, tmp_path, capsys):
    file = tmp_path / "kept.jsonl"
    assert run(["bus", "record", str(file), "--limit", "3", "--config", str(toml), "--json"]) == 0
    assert told_json(capsys) == {"recorded": 3, "file": str(file)}
    assert [message.id for message in loads(file.read_text())] == [message.id for message in waiting[:3]]
    assert [message.body["n"] for message in left(toml)] == [3, 4]


def test_recording_goes_on_in_a_file_that_a_kill_has_torn(toml, waiting, tmp_path):
    file = tmp_path / "kept.jsonl"
    whole = dumps(Message({"n": -1}, topic="old"))
    file.write_text(whole + whole[:40])
    assert run(["bus", "record", str(file), "--limit", "5", "--config", str(toml)]) == 0
    assert [message.body["n"] for message in loads(file.read_text())] == [-1, 0, 1, 2, 3, 4]


def test_file_that_is_no_recording_is_left_alone(toml, waiting, tmp_path, capsys):
    file = tmp_path / "notes.txt"
    file.write_text("my notes, without an end")
    assert run(["bus", "record", str(file), "--limit", "1", "--config", str(toml)]) == 2
    assert "none of ours" in capsys.readouterr().err
    assert file.read_text() == "my notes, without an end"
    assert len(left(toml)) == 5


def test_what_was_recorded_is_published_again_as_it_was(toml, waiting, topic, tmp_path, capsys):
    file = tmp_path / "kept.jsonl"
    assert run(["bus", "record", str(file), "--limit", "5", "--config", str(toml)]) == 0
    assert run(["bus", "publish", str(file), "--config", str(toml)]) == 0
    assert "5 published to amq.topic" in capsys.readouterr().err
    found = left(toml)
    assert [(one.id, one.body, one.headers) for one in found] == [(one.id, one.body, one.headers) for one in waiting]


def test_replay_leaves_the_prefix_out_and_publish_puts_it_before(toml, topic, tmp_path, capsys):
    toml.write_text(f'topic_prefix = "{topic}.pre"\n' + toml.read_text())
    config.conf.load_config(toml)
    asyncio.run(_bound())
    file = tmp_path / "one.jsonl"
    file.write_text(dumps(Message({}, topic=f"{topic}.x")))
    assert run(["bus", "publish", str(file), "--config", str(toml)]) == 0
    assert run(["bus", "replay", str(file), "--config", str(toml), "--json"]) == 0
    assert told_json(capsys) == {"published": 1}
    assert [message.topic for message in left(toml)] == [f"{topic}.pre.{topic}.x", f"{topic}.x"]


def test_replay_keeps_the_pace_of_the_recording(toml, waiting, topic, tmp_path):
    file = tmp_path / "slow.jsonl"
    messages = [Message({"n": n}, topic=f"{topic}.slow") for n in range(3)]
    for second, message in enumerate(messages):
        message.headers["sent-at"] = f"2026-01-01T00:00:{10 * second:02}+00:00"
    file.write_text(dumps(messages))
    began = time.monotonic()
    assert run(["bus", "replay", str(file), "--speed", "40", "--config", str(toml)]) == 0
    assert time.monotonic() - began > 0.49
    assert [message.body["n"] for message in left(toml)] == [0, 1, 2, 3, 4, 0, 1, 2]


def test_one_message_is_published_from_the_command_line(toml, waiting, topic):
    arguments = ["--topic", f"{topic}.typed", "--body", '{"who": "world"}', "--severity", "warning"]
    assert run(["bus", "publish", *arguments, "--config", str(toml)]) == 0
    found = left(toml)[-1]
    assert (found.topic, found.body, found.severity) == (f"{topic}.typed", {"who": "world"}, WARNING)


def test_lines_before_a_bad_one_are_published_and_the_bad_one_is_named(toml, waiting, topic, tmp_path, capsys):
    file = tmp_path / "bad.jsonl"
    file.write_text(dumps([Message({}, topic=f"{topic}.good")] * 2) + '{"topic": 3}\n')
    assert run(["bus", "publish", str(file), "--config", str(toml)]) == 2
    told = capsys.readouterr().err
    assert f"error: line 3 of {file} is no message" in told
    assert "2 published and confirmed before" in told
    assert len(left(toml)) == 7


def test_message_that_does_not_fit_its_schema_is_not_published(toml, waiting, capsys):
    register_all()
    arguments = ["--topic", "golden.x", "--schema", "golden.build", "--body", '{"n": "x"}']
    assert run(["bus", "publish", *arguments, "--config", str(toml), "--json"]) == 2
    error = told_json(capsys)["error"]
    assert (error["code"], error["facts"]["found"]) == ("invalid_message", "'x' is not of type 'integer'")


def test_exchange_that_is_not_there_is_refused(toml, waiting, topic, capsys):
    assert run(["bus", "publish", "--topic", topic, "--exchange", "nowhere", "--config", str(toml)]) == 121
    told = capsys.readouterr().err
    assert "error: there is no such exchange" in told
    assert "nowhere" in told


# --- tail -------------------------------------------------------------------------------------------------------------


def tailed(topic, *arguments, messages=()):
    """Run ``tail`` while messages are published each 50 ms until it ends."""
    ended = threading.Event()

    def keep_publishing():
        while not ended.wait(0.05):
            asyncio.run(_published(messages))

    publishing = threading.Thread(target=keep_publishing)
    publishing.start()
    try:
        return run(["bus", "tail", f"{topic}.#", *arguments])
    finally:
        ended.set()
        publishing.join()


def test_tail_shows_what_messages_say(bus, topic, capsys):
    register_all()
    messages = [Build({"n": 7}, topic=f"{topic}.build", severity=WARNING)]
    assert tailed(topic, "--limit", "1", "--url", bus.url(), messages=messages) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split()[1:] == ["warn", f"{topic}.build", '{"n":', "7}", messages[0].id]


def test_tail_prints_lines_that_can_be_published(bus, topic, capsys):
    messages = [Message({"n": 1}, topic=f"{topic}.x")]
    assert tailed(topic, "--limit", "2", "--url", bus.url(), "--json", messages=messages) == 0
    assert [message.id for message in loads(capsys.readouterr().out)] == [messages[0].id] * 2


def test_tail_tells_of_messages_that_are_none(bus, topic, capsys):
    broken = Message({}, topic=f"{topic}.broken")
    broken.headers["fedora_messaging_severity"] = 77
    broken.validate = lambda: None
    good = Message({}, topic=f"{topic}.good")
    assert tailed(topic, "--limit", "1", "--url", bus.url(), messages=[broken, good]) == 0
    told = capsys.readouterr().out
    assert f"{topic}.broken schema: 77 is not one of" in told
    assert f"{topic}.good" in told


def test_binding_to_an_exchange_that_is_not_there_is_a_bad_declaration(bus, capsys):
    assert run(["bus", "tail", "--exchange", "nowhere", "--url", bus.url(), "--json"]) == 10
    error = told_json(capsys)["error"]
    assert error["code"] == "bad_declaration"
    assert "nowhere" in error["facts"]["asked"]


# --- consume ----------------------------------------------------------------------------------------------------------

CALLBACKS = """
from buildyard.messaging import Drop, HaltConsumer

def halt(message):
    raise HaltConsumer(exit_code=message.body["n"] + 20, reason="enough")

def broken(message):
    if message.body["n"] == 1:
        raise KeyError("lost")

class Keeper:
    def __init__(self):
        self.seen = 0

    async def __call__(self, message):
        self.seen += 1
        if self.seen == 5:
            raise HaltConsumer

async def own_error(message):
    raise ValueError("not the configuration's")
"""


@pytest.fixture
def consumed(toml, waiting, tmp_path):
    """Consume with one of the callbacks; return the exit code."""
    file = tmp_path / f"callbacks_{uuid.uuid4().hex}.py"
    file.write_text(CALLBACKS)
    return lambda name, *more: run(
        ["bus", "consume", "--callback-file", f"{file}:{name}", "--config", str(toml), *more]
    )


def test_callback_chooses_the_exit_code(consumed, toml, capsys):
    assert consumed("halt") == 20
    assert "✗ Stopped: enough · 5 received, 1 processed" in capsys.readouterr().err.replace("+ ", "✗ ")
    assert [message.body["n"] for message in left(toml)] == [1, 2, 3, 4]


def test_class_with_a_coroutine_is_called(consumed, toml, capsys):
    assert consumed("Keeper", "--json") == 0
    told = told_json(capsys)
    assert (told["exit_code"], told["consumed"]["processed"]) == (0, 5)
    assert left(toml) == []


def test_callback_that_fails_is_told_and_its_message_is_kept(consumed, toml, capsys):
    assert consumed("broken") == 13
    told = capsys.readouterr().err
    assert ":broken failed" in told
    assert "KeyError: 'lost'" in told
    assert ".py:9" in told
    assert [message.body["n"] for message in left(toml)] == [1, 2, 3, 4]


def test_error_of_the_callback_is_never_taken_for_ours(consumed, capsys):
    assert consumed("own_error") == 13
    assert "ValueError: not the configuration's" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        ([], 1, "there is no callback"),
        (["--callback", "json:nothing"], 1, "json:nothing is not there"),
        (["--callback", "no.such.module:x"], 1, "No module named 'no'"),
        (["--callback", "json"], 1, "names no callback"),
        (["--callback", "json:loads", "--monitor", "nine"], 2, "no place to listen"),
        (["--callback", "json:loads", "--config", "nothing.toml"], 2, "there is no file nothing.toml"),
        (["--callback", "json:loads", "--url", "http://x"], 2, "amqp_url cannot be understood"),
        (["--callback", "json:loads", "--exchange", "nowhere"], 10, "the binding cannot be declared"),
        (["--callback", "json:loads", "--url", "amqp://guest:wrong@127.0.0.1:{port}/%2F"], 14, "the broker refused us"),
        (["--callback", "json:loads", "--url", "amqp://127.0.0.1:1/?connection_attempts=1"], 14, "cannot be reached"),
    ],
)
def test_consuming_that_cannot_begin_says_why(bus, arguments, code, said, capsys):
    url = [] if "--url" in arguments else ["--url", bus.url()]
    assert run(["bus", "consume", *(one.format(port=bus.port) for one in arguments), *url]) == code
    assert said in capsys.readouterr().err


# --- the archive ------------------------------------------------------------------------------------------------------


@pytest.fixture
def archive():
    """A datagrepper that answers as it is told; and the addresses that it was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(server.status)
            self.send_header("Content-Length", str(len(server.body)))
            self.end_headers()
            self.wfile.write(server.body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.status, server.body, server.asked = 200, b"{}", asked
        server.url = f"http://127.0.0.1:{server.server_port}/datagrepper/"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_message_of_an_archive_is_published_again(toml, waiting, topic, archive):
    message = Message({"n": "archived"}, topic=f"{topic}.x")
    archive.body = dumps(message).encode()
    assert run(["bus", "replay", message.id, "--datagrepper-url", archive.url, "--config", str(toml)]) == 0
    assert archive.asked == [f"/datagrepper/v2/id?id={message.id}&is_raw=true&size=extra-large"]
    assert [one.id for one in left(toml)][-1] == message.id


@pytest.mark.parametrize(
    "status, body, said",
    [
        (404, b"", "has no message"),
        (500, b"", "status 500"),
        (200, b"<html>", "is no message"),
        (200, b"{}", "no mess"),
    ],
)
def test_archive_that_does_not_give_a_message_is_told(bus, archive, status, body, said, capsys):
    archive.status, archive.body = status, body
    code = run(["bus", "replay", str(uuid.uuid4()), "--datagrepper-url", archive.url, "--url", bus.url()])
    assert (code, said in capsys.readouterr().err) == (1, True)
