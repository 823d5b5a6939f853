"""What the faces share beside their tables: operations of a core that wait for nothing.

`direct` is to them what `buildyard.faces.blocking.blocking` is to those that wait.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
CoreT = TypeVar("CoreT")
CoreT_co = TypeVar("CoreT_co", covariant=True)


class Face(Protocol[CoreT_co]):
    """A face: something that holds a core."""

    @property
    def _core(self) -> CoreT_co: ...


#: Awaits a function on a thread: ``on_thread(function, *arguments)``.
OnThread: TypeAlias = Callable[..., Awaitable[Any]]


def core_of(service: CoreT | Face[CoreT]) -> CoreT:
    """Return the core of a face's client, or the core itself, which an asyncio client is."""
    core: Any = service
    found: CoreT = getattr(core, "_core", core)
    return found


def direct(operation: Callable[Concatenate[CoreT, P], T]) -> Callable[Concatenate[Face[CoreT], P], T]:
    """Return a face's method for a core's plain method: same parameters, same documentation, same result."""

    @functools.wraps(operation)
    def call(face: Face[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return operation(face._core, *args, **kwargs)

    return call
