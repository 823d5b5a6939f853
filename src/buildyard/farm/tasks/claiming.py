"""How runs are claimed: from pools, by one worker or by many that ask at the same time.

Transaction bodies, part of `service`, which lists them.  `polling` waits until there is something to claim, and
`worker_records` knows who may not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection

from buildyard.farm.queue import database as queue
from buildyard.farm.tasks import definition as definitions
from buildyard.farm.tasks import worker_records
from buildyard.farm.tasks.happened import Change
from buildyard.farm.tasks.lifecycle import Action, Step, step
from buildyard.farm.tasks.rows import Task, definition, load
from buildyard.farm.tasks.rows import status as status_of
from buildyard.farm.tasks.transitions import PROJECT, Hint, Worker, advance, queue_name, read_hint, write
from buildyard.farm.tasks.worker_records import WorkerId

#: Seconds for which a claim holds unless it is renewed.
CLAIM_TIMEOUT_S: Final = 60.0
#: At most this many runs are claimed at once.
MAX_CLAIMS: Final = 32


class Wish(Struct, frozen=True, kw_only=True):
    """What a worker asks for."""

    pools: tuple[str, ...]  #: asked in this order where priorities are equal
    worker_group: str
    worker_id: str
    limit: int = 1  #: runs at most
    claim_timeout: float = CLAIM_TIMEOUT_S  #: seconds for which the claims hold


class Claimed(Struct, frozen=True, kw_only=True):
    """A run that a worker holds until ``taken_until``."""

    task_id: str
    run_id: int
    worker_group: str
    worker_id: str
    taken_until: float  #: seconds since 1970
    status: dict[str, Any]
    task: dict[str, Any]  #: the definition


#: The place of a wish in its batch, and of a change in the batch's list.
_Held = list[tuple[int, Change]]


def claim(
    connection: Connection,
    now: float,
    pools: Sequence[str],
    worker_group: str,
    worker_id: str,
    limit: int = 1,
    claim_timeout: float = CLAIM_TIMEOUT_S,
) -> list[Claimed]:
    """Return up to ``limit`` runs of these pools, now held by the worker: the most urgent first, then the oldest.

    Pools of one priority are asked in the order given.  A message whose run no longer waits is dropped.  Raises
    `InQuarantine` where there is something to claim, and the worker may not.
    """
    wish = Wish(
        pools=tuple(pools), worker_group=worker_group, worker_id=worker_id, limit=limit, claim_timeout=claim_timeout
    )
    (claimed,) = claim_each(connection, now, [wish])
    return claimed


def claim_each(connection: Connection, now: float, wishes: Sequence[Wish]) -> list[list[Claimed]]:
    """Return what each of these workers claims, in their order: the first wish takes all it asks for, then the next.

    Otherwise as `claim`, with one statement a table for all that ask for the same pools.
    """
    held = [pair for pools, places in _by_pools(wishes) for pair in _held(connection, now, pools, wishes, places)]
    _check_workers(connection, now, wishes, held)
    write(connection, now, [change for _, change in held])
    claimed: list[list[Claimed]] = [[] for _ in wishes]
    for place, change in held:
        claimed[place].append(claimed_of(change.after))
    return claimed


def _by_pools(wishes: Sequence[Wish]) -> Iterable[tuple[tuple[str, ...], list[int]]]:
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, wish in enumerate(wishes):
        places[wish.pools].append(place)
    return places.items()


def _held(
    connection: Connection, now: float, pools: tuple[str, ...], wishes: Sequence[Wish], places: Sequence[int]
) -> _Held:
    """Return the claims on runs of these pools, each with the place of its wish; nothing is written yet."""
    seats = [place for place in places for _ in range(wishes[place].limit)]
    urgent_first = [
        queue_name(pool, number) for number in reversed(range(len(definitions.PRIORITIES))) for pool in pools
    ]
    held: dict[str, tuple[int, Change]] = {}
    while len(held) < len(seats):
        popped = queue.pop(connection, now, PROJECT, urgent_first, len(seats) - len(held))
        if not popped:
            break
        hints = [hint for message in popped if (hint := read_hint(message.body)) and hint.task_id not in held]
        for before, move in _waiting(connection, now, hints, pools):
            place = seats[len(held)]
            change = Change(before, advance(before, move, now, worker=_worker(wishes[place], now)))
            held[before.task_id] = (place, change)
    return list(held.values())


def _worker(wish: Wish, now: float) -> Worker:
    return Worker(wish.worker_group, wish.worker_id, now + wish.claim_timeout)


def _waiting(
    connection: Connection, now: float, hints: Sequence[Hint], pools: Sequence[str]
) -> Iterable[tuple[Task, Step]]:
    """Return the tasks that these hints are about, locked, those that do wait; each once, with the step to take."""
    found = load(connection, [hint.task_id for hint in hints], lock=True)
    for hint in hints:
        hinted = found.pop(hint.task_id, None)
        move = _claiming(hinted, hint, pools, now) if hinted else None
        if hinted and move:
            yield hinted, move


def _claiming(hinted: Task, hint: Hint, pools: Sequence[str], now: float) -> Step | None:
    """Return the step that claims what the hint is about; ``None`` where the hint is stale, or not to be believed."""
    if hinted.last is None or hinted.last.run_id != hint.run_id:
        return None
    if hinted.deadline <= now or hinted.task_queue_id not in pools:
        return None
    return step(hinted.last.state, Action.CLAIM)


def _check_workers(connection: Connection, now: float, wishes: Sequence[Wish], held: _Held) -> None:
    names = {
        WorkerId(change.after.task_queue_id, wishes[place].worker_group, wishes[place].worker_id)
        for place, change in held
    }
    worker_records.check(connection, now, names)


def claimed_of(held: Task) -> Claimed:
    """Return the claim on the task's last run."""
    run = held.runs[-1]
    return Claimed(
        task_id=held.task_id,
        run_id=run.run_id,
        worker_group=run.worker_group or "",
        worker_id=run.worker_id or "",
        taken_until=run.taken_until or 0.0,
        status=status_of(held),
        task=definition(held),
    )
