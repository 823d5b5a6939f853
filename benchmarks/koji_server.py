"""A Koji hub that answers what ``benchmarks.koji`` asks: ``python -m benchmarks.koji_server``.

It prints its port.  Like a hub with two workers, it has two requests in hand at most, and each call takes it a while:
1.2 ms, what a real hub takes for ``getTaskInfo``, asleep, so that the processor is the client's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import xmlrpc.client
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "tests/wire/golden/koji.jsonl"
CALL_SECONDS = 0.0012
WORKERS = 2
ROWS = 5000


def recorded(name: str) -> str:
    """The body of a recorded answer."""
    lines = map(json.loads, GOLDEN.read_text("utf-8").splitlines())
    found: str = next(line["response"]["body"] for line in lines if line["id"] == f"koji/{name}")
    return found


def written(value: object) -> bytes:
    """An answer as a hub writes it."""
    return xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode()  # type: ignore[arg-type]


def many_builds() -> bytes:
    """A listBuilds answer of 5,000 rows, about 12 MB."""
    rows = xmlrpc.client.loads(recorded("listBuilds-20"))[0][0]
    assert isinstance(rows, list)
    return written([{**rows[number % len(rows)], "build_id": number} for number in range(ROWS)])


class Server:
    """Answers by the method's name alone."""

    def __init__(self) -> None:
        task = recorded("getTaskInfo-buildContainer")
        self.task = task.encode()
        self.element = xmlrpc.client.loads(task)[0][0]
        self.builds = many_builds()
        self.workers = asyncio.Semaphore(WORKERS)
        self.known: dict[int, bytes] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                body = await self.answer(await reader.readexactly(int(length.partition(b":")[2])))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body))
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, call: bytes) -> bytes:
        if b"<methodName>listBuilds" in call:
            return self.builds
        number = call.count(b"<name>methodName</name>")
        async with self.workers:
            await asyncio.sleep(CALL_SECONDS * max(number, 1))
        return self.many(number) if number else self.task

    def many(self, number: int) -> bytes:
        if number not in self.known:
            self.known[number] = written([[self.element]] * number)
        return self.known[number]


async def main() -> None:
    """Serve until ended."""
    server = await asyncio.start_server(Server().serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
