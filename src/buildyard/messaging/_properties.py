"""AMQP's basic properties, under the attribute names that pika gave them."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

Headers = dict[str, Any]


class PropertiesLike(Protocol):
    """Any object with the attributes of pika's ``BasicProperties``."""

    content_type: Any
    content_encoding: Any
    headers: Any
    delivery_mode: Any
    priority: Any
    message_id: Any


class Properties(Struct, kw_only=True):
    """The properties of one message; what is None is not sent."""

    content_type: str | None = None
    content_encoding: str | None = None
    headers: Headers | None = None
    delivery_mode: int | None = None  #: 2 is kept on disk
    priority: int | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    expiration: str | None = None  #: milliseconds, as text
    message_id: str | None = None
    timestamp: Any = None  #: aware, or seconds since 1970
    type: str | None = None
    user_id: str | None = None
    app_id: str | None = None
    cluster_id: str | None = None


#: In the order of their bits, the highest first (AMQP 0-9-1, section 4.2.6.1 and class basic).
NAMES = (
    "content_type",
    "content_encoding",
    "headers",
    "delivery_mode",
    "priority",
    "correlation_id",
    "reply_to",
    "expiration",
    "message_id",
    "timestamp",
    "type",
    "user_id",
    "app_id",
    "cluster_id",
)
