"""``buildyard bus`` as a program: Ctrl-C, TERM, kill -9, a service manager, and fedora-messaging's own program."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from buildyard.cli.app import run
from buildyard.messaging import aio
from buildyard.messaging.message import Message, dumps, loads
from support.needs import missing
from support.peers import PeerMissing, locked_peer

PROGRAM = Path(sys.executable).parent / "buildyard"

SLOW = """
import time
def handle(message):
    print("handling", message.body["n"], flush=True)
    time.sleep(message.body["seconds"])
"""


@pytest.fixture
def toml(bus, topic, tmp_path):
    path = tmp_path / "bus.toml"
    path.write_text(
        f'amqp_url = "{bus.url()}"\n'
        f'[queues."{topic}"]\ndurable = true\nauto_delete = false\nexclusive = false\n'
        "arguments = { x-expires = 60000 }\n"
        f'[[bindings]]\nqueue = "{topic}"\nexchange = "amq.topic"\nrouting_keys = ["{topic}.#"]\n'
    )
    return path


@contextmanager
def started(*arguments, **environment):
    process = subprocess.Popen(
        [PROGRAM, "bus", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def ended(process, number):
    """Send a signal; return the exit code and how long it took."""
    began = time.monotonic()
    process.send_signal(number)
    return process.wait(10), time.monotonic() - began


async def where(topic):
    """What the queue of the test holds, by another name for the same arguments."""
    bindings = [{"queue": topic, "exchange": "amq.topic", "routing_keys": [f"{topic}.#"]}]
    table = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {"x-expires": 60_000}}
    return {"bindings": bindings, "queues": {topic: table}}


async def filled(topic, bodies):
    (consumer,) = await aio.start_consuming(lambda message: None, **await where(topic))
    await consumer.cancel()
    async with aio.Publisher() as publisher:
        await publisher.publish_many(Message(body, topic=f"{topic}.x") for body in bodies)


async def left(topic):
    found = []

    async def keep(message):
        found.append(message)

    try:
        await asyncio.wait_for(aio.consume(keep, **await where(topic)), 0.5)
    except TimeoutError:
        pass
    return found


def test_ctrl_c_ends_a_consumer_at_once_and_keeps_what_it_had_done(bus, topic, toml, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    asyncio.run(filled(topic, [{"n": 0, "seconds": 0}, {"n": 1, "seconds": 0}, {"n": 2, "seconds": 30}]))
    with started("consume", "--callback-file", tmp_path / "slow.py:handle", "--config", toml) as process:
        assert [process.stdout.readline() for _ in range(3)][-1] == "handling 2\n"
        code, seconds = ended(process, signal.SIGINT)
        assert "interrupted" in process.stderr.read()
    assert (code, seconds < 2) == (130, True)
    assert [message.body["n"] for message in asyncio.run(left(topic))] == [2]


def test_a_service_is_told_ready_and_term_lets_it_finish_its_message(bus, topic, toml, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    asyncio.run(filled(topic, [{"n": 0, "seconds": 1}, {"n": 1, "seconds": 0}]))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        arguments = ("consume", "--callback-file", tmp_path / "slow.py:handle", "--config", toml)
        with started(*arguments, NOTIFY_SOCKET=str(tmp_path / "notify")) as process:
            assert manager.recv(100) == b"READY=1"
            assert process.stdout.readline() == "handling 0\n"
            code, seconds = ended(process, signal.SIGTERM)
    assert (code, 0.3 < seconds < 5) == (0, True)
    assert [message.body["n"] for message in asyncio.run(left(topic))] == [1]


def test_recorder_that_is_killed_loses_nothing(bus, topic, toml, tmp_path):
    file = tmp_path / "kept.jsonl"
    asyncio.run(filled(topic, [{"n": n, "text": "x" * 1000} for n in range(2000)]))
    with started("record", file, "--config", toml) as process:
        while not file.exists() or file.stat().st_size < 100_000:
            assert process.poll() is None
        process.kill()
        process.wait()
    with started("record", file, "--config", toml) as process:
        end = time.monotonic() + 20
        while set(range(2000)) - kept(file):
            assert time.monotonic() < end
            time.sleep(0.05)
        code, seconds = ended(process, signal.SIGINT)
    assert (code, seconds < 2) == (0, True)
    assert len(loads(file.read_text())) >= 2000


def kept(file):
    lines = file.read_bytes().split(b"\n")[:-1]
    return {json.loads(line)["body"]["n"] for line in lines}


def test_ctrl_c_ends_a_publisher_that_waits_for_its_input(bus):
    process = subprocess.Popen(
        [PROGRAM, "bus", "publish", "-", "--url", bus.url()], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        process.stdin.write(dumps(Message({}, topic="waiting.x")))
        process.stdin.flush()
        time.sleep(1.5)
        code, seconds = ended(process, signal.SIGINT)
        said = process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        process.stdin.close()
    assert (code, seconds < 2) == (130, True), said
    assert "1 published and confirmed" in said


# --- the other program ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def theirs():
    """The program of fedora-messaging."""
    try:
        return locked_peer("fedora-messaging").parent / "fedora-messaging"
    except PeerMissing as reason:
        missing(str(reason))


def ours(*arguments):
    assert run(["bus", *map(str, arguments)]) == 0


def test_each_program_publishes_what_the_other_recorded(bus, topic, toml, theirs, tmp_path):
    (tmp_path / "theirs.toml").write_text(f'amqp_url = "{bus.url()}"\n')  # with the queue "", the only one it renames
    what = ("record", tmp_path / "theirs.jsonl", "--limit", "4", "--routing-key", f"{topic}.#")
    recording = subprocess.Popen(
        [theirs, "--conf", tmp_path / "theirs.toml", *what],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(filled(topic, []))
        end = time.monotonic() + 20
        while "amq.gen" not in bus.ctl("list_queues", "name") and time.monotonic() < end:
            assert recording.poll() is None
        asyncio.run(filled(topic, [{"n": n, "é": "☃"} for n in range(4)]))
        ours("record", tmp_path / "ours.jsonl", "--limit", "4", "--config", toml)
        assert recording.wait(20) == 0
    finally:
        recording.kill()
        recording.wait()
    assert facts(tmp_path / "theirs.jsonl") == facts(tmp_path / "ours.jsonl")
    publishing = [theirs, "--conf", tmp_path / "theirs.toml", "publish", tmp_path / "ours.jsonl"]
    assert subprocess.run(publishing, capture_output=True, timeout=30, check=False).returncode == 0
    ours("publish", tmp_path / "theirs.jsonl", "--config", toml)
    ours("record", tmp_path / "again.jsonl", "--limit", "8", "--config", toml)
    assert facts(tmp_path / "again.jsonl") == facts(tmp_path / "ours.jsonl") * 2


def facts(file):
    return [
        (one["id"], one["topic"], one["body"], one["headers"]) for one in map(json.loads, file.read_text().splitlines())
    ]
