"""One measurement of one client, run by the Python that has it; prints JSON.

``python -P taskcluster_calls.py MODULE CASE ROOT_URL [NUMBER]``: the module is ``buildyard.taskcluster`` or
``taskcluster``, which without ``-P`` would be the file next door.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

TASK = "VtMbr2u_QKaR-ZQxhpFjkw"
PAYLOAD = {
    "provisionerId": "p",
    "workerType": "w",
    "created": "2026-01-01T00:00:00.000Z",
    "deadline": "2026-01-02T00:00:00.000Z",
    "payload": {"command": ["/bin/sh", "-c", "x" * 1500], "env": {f"NAME_{n}": "value" for n in range(20)}},
    "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
}


def report(started, calls):
    wall = time.perf_counter() - started[0]
    print(json.dumps({"calls_s": calls / wall, "cpu_ms": 1000 * (time.process_time() - started[1]) / calls}))


def begin():
    return time.perf_counter(), time.process_time()


def blocking(queue, number, payload):
    call = (lambda: queue.createTask(TASK, payload)) if payload else (lambda: queue.status(TASK))
    for _ in range(20):
        call()
    started = begin()
    for _ in range(number):
        call()
    report(started, number)


async def at_once(module, options, number):
    aio = importlib.import_module(f"{module}.aio")
    extra = {}
    if module == "taskcluster":
        import aiohttp

        extra["session"] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=50))
    queue = aio.Queue(options, **extra)
    left = 0

    async def caller():
        nonlocal left
        while left > 0:
            left -= 1
            await queue.status(TASK)

    for count in (500, number):  # the first round opens the connections
        left = count
        started = begin()
        await asyncio.gather(*[caller() for _ in range(50)])
    report(started, number)
    await (extra["session"] if extra else queue).close()


def transfer(module, case, options, path):
    objects = importlib.import_module(module).Object(options)
    uploads, downloads = (importlib.import_module(f"{module}.{name}") for name in ("upload", "download"))
    started = time.perf_counter()
    if case == "upload":
        facts = {"projectId": "p", "name": "n", "contentType": "a/b", "expires": "2035-01-01T00:00:00.000Z"}
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            uploads.uploadFromFile(**facts, contentLength=size, objectService=objects, maxRetries=5, file=file)
    else:
        with Path(f"{path}.down").open("w+b") as file:
            downloads.downloadToFile(name="n", maxRetries=5, objectService=objects, file=file)
    seconds = time.perf_counter() - started
    Path(f"{path}.down").unlink(missing_ok=True)
    print(json.dumps({"seconds": seconds, "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main(module, case, root, more="1000"):
    options = {"rootUrl": root, "credentials": {"clientId": "c", "accessToken": "t" * 44}}
    if case == "import":
        started = begin()
        importlib.import_module(root)
        report(started, 1)
    elif case == "client":
        started = begin()
        importlib.import_module(module).Queue(options)
        report(started, 1)
    elif case == "at_once":
        asyncio.run(at_once(module, options, int(more)))
    elif case in ("upload", "download"):
        transfer(module, case, options, more)
    else:
        extra = {}
        if root.startswith("https") and module != "taskcluster":
            from buildyard.faces.connecting import Tls
            from buildyard.faces.http import BlockingTransport

            extra["session"] = BlockingTransport(tls=Tls(ca_file=os.environ["REQUESTS_CA_BUNDLE"]))
        queue = importlib.import_module(module).Queue(options, **extra)
        blocking(queue, int(more), PAYLOAD if case == "create" else None)


if __name__ == "__main__":
    main(*sys.argv[1:])
