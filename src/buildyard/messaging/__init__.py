"""Publish and consume messages with schemas over AMQP, compatible with fedora-messaging.

Here are the blocking names; `buildyard.messaging.aio` has them for asyncio, and `buildyard.messaging.api` is
laid out as fedora-messaging's own.  All of it needs the extra ``messaging``.
"""

from buildyard.messaging._settling import Redelivery
from buildyard.messaging.api import close, consume, messages, publish
from buildyard.messaging.exceptions import Drop, HaltConsumer, Nack
from buildyard.messaging.message import SEVERITIES, Message, dumps, loads

__all__ = [
    "SEVERITIES",
    "Drop",
    "HaltConsumer",
    "Message",
    "Nack",
    "Redelivery",
    "close",
    "consume",
    "dumps",
    "loads",
    "messages",
    "publish",
]
