"""One transport for many: threads, tasks, coroutines, loops one after the other, and callers who change their mind."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from buildyard.errors import NotInstalled
from buildyard.faces.blocking import run_blocking
from buildyard.faces.http import AsyncioTransport, BlockingTransport
from buildyard.faces.transport import Request, Timeout, Transport


async def turns(transport: Transport, lock: Any, log: list[str], name: str) -> None:
    async with lock:
        log.append(name)
        await transport.sleep(0.01)
        log.append(name)


def assert_one_after_the_other(log: list[str]) -> None:
    assert len(log) == 10
    assert all(log[place] == log[place + 1] for place in range(0, 10, 2))


def echoing(server: Any) -> None:
    """Let the server answer each request with its target, a little later."""

    async def echo(connection: Any) -> None:
        while (received := await connection.request()) is not None:
            await asyncio.sleep(0.002)
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(received.target))
            await connection.send(received.target)

    server.handler = echo


def noticing_the_end(server: Any) -> threading.Event:
    """Let the server say nothing, and note when its peer hangs up."""
    ended = threading.Event()

    async def wait(connection: Any) -> None:
        await connection.head()
        try:
            while await connection.reader.read(65536):
                pass
        finally:
            ended.set()

    server.handler = wait
    return ended


# Threads


def test_threads_share_a_blocking_transport(server: Any) -> None:
    echoing(server)
    transport = BlockingTransport()
    wrong: list[bytes] = []

    def work(name: int) -> None:
        for turn in range(20):
            path = f"/{name}/{turn}"
            body = run_blocking(transport.send(Request("GET", server.url(path)))).body
            if body != path.encode():
                wrong.append(body)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    run_blocking(transport.close())
    assert wrong == []
    assert server.connections <= 8


def test_lock_lets_one_thread_in_at_a_time() -> None:
    transport = BlockingTransport()
    lock = transport.lock()
    log: list[str] = []
    threads = [
        threading.Thread(target=lambda name=name: run_blocking(turns(transport, lock, log, name))) for name in "abcde"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert_one_after_the_other(log)


# Tasks


def test_tasks_share_an_asyncio_transport(server: Any) -> None:
    echoing(server)

    async def work() -> None:
        transport = AsyncioTransport()
        paths = [f"/{number}" for number in range(50)]
        answers = await asyncio.gather(*[transport.send(Request("GET", server.url(path))) for path in paths])
        await transport.close()
        assert [answer.body.decode() for answer in answers] == paths

    asyncio.run(work())


def test_lock_lets_one_task_in_at_a_time() -> None:
    log: list[str] = []

    async def work() -> None:
        transport = AsyncioTransport()
        lock = transport.lock()
        await asyncio.gather(*[turns(transport, lock, log, name) for name in "abcde"])

    asyncio.run(work())
    assert_one_after_the_other(log)


def test_asyncio_transport_works_in_one_loop_after_the_other(server: Any) -> None:
    transport = AsyncioTransport()

    async def once() -> int:
        try:
            return (await transport.send(Request("GET", server.url()))).status
        finally:
            await transport.close()

    assert [asyncio.run(once()), asyncio.run(once())] == [200, 200]


def test_cancelled_task_closes_its_connection(server: Any) -> None:
    ended = noticing_the_end(server)

    async def change_mind() -> None:
        transport = AsyncioTransport()
        task = asyncio.create_task(transport.send(Request("GET", server.url())))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(ended.wait, 5)
        await transport.close()

    asyncio.run(change_mind())


def test_timeout_around_a_call_is_the_callers(server: Any) -> None:
    noticing_the_end(server)

    async def impatient() -> None:
        transport = AsyncioTransport()
        try:
            async with asyncio.timeout(0.1):
                await transport.send(Request("PUT", server.url(), body=b"x"))
        finally:
            await transport.close()

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())


# Twisted


@pytest.fixture
def in_reactor(reactor_thread: None) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    from twisted.internet import reactor, threads
    from twisted.internet.defer import Deferred

    return lambda coroutine: threads.blockingCallFromThread(reactor, lambda: Deferred.fromCoroutine(coroutine))


def test_coroutines_share_a_twisted_transport(server: Any, in_reactor: Any) -> None:
    from twisted.internet.defer import Deferred, gatherResults

    from buildyard.faces.twisted import TwistedTransport

    echoing(server)
    paths = [f"/{number}" for number in range(50)]

    async def work() -> list[str]:
        transport = TwistedTransport()
        sent = [Deferred.fromCoroutine(transport.send(Request("GET", server.url(path)))) for path in paths]
        answers = await gatherResults(sent)
        await transport.close()
        return [answer.body.decode() for answer in answers]

    assert in_reactor(work()) == paths


def test_lock_lets_one_coroutine_in_at_a_time(in_reactor: Any) -> None:
    from twisted.internet.defer import Deferred, gatherResults

    from buildyard.faces.twisted import TwistedTransport

    log: list[str] = []

    async def work() -> None:
        transport = TwistedTransport()
        lock = transport.lock()
        await gatherResults([Deferred.fromCoroutine(turns(transport, lock, log, name)) for name in "abcde"])

    in_reactor(work())
    assert_one_after_the_other(log)


@pytest.mark.parametrize("body", [b"", b"x", bytes(20_000_000)])
def test_cancelled_deferred_closes_its_connection(server: Any, in_reactor: Any, body: bytes) -> None:
    from twisted.internet.defer import CancelledError, Deferred
    from twisted.internet.threads import deferToThread

    from buildyard.faces.twisted import TwistedTransport

    ended = noticing_the_end(server)

    async def change_mind() -> bool:
        transport = TwistedTransport()
        sending = Deferred.fromCoroutine(transport.send(Request("PUT", server.url(), body=body)))
        await transport.sleep(0.1)
        sending.cancel()
        try:
            await sending
        except CancelledError:
            return await deferToThread(ended.wait, 5)
        return False

    assert in_reactor(change_mind())


def test_deferred_that_is_cancelled_while_connecting_is_no_timeout(in_reactor: Any) -> None:
    from twisted.internet.defer import CancelledError, Deferred

    from buildyard.faces.twisted import TwistedTransport

    async def change_mind() -> None:
        transport = TwistedTransport()
        request = Request("GET", "http://127.0.0.1:9/", timeout=Timeout(connect=30))
        sending = Deferred.fromCoroutine(transport.send(request))
        sending.cancel()
        await sending

    with pytest.raises(CancelledError):
        in_reactor(change_mind())


def test_https_over_twisted_without_its_libraries_says_what_to_install(
    in_reactor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from buildyard.faces.twisted import TwistedTransport

    monkeypatch.setitem(sys.modules, "twisted.internet.ssl", None)
    monkeypatch.delattr("twisted.internet.ssl", raising=False)
    with pytest.raises(NotInstalled, match=r"pyOpenSSL.*buildyard\[twisted\]"):
        in_reactor(TwistedTransport().send(Request("GET", "https://127.0.0.1:9/")))
