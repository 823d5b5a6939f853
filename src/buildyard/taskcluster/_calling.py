"""How a function may be called: from what a caller wrote to the route's values, payload, query and paging.

Taskcluster's clients take the values of a route by position, by name, or in ``params``, and the payload
by position or name:

    queue.createTask(taskId, payload)
    queue.createTask(payload, taskId=taskId)
    queue.createTask(payload=payload, query=query, params={"taskId": taskId})
    queue.createTask(taskId, payload=payload, query=query)

One rule covers them all: names fill their places, positions fill the places that are left in the route's
order, and one position more is the payload.  Pure; `_service` calls `bind`, `_calls` holds the types.
"""

# Arguments are Taskcluster's own names.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from buildyard.taskcluster._routes import Route
from buildyard.taskcluster.errors import TaskclusterFailure

#: A route's value.
Value: TypeAlias = str | int
Payload: TypeAlias = Mapping[str, Any]
#: Values by the names of the route's parameters.
Params: TypeAlias = Mapping[str, Value]
#: Query values by name; ``None`` leaves one out.
Query: TypeAlias = Mapping[str, str | int | None]
#: What is called with each page; where it returns an awaitable, that is awaited.
Handler: TypeAlias = Callable[[Any], object]


class Call(NamedTuple):
    """One call, taken apart."""

    values: tuple[object, ...]  #: of the route, in its order
    payload: object = None
    query: Mapping[str, object] | None = None
    handler: Handler | None = None
    limit: int | None = None  #: of items a page


def bind(route: Route[Any], args: tuple[object, ...], named: Mapping[str, Any]) -> Call:
    """Return a call's parts; `TaskclusterFailure` says what is missing, too much, or of another name."""
    if not named and not route.has_input and len(args) == len(route.params):
        return Call(args)
    rest = dict(named)
    payload, query = rest.pop("payload", None), rest.pop("query", None)
    handler, limit = rest.pop("paginationHandler", None), rest.pop("paginationLimit", None)
    given = _merged(route, rest, rest.pop("params", None))
    values, over = _values(route, args, given)
    if over:
        payload = _positional_payload(route, over, payload)
    if route.has_input and payload is None:
        raise TaskclusterFailure(f"{route.name}: Payload is required")
    if (handler is not None or limit is not None) and not route.is_paged:
        raise TaskclusterFailure(f"{route.name} answers at once, not in pages")
    return Call(values, payload, _mapping(route, "query", query), handler, limit)


def _mapping(route: Route[Any], name: str, value: object) -> Mapping[str, Any] | None:
    if value is not None and not isinstance(value, Mapping):
        raise TaskclusterFailure(f"{route.name}: {name} is a dict, not {value!r:.80}")
    return value


def _merged(route: Route[Any], named: dict[str, object], params: object) -> dict[str, object]:
    """Return the values given by name, as keywords or in ``params``."""
    extra = dict(_mapping(route, "params", params) or {})
    if twice := sorted(named.keys() & extra.keys()):
        raise TaskclusterFailure(f"{route.name}: {', '.join(twice)} was given twice")
    merged = {**named, **extra}
    if unknown := sorted(map(str, merged.keys() - set(route.params))):
        raise TaskclusterFailure(
            f"{route.name} takes {', '.join(route.params) or 'no values'}, not {', '.join(unknown)}"
        )
    return merged


def _values(
    route: Route[Any], args: tuple[object, ...], given: Mapping[str, object]
) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Return the route's values, and the positions that were left over."""
    places = [name for name in route.params if name not in given]
    if len(args) < len(places):
        raise TaskclusterFailure(f"{route.name}: {', '.join(places[len(args) :])} is missing; see {route.route}")
    filled = {**given, **dict(zip(places, args, strict=False))}
    return tuple(filled[name] for name in route.params), args[len(places) :]


def _positional_payload(route: Route[Any], over: tuple[object, ...], payload: object) -> object:
    if len(over) > 1 or not route.has_input or payload is not None:
        wanted = ", ".join((*route.params, *(["payload"] if route.has_input else [])))
        raise TaskclusterFailure(f"{route.name} takes {wanted or 'no values'}: too many were given")
    return over[0]
