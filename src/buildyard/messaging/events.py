"""Messages as typed events: which messages are known to be what, by their schema, exchange and topic.

    register_event(TaskDone, schema="example.task.done")          # a msgspec struct: the body becomes one
    register_event(parse, exchange="exchange/ci/v1/done")         # a function of the whole message

    match event_of(message):
        case TaskDone(id=task): ...

A class of messages that has a property ``event``, as the farm's have, needs no more.  For messages without such a
class packages have an entry point in the group ``buildyard.events``: a function that is called once, with
`register_event`, when the first event is looked for.  Pulse's are with `buildyard.taskcluster`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import Any

import msgspec
from msgspec import Struct

from buildyard.messaging.exceptions import ValidationError
from buildyard.messaging.message import SCHEMA_HEADER, Message

__all__ = ["EventRegistry", "event_of", "register_event"]

log = logging.getLogger(__name__)

GROUP = "buildyard.events"

Parser = Callable[[Message], Any]


class _Entry(Struct, frozen=True, kw_only=True):
    """One kind of event, and which messages are of it; what is empty holds for any."""

    parse: Parser
    schema: str
    exchange: str
    topic: re.Pattern[str] | None

    def takes(self, message: Message, schema: object) -> bool:
        """Tell whether a message is of this kind."""
        return (
            self.schema in ("", schema)
            and self.exchange in ("", message.exchange)
            and (self.topic is None or self.topic.fullmatch(f"{message.topic}.") is not None)
        )


class EventRegistry:
    """Kinds of events.  A schema says more than an exchange, and an exchange more than a topic."""

    def __init__(self, group: str = "") -> None:
        self._group = group  #: entry points that are called before the first look; none where empty
        self._is_loaded = not group
        self._by_schema: dict[str, list[_Entry]] = {}
        self._by_exchange: dict[str, list[_Entry]] = {}
        self._others: list[_Entry] = []

    def register(self, kind: type[Struct] | Parser, *, schema: str = "", exchange: str = "", topic: str = "") -> None:
        """Let messages of this schema, exchange and topic be events of this kind.

        ``kind`` is a struct, which the body becomes, or a function of a message that returns the event, or None where
        it is none.  ``topic`` is a pattern as in bindings.  Of several that fit the last one holds.  Raises
        `ValueError` where nothing is said of the messages.
        """
        if not (schema or exchange or topic):
            raise ValueError("say which messages: by schema, exchange or topic")
        parse = _converter(kind) if isinstance(kind, type) and issubclass(kind, Struct) else kind
        entry = _Entry(parse=parse, schema=schema, exchange=exchange, topic=_pattern(topic) if topic else None)
        if schema:
            self._by_schema.setdefault(schema, []).append(entry)
        elif exchange:
            self._by_exchange.setdefault(exchange, []).append(entry)
        else:
            self._others.append(entry)

    def event_of(self, message: Message) -> Any:
        """Return the event that a message tells of, None where no kind fits and its class has no ``event``.

        Raises `ValidationError` where the message is not as its kind wants it.
        """
        self._load_once()
        schema = message.headers.get(SCHEMA_HEADER)
        for entry in self._candidates(schema, message.exchange):
            if entry.takes(message, schema):
                event = _parsed(entry.parse, message)
                if event is not None:
                    return event
        return _parsed(_own, message)

    def _candidates(self, schema: object, exchange: str | None) -> Iterable[_Entry]:
        # A header may be anything, and so have no hash.
        by_schema = self._by_schema.get(schema, []) if isinstance(schema, str) else []
        yield from reversed(by_schema)
        yield from reversed(self._by_exchange.get(exchange or "", []))
        yield from reversed(self._others)

    def _load_once(self) -> None:
        if self._is_loaded:
            return
        self._is_loaded = True
        for point in entry_points(group=self._group):
            try:
                point.load()(self.register)
            except Exception:
                # A broken package breaks its own events alone.
                log.exception("The events of %s (%s) cannot be loaded and are left out", point.name, point.value)


def _own(message: Message) -> Any:
    """Return what the message's class makes of it: its property ``event``."""
    return getattr(message, "event", None)


def _converter(kind: type[Struct]) -> Parser:
    return lambda message: msgspec.convert(message.body, kind)


def _parsed(parse: Parser, message: Message) -> Any:
    try:
        return parse(message)
    except msgspec.ValidationError as error:
        raise ValidationError.of(error) from error


def _pattern(topic: str) -> re.Pattern[str]:
    """Return an expression for a topic with a dot at its end (AMQP 0-9-1, section 3.1.3.3)."""
    words = {"*": r"[^.]*\.", "#": r"(?:[^.]*\.)*"}
    return re.compile("".join(words.get(word, re.escape(word) + r"\.") for word in topic.split(".")))


_registry = EventRegistry(GROUP)

register_event = _registry.register
event_of = _registry.event_of
