"""Messages to what AMQP carries, and back."""

from __future__ import annotations

import json
import logging
from typing import Any

from msgspec import Struct

from buildyard.messaging._amqp import content
from buildyard.messaging._amqp.events import Delivered
from buildyard.messaging._registry import BASE_NAME
from buildyard.messaging.exceptions import ValidationError
from buildyard.messaging.message import (
    INFO,
    PACKAGE_HEADER,
    SCHEMA_HEADER,
    SEVERITY_HEADER,
    Message,
    get_class,
)

log = logging.getLogger(__name__)

# As fedora-messaging writes them, save that NaN and Infinity, which are not JSON, are refused.
_to_json = json.JSONEncoder(allow_nan=False).encode


class Outgoing(Struct, frozen=True, kw_only=True):
    """One message, ready to be published."""

    routing_key: str
    properties: Any
    body: bytes


def encode(message: Message, *, topic_prefix: str = "", priority: int | None = None) -> Outgoing:
    """Return what goes out for a message that is valid.

    ``priority`` is for messages without one.  Raises `ValidationError` where topic or body cannot be sent.  Headers
    are written with their frame.
    """
    if priority is not None and message._properties.priority is None:
        message.priority = priority
    routing_key = f"{topic_prefix.rstrip('.')}.{message.topic}" if topic_prefix else message.topic
    try:
        content.short(routing_key)
        body = _to_json(message.body).encode()
        return Outgoing(routing_key=routing_key, properties=message._properties, body=body)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValidationError.of(error) from error


def decode(delivered: Delivered, *, queue: str | None = None) -> Message:
    """Return the valid message that was delivered.  Raises `ValidationError` for whatever is wrong with it."""
    try:
        return _decode(delivered, queue)
    except ValidationError:
        raise
    except Exception as error:
        raise ValidationError.of(error) from error


def _decode(delivered: Delivered, queue: str | None) -> Message:
    if delivered.fault is not None:
        raise ValidationError(delivered.fault)
    properties = delivered.properties
    if properties.headers is None:
        properties.headers = {}
    headers = properties.headers
    delivered.routing_key.encode()  # raises where it was not UTF-8
    body = json.loads(str(delivered.body, properties.content_encoding or "utf-8"))
    cls = get_class(headers.get(SCHEMA_HEADER, BASE_NAME), headers.get(PACKAGE_HEADER))
    severity = headers.get(SEVERITY_HEADER, INFO)
    message = cls(body=body, topic=delivered.routing_key, properties=properties, severity=severity)
    message.body = body  # as it came: the constructor takes anything empty for an empty object
    message.topic = delivered.routing_key
    message.queue = queue
    message.exchange = delivered.exchange
    message.redelivered = delivered.is_redelivered
    message.validate()
    if cls.deprecated:
        log.warning("A message of the deprecated schema %s arrived, topic %s", cls.__name__, message.topic)
    return message
