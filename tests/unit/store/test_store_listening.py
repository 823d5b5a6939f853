"""The listener over a connection that a test plays: what is heard, and what happens when it falls silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from buildyard.farm.store import listening
from buildyard.farm.store.listening import NOTIFY_CHANNEL, Listener
from buildyard.farm.store.waking import Wakes


class Line:
    """A connection, as far as a listener uses one."""

    def __init__(self) -> None:
        self.is_dead = False
        self.pings = 0
        self.closed = False
        self.hear: Callable[..., None] = lambda *_: None
        self.end: Callable[[object], None] = lambda _: None

    def add_termination_listener(self, end: Callable[[object], None]) -> None:
        self.end = end

    async def add_listener(self, channel: str, hear: Callable[..., None]) -> None:
        assert channel == NOTIFY_CHANNEL
        self.hear = hear

    async def execute(self, sql: str, timeout: float) -> None:
        self.pings += 1
        if self.is_dead:
            raise TimeoutError

    async def close(self, timeout: float) -> None:
        if self.is_dead:
            raise TimeoutError
        self.closed = True

    def terminate(self) -> None:
        self.closed = True


class Exchange:
    """Gives lines, refusing as often as it is told."""

    def __init__(self, refusals: int = 0) -> None:
        self.lines: list[Line] = []
        self.refusals = refusals

    async def connect(self) -> Any:
        if self.lines and self.refusals:
            self.refusals -= 1
            raise ConnectionRefusedError
        self.lines.append(Line())
        return self.lines[-1]


def play(exchange: Exchange, scenario: Callable[[Wakes], Any]) -> None:
    async def main() -> None:
        wakes = Wakes()
        listener = Listener(exchange.connect, wakes)
        await listener.start()
        try:
            await scenario(wakes)
        finally:
            await listener.close()
        assert all(line.closed for line in exchange.lines)

    asyncio.run(main())


def test_notification_wakes_its_channel() -> None:
    exchange = Exchange()

    async def scenario(wakes: Wakes) -> None:
        with wakes.waiter(["a"]) as waiter:
            exchange.lines[0].hear(None, 1, NOTIFY_CHANNEL, "a")
            assert await waiter.wait(0) == {"a"}

    play(exchange, scenario)


def test_ended_line_is_replaced_and_all_are_woken() -> None:
    exchange = Exchange(refusals=2)

    async def scenario(wakes: Wakes) -> None:
        with wakes.waiter(["a"]) as waiter:
            exchange.lines[0].end(None)
            assert await waiter.wait(5) == {"a"}
            assert len(exchange.lines) == 2
            exchange.lines[1].hear(None, 1, NOTIFY_CHANNEL, "a")
            assert await waiter.wait(0) == {"a"}

    play(exchange, scenario)


def test_line_that_died_without_a_word_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PING_AFTER", 0.02)
    exchange = Exchange()

    async def scenario(wakes: Wakes) -> None:
        with wakes.waiter(["a"]) as waiter:
            assert await waiter.wait(0.1) == frozenset()
            assert exchange.lines[0].pings > 1
            exchange.lines[0].is_dead = True
            assert await waiter.wait(5) == {"a"}
            assert len(exchange.lines) == 2

    play(exchange, scenario)


def test_first_line_that_cannot_be_had_is_an_error() -> None:
    async def refuse() -> Any:
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        asyncio.run(Listener(refuse, Wakes()).start())


# Notifications


def test_channels_share_a_notification() -> None:
    assert listening.payloads({"b", "a", "task:x"}) == ["a\nb\ntask:x"]


def test_no_notification_is_larger_than_postgresql_takes() -> None:
    channels = {f"queue:farm/pool-{number:04}/é" for number in range(900)}
    found = listening.payloads(channels)
    assert max(len(one.encode()) for one in found) < 8000
    assert [name for one in found for name in one.split("\n")] == sorted(channels)


def test_channel_that_is_heard_with_others_wakes_its_waiter() -> None:
    async def scenario() -> frozenset[str]:
        exchange, wakes = Exchange(), Wakes()
        listener = Listener(exchange.connect, wakes)
        await listener.start()
        with wakes.waiter(["b"]) as waiter:
            exchange.lines[0].hear(None, 1, NOTIFY_CHANNEL, "a\nb")
            woken = await waiter.wait(1)
        await listener.close()
        return woken

    assert asyncio.run(scenario()) == {"b"}
