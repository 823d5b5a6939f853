"""What v1 answers otherwise than v1.1 and v2.

Nothing to show is 204 without a body, messages come and go in bare arrays, a queue has to be made before anything is
put into it, and its metadata has an address of its own.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from buildyard.farm.queue import database as queue
from buildyard.farm.queue.base import NewMessage, QueueNotFound, QueueStats
from buildyard.farm.queue.http import claims, deletes, errors, pages, posts, queues, reserved
from buildyard.farm.queue.http.call import DONE, Answer, Call, Headers, answered, located
from buildyard.farm.queue.http.errors import Refusal, bad_body, bad_request
from buildyard.farm.queue.http.reading import an_object, check_fields, decoded, names, objects, whatever
from buildyard.farm.queue.http.rendering import counted, next_link, shown
from buildyard.farm.queue.queues import find


class _Message(Struct):
    ttl: int
    body: Any


_POSTED: Final = msgspec.json.Decoder(list[_Message])


# --- queues


async def create(call: Call) -> Answer:
    """Make a queue; its body, if any, is not looked at."""
    is_new = await call.write(queue.create, call.owner, call.queue)
    return Answer(201 if is_new else 204, headers=located(call.here))


async def exists(call: Call) -> Answer:
    """Answer whether a queue was made."""
    await _metadata_of(call)
    return DONE


async def get_many(call: Call) -> Answer:
    """Answer with a page of the project's queues; with nothing where there are none."""
    asked, found, _ = await queues.a_page(call)
    if not found:
        return DONE
    return answered({"queues": found, "links": next_link(call, asked, found[-1]["name"])}, 200, _here(call))


async def metadata(call: Call) -> Answer:
    """Answer with a queue's metadata."""
    return answered(await _metadata_of(call), 200, _here(call))


async def set_metadata(call: Call) -> Answer:
    """Replace a queue's metadata."""
    bounds = call.rooms.settings
    given = an_object(whatever(await call.body(bounds.max_queue_metadata, reserved.too_large(bounds))))
    reserved.check_metadata(given, bounds)
    if any(key.startswith("_") for key in given):
        raise bad_body('Keys that begin with "_" are reserved.')
    try:
        await call.write(lambda connection, now: queue.set_metadata(connection, call.owner, call.queue, given))
    except QueueNotFound:
        raise errors.no_queue(call.queue, call.project) from None
    return Answer(204, headers=located(call.path))


async def stats(call: Call) -> Answer:
    """Answer with how much is in a queue."""

    def body(connection: Connection, now: float) -> QueueStats | None:
        is_there = find(connection, call.owner, call.queue) is not None
        return queue.stats(connection, now, call.owner, call.queue) if is_there else None

    found = await call.read(body)
    if found is None:
        raise errors.no_queue(call.queue, call.project)
    return answered(counted(call, found), 200, _here(call))


async def _metadata_of(call: Call) -> dict[str, Any]:
    try:
        return await call.read(lambda connection, now: queue.metadata(connection, call.owner, call.queue))
    except QueueNotFound:
        raise errors.no_queue(call.queue, call.project) from None


# --- messages


async def post(call: Call) -> Answer:
    """Answer a post: the new messages' addresses, in order."""
    most = call.rooms.settings.max_messages_post_size
    body = await call.body(most, posts.too_large(most))
    try:
        ids = await posts.keep(call, _messages(call, body), len(body), make_queue=False)
    except QueueNotFound:
        raise errors.no_queue(call.queue, call.project) from None
    base = f"{call.here}/messages"
    told = {"resources": [f"{base}/{number}" for number in ids], "partial": False}
    return answered(told, 201, posts.where(base, ids))


def _messages(call: Call, body: bytes) -> list[NewMessage]:
    try:
        given = decoded(_POSTED, body)
    except msgspec.ValidationError:
        raise _misfit(body) from None
    if not given:
        raise bad_request("No messages to enqueu.")
    return [posts.new_message(call, one.body, one.ttl) for one in given]


def _misfit(body: bytes) -> Refusal:
    for one in objects(whatever(body)):
        check_fields(one, ("ttl", "body"), ("ttl",))
    return bad_body(errors.WRONG_TYPE)


async def get_messages(call: Call) -> Answer:
    """Answer with a page of messages, or those of ``ids``; with nothing where there are none."""
    ids = names(call.query, "ids")
    if ids is not None:
        return await _by_ids(call, ids)
    asked, page = await pages.a_page(call)
    if not page.messages:
        return DONE
    told = {"messages": shown(call, page.messages), "links": next_link(call, asked, page.marker)}
    return answered(told, 200, _here(call))


async def _by_ids(call: Call, ids: list[str]) -> Answer:
    try:
        return answered(shown(call, await pages.by_ids(call, ids)), 200, _here(call))
    except Refusal as refusal:
        if refusal.status == 404:
            return DONE
        raise


async def get_message(call: Call) -> Answer:
    """Answer with one message."""
    found = await pages.get_one(call)
    return Answer(found.status, found.body, _here(call))


async def delete_messages(call: Call) -> Answer:
    """Delete the messages of ``ids``."""
    ids = names(call.query, "ids")
    if ids is None:
        raise bad_request('The request should have the "ids" parameter, to be able to delete.')
    return await deletes.drop(call, ids)


# --- claims


async def get_claim(call: Call) -> Answer:
    """Answer with a claim and what it still holds."""
    found = await claims.get(call)
    return Answer(found.status, found.body, _here(call))


def _here(call: Call) -> Headers:
    """Return the header with which v1 says where an answer can be had again."""
    query = call.scope["query_string"]
    return ((b"content-location", call.path.encode("latin-1", "replace") + (b"?" + query if query else b"")),)
