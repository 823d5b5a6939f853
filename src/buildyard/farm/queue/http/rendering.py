"""The JSON of messages as each version shows them.

v1 names a message by its href alone; v1.1 and v2 give its id too.  The href of a claimed message carries its claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from buildyard.farm.queue.base import Message, QueueStats
from buildyard.farm.queue.http.call import Call


def href(call: Call, message: Message) -> str:
    """Return the address of a message, host-relative."""
    bare = f"{call.here}/messages/{message.id}"
    return bare if message.claim_id is None else f"{bare}?claim_id={message.claim_id}"


def shown(call: Call, messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return messages as this version shows them."""
    one = _v1_message if call.version == "v1" else _message
    return [one(call, message) for message in messages]


def next_link(call: Call, asked: Mapping[str, str], marker: object) -> list[dict[str, str]]:
    """Return the link to the next page of this listing: what was asked, with the marker."""
    return [{"rel": "next", "href": f"{call.path}?{urlencode({**asked, 'marker': marker})}"}]


def counted(call: Call, stats: QueueStats) -> dict[str, Any]:
    """Return a queue's statistics; what is delayed counts as free, as in Zaqar."""
    told: dict[str, Any] = {"claimed": stats.claimed, "free": stats.free + stats.delayed, "total": stats.total}
    if stats.oldest is not None and stats.newest is not None:
        one = _dated if call.version != "v2" else _whole
        told |= {"newest": one(call, stats.newest), "oldest": one(call, stats.oldest)}
    return {"messages": told}


def _message(call: Call, message: Message) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "href": href(call, message),
        "ttl": message.ttl,
        "age": int(message.age),
        "body": message.body,
    }


def _v1_message(call: Call, message: Message) -> dict[str, Any]:
    return {"href": href(call, message), "ttl": message.ttl, "age": int(message.age), "body": message.body}


def _dated(call: Call, message: Message) -> dict[str, Any]:
    bare = f"{call.here}/messages/{message.id}"
    created = datetime.fromtimestamp(int(message.created), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"href": bare, "age": int(message.age), "created": created}


def _whole(call: Call, message: Message) -> dict[str, Any]:
    more = {"ttl": message.ttl, "body": message.body, "claim_id": message.claim_id, "claim_count": message.claim_count}
    return {**_dated(call, message), **more}
