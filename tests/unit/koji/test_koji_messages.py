"""What a hub tells on a bus (`wire/golden/koji-messages.jsonl`), as events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from buildyard.koji import Connection, Task, messages
from buildyard.koji.build import Build
from buildyard.koji.errors import KojiException
from buildyard.messaging import Message, events
from support.koji_golden import MESSAGES
from support.koji_hub import Hub

BY_ID = {message["id"].removeprefix("koji-msg/"): message for message in MESSAGES}


def event_of(name: str, koji: Connection | None = None) -> Any:
    return messages.parse(BY_ID[name]["props"], BY_ID[name]["body"], koji)


CLASSES = {"Tag": messages.BuildTag, "Untag": messages.BuildUntag}


@pytest.mark.parametrize("name", BY_ID)
def test_every_recorded_message_becomes_an_event_of_its_type(name: str) -> None:
    event = event_of(name)
    kind = BY_ID[name]["props"]["type"]
    assert type(event) is CLASSES.get(kind, getattr(messages, kind, None))
    assert event.body == json.loads(BY_ID[name]["body"])


@pytest.mark.parametrize("name", [name for name in BY_ID if ".task" in name or "-task" in name])
def test_tasks_of_events_have_all_their_properties(name: str) -> None:
    """Those of a new one have neither times nor weight, on which txkoji fails."""
    event = event_of(name)
    assert event.new == BY_ID[name]["props"]["new"]
    assert event.old == BY_ID[name]["props"]["old"]
    assert event.task.state_name == event.new
    assert isinstance(event.task.params, list)
    assert (event.task.created is None) == (event.new == "FREE")


def test_the_request_of_a_new_task_is_read() -> None:
    task = event_of("01-task.free").task
    assert (task.package, task.target, task.is_scratch) == ("ceph", "f40-candidate", True)


def test_states_of_builds_are_words_though_the_body_has_numbers() -> None:
    failed, complete = event_of("06-build.failed"), event_of("23-build.complete")
    assert (failed.old, failed.new, failed.build.state_name) == ("BUILDING", "FAILED", "FAILED")
    assert (complete.old, complete.new) == (None, "COMPLETE")
    body = json.loads(BY_ID["06-build.failed"]["body"])
    assert messages.parse({"type": "BuildStateChange"}, json.dumps(body)).new == "FAILED"  # type: ignore[attr-defined]


def test_tagging_tells_build_tag_and_user() -> None:
    for name in ("03-build.untag", "04-build.tag"):
        event = event_of(name)
        assert (event.build.nvr, event.tag.name, event.user.name) == ("ceph-18.2.4-1", "f40-candidate", "labadmin")
        assert isinstance(event.build, Build)


def test_package_lists_tell_what_was_done() -> None:
    names = ("00-package.add", "13-package.update", "14-package.block", "15-package.unblock", "16-package.remove")
    assert [event_of(name).action for name in names] == ["add", "update", "block", "unblock", "remove"]
    assert (event_of(names[1]).package.name, event_of(names[1]).tag.id) == ("ceph", 80)


def test_repositories_tell_their_tag() -> None:
    event = event_of("25-repo.done")
    assert (event.repo_id, event.tag_name, event.task_id, event.is_expired) == (1, "f40-build", 2271, False)


def test_signatures_tell_their_key() -> None:
    """Not among the recordings."""
    body = json.dumps({"sigkey": "fdb19c98", "rpm": {"name": "bash"}, "build": {"nvr": "bash-1-1"}})
    event: Any = messages.parse({"type": "RPMSign", "sigkey": "fdb19c98"}, body)
    assert (event.sigkey, event.rpm.name, event.build.nvr) == ("fdb19c98", "bash", "bash-1-1")


def test_with_a_connection_a_task_asks_its_hub(koji: Connection, hub: Hub) -> None:
    hub.rows["getUser"] = lambda number: {"id": number, "name": "labadmin"}
    event = event_of("02-task.canceled", koji)
    assert isinstance(event.task, Task)
    assert event.url == "https://hub.example/koji/taskinfo?taskID=2245"
    assert event.task.owner_user().name == "labadmin"


def test_without_a_connection_what_needs_one_says_so() -> None:
    with pytest.raises(KojiException, match="no connection"):
        event_of("02-task.canceled").url  # noqa: B018


def test_frames_and_bus_messages_are_taken_as_they_are() -> None:
    @dataclass
    class Frame:
        headers: dict[str, Any]
        body: str

    sample = BY_ID["01-task.free"]
    assert messages.from_frame(Frame(sample["props"], sample["body"])) == event_of("01-task.free")


def test_a_kind_that_nobody_knows_is_a_plain_event() -> None:
    event = messages.parse({"type": "Novelty", "x": 1}, b'{"a": {"b": 1}}')
    assert type(event) is messages.KojiEvent
    assert event.body.a.b == 1


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, "{}"),
        ({"type": 5}, "{}"),
        ({"type": "Tag"}, "nonsense"),
        ({"type": "Tag"}, "[]"),
        ({"type": "Tag"}, b"\xff"),
        ({"type": "Tag"}, "[" * 100_000),
        ({"type": "Tag"}, json.dumps({"error": "not serialisable", "type": "set"})),
    ],
)
def test_what_is_no_message_of_a_hub_is_refused(headers: dict[str, Any], body: str | bytes) -> None:
    with pytest.raises(messages.InvalidMessage):
        messages.parse(headers, body)


def test_a_message_without_its_build_says_so_when_that_is_asked_for() -> None:
    event: Any = messages.parse({"type": "Tag"}, "{}")
    with pytest.raises(messages.InvalidMessage, match="no build"):
        event.build  # noqa: B018


def on_a_bus(name: str, prefix: str = "koji") -> Message:
    made = Message(json.loads(BY_ID[name]["body"]), topic=f"{prefix}.{BY_ID[name]['address']}")
    made.headers.update(BY_ID[name]["props"])
    return made


@pytest.mark.parametrize("prefix", ["koji", "VirtualTopic.eng.koji"])
@pytest.mark.parametrize("name", BY_ID)
def test_bus_message_of_a_hub_is_known_as_its_event(name: str, prefix: str) -> None:
    event, expected = events.event_of(on_a_bus(name, prefix)), event_of(name)
    assert type(event) is type(expected)
    assert event.body == expected.body
    assert event.headers.items() >= expected.headers.items()


@pytest.mark.parametrize("headers", [{}, {"type": "Other"}, {"type": ["Tag"]}])
def test_topic_alone_makes_no_message_a_hub_s(headers: dict[str, Any]) -> None:
    other = Message({"tag": "x"}, topic="somebody.build.tag")
    other.headers.update(headers)
    assert events.event_of(other) is None


def test_message_that_the_hub_could_not_write_is_no_event() -> None:
    made = Message({"error": "no", "type": "x"}, topic="koji.build.tag")
    made.headers.update({"type": "Tag"})
    assert events.event_of(made) is None
