"""`buildyard.marconi` as a driver: ``ours.py HOW URL [URL...]``, where many callers are ``threads`` or ``tasks``.

Threads use the blocking face, tasks of one loop the asyncio face; one caller blocks.  With several addresses, of hubs
on one database, callers are spread over them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from loop import CLAIM, GRACE, TTL, message, serve, shares

import buildyard
from buildyard.marconi import Client, Connection, Queue, aio


class Threads:
    """The blocking face."""

    def __init__(self, urls: list[str]) -> None:
        self._clients = [Client(Connection(endpoint=url, project_id="bench")) for url in urls]

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def who(self) -> str:
        python = sys.version.split()[0]
        return f"buildyard {buildyard.__version__} on CPython {python}, {buildyard.__file__}"

    def fill(self, queue: str, messages: int) -> None:
        self._clients[0].queue(queue).post_messages(message() for _ in range(messages))

    def remove(self, queue: str) -> None:
        self._clients[0].queue(queue).delete()

    def post(self, queue: str, size: int, operations: int, callers: int) -> int:
        def some(remote: Queue, count: int) -> int:
            for _ in range(count):
                remote.post_messages([message() for _ in range(size)])
            return count

        return self._all(some, queue, shares(operations, callers))

    def drain(self, queue: str, each: bool, callers: int) -> int:
        def some(remote: Queue, _: int) -> int:
            loops = 0
            while held := remote.claim(limit=CLAIM, ttl=TTL, grace=GRACE):
                if each:
                    for one in held:
                        one.delete()
                else:
                    remote.delete_messages(held)
                loops += 1
            return loops

        return self._all(some, queue, range(callers))

    def _all(self, some: Callable[[Queue, int], int], queue: str, arguments: Iterable[int]) -> int:
        work = [(self._clients[at % len(self._clients)].queue(queue), each) for at, each in enumerate(arguments)]
        if len(work) == 1:
            return some(*work[0])
        with ThreadPoolExecutor(len(work)) as threads:
            return sum(threads.map(lambda each: some(*each), work))


class Tasks(Threads):
    """The asyncio face for many callers; the blocking one still prepares."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__(urls)
        self._runner = asyncio.Runner()
        self._remote = self._runner.run(self._open(urls))

    @staticmethod
    async def _open(urls: list[str]) -> list[aio.Client]:
        return [aio.Client(aio.Connection(endpoint=url, project_id="bench")) for url in urls]

    def close(self) -> None:
        self._runner.run(self._close())
        self._runner.close()
        super().close()

    async def _close(self) -> None:
        for client in self._remote:
            await client.close()

    def post(self, queue: str, size: int, operations: int, callers: int) -> int:
        async def some(remote: aio.Queue, count: int) -> int:
            for _ in range(count):
                await remote.post_messages([message() for _ in range(size)])
            return count

        return self._together(some, queue, shares(operations, callers))

    def drain(self, queue: str, each: bool, callers: int) -> int:
        async def some(remote: aio.Queue, _: int) -> int:
            loops = 0
            while held := await remote.claim(limit=CLAIM, ttl=TTL, grace=GRACE):
                if each:
                    for one in held:
                        await one.delete()
                else:
                    await remote.delete_messages(held)
                loops += 1
            return loops

        return self._together(some, queue, range(callers))

    def _together(self, some: Callable[[aio.Queue, int], Awaitable[int]], queue: str, arguments: Iterable[int]) -> int:
        async def main() -> int:
            remotes = [client.queue(queue) for client in self._remote]
            return sum(await asyncio.gather(*(some(remotes[at % len(remotes)], n) for at, n in enumerate(arguments))))

        return self._runner.run(main())


serve({"threads": Threads, "tasks": Tasks}[sys.argv[1]](sys.argv[2:]))
