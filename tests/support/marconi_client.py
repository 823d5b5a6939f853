"""A scenario of the Marconi client, played in one of its faces: blocking, on asyncio's loop, on Twisted's reactor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from buildyard.faces.blocking import run_blocking
from buildyard.marconi import Connection, aio
from buildyard.marconi._client import AsyncClient
from buildyard.marconi._connection import AsyncConnection

T = TypeVar("T")

#: ``async def scenario(client)`` over the cores.
Scenario = Callable[[AsyncClient], Coroutine[Any, Any, T]]


def play(face: str, options: dict[str, Any], scenario: Scenario[T]) -> T:
    """Return what the scenario returns over a connection of that face, made with these options and closed at its end.

    For "twisted" the reactor has to run in another thread.
    """
    if face == "blocking":
        return run_blocking(_played(Connection(**options)._core, scenario))
    if face == "asyncio":
        return asyncio.run(_on_a_loop(options, scenario))
    return _on_a_reactor(options, scenario)


async def _played(connection: AsyncConnection, scenario: Scenario[T]) -> T:
    try:
        return await scenario(AsyncClient(connection))
    finally:
        await connection.close()


async def _on_a_loop(options: dict[str, Any], scenario: Scenario[T]) -> T:
    return await _played(aio.Connection(**options), scenario)


def _on_a_reactor(options: dict[str, Any], scenario: Scenario[T]) -> T:
    from twisted.internet import reactor, threads
    from twisted.internet.defer import Deferred

    from buildyard.marconi import tx

    def start() -> Deferred[Any]:
        return Deferred.fromCoroutine(_played(tx.Connection(**options)._core, scenario))

    result: Any = threads.blockingCallFromThread(reactor, start)
    return result  # type: ignore[no-any-return]
