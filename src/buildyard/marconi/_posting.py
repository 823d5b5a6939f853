"""Messages to request bodies, as few as the service's limit on their size allows.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from buildyard.marconi._dialects import Dialect
from buildyard.marconi._wire import encode
from buildyard.marconi.errors import UsageError

#: The most bytes that Zaqar takes in one post; it does not count messages.
MAX_POST = 262_144

#: The most messages in one post: its answer names all of them in one header field, of which clients take 64 kB.
MAX_MESSAGES = 1_000

#: Seconds a message lives in v1, where the service has no default.
_TTL = 3600

_KEYS = {"body", "ttl", "delay"}


def batches(messages: Iterable[Mapping[str, Any]], dialect: Dialect) -> Iterator[bytes]:
    """Yield one request body after another.

    A message that is too large by itself is sent alone, for the service to refuse.  Raises `UsageError`, before
    anything is sent, for what is no message, and where there is none.
    """
    checked = [_checked(message, dialect) for message in messages]
    if not checked:
        raise UsageError("there is no message to post")
    whole = encode({"messages": checked} if dialect.wraps_messages else checked)
    if len(checked) <= MAX_MESSAGES and len(whole) <= MAX_POST:
        yield whole
    else:
        yield from _cut(checked, dialect)


def _cut(checked: Sequence[Mapping[str, Any]], dialect: Dialect) -> Iterator[bytes]:
    head, tail = (b'{"messages":[', b"]}") if dialect.wraps_messages else (b"[", b"]")
    room = MAX_POST - len(head) - len(tail)
    batch: list[bytes] = []
    size = -1  # a comma is between messages, not before the first
    for each in map(encode, checked):
        if batch and (size + 1 + len(each) > room or len(batch) == MAX_MESSAGES):
            yield head + b",".join(batch) + tail
            batch, size = [], -1
        batch.append(each)
        size += 1 + len(each)
    yield head + b",".join(batch) + tail


def _checked(message: object, dialect: Dialect) -> Mapping[str, Any]:
    if not isinstance(message, Mapping) or "body" not in message or not message.keys() <= _KEYS:
        raise UsageError('a message is {"body": ..., "ttl": seconds, "delay": seconds}, the latter two where wanted')
    if message.get("delay") is not None:
        dialect.require(dialect.has_v2, "delay")
    if dialect.needs_ttl and message.get("ttl") is None:
        return {"ttl": _TTL, "body": message["body"]}
    if message.get("ttl", 0) is not None and message.get("delay", 0) is not None:
        return message
    return {name: value for name, value in message.items() if name == "body" or value is not None}
