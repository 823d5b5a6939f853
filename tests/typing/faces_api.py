"""Each public call of `buildyard.faces`, `buildyard.retry` and `buildyard.errors`, for mypy to judge.

`test_typing_api.py` runs mypy over this file: ``assert_type`` states what users get, and each
``type: ignore[...]`` a mistake that must be found (mypy reports those that are not needed).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import assert_type

from twisted.internet.defer import Deferred

from buildyard.errors import (
    BuildyardError,
    ConnectFailed,
    RemoteError,
    ServerFault,
    TimedOut,
    TransportError,
    WireError,
    remote_error,
    visible_url,
)
from buildyard.faces.blocking import BlockingFace, blocking, blocking_iter, iterate_blocking, run_blocking
from buildyard.faces.connecting import Tls, environment_proxy
from buildyard.faces.deferred import DeferredFace, DeferredIterator, as_deferred, deferred, deferred_iter
from buildyard.faces.http import AsyncioTransport, BlockingTransport
from buildyard.faces.portal import Portal
from buildyard.faces.scripted import ScriptedTransport, answer
from buildyard.faces.transport import Headers, Part, Request, Response, StreamResponse, Timeout, Transport
from buildyard.faces.twisted import TwistedTransport
from buildyard.retry import NO_RETRY, Retry


class AsyncQueue:
    def __init__(self, transport: Transport, *, retry: Retry = NO_RETRY) -> None:
        self.transport = transport
        self.retry = retry

    async def ping(self) -> dict[str, object]:
        response = await self.retry.send(self.transport, lambda: Request("GET", "http://hub/ping"))
        assert_type(response, Response)
        return {"alive": response.status == 200}

    async def task(self, task_id: str, *, run_id: int = 0) -> str:
        return f"{task_id}/{run_id}"

    async def iter_tasks(self, group: str) -> AsyncIterator[int]:
        yield len(group)


class Queue(BlockingFace[AsyncQueue]):
    ping = blocking(AsyncQueue.ping)
    task = blocking(AsyncQueue.task)
    iter_tasks = blocking_iter(AsyncQueue.iter_tasks)


class TwistedQueue(DeferredFace[AsyncQueue]):
    ping = deferred(AsyncQueue.ping)
    task = deferred(AsyncQueue.task)
    iter_tasks = deferred_iter(AsyncQueue.iter_tasks)


class AsyncOther:
    async def unrelated(self) -> int:
        return 1


class WrongTable(BlockingFace[AsyncQueue]):
    unrelated = blocking(AsyncOther.unrelated)


# The three faces


async def asyncio_face() -> None:
    queue = AsyncQueue(AsyncioTransport(tls=Tls(ca_file="ca.pem"), proxy="http://proxy:3128"))
    assert_type(await queue.ping(), dict[str, object])
    assert_type(await queue.task("a", run_id=1), str)
    assert_type([number async for number in queue.iter_tasks("g")], list[int])


def blocking_face() -> None:
    with Queue(AsyncQueue(BlockingTransport(proxy=environment_proxy))) as queue:
        assert_type(queue, Queue)
        assert_type(queue.ping(), dict[str, object])
        assert_type(queue.task("a", run_id=1), str)
        assert_type(queue.iter_tasks("g"), Generator[int, None, None])
        queue.task()  # type: ignore[call-arg]
        queue.task(1)  # type: ignore[arg-type]
        queue.task("a", 1)  # type: ignore[call-arg]
        queue.iter_tasks(1)  # type: ignore[arg-type]
        queue.close()


def twisted_face() -> None:
    queue = TwistedQueue(AsyncQueue(TwistedTransport()))
    assert_type(queue.ping(), Deferred[dict[str, object]])
    assert_type(queue.task("a", run_id=1), Deferred[str])
    assert_type(queue.iter_tasks("g"), DeferredIterator[int])
    assert_type(queue.iter_tasks("g").collect(3), Deferred[list[int]])
    assert_type(queue.iter_tasks("g").each(print), Deferred[None])
    assert_type(queue.close(), Deferred[None])
    queue.task(1)  # type: ignore[arg-type]


def mistakes_in_tables(face: WrongTable) -> None:
    face.unrelated()  # type: ignore[misc]
    blocking(AsyncQueue.iter_tasks)  # type: ignore[arg-type]
    blocking_iter(AsyncQueue.ping)  # type: ignore[arg-type]
    Queue(AsyncOther())  # type: ignore[arg-type]


def without_tables(queue: AsyncQueue) -> None:
    assert_type(run_blocking(queue.task("a")), str)
    assert_type(iterate_blocking(queue.iter_tasks("g")), Generator[int, None, None])
    assert_type(as_deferred(queue.task("a")), Deferred[str])


def portal(queue: AsyncQueue) -> None:
    with Portal() as portal:
        assert_type(portal.call(queue.task, "a", run_id=1), str)
        assert_type(portal.start(queue.ping), Future[dict[str, object]])
        assert_type(portal.iterate(lambda: queue.iter_tasks("g"), ahead=3), Generator[int, None, None])
        portal.call(queue.task, 1)  # type: ignore[arg-type]


# Transports


def transports() -> list[Transport]:
    return [BlockingTransport(), AsyncioTransport(), TwistedTransport(), ScriptedTransport()]


async def transport(transport: Transport) -> None:
    request = Request(
        "PUT",
        "http://hub/x",
        (("Content-Type", "text/plain"),),
        Part("wheel", 0, 10),
        timeout=Timeout(connect=1, read=2),
        idempotent=False,
        follow_redirects=True,
    )
    assert_type(await transport.send(request, max_body=100), Response)
    async with transport.stream(request) as stream:
        assert_type(stream, StreamResponse)
        assert_type([chunk async for chunk in stream.chunks()], list[bytes])
        assert_type(await stream.read(), bytes)
        assert_type(stream.headers, Headers)
    assert_type(await transport.sleep(1.5), None)
    assert_type(transport.now(), float)
    assert_type(transport.lock(), AbstractAsyncContextManager[None])
    Request("GET", "http://hub/x", (), b"", Timeout())  # type: ignore[call-arg]
    Request("GET", "http://hub/x", body="text")  # type: ignore[arg-type]
    request.method = "GET"  # type: ignore[misc]


def headers(response: Response) -> None:
    assert_type(response.headers.get("ETag"), str | None)
    assert_type(response.headers.get("ETag", ""), str)
    assert_type(response.headers.get_all("Via"), tuple[str, ...])
    assert_type(list(response.headers), list[tuple[str, str]])


def script() -> None:
    script = ScriptedTransport(answer(503), answer(json={"a": 1}), lambda request: answer(body=b"x"), start=0)
    assert_type(script.requests, list[Request])
    assert_type(script.sleeps, list[float])
    ScriptedTransport("text")  # type: ignore[arg-type]


# Retry and errors


async def retry(transport: Transport) -> None:
    retry = Retry(attempts=3, first=0.1, factor=2, jitter=0.1, cap=5, statuses=frozenset({503}))
    assert_type(await retry.send(transport, lambda: Request("GET", "http://hub/x")), Response)
    assert_type(await retry.run(transport, AsyncOther().unrelated, idempotent=False), int)
    assert_type(retry.delay(1, Response(503)), float | None)
    assert_type(retry.delay(1, ConnectFailed("x", method="GET", url="http://hub/"), idempotent=False), float | None)
    await retry.send(transport, lambda: "text")  # type: ignore[arg-type,return-value]


def facts(error: BuildyardError) -> object:
    match error:
        case TimedOut():
            return error.phase, assert_type(error.seconds, float)
        case TransportError():
            return assert_type(error.maybe_sent, bool), assert_type(error.url, str)
        case RemoteError():
            return assert_type(error.status, int), assert_type(error.retry_after, float | None)
        case WireError():
            return assert_type(error.excerpt, str)
    return visible_url("http://hub/")


def made() -> None:
    assert_type(remote_error(500, "it broke", method="GET", url="http://hub/"), RemoteError)
    ServerFault("it broke", status=500, method="GET", url="http://hub/", body=b"why", retry_after=1.5)
    ServerFault("it broke")  # type: ignore[call-arg]
