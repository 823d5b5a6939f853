"""Bodies of any size in constant memory, both ways, for all transports."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from buildyard.errors import BodyTooLarge, Cut, PartUnreadable
from buildyard.faces.transport import Part, Request, Timeout, Transport

LARGE = 48 * 1024 * 1024
LITTLE = 12 * 1024 * 1024


@pytest.fixture
def large_file(tmp_path: Path) -> str:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(b"begin")
        file.truncate(LARGE)
    return str(path)


@pytest.fixture
def peak_memory() -> Iterator[Callable[[], int]]:
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def swallowing(sizes: list[int]) -> Callable[[Any], Any]:
    """A handler that counts a body's bytes and forgets them."""

    async def swallow(connection: Any) -> None:
        head = await connection.head()
        left = int(head.values(b"content-length")[0])
        sizes.append(left)
        while left:
            data = await connection.reader.read(min(left, 65536))
            if not data:
                return
            left -= len(data)
        await connection.send(b"HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n")

    return swallow


def test_part_of_a_file_is_sent_from_its_offset(face: Any, server: Any, tmp_path: Path) -> None:
    path = tmp_path / "wheel"
    path.write_bytes(bytes(range(256)) * 1000)
    request = Request("PUT", server.url(), body=Part(str(path), 1000, 150_000))
    face.run(lambda transport: transport.send(request))
    assert server.received[0].body == path.read_bytes()[1000:151_000]
    assert server.received[0].values(b"content-length") == [b"150000"]


