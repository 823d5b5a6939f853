"""A disk that is really full: a small file system of its own, in a mount namespace that ends with the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from support.needs import missing

#: Fills the disk through the store, makes room, goes on, and prints what it saw.
FILLER = """
import asyncio, json, sys
from pathlib import Path
from sqlalchemy import insert, select
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.errors import DigestMismatch, StoreFull
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.store.tables import dirty_pages

root = Path(sys.argv[1])
told = {"acknowledged": [], "refused": 0, "other": []}

async def write(store, name, lane=""):
    row = {"package": name + "x" * 5000, "since": 0.0}
    try:
        await store.write(lambda connection: connection.execute(insert(dirty_pages), row).rowcount, lane=lane)
        told["acknowledged"].append(name)
    except StoreFull:
        told["refused"] += 1
    except Exception as error:
        told["other"].append(repr(error))

async def stored(store):
    rows = await store.read(lambda connection: list(connection.execute(select(dirty_pages.c.package)).scalars()))
    return sorted(name.rstrip("x") for name in rows)

async def main():
    ballast = root / "ballast"
    ballast.write_bytes(bytes(6 << 20))
    store = await open_store(f"sqlite:///{root}/yard.sqlite")
    for group in range(400):
        await asyncio.gather(*(write(store, f"a{group}.{number}", "one" * (group % 2)) for number in range(10)))
        if told["refused"] > 25:
            break
    told["kept_while_full"] = await stored(store) == sorted(told["acknowledged"])
    objects = ObjectStore(root / "objects")
    try:
        with objects.stage() as staged:
            for _ in range(50):
                staged.write(bytes(100_000))
        told["object"] = "fitted"
    except StoreFull:
        told["object"] = "refused"
    told["staged"] = len(list((root / "objects" / "staging").iterdir()))
    ballast.unlink()
    before = told["refused"]
    for number in range(20):
        await write(store, f"b{number}", "one" * (number % 2))
    told["refused_after"] = told["refused"] - before
    await store.close()
    store = await open_store(f"sqlite:///{root}/yard.sqlite")
    told["kept_after"] = await stored(store) == sorted(told["acknowledged"])
    await store.close()
    print(json.dumps(told))

asyncio.run(main())
"""

MOUNT = 'mount -t tmpfs -o size=12m none "$1" && exec "$2" -c "$3" "$1"'


def test_full_disk_loses_nothing_and_the_store_goes_on_when_there_is_room(tmp_path: Path) -> None:
    apart = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    tried = subprocess.run(
        [*apart, "sh", "-c", 'mount -t tmpfs -o size=1m none "$1"', "sh", tmp_path], capture_output=True, check=False
    )
    if tried.returncode:
        missing(f"no file system can be mounted here: {tried.stderr.decode().strip()}")
    done = subprocess.run(
        [*apart, "sh", "-c", MOUNT, "sh", tmp_path, sys.executable, FILLER],
        capture_output=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert told["other"] == []
    assert told["refused"] > 25
    assert len(told["acknowledged"]) > 20
    assert told["kept_while_full"]
    assert (told["object"], told["staged"]) == ("refused", 0)
    assert told["refused_after"] == 0
    assert told["kept_after"]
