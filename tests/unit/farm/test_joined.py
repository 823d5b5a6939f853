"""What is written to a connection leaves in few pieces, and all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from buildyard.farm.joined import _Joined


class Written(asyncio.Transport):
    """A transport that keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.pieces.append(b"closed")


def play(scenario: Callable[[_Joined, Written], Awaitable[None]]) -> None:
    async def main() -> None:
        written = Written()
        await scenario(_Joined(written, asyncio.get_running_loop()), written)

    asyncio.run(main())


@pytest.mark.parametrize("body", [b"body", b"", memoryview(b"body"), bytearray(b"body")])
def test_head_and_body_leave_together(body: bytes) -> None:
    async def scenario(joined: _Joined, written: Written) -> None:
        joined.write(b"head ")
        joined.write(body)
        assert written.pieces == [b"head " + bytes(body)]
        await asyncio.sleep(0)
        assert len(written.pieces) == 1

    play(scenario)


def test_head_without_a_body_leaves_when_the_loop_comes_round() -> None:
    async def scenario(joined: _Joined, written: Written) -> None:
        joined.write(b"head")
        assert written.pieces == []
        await asyncio.sleep(0)
        assert written.pieces == [b"head"]

    play(scenario)


def test_what_is_held_leaves_before_the_connection_is_closed() -> None:
    async def scenario(joined: _Joined, written: Written) -> None:
        joined.write(b"head")
        joined.close()
        assert written.pieces == [b"head", b"closed"]

    play(scenario)


def test_many_parts_leave_in_order() -> None:
    async def scenario(joined: _Joined, written: Written) -> None:
        parts = [f"{number} ".encode() for number in range(7)]
        for part in parts:
            joined.write(part)
        await asyncio.sleep(0)
        assert b"".join(written.pieces) == b"".join(parts)

    play(scenario)
