"""What the broker keeps: the content of a message, which its queues share, and its place in one of them.

A content comes from this process as properties, or from a socket as the payload of a content header.  It is turned
into the other form only where somebody needs that, so that neither way pays for the other.
"""

from __future__ import annotations

import copy

from msgspec import structs

from buildyard.messaging._amqp import content as codec
from buildyard.messaging._properties import Headers, Properties, PropertiesLike

#: The bits of priority, expiration and user_id in a content header (AMQP 0-9-1, class basic).
_CONCERNING = 1 << 11 | 1 << 8 | 1 << 4
_NOTHING = (None,) * 9
_LONGEST_TEXT = 4096
_MOST_HEADERS = 24

#: Headers that name more routing keys, the second of which nobody sees (RabbitMQ's sender-selected distribution).
CC, BCC = "CC", "BCC"


class Content:
    """One message as it was published; it is not changed."""

    __slots__ = ("_header", "_is_flat", "_properties", "body", "exchange", "routing_key")

    def __init__(
        self,
        exchange: str,
        routing_key: str,
        body: bytes,
        *,
        properties: Properties | None = None,
        header: bytes | None = None,
        is_flat: bool = False,
    ) -> None:
        self.exchange = exchange
        self.routing_key = routing_key
        self.body = body
        self._properties = properties
        self._header = header
        self._is_flat = is_flat  #: no header is a table or a list

    @property
    def is_plain(self) -> bool:
        """Tell whether nothing in its properties can concern the broker."""
        if self._header is None:
            return self._is_flat
        flags = int.from_bytes(self._header[12:14], "big")
        return not flags & _CONCERNING and CC.encode() not in self._header

    def peek(self) -> Properties:
        """Return the properties for reading alone; where they cannot be read there are none."""
        if self._properties is None:
            try:
                self._properties = codec.decode_header(self._header or b"")
            except ValueError:
                self._properties = Properties()
        return self._properties

    def properties(self) -> Properties:
        """Return properties that the caller may change.  Raises `ValueError` where they cannot be read."""
        kept = self._properties
        if kept is None:
            return codec.decode_header(self._header or b"")
        headers = kept.headers
        if headers is not None:
            headers = dict(headers) if self._is_flat else copy.deepcopy(headers)
        return structs.replace(kept, headers=headers)

    def header(self) -> bytes:
        """Return the payload of its content header."""
        if self._header is None:
            self._header = codec.encode_header(self.peek(), len(self.body))
        return self._header

    def without_bcc(self) -> Content:
        """Return what receivers see of it."""
        headers = self.peek().headers
        if not headers or BCC not in headers:
            return self
        properties = self.properties()
        properties.headers = {name: value for name, value in headers.items() if name != BCC}
        return Content(self.exchange, self.routing_key, self.body, properties=properties)


class Entry:
    """A message's place in one queue."""

    __slots__ = ("content", "expires_at", "is_redelivered", "position", "priority")

    def __init__(self, content: Content) -> None:
        self.content = content
        self.position = 0  #: in its queue, in order of arrival
        self.priority = 0
        self.expires_at: float | None = None
        self.is_redelivered = False

    def __lt__(self, other: Entry) -> bool:
        return self.position < other.position


def content_of(exchange: str, routing_key: str, properties: PropertiesLike, body: bytes) -> Content:
    """Return what is kept of a message of this process: a copy, so that later changes do not reach it.

    Raises `ValueError` for what AMQP could not carry, as publishing over a socket does.
    """
    codec.short(exchange)
    codec.short(routing_key)
    if type(properties) is Properties and _is_usual(properties):
        headers = properties.headers
        kept = structs.replace(properties, headers=None if headers is None else dict(headers))
        return Content(exchange, routing_key, body, properties=kept, is_flat=True)
    return Content(exchange, routing_key, body, header=codec.encode_header(properties, len(body)))


def _is_usual(given: Properties) -> bool:
    """Tell whether these are sure to be sendable, and hold nothing that can be changed from outside."""
    rare = (
        given.priority,
        given.correlation_id,
        given.reply_to,
        given.expiration,
        given.timestamp,
        given.type,
        given.user_id,
        given.app_id,
        given.cluster_id,
    )
    if rare != _NOTHING or given.delivery_mode not in (None, 1, 2):
        return False
    for text in (given.message_id, given.content_type, given.content_encoding):
        if text is not None and not (type(text) is str and len(text) <= 255 and text.isascii()):
            return False
    return given.headers is None or _is_flat(given.headers)


def _is_flat(headers: Headers) -> bool:
    if type(headers) is not dict or len(headers) > _MOST_HEADERS:
        return False
    # Calls would be most of the cost of this loop.
    for name, value in headers.items():
        if type(name) is not str or len(name) > 255 or not name.isascii():
            return False
        kind = type(value)
        if kind is str:
            if len(value) > _LONGEST_TEXT or not value.isascii():
                return False
        elif kind is int:
            if not -(1 << 31) <= value < 1 << 31:
                return False
        elif kind is not bool and value is not None:
            return False
    return True
