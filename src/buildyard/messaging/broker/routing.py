"""The exchanges of a host, what is bound to them, and the way of a message from an exchange to its queues.

Ways that depend on exchange and routing key alone are remembered until a binding changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildyard.messaging.broker.errors import Refused, inequivalent, not_found, reserved
from buildyard.messaging.broker.exchanges import KINDS, Arguments, Exchange
from buildyard.messaging.broker.messages import BCC, CC, Content
from buildyard.messaging.broker.queues import Queue

#: So many ways from an exchange and a key to queues are remembered.
_REMEMBERED = 4096

_PRESET = {
    "amq.direct": "direct",
    "amq.fanout": "fanout",
    "amq.headers": "headers",
    "amq.match": "headers",
    "amq.topic": "topic",
}


class Exchanges:
    """The exchanges; ``queues`` are the host's, by name."""

    def __init__(self, queues: Mapping[str, Queue]) -> None:
        self._queues = queues
        self._by_name = {name: Exchange(name, kind, is_durable=True) for name, kind in _PRESET.items()}
        self._ways: dict[tuple[str, str], list[Queue]] = {}

    def get(self, name: str) -> Exchange:
        """Return an exchange that is not the nameless one.  Raises `Refused`."""
        if not name:
            raise Refused(403, "operation not permitted on the default exchange")
        found = self._by_name.get(name)
        if found is None:
            raise not_found("exchange", name)
        return found

    def declare(
        self,
        name: str,
        kind: str,
        *,
        is_durable: bool = False,
        is_auto_delete: bool = False,
        is_internal: bool = False,
        arguments: Arguments,
    ) -> None:
        """Have an exchange.  Raises `Refused` where there is another one under that name."""
        if kind not in KINDS:
            raise Refused(503, f"unknown exchange type '{kind}'")
        known = self._by_name.get(name)
        if known is not None:
            _compare(known, kind, is_durable, is_auto_delete, is_internal, arguments)
            return
        if not name:
            raise Refused(403, "operation not permitted on the default exchange")
        if name.startswith("amq."):
            raise reserved("exchange", name)
        self._by_name[name] = Exchange(
            name,
            kind,
            is_durable=is_durable,
            is_auto_delete=is_auto_delete,
            is_internal=is_internal,
            arguments=arguments,
        )
        self._ways.clear()

    def delete(self, name: str, *, only_unused: bool = False) -> None:
        """Be rid of an exchange, if it is there.  Raises `Refused`."""
        if name in _PRESET or not name:
            raise Refused(403, f"deletion of system exchange '{name}' in vhost '/' is not allowed")
        exchange = self._by_name.get(name)
        if exchange is None:
            return
        if only_unused and exchange.bindings:
            raise Refused(406, f"exchange '{name}' in vhost '/' in use")
        self._forget(exchange)

    def _forget(self, exchange: Exchange) -> None:
        del self._by_name[exchange.name]
        self.unbind_everywhere(exchange)

    def bind(self, source: str, destination: Queue | Exchange, key: str, arguments: Arguments) -> None:
        """Bind a queue or an exchange.  Raises `Refused`."""
        self.get(source).bind(destination, key, arguments)
        self._ways.clear()

    def unbind(self, source: str, destination: Queue | Exchange, key: str, arguments: Arguments) -> None:
        """End a binding, if there is one.  Raises `Refused`."""
        exchange = self.get(source)
        if exchange.unbind(destination, key, arguments):
            self._ways.clear()
            self._delete_if_done(exchange)

    def unbind_everywhere(self, destination: Queue | Exchange) -> None:
        """End the bindings of what is gone."""
        self._ways.clear()
        for exchange in list(self._by_name.values()):
            if exchange.unbind_all(destination):
                self._delete_if_done(exchange)

    def _delete_if_done(self, exchange: Exchange) -> None:
        if exchange.is_auto_delete and not exchange.bindings and exchange.name in self._by_name:
            self._forget(exchange)

    def queues_changed(self) -> None:
        """Forget the ways to queues: there is one more or less."""
        self._ways.clear()

    # --- ways -------------------------------------------------------------------------------------

    def queues_of(self, content: Content) -> list[Queue]:
        """Return the queues of a message that is published.  Raises `Refused`."""
        way = (content.exchange, content.routing_key)
        if not content.is_plain:
            return self._find(content, self._source(content.exchange))[0]
        known = self._ways.get(way)
        if known is not None:
            return known
        found, may_be_kept = self._find(content, self._source(content.exchange))
        if may_be_kept:
            if len(self._ways) >= _REMEMBERED:
                self._ways.clear()
            self._ways[way] = found
        return found

    def _source(self, name: str) -> Exchange | None:
        """Return where a message is published to, None for the nameless exchange.  Raises `Refused`."""
        if not name:
            return None
        exchange = self._by_name.get(name)
        if exchange is None:
            raise not_found("exchange", name)
        if exchange.is_internal:
            raise Refused(403, f"cannot publish to internal exchange '{name}' in vhost '/'")
        return exchange

    def queues_of_letter(self, content: Content) -> list[Queue] | None:
        """Return the queues of a dead letter, which internal exchanges take too; None where its exchange is gone."""
        exchange = self._by_name.get(content.exchange)
        if exchange is None and content.exchange:
            return None
        return self._find(content, exchange)[0]

    def _find(self, content: Content, source: Exchange | None) -> tuple[list[Queue], bool]:
        """Return the queues of a message, and whether those of its exchange and key are always the same."""
        headers = None if content.is_plain else content.peek().headers
        keys = [content.routing_key, *_more_keys(headers)]
        if source is None:
            named = (self._queues.get(key) for key in keys)
            return list(dict.fromkeys(queue for queue in named if queue is not None)), len(keys) == 1
        found: dict[Queue, None] = {}
        seen = [source]
        by_key = len(keys) == 1
        for exchange in seen:
            if exchange.kind == "headers":
                by_key, headers = False, content.peek().headers
            matched = [one for key in keys for one in exchange.match(key, headers)]
            alternate = self._by_name.get(exchange.alternate or "") if not matched else None
            for one in [alternate] if alternate is not None else matched:
                if isinstance(one, Queue):
                    found[one] = None
                elif one not in seen:
                    seen.append(one)
        return list(found), by_key


def _more_keys(headers: Mapping[str, Any] | None) -> list[str]:
    if not headers:
        return []
    lists = (headers.get(CC), headers.get(BCC))
    return [key for keys in lists if isinstance(keys, list) for key in keys if isinstance(key, str)]


def _compare(
    known: Exchange, kind: str, is_durable: bool, is_auto_delete: bool, is_internal: bool, arguments: Arguments
) -> None:
    for name, received, current in (
        ("type", kind, known.kind),
        ("durable", is_durable, known.is_durable),
        ("auto_delete", is_auto_delete, known.is_auto_delete),
        ("internal", is_internal, known.is_internal),
        ("alternate-exchange", arguments.get("alternate-exchange"), known.alternate),
    ):
        if received != current:
            raise inequivalent(name, "exchange", known.name, received, current)
