"""What a connection tells its driver."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from buildyard.messaging._properties import Properties


class Opened(Struct, frozen=True, kw_only=True):
    """The handshake is done; channels may be opened."""


class Closed(Struct, frozen=True, kw_only=True):
    """The connection is over, and nothing more will happen on it."""

    code: int  #: the broker's; 0 where the end is not its doing
    reason: str
    is_protocol_error: bool = False  #: the peer broke the rules
    is_refused: bool = False  #: it did not let us in: credentials, virtual host


class Blocked(Struct, frozen=True, kw_only=True):
    """The broker reads no more from publishers: it is short of memory or disk."""

    reason: str


class Unblocked(Struct, frozen=True, kw_only=True):
    """The broker reads from publishers again."""


class Answered(Struct, frozen=True, kw_only=True):
    """The answer to a call has come."""

    call: int
    frame: Any  #: a method frame of pamqp's


class ChannelClosed(Struct, frozen=True, kw_only=True):
    """The broker closed a channel; everything that was under way on it is void."""

    channel: int
    code: int  #: 403, 404, 405, 406, ...
    reason: str
    unconfirmed: list[int]  #: tags of messages whose fate is not known


class Confirmed(Struct, frozen=True, kw_only=True):
    """The broker has taken, or refused, messages."""

    channel: int
    tags: list[int]
    is_taken: bool


class Returned(Struct, frozen=True, kw_only=True):
    """A mandatory message found no queue.  Its confirmation follows."""

    channel: int
    tag: int
    code: int
    reason: str


class Delivered(Struct, frozen=True, kw_only=True):
    """A message for one of our consumers."""

    channel: int
    consumer: str
    tag: int
    is_redelivered: bool
    exchange: str
    routing_key: str
    properties: Properties
    body: bytes
    fault: str | None = None  #: why properties or body could not be read, where they could not


class Cancelled(Struct, frozen=True, kw_only=True):
    """The broker ended a consumer."""

    channel: int
    consumer: str


Event = Opened | Closed | Blocked | Unblocked | Answered | ChannelClosed | Confirmed | Returned | Delivered | Cancelled
