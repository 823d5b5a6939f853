"""Post messages over HTTP, v1.1 and v2: one transaction, whatever their number.  `v1` has what differs there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from buildyard.farm.queue.base import NewMessage
from buildyard.farm.queue.http import errors
from buildyard.farm.queue.http.call import Answer, Call, Headers, answered, located
from buildyard.farm.queue.http.errors import Refusal, bad_request
from buildyard.farm.queue.http.reading import check_fields, decoded, objects, whatever
from buildyard.farm.queue.posting import post as put_in

#: So many messages take long enough for others to go on meanwhile.
_MANY: Final = 100

#: More ids would make a header that many programs refuse.
_MOST_LOCATED: Final = 500


class _Message(Struct):
    body: Any
    ttl: int | UnsetType = UNSET
    delay: int | UnsetType = UNSET


class _Posted(Struct):
    messages: list[_Message]


_POSTED: Final = msgspec.json.Decoder(_Posted)


async def post(call: Call) -> Answer:
    """Answer a post: the new messages' addresses, in order."""
    most = call.rooms.settings.max_messages_post_size
    body = await call.body(most, too_large(most))
    return stored(call, await keep(call, _messages(call, body), len(body)))


async def keep(call: Call, messages: Sequence[NewMessage], size: int, *, make_queue: bool = True) -> Sequence[int]:
    """Return the numbers of these messages once they are in the queue."""
    default = call.rooms.settings.default_message_ttl
    more = {"client_id": call.client_id, "size": size, "default_ttl": default, "make_queue": make_queue}
    if len(messages) > _MANY:
        return await call.write(put_in, call.owner, call.queue, messages, **more)
    return await call.on_queue(put_in, messages, **more)


def stored(call: Call, ids: Sequence[int]) -> Answer:
    """Return the answer to a post."""
    base = f"{call.here}/messages"
    return answered({"resources": [f"{base}/{number}" for number in ids]}, 201, where(base, ids))


def where(base: str, ids: Sequence[int]) -> Headers:
    """Return the header with the address of these messages together; of very many, that of all messages."""
    return located(f"{base}?ids={','.join(map(str, ids))}" if len(ids) <= _MOST_LOCATED else base)


def too_large(most: int) -> str:
    """Return what is said of a post of more bytes than that."""
    return f"Message collection size is too large. Max size {most}"


def new_message(call: Call, body: Any, ttl: int | None, delay: int | None = None) -> NewMessage:
    """Return a message on its way in.  Raises the 400 for a ttl or a delay out of range."""
    bounds = call.rooms.settings
    if ttl is not None and not bounds.min_message_ttl <= ttl <= bounds.max_message_ttl:
        raise bad_request(
            f"The TTL for a message may not exceed {bounds.max_message_ttl} seconds, and must be at least "
            f"{bounds.min_message_ttl} seconds long."
        )
    if delay is not None and not 0 <= delay <= bounds.max_message_delay:
        raise bad_request(
            f"The Delay TTL for a message may not exceed {bounds.max_message_delay} seconds, and must be at least "
            "0 seconds long."
        )
    return NewMessage(body=body, ttl=ttl, delay=delay)


def _messages(call: Call, body: bytes) -> list[NewMessage]:
    try:
        given = decoded(_POSTED, body).messages
    except msgspec.ValidationError:
        raise _misfit(body) from None
    if not given:
        raise bad_request("No messages to enqueu.")  # Zaqar's spelling
    has_delay = call.version == "v2"
    return [
        new_message(
            call,
            one.body,
            None if one.ttl is UNSET else one.ttl,
            one.delay if has_delay and one.delay is not UNSET else None,
        )
        for one in given
    ]


def _misfit(body: bytes) -> Refusal:
    """Return what is wrong with a post that is JSON of another kind."""
    document = whatever(body)
    if not isinstance(document, dict) or "messages" not in document:
        return bad_request("No messages were found in the request body.")
    for one in objects(document["messages"]):
        check_fields(one, ("body",), ("ttl", "delay"))
    return errors.bad_body(errors.WRONG_TYPE)
