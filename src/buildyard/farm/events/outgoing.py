"""From a row of the log to what goes out to the bus: an event as a message with its schema, Taskcluster's as they are.

Ids are made from the farm's identity and the row's number, so that a message that goes out twice is known by its id.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import Row

from buildyard.farm.events.message_kinds import APP, schema_name
from buildyard.farm.events.messages import CLASSES
from buildyard.farm.events.schemas import TOPICS
from buildyard.messaging._amqp.content import short
from buildyard.messaging._properties import Properties
from buildyard.messaging._wire import Outgoing, encode
from buildyard.messaging.exceptions import ValidationError
from buildyard.messaging.message import SENT_AT_HEADER, Message, register


def outgoing(row: Row[Any], identity: UUID, topic_prefix: str) -> Outgoing:
    """Return what goes out for this row.  Raises `ValidationError` where that cannot be a message."""
    message_id = str(uuid5(identity, str(row.id)))
    return _foreign(row, message_id) if row.exchange else _event(row, message_id, topic_prefix)


def _event(row: Row[Any], message_id: str, topic_prefix: str) -> Outgoing:
    # A later version may have recorded what this one has no class for.
    cls = CLASSES.get(row.topic, Message)
    message = cls(msgspec.json.decode(row.body), topic=f"{APP}.{row.topic}")
    message.id = message_id
    message.headers[SENT_AT_HEADER] = datetime.fromtimestamp(row.at, UTC).isoformat(timespec="seconds")
    message.validate()
    return encode(message, topic_prefix=topic_prefix)


def _foreign(row: Row[Any], message_id: str) -> Outgoing:
    cc: list[str] = msgspec.json.decode(row.cc) if row.cc else []
    try:
        for key in (row.topic, *cc):
            short(key)
    except ValueError as error:
        raise ValidationError.of(error) from error
    properties = Properties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        message_id=message_id,
        headers={"CC": cc},
    )
    return Outgoing(routing_key=row.topic, properties=properties, body=row.body.encode())


# A checkout's installed metadata may be older than its events.
for _topic, _class in CLASSES.items():
    register(schema_name(TOPICS[_topic]), _class, "buildyard")
