"""Queues over HTTP: `buildyard.marconi` and the hub beside OpenStack's python-zaqarclient and Zaqar.

Four rows: single posts; posts of ten; claims of ten with each message deleted by itself; the same with one bulk delete.
Every client is a process of its own (`drivers`), every service a real one (`services`).  Each round measures all sides
one after the other, so that a machine whose speed drifts is as unfair to each; ratios are taken within a round, and the
median of the rounds is shown.  ``soak`` sends a million messages through one hub and shows its memory.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks import services
from benchmarks.services import Service
from support.peers import locked_peer

_DRIVERS = Path(__file__).with_name("drivers")
_MANY = 32
_NAMES = (f"bench-{number}" for number in itertools.count())

#: Operations that are timed to find how many take about as long as is wanted.
_TRIAL = 48
#: Messages a measurement may need at most.
_MOST = 60_000


class Row(NamedTuple):
    """A kind of work.  An operation is one post, or one claim with its deletes."""

    name: str
    size: int  #: messages an operation
    drains: bool = False
    each: bool = False  #: delete each message by itself


ROWS = (
    Row("single posts", 1),
    Row("posts of 10", 10),
    Row("claim 10, delete each", 10, drains=True, each=True),
    Row("claim 10, delete in bulk", 10, drains=True),
)


class Sample(NamedTuple):
    rate: float  #: operations a second
    client_us: float  #: processor time of the client, microseconds a message
    server_us: float  #: the same of the service


class Driver:
    """A client in a process of its own."""

    def __init__(self, argv: Sequence[str | Path]) -> None:
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a driver ended in the middle of {do!r}: its error is above")
        told: dict[str, Any] = json.loads(line)
        return told

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


@dataclass
class Side:
    """A client at a service, and what was measured of it."""

    name: str
    client: Driver
    helper: Driver  #: ours at the same service: fills and removes queues
    service: Service
    is_peer: bool = False
    is_for_many: bool = False  #: not measured with one caller
    samples: dict[tuple[Row, int], list[Sample]] = field(default_factory=dict)
    _operations: dict[tuple[Row, int], int] = field(default_factory=dict)

    def measure(self, row: Row, callers: int, seconds: float) -> None:
        operations = self._operations.get((row, callers))
        if operations is None:
            rate = self._run(row, callers, _TRIAL).rate
            operations = min(_MOST // row.size, max(_TRIAL, round(rate * seconds)))
            self._operations[row, callers] = operations
        self.samples.setdefault((row, callers), []).append(self._run(row, callers, operations))

    def _run(self, row: Row, callers: int, operations: int) -> Sample:
        queue, messages = next(_NAMES), operations * row.size
        if row.drains:
            self.helper.ask("fill", queue=queue, messages=messages)
        before = self.service.cpu_s()
        if row.drains:
            told = self.client.ask("drain", queue=queue, each=row.each, callers=callers)
        else:
            told = self.client.ask("post", queue=queue, size=row.size, operations=operations, callers=callers)
        used = self.service.cpu_s() - before
        self.helper.ask("remove", queue=queue)
        return Sample(operations / told["wall"], told["cpu"] / messages * 1e6, used / messages * 1e6)


def compare(*, rounds: int, seconds: float) -> None:
    with ExitStack() as closing:
        sides = list(_sides(closing))
        _introduce(sides)
        for callers in (1, _MANY):
            some = [side for side in sides if callers == _MANY or not side.is_for_many]
            for row in ROWS:
                for _ in range(rounds):
                    for side in some:
                        side.measure(row, callers, seconds)
                _show(row, callers, some)


def _sides(closing: ExitStack) -> Iterator[Side]:
    zaqar = closing.enter_context(services.zaqar())
    peer = closing.enter_context(_driver(locked_peer("zaqarclient"), "openstack.py", *zaqar.urls))
    ours = closing.enter_context(_ours(zaqar))
    yield Side("zaqarclient, Zaqar", peer, ours, zaqar, is_peer=True)
    yield Side("buildyard, Zaqar", ours, ours, zaqar)
    hub = closing.enter_context(services.hub_on_sqlite())
    ours, tasks = closing.enter_context(_ours(hub)), closing.enter_context(_ours(hub, "tasks"))
    yield Side(f"buildyard, {hub.name}", ours, ours, hub)
    yield Side(f"buildyard asyncio, {hub.name}", tasks, ours, hub, is_for_many=True)
    hubs = closing.enter_context(services.hubs_on_postgresql())
    ours = closing.enter_context(_ours(hubs))
    yield Side(f"buildyard, {hubs.name}", ours, ours, hubs, is_for_many=True)


@contextmanager
def _driver(python: Path | str, script: str, *arguments: str) -> Iterator[Driver]:
    driver = Driver([python, _DRIVERS / script, *arguments])
    try:
        yield driver
    finally:
        driver.close()


def _ours(service: Service, how: str = "threads"):  # type: ignore[no-untyped-def]
    return _driver(sys.executable, "ours.py", how, *service.urls)


def _introduce(sides: Sequence[Side]) -> None:
    for line in services.versions():
        print(f"  {line}")
    for side in sides[:2]:
        print(f"  {side.client.ask('who')['told']}")
    for service in dict.fromkeys(side.service for side in sides):
        print(f"  {service.name}: {service.durability}")
    print(f"  {_MANY} callers are threads on both sides; with asyncio, tasks of one loop")


def _show(row: Row, callers: int, sides: Sequence[Side]) -> None:
    (peer,) = (side for side in sides if side.is_peer)
    print(f"\n{row.name}, {callers} caller{'s' * (callers > 1)}")
    print(f"  {'':32}{'operations/s':>14}{'ratio':>8}{'(from to)':>16}{'client us':>11}{'server us':>11}  a message")
    for side in sides:
        samples = side.samples[row, callers]
        ratios = sorted(one.rate / base.rate for one, base in zip(samples, peer.samples[row, callers], strict=True))
        rate, client, server = (median(column) for column in zip(*samples, strict=True))
        span = f"({ratios[0]:.1f} to {ratios[-1]:.1f})"
        print(f"  {side.name:32}{rate:14.0f}{median(ratios):8.1f}{span:>16}{client:11.0f}{server:11.0f}", flush=True)


def soak(messages: int) -> None:
    """Send messages through one hub, posts of 100 and claims of 10, and show its memory on the way."""
    with services.hub_on_sqlite() as service, _ours(service) as ours:
        ours.ask("post", queue="soak", size=100, operations=20, callers=4)
        ours.ask("drain", queue="soak", each=False, callers=4)
        print(f"  before {service.rss_bytes() / 1e6:14.1f} MB")
        begun, steps = time.perf_counter(), 10
        for step in range(1, steps + 1):
            ours.ask("post", queue="soak", size=100, operations=messages // steps // 100, callers=4)
            ours.ask("drain", queue="soak", each=False, callers=4)
            done = messages // steps * step
            print(f"  {done:9} messages {service.rss_bytes() / 1e6:8.1f} MB", flush=True)
        print(f"  {messages / (time.perf_counter() - begun):.0f} messages a second, posted, claimed and deleted")


def main(*, quick: bool, soaks: bool = False) -> None:
    """Print all rows; or send a million messages (``quick``: a tenth) through one hub."""
    if soaks:
        soak(100_000 if quick else 1_000_000)
    else:
        compare(rounds=1 if quick else 5, seconds=0.7 if quick else 2.0)
