"""The services that the queue benchmark talks to, each started on 127.0.0.1 and ended by its pid; and their CPU."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from support.peers import locked_peer
from support.postgresql import Cluster, programs
from support.running import Running, environment_of
from support.zaqar import Zaqar

_TICKS = os.sysconf("SC_CLK_TCK")


class Service(NamedTuple):
    """Something that serves queues."""

    name: str
    urls: tuple[str, ...]
    pids: tuple[int, ...]  #: of its processes; their children count too
    durability: str  #: what an acknowledged message survives
    credentials: Path | None = None  #: of a hub: the file of its owner's

    def cpu_s(self) -> float:
        """Processor time of all its processes so far."""
        return sum(_cpu_s(pid) for pid in _with_children(self.pids))

    def rss_bytes(self) -> int:
        """Resident memory of all its processes."""
        return sum(_rss(pid) for pid in _with_children(self.pids))


@contextmanager
def zaqar() -> Iterator[Service]:
    """A Zaqar with two workers."""
    running = Zaqar(workers=2)
    try:
        words = "Redis without persistence: survives a restart of Zaqar, not of Redis"
        yield Service("Zaqar", (running.url,), tuple(running.pids), words)
    finally:
        running.close()


@contextmanager
def hub_on_sqlite() -> Iterator[Service]:
    """One hub with its own SQLite, ``synchronous=NORMAL``."""
    with _hubs(1, {"BUILDYARD_SYNCHRONOUS": "NORMAL"}) as hubs:
        words = "SQLite synchronous=NORMAL: survives kill -9, not loss of power"
        yield Service("hub, SQLite", *_urls_and_pids(hubs), words)


@contextmanager
def hubs_on_postgresql() -> Iterator[Service]:
    """Two hubs on one PostgreSQL that syncs."""
    cluster = Cluster(fsync=True)
    try:
        with _hubs(2, {"BUILDYARD_DATABASE": cluster.database()}) as hubs:
            urls, pids = _urls_and_pids(hubs)
            words = "PostgreSQL fsync=on, synchronous_commit=on: survives loss of power"
            yield Service("2 hubs, PostgreSQL", urls, (*pids, cluster.pid), words)
    finally:
        cluster.close()


@contextmanager
def hub_on(cluster: Cluster) -> Iterator[Service]:
    """One hub on a database of this PostgreSQL; the cluster's processes are not counted as the hub's."""
    with _hubs(1, {"BUILDYARD_DATABASE": cluster.database()}) as hubs:
        (hub,) = hubs
        yield Service("hub, PostgreSQL", (hub.url,), (hub.pid,), "as the database", hub.state / "credentials.json")


def versions() -> Iterable[str]:
    """What serves, with versions and where it was loaded from."""
    python = locked_peer("zaqar")
    script = (
        "import zaqar; from importlib.metadata import version as v; import sys; "
        'print(f\'zaqar {v("zaqar")} under gunicorn {v("gunicorn")} x2, redis-py {v("redis")}, '
        "CPython {sys.version.split()[0]}, {zaqar.__file__}')"
    )
    yield _told([str(python), "-c", script])
    yield _told(["redis-server", "--version"])
    yield _told([str(programs() / "postgres"), "--version"])
    yield f"SQLite {sqlite3.sqlite_version}"


class _Hub(NamedTuple):
    url: str
    pid: int
    state: Path


@contextmanager
def _hubs(count: int, settings: dict[str, str]) -> Iterator[list[_Hub]]:
    with ExitStack() as closing:
        scratch = Path(tempfile.mkdtemp(prefix="buildyard-bench-"))
        closing.callback(shutil.rmtree, scratch, ignore_errors=True)
        yield [_hub(closing, scratch / str(number), settings) for number in range(count)]


def _hub(closing: ExitStack, home: Path, settings: dict[str, str]) -> _Hub:
    home.mkdir()
    argv = [sys.executable, "-m", "buildyard.cli", "hub", "--port", "0", "--state", str(home / "state")]
    running = Running(argv, log=home / "log", env={**environment_of(home), **settings}, cwd=home)
    closing.callback(running.end)
    found = running.wait_for_text(r"http://127\.0\.0\.1:\d+")
    return _Hub(found, running.pid, home / "state")


def _urls_and_pids(hubs: list[_Hub]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return tuple(hub.url for hub in hubs), tuple(hub.pid for hub in hubs)


def _told(argv: list[str]) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def _with_children(pids: Iterable[int]) -> list[int]:
    found = list(pids)
    for pid in found:
        children = Path(f"/proc/{pid}/task/{pid}/children")
        found += [int(child) for child in children.read_text().split()] if children.exists() else []
    return found


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # Its own, and that of the children it has outlived.
    return sum(int(field) for field in fields[11:15]) / _TICKS


def _rss(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0
