"""The body of a request as chunks, whether it is bytes or a part of a file, in constant memory.

Every transport pulls chunks from a `BodyReader`: the blocking one directly, the others in a thread where
``is_file``, since reading a file may block.  Over a socket without TLS the blocking one lets the system send a file
(`send_file`), which then is copied nowhere in this process.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Self

from buildyard.errors import PartUnreadable
from buildyard.faces._exchange import CHUNK
from buildyard.faces.transport import Part, Request

#: How much of a file is read, or sent by the system, at a time: what a step costs is lost in it.
_FILE_CHUNK = 256 * 1024
_SENT_CHUNK = 1024 * 1024


class BodyReader:
    """The chunks of one request's body, in order.

    Raises `PartUnreadable` on being made where the file is missing or too short, so that nothing is sent of it.
    """

    def __init__(self, request: Request) -> None:
        self.size = request.size
        self.is_file = isinstance(request.body, Part)
        self._left = request.size
        self._progress = request.progress
        self._bytes = b"" if isinstance(request.body, Part) else request.body
        self._path = request.body.path if isinstance(request.body, Part) else ""
        self._file = _open_part(request.body) if isinstance(request.body, Part) else None
        # A chunk may be on its way in a thread when an early answer ends the request.
        self._lock = threading.Lock()

    def next(self) -> bytes:
        """Return the next chunk, or nothing at the end."""
        with self._lock:
            chunk = self._read() if self._left else b""
            self._note(len(chunk))
            return chunk

    def send_file(self, sock: socket.socket) -> None:
        """Send the rest of a file over a socket that blocks, without TLS.

        Raises `BlockingIOError` where the peer takes nothing for the socket's time-out, `OSError`, `PartUnreadable`.
        """
        assert self._file is not None
        end = self._file.tell() + self._left
        while self._left:
            # Not the socket's own `sendfile`, which would wait for ever where the kernel's time-out has ended a step.
            sent = os.sendfile(sock.fileno(), self._file.fileno(), end - self._left, min(_SENT_CHUNK, self._left))
            if not sent:
                raise self._ended_early()
            self._note(sent)

    def _note(self, size: int) -> None:
        self._left -= size
        if size and self._progress:
            self._progress(self.size - self._left)

    def _ended_early(self) -> PartUnreadable:
        return PartUnreadable(self._path, f"it ended {self._left} bytes early while it was being sent")

    def _read(self) -> bytes:
        if self._file:
            chunk = self._file.read(min(_FILE_CHUNK, self._left))
            if not chunk:
                raise self._ended_early()
            return chunk
        begin = self.size - self._left
        return self._bytes[begin : begin + CHUNK]

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.next():
            yield chunk

    def close(self) -> None:
        """Close the file; there are no more chunks then."""
        with self._lock:
            self._left = 0
            if self._file:
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _open_part(part: Part) -> BinaryIO:
    try:
        file = open(part.path, "rb", buffering=0)  # noqa: PTH123, SIM115 - closed by the reader
    except OSError as error:
        raise PartUnreadable(part.path, error.strerror or str(error)) from error
    try:
        size = file.seek(0, 2)
        file.seek(part.offset)
    except OSError as error:
        file.close()
        raise PartUnreadable(part.path, error.strerror or str(error)) from error
    if size < part.offset + part.size:
        file.close()
        raise PartUnreadable(part.path, f"it has {size} bytes, and {part.offset} + {part.size} were to be sent")
    return file
