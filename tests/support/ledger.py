"""What must be true of a farm in which nothing is under way, whatever was killed before: nothing lost, nothing twice.

`check` reads the tables past the hub, the objects on the disk and the index through the hub.  Every row of the line has
the events that DESIGN's table gives it, each once; every file is whole.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from sqlalchemy import Connection, Row, Table, select

from buildyard.farm.store.tables import (
    artifacts,
    builds,
    dirty_pages,
    events,
    files,
    messages,
    objects,
    requests,
    runs,
    tasks,
)
from support.bare import bare
from support.farmyard import Yard, until

#: A row's own name among the events of a topic.
Name = tuple[object, ...]

_RESOLVED = ("task.completed", "task.failed", "task.exception")


class Ledger:
    """The rows of a farm at one moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.events = [(row.topic, json.loads(row.body)) for row in self.rows(events)]
        self.numbers = sorted(row.id for row in self.rows(events))

    def rows(self, table: Table) -> list[Row[Any]]:
        return list(self._connection.execute(select(table)))

    def names(self, topics: str | tuple[str, ...], *keys: str) -> Counter[Name]:
        """Return how often each row is named by events of these topics."""
        wanted = (topics,) if isinstance(topics, str) else topics
        return Counter(tuple(body[key] for key in keys) for topic, body in self.events if topic in wanted)


def check(yard: Yard, *, numbered_without_gap: bool = True) -> None:
    """Raise `AssertionError` for anything that is missing, twice or half done."""
    url = yard.settings.database_url
    until("all files are published", lambda: not bare(url, _waiting_pages), within=15)
    problems = [*bare(url, lambda connection: list(_problems(Ledger(connection), numbered_without_gap)))]
    problems += [*_disk(yard), *_index(yard)]
    assert not problems, "\n".join(problems)


def _waiting_pages(connection: Connection) -> int:
    return len(connection.execute(select(dirty_pages)).all())


def _problems(found: Ledger, numbered_without_gap: bool) -> Iterator[str]:
    numbers = found.numbers
    if numbered_without_gap and numbers != list(range(1, len(numbers) + 1)):
        yield f"the numbers of the events have gaps: {numbers}"
    yield from _requests(found)
    yield from _builds(found)
    yield from _runs(found)
    yield from _files(found)


def _requests(found: Ledger) -> Iterator[str]:
    rows = found.rows(requests)
    yield from _each_once("request", found.names("build.requested", "request_id"), [(row.id,) for row in rows])
    failed = [(row.id,) for row in rows if row.state == "failed"]
    yield from _each_once("failed request", found.names("request.failed", "request_id"), failed)
    yield from (f"request {row.id} is still {row.state}: {row.reason}" for row in rows if row.state == "asked")


def _builds(found: Ledger) -> Iterator[str]:
    rows = found.rows(builds)
    known = {row.id for row in rows}
    queued, skipped = (found.names(topic, "build_id") for topic in ("build.queued", "build.skipped"))
    for row in rows:
        told = queued[row.id,] + skipped[row.id,]
        wanted = 2 if row.state == "covered" and row.source != "null" else 1
        if told != wanted:
            yield f"build {row.id} ({row.state}) was told {told} times to be queued or skipped, not {wanted}"
        if row.state in ("queued", "building"):
            yield f"build {row.id} is still {row.state}"
    built = [(row.id,) for row in rows if row.state == "built"]
    yield from _each_once("build", found.names("build.completed", "build_id"), built)
    ended = found.names("build.failed", "build_id")
    yield from (
        f"build {row.id} failed without an event" for row in rows if row.state == "failed" and not ended[row.id,]
    )
    strange = {name for topic in (queued, skipped, ended) for (name,) in topic} - known
    yield from (f"an event tells of build {number}, which is not there" for number in strange)


def _runs(found: Ledger) -> Iterator[str]:
    rows = found.rows(runs)
    key = ("task_id", "run_id")
    every = [(row.task_id, row.run_id) for row in rows]
    yield from _each_once("run", found.names("task.pending", *key), every)
    started = [(row.task_id, row.run_id) for row in rows if row.started is not None]
    yield from _each_once("run", found.names("task.running", *key), started)
    resolved = [(row.task_id, row.run_id) for row in rows if row.resolved is not None]
    yield from _each_once("run", found.names(_RESOLVED, *key), resolved)
    yield from (f"run {row.run_id} of {row.task_id} is still {row.state}" for row in rows if row.resolved is None)
    phases = found.names("build.phase", *key, "phase")
    yield from (f"{name} was told {count} times" for name, count in phases.items() if count != 1)
    last = [(row.task_id, row.run_id, row.phase) for row in rows if row.phase is not None]
    yield from (f"run {name} has entered a phase without an event" for name in last if name not in phases)
    stored = [(row.task_id, row.run_id, row.name) for row in found.rows(artifacts) if row.present]
    yield from _each_once("artifact", found.names("artifact.stored", *key, "name"), stored)
    pending = {row.task_id for row in found.rows(tasks) if row.state == "pending"}
    hints = [row for row in found.rows(messages) if json.loads(row.body).get("taskId") in pending]
    yield from (f"message {row.id} is still there" for row in hints)


def _files(found: Ledger) -> Iterator[str]:
    rows = found.rows(files)
    yield from _each_once("file", found.names("file.published", "filename"), [(row.filename,) for row in rows])
    made = {row.filename for row in found.rows(builds) if row.state == "built"}
    named = {row.filename for row in rows}
    yield from (f"{name} was built and is no file" for name in made - named)
    yield from (f"{row.filename} is not published" for row in rows if row.published is None)


def _each_once(what: str, told: Counter[Name], rows: list[Name]) -> Iterator[str]:
    for name in rows:
        if told[name] != 1:
            yield f"{what} {name} has {told[name]} events where it has one"
    yield from (f"an event tells of {what} {name}, of which that is not true" for name in set(told) - set(rows))


def _disk(yard: Yard) -> Iterator[str]:
    """Tell of objects that are not what their name says, and of rows whose object is not there."""
    root = yard.settings.objects_dir
    whole = {path.name for path in root.glob("??/??/*") if _sha256(path.read_bytes()) == path.name}
    every = {path.name for path in root.glob("??/??/*")}
    yield from (f"object {name} is half written" for name in every - whole)
    rows = bare(yard.settings.database_url, lambda connection: list(connection.execute(select(objects))))
    yield from (f"object {row.name} is not there" for row in rows if row.finished and row.sha256 not in whole)


def _index(yard: Yard) -> Iterator[str]:
    """Tell of files that the index does not serve as it says."""
    rows = bare(yard.settings.database_url, lambda connection: list(connection.execute(select(files))))
    listed: dict[str, Any] = {}
    for name in {row.package for row in rows}:
        answer = yard.get(f"/simple/{name}/", accept="application/vnd.pypi.simple.v1+json")
        listed |= {file["filename"]: (file, f"/simple/{name}/") for file in answer.json()["files"]}
    for row in rows:
        if row.filename not in listed:
            yield f"{row.filename} is on no page"
            continue
        file, page = listed[row.filename]
        body = yard.get(urljoin(page, file["url"])).data
        if not file["hashes"]["sha256"] == row.sha256 == _sha256(body):
            yield f"{row.filename} is served with other bytes than it says"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
