"""The Twisted face: operations as Deferreds, iterations with and without coroutines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("twisted")
from twisted.internet.defer import CancelledError, Deferred

from buildyard.faces.deferred import DeferredFace, as_deferred, deferred, deferred_iter
from buildyard.faces.scripted import ScriptedTransport, answer
from buildyard.faces.transport import Request, Transport


class AsyncShelf:
    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.has_ended = False

    async def fetch(self, name: str) -> bytes:
        """Return the book."""
        return (await self.transport.send(Request("GET", f"http://shelf/{name}"))).body

    async def books(self, count: int) -> AsyncIterator[int]:
        try:
            for number in range(count):
                yield number
        finally:
            self.has_ended = True

    async def close(self) -> None:
        await self.transport.close()


class TwistedShelf(DeferredFace[AsyncShelf]):
    fetch = deferred(AsyncShelf.fetch)
    books = deferred_iter(AsyncShelf.books)


def success(fired: Deferred[Any]) -> object:
    results: list[object] = []
    fired.addCallback(results.append)
    assert len(results) == 1, "it has not fired"
    return results[0]


@pytest.fixture
def script() -> ScriptedTransport:
    return ScriptedTransport(answer(body=b"moby"))


@pytest.fixture
def face(script: ScriptedTransport) -> TwistedShelf:
    return TwistedShelf(AsyncShelf(script))


def test_operation_is_a_deferred_of_its_result(face: TwistedShelf) -> None:
    assert success(face.fetch("dick")) == b"moby"


def test_operation_that_fails_fires_with_the_failure(face: TwistedShelf, script: ScriptedTransport) -> None:
    script.add(lambda request: (_ for _ in ()).throw(LookupError("no")))
    success(face.fetch("dick"))
    failures: list[object] = []
    face.fetch("other").addErrback(failures.append)
    assert "no" in str(failures[0])


def test_operation_keeps_its_documentation(face: TwistedShelf) -> None:
    assert face.fetch.__doc__ == "Return the book."


def test_cancelling_reaches_the_coroutine() -> None:
    waiting: Deferred[None] = Deferred()

    async def wait() -> None:
        await waiting

    running = as_deferred(wait())
    failures: list[object] = []
    running.addErrback(lambda failure: failures.append(failure.type))
    running.cancel()
    assert failures == [CancelledError]


def test_iteration_collects(face: TwistedShelf) -> None:
    assert success(face.books(3).collect()) == [0, 1, 2]


def test_iteration_collects_so_many_and_ends_the_source(face: TwistedShelf) -> None:
    assert success(face.books(3).collect(2)) == [0, 1]
    assert face._core.has_ended


def test_iteration_waits_for_the_handlers_deferred(face: TwistedShelf) -> None:
    gate: Deferred[None] = Deferred()
    seen: list[int] = []

    def handle(book: int) -> Deferred[None] | None:
        seen.append(book)
        return gate if book == 0 else None

    done = face.books(2).each(handle)
    assert seen == [0]
    gate.callback(None)
    assert seen == [0, 1]
    assert success(done) is None


def test_iteration_ends_where_the_handler_fails(face: TwistedShelf) -> None:
    def fail(book: int) -> None:
        raise LookupError("no")

    failures: list[object] = []
    face.books(2).each(fail).addErrback(failures.append)
    assert "no" in str(failures[0])
    assert face._core.has_ended


def test_iteration_works_in_a_coroutine(face: TwistedShelf) -> None:
    async def add() -> int:
        return sum([book async for book in face.books(4)])

    assert success(as_deferred(add())) == 6


def test_closing_the_face_closes_its_core(face: TwistedShelf, script: ScriptedTransport) -> None:
    success(face.close())
    assert script.is_closed
