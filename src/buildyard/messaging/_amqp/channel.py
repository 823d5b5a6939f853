"""What a connection remembers of one channel: calls, confirmations, and the message that is arriving."""

from __future__ import annotations

import struct
from collections import deque
from typing import Any

from buildyard.messaging._amqp import content
from buildyard.messaging._amqp.events import Confirmed, Delivered, Returned
from buildyard.messaging._properties import Properties
from buildyard.messaging.exceptions import ProtocolError

_TAG = struct.Struct(">QB")


class Channel:
    """The state of one channel."""

    def __init__(self, number: int, max_body: int) -> None:
        self.number = number
        self.calls: deque[tuple[int, Any]] = deque()  #: number and frame of what is not answered yet
        self.last_tag = 0
        self.unconfirmed: dict[int, str | None] = {}  #: tag to message id, in order
        self._max_body = max_body
        self._arriving: _Arriving | None = None

    def published(self, message_id: str | None) -> int:
        """Return the tag of a message that is being published."""
        self.last_tag += 1
        self.unconfirmed[self.last_tag] = message_id
        return self.last_tag

    def settled(self, tag: int, *, multiple: bool, is_taken: bool) -> Confirmed | None:
        """Return which messages the broker has settled."""
        if not multiple:
            if tag not in self.unconfirmed:
                return None
            del self.unconfirmed[tag]
            return Confirmed(channel=self.number, tags=[tag], is_taken=is_taken)
        tags: list[int] = []
        for one in self.unconfirmed:
            # Tag 0 means all there are.
            if tag and one > tag:
                break
            tags.append(one)
        for one in tags:
            del self.unconfirmed[one]
        return Confirmed(channel=self.number, tags=tags, is_taken=is_taken) if tags else None

    def deliver(self, payload: bytes) -> None:
        """A message begins to arrive for a consumer (``basic.deliver``)."""
        consumer, at = _short(payload, 4)
        tag, flag = _TAG.unpack_from(payload, at)
        exchange, at = _short(payload, at + 9)
        routing_key, at = _short(payload, at)
        self._begin(_Arriving(consumer, tag, bool(flag & 1), exchange, routing_key))

    def returned(self, frame: Any) -> None:
        """A message of ours begins to come back (``basic.return``)."""
        arriving = _Arriving("", 0, False, frame.exchange, frame.routing_key)
        arriving.refusal = (frame.reply_code, frame.reply_text)
        self._begin(arriving)

    def _begin(self, arriving: _Arriving) -> None:
        if self._arriving is not None:
            raise ProtocolError(reason="a message begins before the last one has ended")
        self._arriving = arriving

    def header(self, payload: bytes) -> Delivered | Returned | None:
        """The properties have arrived; return the message where it has no body."""
        arriving = self._arriving
        if arriving is None or arriving.size >= 0:
            raise ProtocolError(reason="properties arrived for no message")
        try:
            arriving.size = content.body_size(payload)
        except ValueError as error:
            raise ProtocolError(reason=str(error)) from error
        try:
            arriving.properties = content.decode_header(payload)
        except ValueError as error:
            arriving.fault = str(error)
        if arriving.size > self._max_body:
            arriving.fault = f"the body has {arriving.size} bytes, and {self._max_body} are allowed"
        return self._finish(arriving) if arriving.size == 0 else None

    def body(self, payload: bytes) -> Delivered | Returned | None:
        """A piece of the body has arrived; return the message where it was the last."""
        arriving = self._arriving
        if arriving is None or arriving.size < 0:
            raise ProtocolError(reason="a body arrived for no message")
        arriving.received += len(payload)
        if arriving.received > arriving.size:
            raise ProtocolError(reason="a body is longer than its header said")
        if arriving.size <= self._max_body:
            arriving.pieces.append(payload)
        return self._finish(arriving) if arriving.received == arriving.size else None

    def _finish(self, arriving: _Arriving) -> Delivered | Returned:
        self._arriving = None
        if arriving.refusal is not None:
            code, reason = arriving.refusal
            tag = self._tag_of(arriving.properties.message_id)
            return Returned(channel=self.number, tag=tag, code=code, reason=reason)
        pieces = arriving.pieces
        return Delivered(
            channel=self.number,
            consumer=arriving.consumer,
            tag=arriving.tag,
            is_redelivered=arriving.is_redelivered,
            exchange=arriving.exchange,
            routing_key=arriving.routing_key,
            properties=arriving.properties,
            body=pieces[0] if len(pieces) == 1 else b"".join(pieces),
            fault=arriving.fault,
        )

    def _tag_of(self, message_id: str | None) -> int:
        # A return has no tag.  It comes before its confirmation, so its message is one of those that are left.
        for tag, identity in self.unconfirmed.items():
            if identity == message_id:
                return tag
        return next(iter(self.unconfirmed), 0)


class _Arriving:
    """A message of which not everything is here."""

    __slots__ = (
        "consumer",
        "exchange",
        "fault",
        "is_redelivered",
        "pieces",
        "properties",
        "received",
        "refusal",
        "routing_key",
        "size",
        "tag",
    )

    def __init__(self, consumer: str, tag: int, is_redelivered: bool, exchange: str, routing_key: str) -> None:
        self.consumer = consumer
        self.tag = tag
        self.is_redelivered = is_redelivered
        self.exchange = exchange
        self.routing_key = routing_key
        self.size = -1  #: of the body; not known before the header
        self.received = 0
        self.pieces: list[bytes] = []
        self.properties = Properties()
        self.fault: str | None = None
        self.refusal: tuple[int, str] | None = None


def _short(payload: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + payload[at]
    return str(payload[at + 1 : end], "utf-8", "surrogateescape"), end
