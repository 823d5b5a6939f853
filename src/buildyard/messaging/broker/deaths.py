"""Dead letters: what a message's ``x-death`` header says, and whether it goes in a circle.

The forms are RabbitMQ's: one table for each queue and reason, the newest first, with how often that happened.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from buildyard.messaging.broker.messages import BCC, CC, Content

REJECTED, EXPIRED, TOO_LONG = "rejected", "expired", "maxlen"


def dead_letter(
    content: Content, *, queue: str, reason: str, exchange: str, routing_key: str | None, unix_time: float
) -> Content:
    """Return what is published in place of a message that died in a queue."""
    properties = content.properties()
    headers = dict(properties.headers or {})
    keys = [content.routing_key, *_texts(headers.get(CC)), *_texts(headers.get(BCC))]
    died: dict[str, Any] = {
        "count": 1,
        "reason": reason,
        "queue": queue,
        "time": datetime.fromtimestamp(int(unix_time), UTC),
        "exchange": content.exchange,
        "routing-keys": keys,
    }
    if properties.expiration is not None:
        # It has run out, and would at once again.
        died["original-expiration"], properties.expiration = properties.expiration, None
    headers["x-death"] = _with(_deaths(headers), died)
    for name, value in (("reason", reason), ("queue", queue), ("exchange", content.exchange)):
        headers.setdefault(f"x-first-death-{name}", value)
    if routing_key is not None:
        headers.pop(CC, None)
    headers.pop(BCC, None)
    properties.headers = headers
    key = content.routing_key if routing_key is None else routing_key
    return Content(exchange, key, content.body, properties=properties)


def _with(deaths: list[dict[str, Any]], died: dict[str, Any]) -> list[dict[str, Any]]:
    same = [one for one in deaths if (one.get("queue"), one.get("reason")) == (died["queue"], died["reason"])]
    if same:
        died = {**died, **same[0], "count": int(same[0].get("count", 0)) + 1}
    return [died, *(one for one in deaths if one not in same)]


def is_circle(content: Content, queue: str) -> bool:
    """Tell whether a dead letter comes to a queue where it died before and nobody has rejected it since."""
    since: list[Any] = []
    for one in _deaths(content.peek().headers or {}):
        since.append(one.get("reason"))
        if one.get("queue") == queue:
            return REJECTED not in since
    return False


def _deaths(headers: dict[str, Any]) -> list[dict[str, Any]]:
    found = headers.get("x-death")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
