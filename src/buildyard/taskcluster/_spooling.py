"""Readers and writers as callers give them: files, buffers, and objects with ``read`` or ``write``.

A reader's content is put aside in a temporary file first, so that it has a size and hashes, can be sent again, and
takes no memory.  The faces' ``upload`` and ``download`` modules use these.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol

from buildyard.taskcluster.errors import TaskclusterFailure
from buildyard.taskcluster.transfer import Content, Hashing, opened_file

#: How much is asked of a reader at a time.
CHUNK = 64 * 1024


class SyncReader(Protocol):
    """Gives content bit by bit."""

    def read(self, max_size: int, /) -> bytes:
        """Return 1 to ``max_size`` bytes, none at the end."""


class SyncWriter(Protocol):
    """Takes content bit by bit."""

    def write(self, data: bytes, /) -> object:
        """Write all of the data."""


class AsyncReader(Protocol):
    """Gives content bit by bit."""

    def read(self, max_size: int, /) -> Awaitable[bytes]:
        """Return 1 to ``max_size`` bytes, none at the end."""


@contextmanager
def spool() -> Iterator[BinaryIO]:
    """Yield a temporary file without a name, to put content aside."""
    with tempfile.TemporaryFile() as file:
        yield file


def opened_checked(file: BinaryIO, size: int | None) -> Content | Hashing:
    """Return what an open file holds; see `checked`."""
    return checked(opened_file(file), size)


def checked(content: Content | Hashing, size: int | None) -> Content | Hashing:
    """Return the content; `TaskclusterFailure` where it does not have the size announced."""
    if size is not None and content.size != size:
        if isinstance(content, Hashing):
            content.give_up()
        raise TaskclusterFailure(f"contentLength is {size}, and there are {content.size} bytes")
    return content


class WriterOf:
    """An awaitable writer over one that is not."""

    def __init__(self, writer: SyncWriter) -> None:
        self._writer = writer

    async def write(self, data: bytes, /) -> None:
        """Write at once."""
        self._writer.write(data)


def rewound(file: BinaryIO) -> BinaryIO:
    """Return the file, empty and at its beginning."""
    file.seek(0)
    file.truncate()
    return file
