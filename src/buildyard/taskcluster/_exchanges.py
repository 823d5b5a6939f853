"""Patterns for Pulse: which exchange to bind a queue to, and with which routing key pattern.

Pure.  `_events` (generated) lists the exchanges; `Events` is the base of its classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypedDict

from buildyard.taskcluster._options import read_event_options
from buildyard.taskcluster.errors import TaskclusterTopicExchangeFailure

#: One word of a routing key.
Word: TypeAlias = str | int
Keys: TypeAlias = Mapping[str, Word | None]


class Binding(TypedDict):
    """What to bind a queue with."""

    exchange: str
    routingKeyPattern: str


class Key(NamedTuple):
    """One place of a routing key."""

    name: str
    constant: str = ""  #: what stands there always; empty where that differs
    is_many: bool = False  #: it may be several words

    @classmethod
    def of(cls, text: str) -> Key:
        """Return the key that a text such as ``kind=primary`` or ``reserved.#`` describes."""
        name, _, constant = text.removesuffix(".#").partition("=")
        return cls(name, constant, text.endswith(".#"))


class Exchange(NamedTuple):
    """One exchange of a service."""

    name: str  #: of its method
    exchange: str  #: what follows the service's prefix
    keys: tuple[Key, ...]

    @classmethod
    def of(cls, name: str, exchange: str, keys: str) -> Exchange:
        """Return an exchange whose keys are described by a text, with spaces between them."""
        return cls(name, exchange, tuple(map(Key.of, keys.split())))

    def pattern(self, given: Mapping[str, object]) -> str:
        """Return the routing key pattern for these values; raises `TaskclusterTopicExchangeFailure`."""
        if unknown := sorted(map(str, given.keys() - {key.name for key in self.keys})):
            known = ", ".join(key.name for key in self.keys)
            raise TaskclusterTopicExchangeFailure(f"{self.name} has the keys {known}, not {', '.join(unknown)}")
        return ".".join(self._word(key, given.get(key.name)) for key in self.keys)

    @property
    def is_of_group(self) -> bool:
        """Tell whether its messages are about task groups rather than tasks."""
        return self.name.startswith("taskGroup") and self.keys[1].name == "taskGroupId"

    def words(self, routing_key: str) -> dict[str, str] | None:
        """Return the words of a routing key by the names of their places, without those that are absent (``_``).

        None where the key is not as the exchange describes it.
        """
        given = routing_key.split(".")
        many = bool(self.keys) and self.keys[-1].is_many
        fixed = self.keys[:-1] if many else self.keys
        if len(given) < len(fixed) or (len(given) > len(fixed) and not many):
            return None
        found = dict(zip((key.name for key in fixed), given, strict=False))
        if many:
            found[self.keys[-1].name] = ".".join(given[len(fixed) :])
        if any(key.constant and found[key.name] != key.constant for key in fixed):
            return None
        return {name: word for name, word in found.items() if word not in ("", "_")}

    def _word(self, key: Key, value: object) -> str:
        if key.constant:
            return key.constant
        if value is None:
            return "#" if key.is_many else "*"
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TaskclusterTopicExchangeFailure(f"{key.name} is text or a whole number, not {value!r}")
        if "." in str(value) and not key.is_many:
            raise TaskclusterTopicExchangeFailure(f"{key.name} is one word, and {value!r} has a period in it")
        return str(value)


class Events:
    """The exchanges of one service.  ``options`` are those of a client; nothing is connected to."""

    EXCHANGE_PREFIX: ClassVar[str]

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self._prefix = read_event_options(options or {}) or self.EXCHANGE_PREFIX

    @classmethod
    def exchanges(cls) -> list[Exchange]:
        """Return every exchange of the service."""
        found = (getattr(cls, name) for name in dir(cls) if not name.startswith("_"))
        return [method.exchange for method in found if isinstance(getattr(method, "exchange", None), Exchange)]

    def _binding(self, exchange: Exchange, args: tuple[object, ...], named: Mapping[str, object]) -> Binding:
        if len(args) > 1 or (args and named) or (args and not isinstance(args[0], str | Mapping)):
            raise TaskclusterTopicExchangeFailure(
                f"{exchange.name}: give one pattern, one dict, or keys by their names"
            )
        given = args[0] if args else named
        pattern = exchange.pattern(given) if isinstance(given, Mapping) else str(given)
        return {"exchange": f"{self._prefix.rstrip('/')}/{exchange.exchange}", "routingKeyPattern": pattern}


def exchange(facts: Exchange, doc: str) -> Any:
    """Return the method of an events class for one exchange."""

    def bind(self: Events, /, *args: object, **named: object) -> Binding:
        return self._binding(facts, args, named)

    call: Callable[..., Binding] = bind
    call.__name__ = facts.name
    call.__doc__ = doc
    call.__dict__["exchange"] = facts
    return call
