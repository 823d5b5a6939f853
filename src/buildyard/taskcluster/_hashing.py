"""A hash of content as it comes, computed on a thread beside its reading and writing.

Python lets go of its lock while it hashes, so with a core to spare the hash takes no time of its own.  `_downloads`
uses it on the way down; on the way up a file is hashed by itself (`transfer`).
"""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

#: Less than this is hashed sooner than given to a thread.
_WORTH_A_THREAD = 32 * 1024
#: Pieces that wait to be hashed, at most: what they take of memory is bounded so.
_MOST_WAITING = 8


class HashBeside:
    """The hash of what it is given, piece by piece."""

    def __init__(self, name: str) -> None:
        self._hash = hashlib.new(name)
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()

    def update(self, data: bytes) -> None:
        """Take the next piece; this waits where too many are to be hashed already."""
        if len(data) < _WORTH_A_THREAD:
            self._catch_up(0)
            self._hash.update(data)
            return
        if self._thread is None:
            # Ends by itself when nobody has this object any more.
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="buildyard-hash")
        self._catch_up(_MOST_WAITING - 1)
        self._waiting.append(self._thread.submit(self._hash.update, data))

    def hexdigest(self) -> str:
        """Return the hash of all that was given."""
        self._catch_up(0)
        return self._hash.hexdigest()

    def _catch_up(self, left: int) -> None:
        while len(self._waiting) > left:
            self._waiting.popleft().result()
