"""Events are told as a person would: what it is about, with a link, and what happened."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert

from buildyard.farm.builds.words import LOOKS
from buildyard.farm.events import schemas
from buildyard.farm.events.outbox import record
from buildyard.farm.store.tables import events
from buildyard.farm.web.feed import TOLD, EventLine, latest, newest

BUILD = {"build_id": 7, "package": "msgpack", "version": "1.1.0", "abi": "cp312", "platform": "linux_aarch64"}
TASK = {"task_id": "t", "task_queue_id": "q", "run_id": 0, "state": "pending"}


def published(filename: str) -> schemas.FilePublished:
    return schemas.FilePublished(
        build_id=7, package="msgpack", version="1.1.0", filename=filename, sha256="ab", size=378_200
    )


def skipped(abi: str, state: str = "covered") -> schemas.BuildSkipped:
    return schemas.BuildSkipped(**{**BUILD, "abi": abi}, state=state, reason="because")


def failed(**more: Any) -> schemas.BuildFailed:
    return schemas.BuildFailed(**BUILD, **{"kind": "network", "reason": "it closed", "final": True, **more})


def told(connection: Connection, event: schemas.Event) -> EventLine:
    record(connection, 5.0, [event])
    return newest(connection, limit=1)[0]


@pytest.mark.parametrize(
    ("event", "about", "text", "look"),
    [
        (
            published("msgpack-1.1.0-cp312-cp312-linux_aarch64.whl"),
            "msgpack 1.1.0",
            "cp312 aarch64 published, 378.2 kB",
            "built",
        ),
        (published("msgpack-1.1.0-py3-none-any.whl"), "msgpack 1.1.0", "for every Python published, 378.2 kB", "built"),
        (
            published("msgpack-1.1.0-cp39-abi3-linux_x86_64.whl"),
            "msgpack 1.1.0",
            "cp39 and later x86_64, published, 378.2 kB",
            "built",
        ),
        (
            schemas.BuildRequested(request_id=3, requirements=("six", "wrapt<2"), asked_by="mira"),
            "six, wrapt<2",
            "asked for by mira",
            "queued",
        ),
        (
            schemas.RequestFailed(request_id=3, requirements=("sixx",), reason="no such package"),
            "sixx",
            "not planned: no such package",
            "failed",
        ),
        (schemas.BuildQueued(**BUILD), "msgpack 1.1.0", "cp312 aarch64 queued", "queued"),
        (
            schemas.BuildCompleted(**BUILD, filename="f", elapsed_s=20.1, builder="b"),
            "msgpack 1.1.0",
            "cp312 aarch64 built in 20.1 s",
            "built",
        ),
        (skipped("cp312"), "msgpack 1.1.0", "cp312 aarch64 covered by another wheel", "covered"),
        (skipped("cp312", "left_to_upstream"), "msgpack 1.1.0", "cp312 aarch64 left to upstream", "left_to_upstream"),
        (failed(), "msgpack 1.1.0", "cp312 aarch64 failed: it closed", "failed"),
        (failed(final=False), "msgpack 1.1.0", "cp312 aarch64 will retry: it closed", "will_retry"),
        (
            schemas.BuilderSeen(builder="yard-1", platform="linux_x86_64", slots=2),
            "yard-1",
            "is here, 2 slots",
            "built",
        ),
        (schemas.BuilderLost(builder="yard-1", reason="went silent"), "yard-1", "went silent", "silent"),
        (schemas.TaskPending(**TASK), "", "task t run 0 waits in q", "queued"),
    ],
)
def test_each_event_has_its_words(
    connection: Connection, event: schemas.Event, about: str, text: str, look: str
) -> None:
    line = told(connection, event)
    assert (line.about, line.told, line.look) == (about, text, look)


@pytest.mark.parametrize("topic", list(schemas.TOPICS))
def test_every_topic_has_a_look(topic: str) -> None:
    from buildyard.farm.web.feed import _LOOKS

    own = ("build.failed", "build.skipped")
    assert topic in own or _LOOKS[topic] in LOOKS


def test_a_build_event_leads_to_its_build(connection: Connection) -> None:
    assert told(connection, failed()).href == "/builds/7"


def test_a_request_leads_to_its_builds(connection: Connection) -> None:
    event = schemas.BuildRequested(request_id=3, requirements=("six",), asked_by="mira")
    assert told(connection, event).href == "/builds?request=3"


def test_events_come_newest_first_and_a_page_at_a_time(connection: Connection) -> None:
    record(connection, 5.0, [skipped(f"cp3{nth}") for nth in range(10, 16)])
    first = newest(connection, limit=3)
    assert [line.id for line in first] == [6, 5, 4]
    assert [line.id for line in newest(connection, limit=3, before=4)] == [3, 2, 1]


def test_topics_choose(connection: Connection) -> None:
    record(connection, 5.0, [schemas.TaskPending(**TASK), failed()])
    assert [line.topic for line in newest(connection, limit=9, topics=TOLD)] == ["build.failed"]


def test_the_latest_tells_many_pythons_of_one_version_in_one_line(connection: Connection) -> None:
    record(connection, 5.0, [skipped("cp310"), skipped("cp39"), skipped("cp311")])
    (line,) = latest(connection, limit=8)
    assert line.told == "cp39, cp310 and cp311 aarch64 covered by another wheel"


def test_the_latest_tells_each_wheel(connection: Connection) -> None:
    name = "msgpack-1.1.0-{0}-{0}-linux_aarch64.whl"
    record(connection, 5.0, [published(name.format("cp311")), published(name.format("cp312"))])
    assert len(latest(connection, limit=8)) == 2


def test_the_latest_leaves_out_what_nobody_waits_for(connection: Connection) -> None:
    record(connection, 5.0, [skipped("cp39", "not_wanted")])
    assert latest(connection, limit=8) == []


def test_events_of_a_later_version_are_left_out(connection: Connection) -> None:
    connection.execute(insert(events).values(topic="build.dreamt", body="{}", at=5.0))
    assert newest(connection, limit=9) == []
