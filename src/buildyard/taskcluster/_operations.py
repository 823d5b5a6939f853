"""Operations from routes: what the generated classes of each face are made of.

`operation` and `items` make the methods of the asyncio cores in `_services`; `blocking_call`, `deferred_call`
and their iterating twins make those of the other faces from them.  Their types stand in the classes (`_calls`).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from buildyard.faces.blocking import blocking, blocking_iter
from buildyard.faces.deferred import deferred, deferred_iter
from buildyard.taskcluster._calling import bind
from buildyard.taskcluster._routes import Route

if TYPE_CHECKING:
    from buildyard.taskcluster._service import AsyncService

_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)


def operation(route: Route[Any], doc: str) -> Any:
    """Return the method of a core that sends one function's request, called in any of the four ways."""

    async def call(self: AsyncService, /, *args: object, **named: object) -> object:
        return await self._invoke(route, bind(route, args, named))

    return _named(call, route.name, route, doc)


def items(name: str, of: Any) -> Any:
    """Return the method of a core that iterates over what the pages of an operation list."""
    route: Route[Any] = of.route

    def call(self: AsyncService, /, *args: object, **named: object) -> object:
        return self._items(route, bind(route, args, named))

    return _named(
        call, name, route, f"Yield each item of the pages of `{route.name}`; a page is asked for when needed."
    )


def _named(call: Callable[..., object], name: str, route: Route[Any], doc: str) -> Callable[..., object]:
    """Give a method the name, words and signature of its function, so that ``help`` shows them."""
    call.__name__ = name
    call.__doc__ = doc
    call.__dict__["route"] = route
    call.__dict__["__signature__"] = _signature((*route.params, *(("payload",) if route.has_input else ())))
    return call


@functools.cache
def _signature(names: tuple[str, ...]) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    query = inspect.Parameter("query", inspect.Parameter.KEYWORD_ONLY, default=None)
    return inspect.Signature([_SELF, *(inspect.Parameter(each, kind) for each in names), query])


#: The methods of the other faces from those of a core; the classes say their types.
blocking_call: Callable[[Any], Any] = blocking
blocking_items: Callable[[Any], Any] = blocking_iter
deferred_call: Callable[[Any], Any] = deferred
deferred_items: Callable[[Any], Any] = deferred_iter
