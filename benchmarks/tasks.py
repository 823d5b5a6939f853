"""Tasks through a hub on PostgreSQL that syncs, beside raw asyncpg that writes the same rows; and empty long polls.

Each round does all rows on both sides in turn: it creates tasks, claims them one by one or by 32, and reports each
completed.  A rate is tasks a second.  The processor time is that of the hub without its database and its clients.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks import services
from benchmarks.queue import Driver
from support.postgresql import Cluster

_DRIVERS = Path(__file__).with_name("drivers")
_MANY = 32

#: The rows: name, what the driver is asked, and how many tasks it claims at a time.
_ROWS = (
    ("createTask", "create", {}),
    ("claimWork, one by one", "claim", {"batch": 1}),
    ("reportCompleted", "complete", {}),
    ("createTask (again)", "create", {}),
    ("claimWork, 32 at a time", "claim", {"batch": 32}),
    ("reportCompleted (again)", "complete", {}),
)


class Sample(NamedTuple):
    """What one row took on one side."""

    rate: float  #: tasks a second
    cpu_ms: float  #: of the hub, a task


def main(*, quick: bool) -> None:
    """Print the rows."""
    with ExitStack() as closing:
        cluster = Cluster(fsync=True)
        closing.callback(cluster.close)
        hub = closing.enter_context(services.hub_on(cluster))
        ours = closing.enter_context(_driver("tasks.py", str(hub.credentials)))
        raw = closing.enter_context(_driver("tasks_raw.py", cluster.database()))
        for callers, tasks in ((1, 128), (_MANY, 640 if quick else 1280)):
            _compare(hub, ours, raw, callers, tasks, rounds=1 if quick else 3)
        _poll(hub, ours, pollers=1000, seconds=25 if quick else 50)


@contextmanager
def _driver(script: str, argument: str) -> Iterator[Driver]:
    driver = Driver([sys.executable, _DRIVERS / script, argument])
    try:
        yield driver
    finally:
        driver.close()


def _compare(hub: services.Service, ours: Driver, raw: Driver, callers: int, tasks: int, *, rounds: int) -> None:
    samples: dict[str, list[tuple[Sample, Sample]]] = {}
    for _ in range(rounds):
        for name, do, more in _ROWS:
            pair = tuple(_sample(side, hub, do, tasks, callers, more) for side in (ours, raw))
            samples.setdefault(name, []).append(pair)  # type: ignore[arg-type]
    print(f"\n{callers} caller{'s' * (callers > 1)}, {tasks} tasks, {rounds} rounds, tasks/s")
    print(f"  {'':<28}{'hub':>8}{'raw asyncpg':>14}{'ratio':>8}{'hub CPU, ms a task':>22}")
    for name, pairs in samples.items():
        hubs, raws = (median(pair[at].rate for pair in pairs) for at in (0, 1))
        ratio = median(pair[0].rate / pair[1].rate for pair in pairs)
        cpu = median(pair[0].cpu_ms for pair in pairs)
        print(f"  {name:<28}{hubs:>8.0f}{raws:>14.0f}{ratio:>8.2f}{cpu:>22.2f}", flush=True)


def _sample(side: Driver, hub: services.Service, do: str, tasks: int, callers: int, more: dict[str, Any]) -> Sample:
    before = hub.cpu_s()
    told = side.ask(do, tasks=tasks, callers=callers, **more)
    return Sample(tasks / told["wall"], (hub.cpu_s() - before) * 1000 / tasks)


def _poll(hub: services.Service, ours: Driver, *, pollers: int, seconds: float) -> None:
    """Show what so many empty long polls cost the hub, from when all have begun."""
    used, begun = hub.cpu_s(), time.perf_counter()
    told = ours.ask("poll", pollers=pollers, seconds=seconds)
    share = (hub.cpu_s() - used) / (time.perf_counter() - begun)
    print(f"\n{pollers} builders that poll in vain for {seconds:.0f} s, their beginning included")
    print(f"  {100 * share:.1f} % of a core, {told['told']} polls answered, {hub.rss_bytes() / 1e6:.0f} MB")
