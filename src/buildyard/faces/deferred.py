"""The Twisted face: the same coroutines as Deferreds.

A client's Twisted class is a table of `deferred` and `deferred_iter` over its core, as its blocking class is one of
`blocking`.  A program that writes coroutines itself may as well give a `twisted.TwistedTransport` to the core and
await its operations.  Twisted is imported when the first operation is called.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from buildyard.faces.blocking import Closing

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

P = ParamSpec("P")
T = TypeVar("T")
CoreT = TypeVar("CoreT")
# Covariant, so that a table may list operations that its core inherits.
CoreT_co = TypeVar("CoreT_co", covariant=True)


def as_deferred(coroutine: Coroutine[Any, Any, T]) -> Deferred[T]:
    """Return a Deferred that fires with the coroutine's result; cancelling it cancels the coroutine."""
    from twisted.internet.defer import Deferred

    return Deferred.fromCoroutine(coroutine)


class DeferredIterator(Generic[T]):
    """What a Twisted face returns for an iteration.

    ``async for`` works within a coroutine of Twisted's; `each` and `collect` are for code without any.
    """

    def __init__(self, source: AsyncIterator[T]) -> None:
        self._source = source

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        return await anext(self._source)

    async def aclose(self) -> None:
        """End the iteration early."""
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()

    def each(self, handler: Callable[[T], object]) -> Deferred[None]:
        """Return a Deferred that fires after ``handler`` was called with each item.

        Where the handler returns a Deferred, the next item waits for it.
        """
        return as_deferred(self._each(handler))

    async def _each(self, handler: Callable[[T], object]) -> None:
        from twisted.internet.defer import Deferred

        try:
            async for item in self._source:
                result = handler(item)
                if isinstance(result, Deferred):
                    await result
        finally:
            await self.aclose()

    def collect(self, limit: int | None = None) -> Deferred[list[T]]:
        """Return a Deferred that fires with the first ``limit`` items, or all."""
        return as_deferred(self._collect(limit))

    async def _collect(self, limit: int | None) -> list[T]:
        items: list[T] = []
        try:
            while limit is None or len(items) < limit:
                items.append(await anext(self._source))
        except StopAsyncIteration:
            pass
        finally:
            await self.aclose()
        return items


class DeferredFace(Generic[CoreT_co]):
    """The base of Twisted clients: holds a core made over a Twisted transport."""

    def __init__(self, core: CoreT_co) -> None:
        self._core = core

    def close(self) -> Deferred[None]:
        """Return a Deferred that fires when the core's connections are closed."""
        return as_deferred(self._close())

    async def _close(self) -> None:
        if isinstance(self._core, Closing):
            await self._core.close()


def deferred(
    operation: Callable[Concatenate[CoreT, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[DeferredFace[CoreT], P], Deferred[T]]:
    """Return the Twisted method for a core's operation: same parameters, and a Deferred of its result."""

    @functools.wraps(operation)
    def call(face: DeferredFace[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return as_deferred(operation(face._core, *args, **kwargs))

    return call


def deferred_iter(
    operation: Callable[Concatenate[CoreT, P], AsyncIterator[T]],
) -> Callable[Concatenate[DeferredFace[CoreT], P], DeferredIterator[T]]:
    """Return the Twisted method for a core's asynchronous iteration."""

    @functools.wraps(operation)
    def call(face: DeferredFace[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> DeferredIterator[T]:
        return DeferredIterator(operation(face._core, *args, **kwargs))

    return call
