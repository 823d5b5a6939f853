"""A run's log on its way to the hub: piece by piece while the build prints, and whole before it is reported.

The build's thread writes the log's file and tells of it; the loop reads what is new and sends it by offset, so that a
piece sent twice is stored once and a hub that was away is caught up with.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from msgspec import Struct

from buildyard.farm.builder.held import ClaimLost, Held
from buildyard.taskcluster.errors import RequestConflict

#: A piece is at most this large, and waits this long for more to join it.
_PIECE = 512 * 1024
_GATHER_S = 0.15


class LogShipper:
    """Sends one run's log.  `changed` and `entered` may be called from any thread."""

    def __init__(self, held: Held, path: Path) -> None:
        self._held = held
        self._path = path
        self._sent = 0
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._phases: list[tuple[str, float, int]] = []
        self._moments: list[tuple[int, float]] = []  # (offset, seconds) of what has not been sent
        self._closing = False

    def changed(self, offset: int, seconds: float) -> None:
        """Note that the bytes from ``offset`` on came ``seconds`` after the run began."""
        self._loop.call_soon_threadsafe(self._note, offset, seconds)

    def entered(self, phase: str, seconds: float, offset: int) -> None:
        """Note that the run entered a phase."""
        self._loop.call_soon_threadsafe(self._note_phase, phase, seconds, offset)

    async def run(self) -> None:
        """Send what comes until `close` was called and everything is sent, or the claim is lost."""
        try:
            while not (self._closing and await self._is_done()):
                await self._news.wait()
                self._news.clear()
                if not self._closing:
                    await asyncio.sleep(_GATHER_S)
                await self._send_phases()
                await self._send_new()
        except ClaimLost:
            return

    def close(self) -> None:
        """Let `run` end once everything is sent."""
        self._closing = True
        self._news.set()

    def _note(self, offset: int, seconds: float) -> None:
        self._moments.append((offset, seconds))
        self._news.set()

    def _note_phase(self, phase: str, seconds: float, offset: int) -> None:
        self._phases.append((phase, seconds, offset))
        self._news.set()

    async def _is_done(self) -> bool:
        return not self._phases and self._sent >= await asyncio.to_thread(self._size)

    async def _send_phases(self) -> None:
        while self._phases:
            await self._tell(*self._phases[0])
            self._phases.pop(0)

    async def _tell(self, phase: str, seconds: float, offset: int) -> None:
        held = self._held
        await held.persist(lambda: held.farm.phase(held.task_id, held.run_id, phase, at=seconds, log_offset=offset))

    async def _send_new(self) -> None:
        while data := await asyncio.to_thread(self._read):
            await self._send(data)
            if len(data) < _PIECE:
                return

    async def _send(self, data: bytes) -> None:
        held, offset, at = self._held, self._sent, self._moment()

        async def append() -> int:
            try:
                return await held.farm.appendLog(held.task_id, held.run_id, offset, at, data)
            except RequestConflict as error:
                return _known_size(error)

        self._sent = await held.persist(append)

    def _moment(self) -> float:
        """Return when the first byte that has not been sent came."""
        while len(self._moments) > 1 and self._moments[1][0] <= self._sent:
            self._moments.pop(0)
        return self._moments[0][1] if self._moments else 0.0

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def _read(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(self._sent)
                return file.read(_PIECE)
        except FileNotFoundError:
            return b""


class _Gap(Struct):
    size: int


def _known_size(error: RequestConflict) -> int:
    """Return how much the hub has, where it has less than was thought; any other conflict is raised again."""
    try:
        return msgspec.json.decode(error.body, type=_Gap).size
    except msgspec.DecodeError:
        raise error from None
