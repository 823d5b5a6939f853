"""A transaction body on its way: who waits for it, and what came of it.

Those who commit bodies together (`group_commit` on SQLite, `lanes` on PostgreSQL) keep their books in these.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

#: Most bodies in one transaction: enough to make the commit's cost small, and few enough for a short wait.
GROUP_LIMIT = 256


class Abandoned(Exception):
    """The caller was cancelled before its body was committed, so the body is undone."""


class Job:
    """One body, the future of its caller, and what came of it."""

    __slots__ = ("body", "error", "future", "result")

    def __init__(self, body: Callable[[Connection], Any], future: asyncio.Future[Any]) -> None:
        self.body = body
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None

    @property
    def weight(self) -> int:
        """To how many bodies this one comes (`batches`)."""
        return getattr(self.body, "weight", 1)

    def run(self, connection: Connection) -> None:
        """Run the body; raise what it raises, and `Abandoned` if nobody waits for its result any more."""
        self.error = None
        self.result = self.body(connection)
        if self.future.cancelled():
            raise Abandoned

    def note(self, result: Any) -> None:
        """Note what came of a body that was run with others; an exception is its own alone, and the rest goes on.

        Raises `Abandoned` if nobody waits for it any more.
        """
        if isinstance(result, Exception):
            self.fail(result, result)
        else:
            self.error, self.result = None, result
        if self.future.cancelled():
            raise Abandoned

    def fail(self, error: BaseException, known: BaseException) -> None:
        """Note that the body was undone, and why: an error, and what it is in the store's words."""
        if isinstance(error, StopIteration):  # a future refuses it
            known = RuntimeError("a transaction body raised StopIteration")
        if known is not error:
            known.__cause__ = error
        self.error = known

    def deliver(self) -> None:
        """Tell the caller; in the loop's thread."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)
