"""One measurement of one Koji client in a process of its own: ``koji_calls.py MODULE CASE [URL [COUNT]]``.

It runs in the official client's environment too, so it imports nothing else.  Prints a line of JSON.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
import urllib.request
from typing import Any

OFFICIAL = "koji"


def connected(module: str, url: str) -> Any:
    """A blocking connection."""
    if module == OFFICIAL:
        return importlib.import_module("koji").ClientSession(url)
    from buildyard import koji

    return koji.Connection(koji.Profile(name="bench", server=url, authtype="noauth"))


def one_by_one(module: str, url: str, count: int) -> None:
    hub = connected(module, url)
    for number in range(count):
        assert hub.getTaskInfo(number, request=True)["id"] == 2251


def multicall(module: str, url: str, count: int) -> None:
    hub = connected(module, url)
    with hub.multicall(batch=100) as calls:
        found = [calls.getTaskInfo(number, request=True) for number in range(count)]
    assert all(one.result["id"] == 2251 for one in found)


def at_once(_: str, url: str, count: int) -> None:
    """Ours alone: awaited together, and joined."""
    from buildyard.koji import Profile, aio

    async def main() -> None:
        async with aio.Connection(Profile(name="bench", server=url, authtype="noauth"), coalesce=True) as hub:
            found = await asyncio.gather(*(hub.getTaskInfo(number) for number in range(count)))
        assert all(one is not None and one.id == 2251 for one in found)

    asyncio.run(main())


def builds(module: str, url: str, _: int) -> None:
    assert len(connected(module, url).listBuilds()) == 5000


def fetched(url: str) -> bytes:
    body = b"<?xml version='1.0'?><methodCall><methodName>listBuilds</methodName></methodCall>"
    with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
        found: bytes = answer.read()
    return found


def decoding(module: str, url: str, runs: int) -> float:
    """CPU seconds to read the answer of 5,000 rows, the least of some runs; the official one uses xmlrpc.client."""
    data = fetched(url)
    if module == OFFICIAL:
        import xmlrpc.client

        read: Any = xmlrpc.client.loads
    else:
        read = importlib.import_module("buildyard.koji._xmlrpc").decode
    taken = []
    for _ in range(runs):
        started = time.process_time()
        read(data)
        taken.append(time.process_time() - started)
    return min(taken)


def loop_silence(_: str, url: str, __: int) -> float:
    """Ours alone: for how many seconds at most a loop does not turn while it reads that answer."""
    from buildyard.koji import Profile, aio

    async def main() -> float:
        longest = 0.0

        async def tick() -> None:
            nonlocal longest
            last = time.thread_time()
            while True:
                await asyncio.sleep(0)
                now = time.thread_time()
                longest, last = max(longest, now - last), now

        async with aio.Connection(Profile(name="bench", server=url, authtype="noauth")) as hub:
            await hub.getTaskInfo(1)
            ticking = asyncio.create_task(tick())
            assert len(await hub.listBuilds()) == 5000
            ticking.cancel()
        return longest

    return asyncio.run(main())


def imported(module: str) -> dict[str, float]:
    started, cpu = time.perf_counter(), time.process_time()
    importlib.import_module(module)
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


def main(module: str, case: str, url: str = "", count: str = "1") -> dict[str, float]:
    """Measure one case."""
    if case == "imported":
        return imported(module)
    if case in ("decoding", "loop_silence"):
        return {"cpu": globals()[case](module, url, int(count))}
    globals()[case](module, url, 1)  # what is imported late is not what is measured
    started, cpu = time.perf_counter(), time.process_time()
    globals()[case](module, url, int(count))
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
