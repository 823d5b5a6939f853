"""What the faces' tables are made of where an operation gives an object that has operations itself.

`wrapped` is to `buildyard.faces.blocking.blocking` what a method that returns a `Message` is to one that returns a
number: the core's object is put into the face's class.  `direct` is for operations that wait for nothing.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from buildyard.faces.blocking import BlockingFace, iterate_blocking, run_blocking
from buildyard.faces.deferred import DeferredFace, DeferredIterator, as_deferred

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

P = ParamSpec("P")
T = TypeVar("T")
FaceT = TypeVar("FaceT")
CoreT = TypeVar("CoreT")
CoreT_co = TypeVar("CoreT_co", covariant=True)


class Face(Protocol[CoreT_co]):
    """A face: something that holds a core."""

    @property
    def _core(self) -> CoreT_co: ...


def direct(
    operation: Callable[Concatenate[CoreT, P], T], wrap: Callable[[T], FaceT]
) -> Callable[Concatenate[Face[CoreT], P], FaceT]:
    """Return a face's method for a core's plain one, its result as an object of the face."""

    @functools.wraps(operation)
    def call(face: Face[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> FaceT:
        return wrap(operation(face._core, *args, **kwargs))

    return call


def blocking_as(
    operation: Callable[Concatenate[CoreT, P], Coroutine[Any, Any, T]], wrap: Callable[[T], FaceT]
) -> Callable[Concatenate[BlockingFace[CoreT], P], FaceT]:
    """Return the blocking method for an operation, its result as an object of the face."""

    @functools.wraps(operation)
    def call(face: BlockingFace[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> FaceT:
        return wrap(run_blocking(operation(face._core, *args, **kwargs)))

    return call


def blocking_iter_as(
    operation: Callable[Concatenate[CoreT, P], AsyncIterator[T]], wrap: Callable[[T], FaceT]
) -> Callable[Concatenate[BlockingFace[CoreT], P], Generator[FaceT, None, None]]:
    """Return the blocking method for an iteration, its items as objects of the face."""

    @functools.wraps(operation)
    def call(face: BlockingFace[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> Generator[FaceT, None, None]:
        return iterate_blocking_as(operation(face._core, *args, **kwargs), wrap)

    return call


def iterate_blocking_as(source: AsyncIterator[T], wrap: Callable[[T], FaceT]) -> Generator[FaceT, None, None]:
    """Yield each item of an iteration as an object of the face; leaving early closes it."""
    items = iterate_blocking(source)
    try:
        for item in items:
            yield wrap(item)
    finally:
        items.close()


def deferred_as(
    operation: Callable[Concatenate[CoreT, P], Coroutine[Any, Any, T]], wrap: Callable[[T], FaceT]
) -> Callable[Concatenate[DeferredFace[CoreT], P], Deferred[FaceT]]:
    """Return the Twisted method for an operation, its result as an object of the face."""

    @functools.wraps(operation)
    def call(face: DeferredFace[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> Deferred[FaceT]:
        return as_deferred(_wrapped(operation(face._core, *args, **kwargs), wrap))

    return call


async def _wrapped(coroutine: Coroutine[Any, Any, T], wrap: Callable[[T], FaceT]) -> FaceT:
    return wrap(await coroutine)


def deferred_iter_as(
    operation: Callable[Concatenate[CoreT, P], AsyncIterator[T]], wrap: Callable[[T], FaceT]
) -> Callable[Concatenate[DeferredFace[CoreT], P], DeferredIterator[FaceT]]:
    """Return the Twisted method for an iteration, its items as objects of the face."""

    @functools.wraps(operation)
    def call(face: DeferredFace[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> DeferredIterator[FaceT]:
        return DeferredIterator(each_wrapped(operation(face._core, *args, **kwargs), wrap))

    return call


async def each_wrapped(source: AsyncIterator[T], wrap: Callable[[T], FaceT]) -> AsyncIterator[FaceT]:
    """Yield each item of an iteration as an object of the face; leaving early closes it."""
    try:
        async for item in source:
            yield wrap(item)
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()


def each_as(wrap: Callable[[T], FaceT]) -> Callable[[list[T]], list[FaceT]]:
    """Return what puts each of some objects into the face's class."""
    return lambda found: [wrap(each) for each in found]
