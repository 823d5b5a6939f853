"""Look at messages over HTTP, v1.1 and v2: in pages, by their ids, or at one.  `v1` has what differs there."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection

from buildyard.farm.queue import database as queue
from buildyard.farm.queue.base import DEFAULT_LIMIT, Message, Page
from buildyard.farm.queue.http import errors
from buildyard.farm.queue.http.call import Answer, Call, answered
from buildyard.farm.queue.http.errors import bad_request, not_found
from buildyard.farm.queue.http.reading import boolean, limited, names
from buildyard.farm.queue.http.rendering import next_link, shown
from buildyard.farm.queue.queues import find


async def get_many(call: Call) -> Answer:
    """Answer with a page of messages, or those of ``ids``."""
    ids = names(call.query, "ids")
    if ids is not None:
        return answered({"messages": shown(call, await by_ids(call, ids))})
    asked, page = await a_page(call)
    links = next_link(call, asked, page.marker) if page.messages else []
    return answered({"messages": shown(call, page.messages), "links": links})


async def by_ids(call: Call, ids: Sequence[str]) -> list[Message]:
    """Return these messages; some may be missing.  Raises the 404 where all are."""
    most = call.rooms.settings.max_messages_per_page
    if not 1 <= len(ids) <= most:
        raise bad_request(f"Limit must be at least 1 and may not be greater than {most}.")
    found = await call.read(queue.get, call.owner, call.queue, ids)
    if not found:
        told = f"No messages with IDs: {list(ids)} found in the queue {call.queue} for project {call.project}."
        raise not_found(told)
    return found


class _Wanted(Struct, kw_only=True):
    """What of a queue is to be shown; None: not said."""

    marker: str | None
    limit: int
    echo: bool | None
    include_claimed: bool | None
    include_delayed: bool | None


def _wanted(call: Call) -> _Wanted:
    query = call.query
    return _Wanted(
        marker=query.get("marker"),
        limit=limited(query, call.rooms.settings.max_messages_per_page, DEFAULT_LIMIT),
        echo=boolean(query, "echo"),
        include_claimed=boolean(query, "include_claimed"),
        include_delayed=boolean(query, "include_delayed"),
    )


async def a_page(call: Call) -> tuple[dict[str, str], Page]:
    """Return what was asked for, as the link to the next page repeats it, and the page."""
    wanted = _wanted(call)
    page = await call.read(_page, call, wanted)
    asked = {name: call.query[name] for name in ("marker", "limit") if name in call.query}
    flags = {name: getattr(wanted, name) for name in ("echo", "include_claimed", "include_delayed")}
    return asked | {name: str(value).lower() for name, value in flags.items() if value is not None}, page


def _page(connection: Connection, now: float, call: Call, wanted: _Wanted) -> Page:
    found = find(connection, call.owner, call.queue)
    # Zaqar shows what is delayed where the queue itself delays nothing, and says so in the link.
    if call.version == "v2" and found is not None and not found.policy.delay:
        wanted.include_delayed = True
    return queue.page(
        connection,
        now,
        call.owner,
        call.queue,
        marker=wanted.marker,
        limit=wanted.limit,
        client_id=call.client_id,
        echo=bool(wanted.echo),
        include_claimed=bool(wanted.include_claimed),
        include_delayed=bool(wanted.include_delayed) or call.version != "v2",
    )


async def get_one(call: Call) -> Answer:
    """Answer with one message."""
    found = await call.read(queue.get, call.owner, call.queue, [call.item])
    if not found:
        raise errors.no_message(call.item, call.queue, call.project)
    return answered(shown(call, found)[0])
