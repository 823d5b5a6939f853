"""The event stream replays what was missed, sends what changes, and ends when the hub does."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from buildyard.farm.events.outbox import last_number, record
from buildyard.farm.events.schemas import BuilderSeen
from support.demo_farm import Rows


@contextmanager
def stream(farm: Any, path: str = "/events/stream", **headers: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(urlsplit(farm.url).netloc, timeout=10)
    connection.request("GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()})
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def frames(answer: http.client.HTTPResponse, number: int) -> list[dict[str, Any]]:
    """Return the next so many events; comments are left out."""
    found: list[dict[str, Any]] = []
    frame: dict[str, Any] = {}
    while len(found) < number:
        line = answer.readline().decode().rstrip("\n")
        key, _, value = line.partition(": ")
        if key in ("id", "event", "data"):
            frame[key] = json.loads(value) if key == "data" else value
        elif not line and "data" in frame:
            found.append(frame)
            frame = {}
        else:
            frame = {}
    return found


def happen(farm: Any, *names: str) -> None:
    seen = [BuilderSeen(builder=name, platform="linux_x86_64", slots=1) for name in names]
    farm.write(lambda connection: record(connection, time.time(), seen))


def last(farm: Any) -> int:
    number: int = farm.write(last_number)
    return number


def test_events_come_as_they_happen(own_farm: Any) -> None:
    with stream(own_farm) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        happen(own_farm, "new-1")
        (frame,) = frames(answer, 1)
    assert frame["data"]["summary"] == "builder new-1 is here, 1 slots"
    assert int(frame["id"]) == frame["data"]["id"] == last(own_farm)


@pytest.mark.parametrize("how", ["header", "query"])
def test_what_was_missed_is_replayed_in_order(own_farm: Any, how: str) -> None:
    seen = last(own_farm)
    happen(own_farm, "one", "two", "three")
    path = "/events/stream" if how == "header" else f"/events/stream?after={seen}"
    headers = {"last_event_id": str(seen)} if how == "header" else {}
    with stream(own_farm, path, **headers) as answer:
        found = frames(answer, 3)
    assert [frame["data"]["body"]["builder"] for frame in found] == ["one", "two", "three"]


def test_a_page_gets_its_parts_at_once(own_farm: Any) -> None:
    with stream(own_farm, "/events/stream?page=overview") as answer:
        found = frames(answer, 10)
    parts = {frame["data"]["part"] for frame in found if frame["event"] == "part"}
    assert {"headline", "building", "queue", "needs", "builders", "disk", "latest", "chart", "title"} == parts
    assert found[-1]["event"] == "seen"


def test_a_part_is_sent_again_only_when_it_changes(own_farm: Any) -> None:
    with stream(own_farm, "/events/stream?page=events:") as answer:
        first = frames(answer, 2)
        happen(own_farm, "new-2")
        second = frames(answer, 2)
    assert [frame["event"] for frame in first + second] == ["part", "seen", "part", "seen"]
    assert "new-2" in second[0]["data"]["html"]


def test_a_running_log_goes_on_where_the_page_left_off(own_farm: Any) -> None:
    number = own_farm.known["building numpy"]
    task = f"task-{number:06d}-aaaaaaaaaa"
    size = own_farm.logs.size(task, 0)
    with stream(own_farm, f"/events/stream?page=build:{number}&log={size}-737") as answer:
        own_farm.logs.append(task, 0, size, b"[\x1b[1m622\x1b[0m/779] <next>\nhalf a li", 1900.0)
        frame = next(one for one in iter(lambda: frames(answer, 1)[0], None) if one["event"] == "log")
    assert 'id="L737"' in frame["data"]["html"]
    assert "&lt;next&gt;" in frame["data"]["html"]
    assert "half" not in frame["data"]["html"]
    assert frame["data"]["next"].endswith("-738")


def test_a_page_that_waited_loads_itself_again_when_the_build_begins(own_farm: Any) -> None:
    number = own_farm.write(lambda connection: Rows(connection, time.time()).build("fresh", "1.0", "cp312"))
    with stream(own_farm, f"/events/stream?page=build:{number}") as answer:
        frames(answer, 5)
        own_farm.write(lambda connection: Rows(connection, time.time()).run(number, 1.0, "yard-1"))
        frame = next(one for one in iter(lambda: frames(answer, 1)[0], None) if one["data"].get("part") == "reload")
    assert frame["data"]["html"] == f"/builds/{number}"


def test_streams_end_with_the_hub_within_a_second(own_farm: Any) -> None:
    number = own_farm.known["building numpy"]
    paths = ("/events/stream", "/events/stream?page=overview", f"/events/stream?page=build:{number}&log=0-1")
    with stream(own_farm, paths[0]) as one, stream(own_farm, paths[1]) as two, stream(own_farm, paths[2]) as three:
        frames(two, 1)
        frames(three, 1)
        began = time.monotonic()
        own_farm.stop_streams()
        for answer in (one, two, three):
            answer.read()
        assert time.monotonic() - began < 1.0


def test_a_reader_that_goes_away_leaves_nothing_behind(own_farm: Any) -> None:
    for _ in range(5):
        with stream(own_farm, "/events/stream?page=overview") as answer:
            frames(answer, 1)
    happen(own_farm, "still-works")
    with stream(own_farm, f"/events/stream?after={last(own_farm) - 1}") as answer:
        assert frames(answer, 1)[0]["data"]["body"]["builder"] == "still-works"


@pytest.mark.parametrize("query", ["page=build:x", "page=build:", "page=events:odd", "page=build:1&log=x"])
def test_a_stream_of_nothing_is_refused(own_farm: Any, query: str) -> None:
    with stream(own_farm, f"/events/stream?{query}") as answer:
        assert answer.status == 400