def test_part_of_no_bytes_is_an_empty_body(face: Any, server: Any, tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    request = Request("PUT", server.url(), body=Part(str(path), 0, 0))
    face.run(lambda transport: transport.send(request))
    assert server.received[0].values(b"content-length") == [b"0"]


def test_upload_of_a_file_takes_little_memory(
    face: Any, server: Any, large_file: str, peak_memory: Callable[[], int]
) -> None:
    sizes: list[int] = []
    server.handler = swallowing(sizes)
    request = Request("PUT", server.url(), body=Part(large_file, 0, LARGE))
    assert face.run(lambda transport: transport.send(request)).status == 201
    assert sizes == [LARGE]
    assert peak_memory() < LITTLE


def test_download_by_chunks_takes_little_memory(face: Any, server: Any, peak_memory: Callable[[], int]) -> None:
    async def send_large(connection: Any) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
        chunk = bytes(65536)
        for _ in range(LARGE // len(chunk)):
            await connection.send(chunk)

    server.handler = send_large

    async def count(transport: Transport) -> int:
        total = 0
        async with transport.stream(Request("GET", server.url())) as answer:
            async for chunk in answer.chunks():
                assert chunk
                total += len(chunk)
        return total

    assert face.run(count) == LARGE
    assert peak_memory() < LITTLE


def test_chunks_arrive_as_they_are_sent(face: Any, server: Any) -> None:
    seen = asyncio.Event()

    async def one_after_the_other(connection: Any) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none")
        await asyncio.wait_for(seen.wait(), 5)
        await connection.send(b"two")

    server.handler = one_after_the_other

    async def read(transport: Transport) -> list[bytes]:
        chunks = []
        async with transport.stream(Request("GET", server.url(), timeout=Timeout(5, 5))) as answer:
            async for chunk in answer.chunks():
                chunks.append(chunk)
                server.loop.call_soon_threadsafe(seen.set)
        return chunks

    assert face.run(read) == [b"one", b"two"]


def test_head_is_there_before_the_body(face: Any, server: Any) -> None:
    server.replies = [b"HTTP/1.1 206 Partial\r\nContent-Length: 4\r\nContent-Range: bytes 0-3/9\r\n\r\nbody"]

    async def look(transport: Transport) -> tuple[int, str | None, bytes]:
        async with transport.stream(Request("GET", server.url())) as answer:
            return answer.status, answer.headers.get("content-range"), await answer.read()

    assert face.run(look) == (206, "bytes 0-3/9", b"body")


def test_stream_read_is_bounded(face: Any, server: Any) -> None:
    server.replies = [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"]

    async def read(transport: Transport) -> None:
        async with transport.stream(Request("GET", server.url())) as answer:
            await answer.read(3)

    with pytest.raises(BodyTooLarge):
        face.run(read)


def test_stream_that_was_read_keeps_its_connection(face: Any, server: Any) -> None:
    async def twice(transport: Transport) -> None:
        for _ in range(2):
            async with transport.stream(Request("GET", server.url())) as answer:
                async for _ in answer.chunks():
                    pass

    face.run(twice)
    assert server.connections == 1


def test_stream_that_was_left_early_gives_up_its_connection(face: Any, server: Any) -> None:
    ended = asyncio.Event()

    async def endless(connection: Any) -> None:
        if await connection.request() is None:
            return
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                await connection.send(b"3\r\nabc\r\n")
                await asyncio.sleep(0.001)
        except ConnectionError:
            ended.set()

    server.handler = endless

    async def first_only(transport: Transport) -> bytes:
        async with transport.stream(Request("GET", server.url())) as answer:
            async for chunk in answer.chunks():
                first = chunk
                break
        server.handler = None
        return first + (await transport.send(Request("GET", server.url()))).body

    assert face.run(first_only).startswith(b"abc")
    assert asyncio.run_coroutine_threadsafe(asyncio.wait_for(ended.wait(), 5), server.loop).result(6)


def test_cut_is_raised_after_the_chunks_that_came(face: Any, server: Any) -> None:
    async def half(connection: Any) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")

    server.handler = half
    got: list[bytes] = []

    async def read(transport: Transport) -> None:
        async with transport.stream(Request("GET", server.url())) as answer:
            got.append(await anext(answer.chunks()))
            await answer.read()

    with pytest.raises(Cut):
        face.run(read)
    assert b"".join(got) == b"half"


def test_error_of_the_caller_passes_through_a_stream(face: Any, server: Any) -> None:
    async def fail(transport: Transport) -> None:
        async with transport.stream(Request("GET", server.url())):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        face.run(fail)


@pytest.mark.parametrize(("offset", "size"), [(0, 11), (8, 3), (11, 1)])
def test_part_beyond_its_file_is_refused_before_anything_is_sent(
    face: Any, server: Any, tmp_path: Path, offset: int, size: int
) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"ten bytes.")
    with pytest.raises(PartUnreadable) as caught:
        face.run(lambda transport: transport.send(Request("PUT", server.url(), body=Part(str(path), offset, size))))
    assert (caught.value.path, server.connections) == (str(path), 0)


def test_missing_file_is_named(face: Any, server: Any, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(PartUnreadable, match="No such file"):
        face.run(lambda transport: transport.send(Request("PUT", server.url(), body=Part(missing, 0, 1))))


def test_file_that_shrinks_while_it_is_sent_is_told(face: Any, server: Any, large_file: str) -> None:
    async def truncate(connection: Any) -> None:
        await connection.head()
        with Path(large_file).open("r+b") as file:
            file.truncate(1)
        while await connection.reader.read(65536):
            pass

    server.handler = truncate
    with pytest.raises(PartUnreadable, match="ended"):
        face.run(lambda transport: transport.send(Request("PUT", server.url(), body=Part(large_file, 0, LARGE))))


def test_early_refusal_of_an_upload_is_delivered(face: Any, server: Any, large_file: str) -> None:
    async def refuse(connection: Any) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 413 Too large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        # A polite service goes on reading for a while, as a reset would destroy its answer (RFC 9112 section 9.6).
        for _ in range(2000):
            if not await connection.reader.read(65536):
                return

    server.handler = refuse
    answer = face.run(lambda transport: transport.send(Request("PUT", server.url(), body=Part(large_file, 0, LARGE))))
    assert (answer.status, answer.body) == (413, b"big")
