"""The blocking face: the same coroutines over a transport that never suspends, so that one step finishes them.

There is no thread and no loop: `run_blocking` sends ``None`` into the coroutine once, and everything it does
happens in the caller's own frames.  A client's blocking class is a table of `blocking` and `blocking_iter`
over its core.  `deferred` is the same table for Twisted; `http.BlockingTransport` is the transport.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Concatenate, Final, Generic, ParamSpec, Protocol, Self, TypeVar, runtime_checkable

from buildyard.errors import CoreSuspended

P = ParamSpec("P")
T = TypeVar("T")
CoreT = TypeVar("CoreT")
# Covariant, so that a table may list operations that its core inherits.
CoreT_co = TypeVar("CoreT_co", covariant=True)


@runtime_checkable
class Closing(Protocol):
    """Something that wants to be closed: most cores."""

    async def close(self) -> None:
        """Give back what is held."""


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine whose transport never suspends.

    Raises `CoreSuspended` as soon as it awaits anything that would suspend.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        coroutine.close()
    raise CoreSuspended(f"{_name(coroutine)} awaited something other than its blocking transport")


def _name(coroutine: Coroutine[Any, Any, object]) -> str:
    return str(getattr(coroutine, "__qualname__", coroutine))


class _End:
    """What `_step` returns after the last item."""


_END: Final = _End()


async def _step(source: AsyncIterator[T]) -> T | _End:
    try:
        return await anext(source)
    except StopAsyncIteration:
        return _END


async def _close(source: object) -> None:
    # An iterator need not be a generator; only generators have something to close.
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()


def iterate_blocking(source: AsyncIterator[T]) -> Generator[T, None, None]:
    """Yield each item of an asynchronous iterator whose transport never suspends.

    Leaving early closes ``source``, so that its ``finally`` and ``async with`` blocks run at once.
    """
    try:
        while not isinstance(item := run_blocking(_step(source)), _End):
            yield item
    finally:
        run_blocking(_close(source))


class BlockingFace(Generic[CoreT_co]):
    """The base of blocking clients: holds a core made over a blocking transport.

    A context manager; leaving it closes the core, where the core has a ``close``.
    """

    def __init__(self, core: CoreT_co) -> None:
        self._core = core

    def close(self) -> None:
        """Close the core's connections."""
        if isinstance(self._core, Closing):
            run_blocking(self._core.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def blocking(
    operation: Callable[Concatenate[CoreT, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[BlockingFace[CoreT], P], T]:
    """Return the blocking method for a core's operation: same parameters, same documentation, plain result."""

    @functools.wraps(operation)
    def call(face: BlockingFace[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return run_blocking(operation(face._core, *args, **kwargs))

    return call


def blocking_iter(
    operation: Callable[Concatenate[CoreT, P], AsyncIterator[T]],
) -> Callable[Concatenate[BlockingFace[CoreT], P], Generator[T, None, None]]:
    """Return the blocking method for a core's asynchronous iteration; its generator closes the core's on leaving."""

    @functools.wraps(operation)
    def call(face: BlockingFace[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> Generator[T, None, None]:
        return iterate_blocking(operation(face._core, *args, **kwargs))

    return call
