"""Functions that take a connection of any face and answer as that face does: for `estimates` and `cache`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

from buildyard.faces.blocking import BlockingFace, run_blocking
from buildyard.faces.deferred import DeferredFace, as_deferred
from buildyard.koji._core import AsyncKoji

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

P = ParamSpec("P")
T = TypeVar("T")

#: A connection of any face.
AnyConnection = AsyncKoji | BlockingFace[AsyncKoji] | DeferredFace[AsyncKoji]


def answered(connection: AnyConnection, operation: Callable[[AsyncKoji], Coroutine[Any, Any, T]]) -> Any:
    """Return what the operation answers, as the connection's face does: plainly, awaitable, or as a Deferred."""
    if isinstance(connection, AsyncKoji):
        return operation(connection)
    coroutine = operation(connection._core)
    return run_blocking(coroutine) if isinstance(connection, BlockingFace) else as_deferred(coroutine)


class Faced(Protocol[P, T]):
    """A function of a connection of any face."""

    @overload
    def __call__(self, connection: BlockingFace[AsyncKoji], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def __call__(self, connection: DeferredFace[AsyncKoji], /, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]: ...
    @overload
    def __call__(self, connection: AsyncKoji, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]: ...


def faced(operation: Callable[Concatenate[AsyncKoji, P], Coroutine[Any, Any, T]]) -> Faced[P, T]:
    """Return the function for connections of all faces: same parameters, same documentation."""

    @functools.wraps(operation)
    def call(connection: AnyConnection, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        return answered(connection, lambda core: operation(core, *args, **kwargs))

    return call
