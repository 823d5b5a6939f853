"""Messages a second and the client's CPU a message, on one RabbitMQ: ours, fedora-messaging, aio-pika and pika.

Then the embedded broker, which needs no RabbitMQ: a message is published, confirmed, delivered and acknowledged in one
process.  And what it costs to check a body of 13 members.

Each library runs in a process of its own (`benchmarks.messaging_worker`), in turn, in one run; the peers in an
environment of theirs.  The body is that of a base message with one key; consumers' handlers do nothing.  Ratios are of
CPU a message, which a busy machine disturbs less than it does rates.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.peers import locked_peer  # noqa: E402
from support.rabbitmq import Broker  # noqa: E402

WORKER = Path(__file__).with_name("messaging_worker.py")

#: Who does what: (library, way), and what it is compared with.
OURS = (
    ("buildyard", "publish"),
    ("buildyard", "publish_many"),
    ("buildyard", "consume"),
    ("buildyard", "consume_blocking"),
)
THEIRS = (
    ("fedora", "publish"),
    ("fedora", "consume"),
    ("aio_pika", "publish"),
    ("aio_pika", "publish_many"),
    ("aio_pika", "consume"),
    ("pika", "publish"),
)
#: Without a broker, or with one in the process.
ALONE = (
    ("embedded", "connection"),
    ("embedded", "encoded"),
    ("embedded", "messages"),
    ("validation", "jsonschema-rs"),
    ("validation", "fastjsonschema"),
)
COMPARED = (
    (("buildyard", "publish"), ("fedora", "publish")),
    (("buildyard", "publish"), ("pika", "publish")),
    (("buildyard", "publish_many"), ("fedora", "publish")),
    (("buildyard", "publish_many"), ("aio_pika", "publish_many")),
    (("buildyard", "consume"), ("fedora", "consume")),
    (("buildyard", "consume"), ("aio_pika", "consume")),
)


def main(*, quick: bool) -> None:
    """Print a row for each library and way, then the ratios."""
    rounds, count = (1, 1000) if quick else (3, 4000)
    theirs = locked_peer("fedora-messaging")
    results: dict[tuple[str, str], list[tuple[float, float]]] = {}
    broker = Broker()
    try:
        for _ in range(rounds):
            for python, ways in ((sys.executable, OURS), (str(theirs), THEIRS)):
                for way in ways:
                    results.setdefault(way, []).append(_run(python, broker.url(), way, count))
            for way in ALONE:
                results.setdefault(way, []).append(_run(sys.executable, "memory://benchmark", way, 10 * count))
    finally:
        broker.close()
    _print(results)


def _run(python: str, url: str, way: tuple[str, str], count: int) -> tuple[float, float]:
    """Return messages a second and µs of CPU a message."""
    # The worker's own folder has a module named as one of Python's is, so it stays out of the path.
    done = subprocess.run(
        [python, "-P", str(WORKER), *way, url, str(count)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stderr[-3000:]}")
    wall, cpu = json.loads(done.stdout.splitlines()[-1])
    return count / wall, cpu / count * 1e6


def _print(results: dict[tuple[str, str], list[tuple[float, float]]]) -> None:
    middle = {
        way: (median(rate for rate, _ in found), median(cpu for _, cpu in found)) for way, found in results.items()
    }
    for (library, way), (rate, cpu) in middle.items():
        print(f"  {library:<10} {way:<18} {rate:9.0f} messages/s   CPU {cpu:7.1f} µs a message")
    for ours, theirs in COMPARED:
        rates, cpus = middle[ours][0] / middle[theirs][0], middle[theirs][1] / middle[ours][1]
        what = f"{ours[1]} to {theirs[0]} {theirs[1]}"
        print(f"  {what:<40} rate {rates:5.1f} times, CPU a {cpus:5.1f}th")
