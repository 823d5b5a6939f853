"""Events as lines a person reads: an icon, what it is about with a link, and what happened.

Reads the numbered log backwards; `live` follows it forwards.  The words are the events' own summaries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, select

from buildyard.farm.abi import sorted_abis
from buildyard.farm.builds.words import LOOKS, listed, machine
from buildyard.farm.events.schemas import (
    TOPICS,
    BuildCompleted,
    BuilderLost,
    BuilderSeen,
    BuildFailed,
    BuildPhase,
    BuildQueued,
    BuildRequested,
    BuildSkipped,
    BuildStarted,
    Event,
    FilePublished,
    RequestFailed,
)
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

#: So many events are looked at for each line of a list that joins them.
_GROUPED = 8

#: The state whose icon an event has, where its body does not say.
_LOOKS = {
    "build.requested": "queued",
    "request.failed": "failed",
    "build.queued": "queued",
    "build.started": "building",
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
    """One event, ready to be shown; or several that differ in their Python alone."""

    id: int  #: of the newest
    topic: str
    at: float
    look: str  #: a state of `words.LOOKS`
    about: str  #: ``markupsafe 3.0.2``, the text of the link; '' where there is none
    href: str
    abis: tuple[str, ...]  #: the Pythons it is about
    text: str  #: what happened to it

    @property
    def told(self) -> str:
        """What stands behind the link."""
        return " ".join(filter(None, (listed(sorted_abis(self.abis)), self.text)))


def newest(
    connection: Connection, *, limit: int, topics: Collection[str] | None = None, before: int | None = None
) -> list[EventLine]:
    """Return the last events of these topics (None: all), newest first."""
    query = select(events).where(events.c.exchange == "").order_by(events.c.id.desc()).limit(limit)
    if topics is not None:
        query = query.where(events.c.topic.in_(sorted(topics)))
    if before is not None:
        query = query.where(events.c.id < before)
    return lines(connection.execute(query).all())


def latest(connection: Connection, *, limit: int) -> list[EventLine]:
    """Return what a person wants to know of what happened last, many Pythons of one version in one line."""
    told: list[EventLine] = []
    for line in newest(connection, limit=_GROUPED * limit, topics=TOLD):
        if line.look == "not_wanted":
            continue  # nobody waits for it
        if told and _key(told[-1]) == _key(line):
            told[-1] = msgspec.structs.replace(told[-1], abis=(*told[-1].abis, *line.abis))
        else:
            told.append(line)
    return told[:limit]


def lines(rows: Sequence[Row[Any]]) -> list[EventLine]:
    """Return rows of the log as lines; what a later version has written and this one does not know is left out."""
    return [_line(row, msgspec.json.decode(row.body, type=TOPICS[row.topic])) for row in rows if row.topic in TOPICS]


def _key(line: EventLine) -> tuple[str, ...]:
    # Wheels differ in more than their Python, and each can be installed; they are told one by one.
    return (line.topic, line.about, line.text) if line.abis else (str(line.id),)


def _line(row: Row[Any], event: Event) -> EventLine:
    about, href, abis, text = _told(event)
    look = _look(row.topic, event)
    return EventLine(id=row.id, topic=row.topic, at=row.at, look=look, about=about, href=href, abis=abis, text=text)


def _look(topic: str, event: Event) -> str:
    if isinstance(event, BuildFailed):
        return "failed" if event.final else "will_retry"
    return event.state if isinstance(event, BuildSkipped) else _LOOKS[topic]


def _told(event: Event) -> tuple[str, str, tuple[str, ...], str]:
    """Return what an event is about, where that leads, its Pythons, and the rest of its summary."""
    summary = event.summary
    if isinstance(event, FilePublished):
        told = f"{_served(event.filename)} published{summary.partition(' published')[2]}"
        return f"{event.package} {event.version}", f"/builds/{event.build_id}", (), told
    if isinstance(event, (BuildRequested, RequestFailed)):
        about = ", ".join(event.requirements)
        return about, f"/builds?request={event.request_id}", (), summary.removeprefix(about).strip()
    if isinstance(event, (BuilderSeen, BuilderLost)):
        told = summary.removeprefix(f"builder {event.builder}").strip()
        return event.builder, f"/builders#{event.builder}", (), told
    if isinstance(event, (BuildQueued, BuildSkipped, BuildStarted, BuildPhase, BuildCompleted, BuildFailed)):
        return _told_of_build(event)
    return "", "", (), summary


def _told_of_build(
    event: BuildQueued | BuildSkipped | BuildStarted | BuildPhase | BuildCompleted | BuildFailed,
) -> tuple[str, str, tuple[str, ...], str]:
    about = f"{event.package} {event.version}"
    text = event.summary.removeprefix(f"{about} {event.abi}").strip()
    if isinstance(event, BuildSkipped) and event.state in ("covered", "left_to_upstream"):
        text = f"{machine(event.platform)} {LOOKS[event.state].word}"
    return about, f"/builds/{event.build_id}", (event.abi,), text


def _served(filename: str) -> str:
    """Return what a wheel serves: ``cp312 x86_64``, ``every Python``."""
    python, abi, platform = filename.removesuffix(".whl").split("-")[-3:]
    where = "" if platform == "any" else f" {machine(platform)}"
    if abi == "none":
        return f"for every Python{where}" if python.startswith("py") else f"{python}{where}"
    return f"{python} and later{where}," if abi == "abi3" else f"{abi}{where}"
