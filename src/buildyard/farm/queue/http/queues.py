"""Queues over HTTP, v1.1 and v2: make, look at, change, list, count, empty, remove.  `v1` has what differs there."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection

from buildyard.farm.queue import database as queue
from buildyard.farm.queue import listing, purging
from buildyard.farm.queue.base import DEFAULT_LIMIT, QueueNotFound
from buildyard.farm.queue.http import errors, reserved
from buildyard.farm.queue.http.call import DONE, Answer, Call, answered, located
from buildyard.farm.queue.http.errors import bad_request, by_router
from buildyard.farm.queue.http.patching import MEDIA_TYPE, changes_of, patched
from buildyard.farm.queue.http.reading import an_object, boolean, limited, whatever
from buildyard.farm.queue.http.rendering import counted, next_link
from buildyard.farm.queue.queues import find

#: What a listing understands; any other parameter of v2 names a key of the queues' metadata.
_LISTING: Final = ("marker", "limit", "detailed", "with_count", "name")

#: What a purge can be told to empty.
_RESOURCES: Final = frozenset({"messages", "subscriptions"})


async def create(call: Call) -> Answer:
    """Make a queue; one that is there stays as it is."""
    metadata = await read_metadata(call)

    def body(connection: Connection, now: float) -> bool:
        is_new = find(connection, call.owner, call.queue) is None
        return is_new and queue.create(connection, now, call.owner, call.queue, metadata)

    is_new = await call.write(body)
    return Answer(201 if is_new else 204, headers=located(call.here))


async def read_metadata(call: Call) -> dict[str, Any]:
    """Return the metadata in the body, none for no body.  Raises the 400 for what no queue can have."""
    bounds = call.rooms.settings
    body = await call.body(bounds.max_queue_metadata, reserved.too_large(bounds))
    metadata = an_object(whatever(body)) if body else {}
    reserved.check_metadata(metadata, bounds)
    return metadata


async def get(call: Call) -> Answer:
    """Answer with a queue's metadata; v2 fills in what holds by default, for a queue that was never made too."""
    try:
        found = await call.read(_metadata, call)
    except QueueNotFound:
        if call.version != "v2":
            raise errors.no_queue(call.queue, call.project) from None
        found = {}
    return answered(reserved.filled_in(found, call.rooms.settings) if call.version == "v2" else found)


def _metadata(connection: Connection, now: float, call: Call) -> dict[str, Any]:
    return queue.metadata(connection, call.owner, call.queue)


async def patch(call: Call) -> Answer:
    """Change a queue's metadata, operation by operation; answer with all of it."""
    if call.headers.get(b"content-type", b"").partition(b";")[0].strip() != MEDIA_TYPE.encode():
        told = f"Accepted media type for PATCH: {{'Accept-Patch': '{MEDIA_TYPE}'}}."
        raise by_router(415, description=told)
    bounds = call.rooms.settings
    changes = changes_of(whatever(await call.body(bounds.max_queue_metadata, reserved.too_large(bounds))))

    def body(connection: Connection, now: float) -> dict[str, Any]:
        before = queue.metadata(connection, call.owner, call.queue)
        after = patched(before, changes, lambda key: reserved.is_reserved(key, bounds))
        reserved.check_metadata(after, bounds)
        queue.set_metadata(connection, call.owner, call.queue, after)
        return after

    try:
        return answered(reserved.filled_in(await call.write(body), bounds))
    except QueueNotFound:
        raise errors.no_queue(call.queue, call.project) from None


async def remove(call: Call) -> Answer:
    """Remove a queue with all that is in it, if it is there."""
    await call.write(lambda connection, now: queue.remove(connection, call.owner, call.queue))
    return DONE


async def get_many(call: Call) -> Answer:
    """Answer with a page of the project's queues."""
    asked, found, count = await a_page(call)
    told: dict[str, Any] = {
        "queues": found,
        "links": next_link(call, asked, found[-1]["name"]) if found else [],
    }
    return answered(told if count is None else {**told, "count": count})


async def a_page(call: Call) -> tuple[dict[str, str], list[dict[str, Any]], int | None]:
    """Return what was asked for, as the link to the next page repeats it, the queues, and their count if wanted."""
    query = call.query
    limit = limited(query, call.rooms.settings.max_queues_per_page, DEFAULT_LIMIT, "no")
    detailed, with_count = boolean(query, "detailed"), boolean(query, "with_count")
    marker = query.get("marker", "")
    if "\0" in marker:
        raise bad_request("A marker is the name of a queue.")
    is_v2 = call.version == "v2"
    having = {key: value for key, value in query.items() if is_v2 and key not in _LISTING}
    name = query.get("name", "") if is_v2 else ""

    def body(connection: Connection, now: float) -> tuple[list[listing.Listed], int | None]:
        owner = call.owner
        found = listing.listed(connection, owner, marker=marker, limit=limit, part_of_name=name, having=having)
        return found, listing.count(connection, owner) if with_count and is_v2 else None

    found, count = await call.read(body)
    order = (*_LISTING, *having) if is_v2 else _LISTING[:3]
    asked = {key: query[key] for key in order if key in query}
    return asked, [_shown(call, one, detailed=bool(detailed)) for one in found], count


def _shown(call: Call, one: listing.Listed, *, detailed: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"name": one.name}
    if detailed:
        is_v2 = call.version == "v2"
        told["metadata"] = reserved.filled_in(one.metadata, call.rooms.settings) if is_v2 else one.metadata
    return {**told, "href": f"/{call.version}/queues/{one.name}"}


async def stats(call: Call) -> Answer:
    """Answer with how much is in a queue; zeros for one that was never made."""
    return answered(counted(call, await call.read(queue.stats, call.owner, call.queue)))


async def purge(call: Call) -> Answer:
    """Delete every message that nobody holds."""
    if "messages" in await _resources(call):
        last = await call.read(lambda connection, now: purging.newest(connection, call.owner, call.queue))
        while await call.write(purging.purge, call.owner, call.queue, last) == purging.PURGE_LIMIT:
            pass
    return DONE


async def _resources(call: Call) -> set[str]:
    body = await call.body(call.rooms.settings.max_queue_metadata, "The request body is too large.")
    if not body:
        return set(_RESOURCES)
    document = an_object(whatever(body))
    kinds = document.get("resource_types")
    if kinds is None:
        raise bad_request('Post body must contain key "resource_types".')
    if not isinstance(kinds, list) or not all(isinstance(kind, str) and kind in _RESOURCES for kind in kinds):
        raise bad_request("Resource types must be a sub set of {'subscriptions', 'messages'}.")
    return set(kinds)
