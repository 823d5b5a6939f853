"""What the faces share beside their tables: operations of a core that wait for nothing.

`direct` is to them what `buildyard.faces.blocking.blocking` is to those that wait.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
CoreT = TypeVar("CoreT")
CoreT_co = TypeVar("CoreT_co", covariant=True)


class Face(Protocol[CoreT_co]):
    """A face: something that holds a core."""

    @property
    def _core(self) -> CoreT_co: ...


def direct(operation: Callable[Concatenate[CoreT, P], T]) -> Callable[Concatenate[Face[CoreT], P], T]:
    """Return a face's method for a core's plain method: same parameters, same documentation, same result."""

    @functools.wraps(operation)
    def call(face: Face[CoreT], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return operation(face._core, *args, **kwargs)

    return call
