"""Bodies of one kind, of many callers, run as one: with one statement for all where each alone would need its own.

Group commit (`group_commit` on SQLite, `lanes` on PostgreSQL) saves the commits of small transactions; what is left is
a round trip for each statement of each body.  A `Batch` is a body that says what it does to *one* item, and how the
same is done to many: those that meet in a transaction are run together.  Alone it is a body like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection

from buildyard.farm.store.jobs import Job

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

#: Does the same to each of these items, at this time, and returns what came of each in their order.  An exception
#: *returned* is that item's alone, of which nothing was written; one *raised* undoes them all, and each is run alone.
Many = Callable[[Connection, float, Sequence[ItemT]], Sequence[ResultT | Exception]]


class Batch(Generic[ItemT, ResultT]):
    """A transaction body for one item, that may be run with others of its kind."""

    __slots__ = ("clock", "item", "many", "weight")

    def __init__(self, many: Many[ItemT, ResultT], clock: Callable[[], float], item: ItemT, *, weight: int = 1) -> None:
        #: To how many bodies it comes, where a transaction takes no more than so many.
        self.weight: Final = weight
        self.many: Final = many
        self.clock: Final = clock
        self.item: Final = item

    def __call__(self, connection: Connection) -> ResultT:
        """Run it alone; raises what came of the item where that is an exception."""
        (result,) = self.many(connection, self.clock(), [self.item])
        if isinstance(result, Exception):
            raise result
        return result


def run_all(connection: Connection, jobs: Iterable[Job]) -> None:
    """Run these bodies in one transaction, batches of one kind as one; raise what any of them raised."""
    for alike in _by_kind(jobs):
        if len(alike) == 1:
            alike[0].run(connection)
        else:
            _run_batch(connection, alike)


def _by_kind(jobs: Iterable[Job]) -> Iterable[list[Job]]:
    """Return the jobs in the order that the first of each kind came; a body that is no batch is a kind of its own."""
    kinds: dict[object, list[Job]] = {}
    for job in jobs:
        kinds.setdefault(job.body.many if isinstance(job.body, Batch) else job, []).append(job)
    return kinds.values()


def _run_batch(connection: Connection, jobs: Sequence[Job]) -> None:
    batches: list[Batch[Any, Any]] = [job.body for job in jobs]  # type: ignore[misc]
    results = batches[0].many(connection, batches[0].clock(), [batch.item for batch in batches])
    for job, result in zip(jobs, results, strict=True):
        job.note(result)
