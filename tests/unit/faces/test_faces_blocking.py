"""The blocking face: one step finishes a coroutine, and tables keep signatures."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator

import pytest

from buildyard.errors import CoreSuspended
from buildyard.faces.blocking import BlockingFace, blocking, blocking_iter, run_blocking
from buildyard.faces.scripted import ScriptedTransport, answer
from buildyard.faces.transport import Request, Transport


class AsyncShelf:
    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.events: list[str] = []

    async def fetch(self, name: str, *, times: int = 1) -> bytes:
        """Return the book, read so many times."""
        response = await self.transport.send(Request("GET", f"http://shelf/{name}"))
        return response.body * times

    async def books(self, count: int) -> AsyncIterator[int]:
        """Yield each book."""
        self.events.append("begin")
        try:
            for number in range(count):
                await self.transport.sleep(1)
                yield number
        finally:
            await self.transport.sleep(10)
            self.events.append("end")

    async def wander(self) -> None:
        """Await what no blocking transport can wait for."""
        try:
            await asyncio.sleep(0)
        finally:
            self.events.append("cleaned up")

    async def close(self) -> None:
        await self.transport.close()


class Shelf(BlockingFace[AsyncShelf]):
    fetch = blocking(AsyncShelf.fetch)
    books = blocking_iter(AsyncShelf.books)
    wander = blocking(AsyncShelf.wander)


def shelf(*script: object) -> tuple[Shelf, ScriptedTransport]:
    transport = ScriptedTransport(*[answer(body=str(body).encode()) for body in script])
    return Shelf(AsyncShelf(transport)), transport


def test_run_blocking_returns_the_result() -> None:
    async def add() -> int:
        return 1 + 1

    assert run_blocking(add()) == 2


def test_run_blocking_raises_what_the_coroutine_raises() -> None:
    async def fail() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        run_blocking(fail())


def test_awaiting_anything_else_is_refused_at_once_and_named() -> None:
    face, _ = shelf()
    with pytest.raises(CoreSuspended, match="wander"):
        face.wander()
    assert face._core.events == ["cleaned up"]


def test_operation_takes_its_arguments_and_returns_its_result() -> None:
    face, script = shelf("moby")
    assert face.fetch("dick", times=2) == b"mobymoby"
    assert script.requests[0].url == "http://shelf/dick"


def test_operation_keeps_signature_and_documentation() -> None:
    face, _ = shelf()
    assert str(inspect.signature(face.fetch)) == "(name: 'str', *, times: 'int' = 1) -> 'bytes'"
    assert inspect.getdoc(face.fetch) == "Return the book, read so many times."
    assert not inspect.iscoroutinefunction(face.fetch)


def test_wrong_arguments_are_told_before_anything_is_sent() -> None:
    face, script = shelf()
    with pytest.raises(TypeError):
        face.fetch()  # type: ignore[call-arg]
    assert script.requests == []


def test_iteration_yields_each_item() -> None:
    face, script = shelf()
    assert list(face.books(3)) == [0, 1, 2]
    assert script.sleeps == [1, 1, 1, 10]


def test_iteration_begins_when_it_is_asked_for_an_item() -> None:
    face, _ = shelf()
    books = face.books(3)
    assert face._core.events == []
    assert next(books) == 0


def test_iteration_that_is_left_early_cleans_up_at_once() -> None:
    face, script = shelf()
    for book in face.books(3):
        if book == 1:
            break
    assert face._core.events == ["begin", "end"]
    assert script.sleeps == [1, 1, 10]


def test_iteration_that_is_closed_cleans_up() -> None:
    face, _ = shelf()
    books = face.books(3)
    next(books)
    books.close()
    assert face._core.events == ["begin", "end"]


def test_leaving_the_face_closes_its_core() -> None:
    face, script = shelf()
    with face as same:
        assert same is face
    assert script.is_closed


def test_core_without_a_close_needs_none() -> None:
    class Bare:
        pass

    with BlockingFace(Bare()):
        pass


def test_table_can_list_operations_that_the_core_inherits() -> None:
    class AsyncLibrary(AsyncShelf):
        pass

    class Library(BlockingFace[AsyncLibrary]):
        fetch = blocking(AsyncLibrary.fetch)

    script = ScriptedTransport(answer(body=b"x"))
    assert Library(AsyncLibrary(script)).fetch("a") == b"x"
