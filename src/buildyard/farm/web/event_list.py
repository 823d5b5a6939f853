"""Events: what happened, newest first, from the numbered log.

``/events?topic=&before=``; the newest page is live.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from buildyard.farm.events.schemas import TOPICS
from buildyard.farm.problems import Problem
from buildyard.farm.web.env import environment
from buildyard.farm.web.feed import TOLD, newest
from buildyard.farm.web.respond import answer, surroundings
from buildyard.farm.web.rooms import WebRooms

PAGE = 100

#: What a reader can choose from: a word, and the topics it stands for.
CHOICES = {
    "": frozenset(TOLD),
    "all": None,
    **{
        kind: frozenset(topic for topic in TOPICS if topic.startswith(f"{kind}."))
        for kind in ("build", "task", "file", "builder")
    },
}


async def event_list(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /events``."""
    chosen = request.query_params.get("topic", "")
    before = request.query_params.get("before", "")
    if before and (not before.isdecimal() or len(before) > 18):
        raise Problem(400, "bad_query", f"before is an event’s number, {before[:40]!r} is none.")
    read = partial(newest, limit=PAGE + 1, topics=topics_of(request), before=int(before) if before else None)
    found = await rooms.store.read(read)
    context = {
        "lines": found[:PAGE],
        "older": found[PAGE - 1].id if len(found) > PAGE else None,
        "chosen": chosen,
        "choices": list(CHOICES),
        "live": None if before else f"events:{chosen}",
        "refresh": None if before else 30,
    }
    return answer(rooms, request, "events.html", context, twin={"events": found[:PAGE]}, title="Events")


async def parts(rooms: WebRooms, request: Request, chosen: str) -> dict[str, str]:
    """Return the page's live fragment."""
    found = await rooms.store.read(partial(newest, limit=PAGE, topics=CHOICES.get(chosen)))
    context = surroundings(rooms, request) | {"lines": found}
    return {"event_rows": environment().get_template("parts/event_rows.html").render(context)}


def topics_of(request: Request) -> Collection[str] | None:
    """Return the topics that the address chooses, None for all.  Raises `Problem` (400)."""
    chosen = request.query_params.get("topic", "")
    if chosen in CHOICES:
        return CHOICES[chosen]
    if chosen in TOPICS:
        return frozenset({chosen})
    raise Problem(400, "bad_query", f"There is no topic {chosen[:40]!r}.", next=f"topic is one of {', '.join(TOPICS)}")
