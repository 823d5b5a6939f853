"""PostgreSQL's notifications, from the one connection that listens to the waiters of this process.

All channels of the farm travel as payloads of one PostgreSQL channel, whose names are too short for ours.  When the
connection breaks it is made anew, and then everybody is woken to look again, since notifications of the time between
are gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from buildyard.farm.store.waking import Wakes

log = logging.getLogger(__name__)

#: PostgreSQL's channel.
NOTIFY_CHANNEL: Final = "buildyard"

#: How long nothing is heard before the server is asked whether it is there, and how long it has to answer, in seconds.
PING_AFTER: Final = 30.0
PING_TIMEOUT: Final = 10.0

#: Seconds before the first and, at most, before a later attempt to connect again.
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 5.0


#: What stands between channels in a notification; no channel has it in its name.
_SEPARATOR: Final = "\n"
#: Bytes of a notification, at most; PostgreSQL takes less than 8,000.
_MOST: Final = 7_900


def payloads(channels: Iterable[str]) -> list[str]:
    """Return notifications that name all these channels: few, as each costs both sides as much as any."""
    found: list[str] = []
    size = _MOST
    for channel in sorted(channels):
        more = len(channel.encode()) + len(_SEPARATOR)
        if size + more > _MOST:
            found.append(channel)
            size = more
        else:
            found[-1] += _SEPARATOR + channel
            size += more
    return found


class Listener:
    """Keeps one listening connection, and hands what it hears to `Wakes`."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], wakes: Wakes) -> None:
        self._connect = connect
        self._wakes = wakes
        self._connection: Any = None
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when notifications arrive.  Raises what connecting raises."""
        await self._listen()
        self._task = asyncio.create_task(self._keep_listening(), name="buildyard-listener")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._hang_up()

    async def _listen(self) -> None:
        connection = self._connection = await self._connect()
        lost = self._lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        await connection.add_listener(NOTIFY_CHANNEL, self._hear)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._wakes.wake(str(payload).split(_SEPARATOR))

    async def _keep_listening(self) -> None:
        while True:
            await self._until_lost()
            log.warning("store.listener_lost")
            await self._listen_again()
            log.info("store.listener_back")
            self._wakes.wake_all()

    async def _until_lost(self) -> None:
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(PING_AFTER):
                    await self._lost.wait()
            except TimeoutError:
                await self._ping()

    async def _ping(self) -> None:
        """Find out about a connection that died without a word."""
        try:
            await self._connection.execute("SELECT 1", timeout=PING_TIMEOUT)
        except Exception:  # whatever is wrong with it, another may be better
            self._lost.set()

    async def _listen_again(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            await self._hang_up()
            try:
                return await self._listen()
            except Exception as error:
                log.debug("store.listener_refused", extra={"error": str(error)})
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.close(timeout=2)
        except Exception:  # it need not be polite to go
            connection.terminate()
