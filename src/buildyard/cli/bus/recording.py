"""A file that messages are added to, a whole line each or nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from buildyard.cli.bus.exits import BusExit
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import Trouble
from buildyard.messaging import Message, dumps

_PIECE = 1 << 16
#: How every line of ours begins.
_BEGINNING = b'{"body": '


class Recording:
    """An open file.  What `write` returned from is with the operating system, whatever becomes of this process."""

    def __init__(self, descriptor: int, *, is_file: bool) -> None:
        self._descriptor = descriptor
        self._is_file = is_file

    @classmethod
    @contextmanager
    def open(cls, path: str, screen: Screen) -> Iterator[Recording]:
        """Yield the recording of a path, ``-`` for stdout; it is on the disk when the context ends.

        Raises `Trouble`.
        """
        if path == "-":
            yield cls(sys.stdout.fileno(), is_file=False)
            return
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            if _mend(descriptor, path):
                screen.warn(f"{path} ended within a message that was never acknowledged; that was taken away")
            yield cls(descriptor, is_file=True)
            _sync(descriptor)
        finally:
            os.close(descriptor)

    def write(self, message: Message) -> None:
        """Add a message.  Raises `OSError`, and then there is nothing of it in the file."""
        data = memoryview(dumps(message).encode())
        size = os.fstat(self._descriptor).st_size
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            if self._is_file:
                os.ftruncate(self._descriptor, size)
            raise


def _mend(descriptor: int, path: str) -> bool:
    """Take away the beginning of a message at the file's end, as a kill leaves it; tell whether there was one.

    Raises `Trouble` where the file ends with something else that is no line.
    """
    size = os.fstat(descriptor).st_size
    end = _end_of_lines(descriptor, size)
    if end == size:
        return False
    if os.pread(descriptor, len(_BEGINNING), end) != _BEGINNING:
        raise _unwritable(path, OSError(0, "its last line has no end, and is none of ours"))
    os.ftruncate(descriptor, end)
    return True


def _end_of_lines(descriptor: int, size: int) -> int:
    end = size
    while end > 0:
        begin = max(0, end - _PIECE)
        newline = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        end = begin
    return 0


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError:  # a pipe or a device has no disk
        pass


def _unwritable(path: str, error: OSError) -> Trouble:
    return Trouble(
        f"{path} cannot be written",
        code="unwritable_file",
        exit_code=BusExit.WRONG_USE,
        facts={"found": (error.strerror or str(error)).lower()},
        next=["give another FILE, or - for stdout"],
    )
