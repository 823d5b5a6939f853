"""What ``buildyard bus`` is given: lines, places, callbacks, messages; and what it imports before that."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from buildyard.cli.bus import pacing, reading
from buildyard.cli.bus.archive import is_id
from buildyard.cli.bus.consume import monitoring
from buildyard.cli.bus.exits import BusExit, trouble
from buildyard.cli.bus.making import made
from buildyard.cli.bus.notify import notify
from buildyard.cli.causes import trouble_of
from buildyard.cli.trouble import Trouble
from buildyard.messaging import exceptions
from buildyard.messaging.message import Message


async def lines_of(descriptor: int) -> list[list[bytes]]:
    return [batch async for batch in reading.batches(descriptor, "x")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [(b"", []), (b"a\nb\n", [b"a", b"b"]), (b"a\nb", [b"a", b"b"]), (b"x" * 200_000 + b"\ny", [b"x" * 200_000, b"y"])],
)
def test_file_is_read_in_whole_lines(tmp_path: Path, text: bytes, lines: list[bytes]) -> None:
    (tmp_path / "file").write_bytes(text)
    with reading.opened(str(tmp_path / "file")) as descriptor:
        assert [line for batch in asyncio.run(lines_of(descriptor)) for line in batch] == lines


def test_pipe_gives_each_line_when_it_comes() -> None:
    async def scenario() -> list[bytes]:
        descriptor, other = os.pipe()
        stream = reading.batches(descriptor, "x")
        os.write(other, b"first\nsec")
        found = await anext(stream)
        os.write(other, b"ond\n")
        found += await anext(stream)
        os.close(other)
        assert [batch async for batch in stream] == []
        os.close(descriptor)
        return found

    assert asyncio.run(scenario()) == [b"first", b"second"]


def test_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 1 << 20)
    (tmp_path / "file").write_bytes(b"x" * (2 << 20))
    with reading.opened(str(tmp_path / "file")) as descriptor, pytest.raises(Trouble, match="line of more than 1 MiB"):
        asyncio.run(lines_of(descriptor))


@pytest.mark.parametrize("name", ["nothing", "."])
def test_what_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(Trouble, match="cannot be read") as caught, reading.opened(str(tmp_path / name)):
        pass
    assert caught.value.exit_code == BusExit.WRONG_USE


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [("9115", "127.0.0.1", 9115), ("0.0.0.0:1", "0.0.0.0", 1), ("[::1]:80", "::1", 80), ("::1:80", "::1", 80)],
)
def test_monitor_listens_where_it_is_told(text: str, address: str, port: int) -> None:
    assert monitoring(text) == {"address": address, "port": port}


@pytest.mark.parametrize("text", ["", "x", "70000", ":80", "host:", "-1"])
def test_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Trouble, match="no place to listen"):
        monitoring(text)


@pytest.mark.parametrize(
    ("body", "severity", "schema", "said"),
    [
        ("{", "info", "", "--body is not JSON"),
        ("[]", "info", "", "--body is no object"),
        ("{}", "loud", "", "no severity"),
        ("{}", "info", "no.such", "no schema"),
    ],
)
def test_message_that_cannot_be_made_says_why(body: str, severity: str, schema: str, said: str) -> None:
    with pytest.raises(Trouble, match=said):
        made("a.b", body, severity, schema)


@pytest.mark.parametrize(
    ("error", "publishes", "code"),
    [
        (exceptions.ConfigurationException("x"), False, 2),
        (exceptions.ValidationError("x"), False, 2),
        (exceptions.BadDeclaration("queue", {"queue": "q"}, "406"), False, 10),
        (exceptions.ConsumerCanceled("gone"), False, 12),
        (exceptions.ConnectionException(reason="x"), False, 14),
        (exceptions.ConnectionException(reason="x"), True, 111),
        (exceptions.PermissionException("queue", "q", "403"), False, 15),
        (exceptions.PublishTimeout("x"), True, 111),
        (exceptions.PublishReturned("x"), True, 121),
        (exceptions.PublishForbidden("x"), True, 121),
        (exceptions.ExchangeMissing("x"), True, 121),
        (exceptions.PublishException("x"), True, 1),
        (exceptions.MessageTooLarge(2, 1), True, 1),
        (exceptions.SomeNotPublished([(Message(topic="a"), exceptions.PublishTimeout("x"))], 3), True, 111),
        (exceptions.SomeNotPublished([(Message(topic="a"), KeyError("x"))], 3), True, 1),
    ],
)
def test_errors_have_the_exit_codes_of_fedora_messaging(
    error: exceptions.BaseException, publishes: bool, code: int
) -> None:
    assert trouble(error, publishes=publishes).exit_code == code


def test_of_several_messages_the_first_that_failed_is_named() -> None:
    message = Message(topic="a.b")
    told = trouble(exceptions.SomeNotPublished([(message, exceptions.PublishReturned("312"))], 3))
    assert told.facts == {"message": f"{message.id}, topic a.b", "said": "312", "failed": "1 of 3"}


def test_messages_come_at_the_pace_at_which_they_were_sent() -> None:
    now = [100.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    async def source():  # type: ignore[no-untyped-def]
        messages = []
        for second in ("00", "10", "40"):
            message = Message(topic="a")
            message.headers["sent-at"] = f"2026-01-01T00:00:{second}Z"
            messages.append(message)
        yield messages

    async def times() -> list[float]:
        return [now[0] async for _ in pacing.paced(source(), 10, sleep=sleep, now=lambda: now[0])]

    assert asyncio.run(times()) == [100.0, 101.0, 104.0]


@pytest.mark.parametrize(("text", "is_one"), [("3b1c2f6e-2f2c-4a58-9a52-6c2b1c1f9d10", True), ("file.jsonl", False)])
def test_uuid_is_told_from_a_file(text: str, is_one: bool) -> None:
    assert is_id(text) is is_one


def test_without_a_service_manager_nobody_is_told() -> None:
    assert notify("READY=1", {}) is False
    assert notify("READY=1", {"NOTIFY_SOCKET": "/nowhere/at/all"}) is False


def test_missing_extra_is_named() -> None:
    told = trouble_of(ModuleNotFoundError("No module named 'pamqp'", name="pamqp"))
    assert (told.code, told.next) == ("extra_missing", ("pip install 'buildyard[messaging]'",))
