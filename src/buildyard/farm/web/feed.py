"""Events as lines a person reads: an icon, what it is about with a link, and what happened.

Reads the numbered log backwards; `live` follows it forwards.  The words are the events' own summaries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, select

from buildyard.farm.events.schemas import TOPICS, BuildRequested, Event, FilePublished, RequestFailed
from buildyard.farm.store.tables import events

#: What a person wants to know first; the rest is how it came about.
TOLD = (
    "build.requested",
    "request.failed",
    "build.skipped",
    "build.failed",
    "file.published",
    "builder.seen",
    "builder.lost",
)

#: The state whose icon an event has, where its body does not say.
_LOOKS = {
    "build.requested": "queued",
    "request.failed": "failed",
    "build.queued": "queued",
    "build.phase": "building",
    "build.completed": "built",
    "file.published": "built",
    "artifact.stored": "built",
    "task.pending": "queued",
    "task.running": "building",
    "task.completed": "built",
    "task.failed": "failed",
    "task.exception": "silent",
    "builder.seen": "built",
    "builder.lost": "silent",
}


class EventLine(Struct, frozen=True, kw_only=True):
    """One event, ready to be shown."""

    id: int
    topic: str
    at: float
    look: str  #: a state of `words.LOOKS`
    about: str  #: ``markupsafe 3.0.2``, the text of the link; '' where there is none
    href: str
    text: str  #: what happened to it


def newest(
    connection: Connection, *, limit: int, topics: Collection[str] | None = None, before: int | None = None
) -> list[EventLine]:
    """Return the last events of these topics (None: all), newest first."""
    query = select(events).order_by(events.c.id.desc()).limit(limit)
    if topics is not None:
        query = query.where(events.c.topic.in_(sorted(topics)))
    if before is not None:
        query = query.where(events.c.id < before)
    return lines(connection.execute(query).all())


def lines(rows: Sequence[Row[Any]]) -> list[EventLine]:
    """Return rows of the log as lines; what a later version has written and this one does not know is left out."""
    return [_line(row, msgspec.json.decode(row.body, type=TOPICS[row.topic])) for row in rows if row.topic in TOPICS]


def _line(row: Row[Any], event: Event) -> EventLine:
    about, href, text = _told(event)
    return EventLine(
        id=row.id, topic=row.topic, at=row.at, look=_look(row.topic, event), about=about, href=href, text=text
    )


def _look(topic: str, event: Event) -> str:
    if topic == "build.failed":
        return "failed" if getattr(event, "final", True) else "will_retry"
    return str(getattr(event, "state", "")) if topic == "build.skipped" else _LOOKS[topic]


def _told(event: Event) -> tuple[str, str, str]:
    """Return what an event is about, where that leads, and the rest of its summary."""
    summary = event.summary
    if isinstance(event, FilePublished):
        about = f"{event.package} {event.version}"
        tags = "-".join(event.filename.removesuffix(".whl").split("-")[-3:])
        return about, f"/builds/{event.build_id}", f"{tags} published{summary.partition(' published')[2]}"
    if isinstance(event, (BuildRequested, RequestFailed)):
        about = ", ".join(event.requirements)
        return about, f"/builds?request={event.request_id}", summary.removeprefix(about).strip()
    build_id, package = getattr(event, "build_id", None), getattr(event, "package", "")
    if build_id is not None:
        about = f"{package} {getattr(event, 'version', '')}"
        return about, f"/builds/{build_id}", summary.removeprefix(about).strip()
    if event.topic.startswith("builder."):
        name = str(getattr(event, "builder", ""))
        return name, f"/builders#{name}", summary.removeprefix(f"builder {name}").strip()
    return "", "", summary
