"""Exchanges: which destinations a routing key leads to."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Protocol

from buildyard.messaging._properties import Headers
from buildyard.messaging.broker.topics import TopicIndex

#: A queue or an exchange that is bound.
Destination = Hashable
Arguments = Mapping[str, Any]


class _Router(Protocol):
    def add(self, destination: Any, key: str, arguments: Arguments, /) -> None: ...
    def remove(self, destination: Any, key: str, arguments: Arguments, /) -> None: ...
    def match(self, key: str, headers: Headers | None, /) -> Iterable[Any]: ...


class _Direct:
    """To those bound with the very key."""

    def __init__(self) -> None:
        self._by_key: dict[str, dict[Any, int]] = {}

    def add(self, destination: Any, key: str, arguments: Arguments) -> None:
        bound = self._by_key.setdefault(key, {})
        bound[destination] = bound.get(destination, 0) + 1

    def remove(self, destination: Any, key: str, arguments: Arguments) -> None:
        bound = self._by_key[key]
        bound[destination] -= 1
        if not bound[destination]:
            del bound[destination]
            if not bound:
                del self._by_key[key]

    def match(self, key: str, headers: Headers | None) -> Iterable[Any]:
        return self._by_key.get(key, ())


class _Fanout(_Direct):
    """To all that are bound."""

    def add(self, destination: Any, key: str, arguments: Arguments) -> None:
        super().add(destination, "", arguments)

    def remove(self, destination: Any, key: str, arguments: Arguments) -> None:
        super().remove(destination, "", arguments)

    def match(self, key: str, headers: Headers | None) -> Iterable[Any]:
        return super().match("", headers)


class _Topic:
    """To those whose pattern the key matches."""

    def __init__(self) -> None:
        self._index: TopicIndex[Any] = TopicIndex()

    def add(self, destination: Any, key: str, arguments: Arguments) -> None:
        self._index.add(key, destination)

    def remove(self, destination: Any, key: str, arguments: Arguments) -> None:
        self._index.remove(key, destination)

    def match(self, key: str, headers: Headers | None) -> Iterable[Any]:
        return self._index.match(key)


class _Headers:
    """To those whose arguments the headers hold: all of them or, with ``x-match`` any, one."""

    def __init__(self) -> None:
        self._bound: list[tuple[Any, Arguments]] = []

    def add(self, destination: Any, key: str, arguments: Arguments) -> None:
        self._bound.append((destination, arguments))

    def remove(self, destination: Any, key: str, arguments: Arguments) -> None:
        self._bound.remove((destination, arguments))

    def match(self, key: str, headers: Headers | None) -> Iterable[Any]:
        held = headers or {}
        return [destination for destination, wanted in self._bound if _fits(wanted, held)]


def _fits(wanted: Arguments, held: Headers) -> bool:
    how = str(wanted.get("x-match", "all"))
    chosen = any if how.startswith("any") else all
    counts_x = how.endswith("-with-x")
    return chosen(
        name in held and (value is None or held[name] == value)
        for name, value in wanted.items()
        if name != "x-match" and (counts_x or not name.startswith("x-"))
    )


_ROUTERS: dict[str, Callable[[], _Router]] = {
    "direct": _Direct,
    "fanout": _Fanout,
    "topic": _Topic,
    "headers": _Headers,
}
KINDS = frozenset(_ROUTERS)


class Exchange:
    """One exchange, and what is bound to it."""

    def __init__(
        self,
        name: str,
        kind: str,
        *,
        is_durable: bool = False,
        is_auto_delete: bool = False,
        is_internal: bool = False,
        arguments: Arguments | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.is_durable = is_durable
        self.is_auto_delete = is_auto_delete
        self.is_internal = is_internal
        self.arguments = dict(arguments or {})
        self.bindings: dict[tuple[Any, str, str], Arguments] = {}
        self._router = _ROUTERS[kind]()

    @property
    def alternate(self) -> str | None:
        """The exchange that has what matches nothing here."""
        name = self.arguments.get("alternate-exchange")
        return name if isinstance(name, str) else None

    def bind(self, destination: Any, key: str, arguments: Arguments) -> None:
        """Bind a destination; once is enough."""
        binding = (destination, key, repr(sorted(arguments.items(), key=str)))
        if binding not in self.bindings:
            self.bindings[binding] = dict(arguments)
            self._router.add(destination, key, self.bindings[binding])

    def unbind(self, destination: Any, key: str, arguments: Arguments) -> bool:
        """Tell whether it was bound; it is not any longer."""
        binding = (destination, key, repr(sorted(arguments.items(), key=str)))
        known = self.bindings.pop(binding, None)
        if known is None:
            return False
        self._router.remove(destination, key, known)
        return True

    def unbind_all(self, destination: Any) -> bool:
        """Tell whether it was bound in any way; it is not any longer."""
        found = [binding for binding in self.bindings if binding[0] is destination]
        for binding in found:
            self._router.remove(destination, binding[1], self.bindings.pop(binding))
        return bool(found)

    def match(self, key: str, headers: Headers | None) -> Iterable[Any]:
        """Return the destinations of a message."""
        return self._router.match(key, headers)
