"""Lines of a file or of a pipe as they come, on a loop that goes on meanwhile.

A file is read at once; a pipe or a terminal is waited for, so that a program which writes now and then is followed
message by message, and Ctrl-C ends the wait.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from buildyard.cli.bus.exits import BusExit
from buildyard.cli.trouble import Trouble

_PIECE = 1 << 16
#: Bytes of one line; a message of the largest body that is allowed fits.
LONGEST_LINE = 80 << 20


@contextmanager
def opened(source: str) -> Iterator[int]:
    """Yield the descriptor of a file, or of stdin for ``-``.  Raises `Trouble`."""
    if source == "-":
        yield sys.stdin.fileno()
        return
    try:
        descriptor = os.open(source, os.O_RDONLY)
    except OSError as error:
        raise _unreadable(source, error) from error
    try:
        if Path(source).is_dir():
            raise _unreadable(source, IsADirectoryError(0, "it is a directory"))
        yield descriptor
    finally:
        os.close(descriptor)


def _unreadable(source: str, error: OSError) -> Trouble:
    return Trouble(
        f"{source} cannot be read",
        code="unreadable_file",
        exit_code=BusExit.WRONG_USE,
        facts={"found": (error.strerror or str(error)).lower()},
        next=["give a file of lines of JSON, or - for stdin"],
    )


async def batches(descriptor: int, source: str) -> AsyncIterator[list[bytes]]:
    """Yield the whole lines that have come, some at a time, without what ends them.  Raises `Trouble`."""
    begun: list[bytes] = []  # pieces of a line whose end has not come
    while piece := await _read(descriptor):
        first, *others = piece.split(b"\n")
        begun.append(first)
        if others:
            *lines, last = others
            yield [b"".join(begun), *lines]
            begun = [last]
        elif len(begun) * _PIECE > LONGEST_LINE:
            raise Trouble(
                f"{source} has a line of more than {LONGEST_LINE >> 20} MiB",
                code="line_too_long",
                exit_code=BusExit.WRONG_USE,
                next=["each message is one line of JSON"],
            )
    if rest := b"".join(begun):
        yield [rest]


async def _read(descriptor: int) -> bytes:
    await _readable(descriptor)
    return os.read(descriptor, _PIECE)


async def _readable(descriptor: int) -> None:
    """Return when a read will not block."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    try:
        loop.add_reader(descriptor, _settle, ready)
    except PermissionError:  # epoll takes no plain files, which are always ready
        return
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
