"""`kill -9` of the process that writes: what it was told is committed is there afterwards."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import Connection, select

from buildyard.farm.store.tables import dirty_pages
from support.stores import opened

#: Writes in many tasks at once, and prints each name once its write was acknowledged.  Every other life it writes in a
#: lane: in its loop's own thread.
WRITER = """
import asyncio, os, sys
from sqlalchemy import insert
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.tables import dirty_pages

async def writer(store, prefix):
    for number in range(10**9):
        name = f"{prefix}.{number}"
        row = {"package": name, "since": 0.0}
        await store.write(lambda c: c.execute(insert(dirty_pages), row).rowcount, lane="one" * (int(sys.argv[2]) % 2))
        os.write(1, f"{name}\\n".encode())

async def main():
    store = await open_store(sys.argv[1])
    await asyncio.gather(*(writer(store, f"{sys.argv[2]}.{task}") for task in range(20)))

asyncio.run(main())
"""

#: Before it: imports come first, so that the moment of death falls into the making of the tables.
WAITING = """
import sys
import buildyard.farm.store.connect
print(flush=True)
sys.stdin.readline()
"""


def names(connection: Connection) -> set[str]:
    return set(connection.execute(select(dirty_pages.c.package)).scalars())


async def stored(url: str) -> set[str]:
    async with opened(url) as store:
        return await store.read(names)


def write_and_be_killed(url: str, life: int, seconds: float) -> set[str]:
    """The names that a writer was told are committed, which is killed this long after its first."""
    with subprocess.Popen([sys.executable, "-c", WRITER, url, str(life)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    return {line.decode() for line in (first + rest).split(b"\n")[:-1]}


def test_every_acknowledged_write_survives_the_death_of_its_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'yard.sqlite'}"
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    acknowledged: set[str] = set()
    for life in range(6):
        acknowledged |= write_and_be_killed(url, life, moments.uniform(0.0, 0.3))
        assert acknowledged <= asyncio.run(stored(url))
    assert len(acknowledged) > 100


def test_death_while_the_tables_are_made_leaves_a_store_that_opens(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    for attempt in range(8):
        url = f"sqlite:///{tmp_path / f'{attempt}.sqlite'}"
        command = [sys.executable, "-c", WAITING + WRITER, url, "0"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            process.stdout.readline()
            process.stdin.write(b"\n")
            process.stdin.flush()
            time.sleep(moments.uniform(0.0, 0.06))
            process.send_signal(signal.SIGKILL)
            process.stdout.read()
        asyncio.run(stored(url))
