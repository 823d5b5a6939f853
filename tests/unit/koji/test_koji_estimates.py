"""Estimates: averages, trees that run, tasks that wait behind others, scratch builds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from buildyard.faces.scripted import SCRIPT_START
from buildyard.koji import Build, Connection, Task, estimates
from buildyard.koji._estimating import AFTERWARDS, WAIT, start_behind
from support.koji_hub import Hub

NOW = datetime.fromtimestamp(SCRIPT_START, UTC)
MINUTE = timedelta(minutes=1)
GIT = "git+https://src.example/rpms/ceph.git#cafe"


def at(minutes: float) -> float:
    return SCRIPT_START + 60 * minutes


def task(koji: Connection, method: str, request: list[Any], **fields: Any) -> Task:
    return Task({"id": 7, "method": method, "request": request, "state": 1, "channel_id": 3, **fields}, koji._core)


@pytest.fixture
def averages(hub: Hub) -> dict[str, float]:
    """The hub's averages, in minutes."""
    known = {"ceph": 60.0, "bash": 5.0}
    hub.rows["getAverageBuildDuration"] = lambda package: known[package] * 60 if package in known else None
    return known


def complete(minutes: float) -> dict[str, Any]:
    return {"start_ts": at(0), "completion_ts": at(minutes), "state": 1}


@pytest.fixture
def builds(hub: Hub) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    hub.rows["listBuilds"] = lambda package, state, queryOpts: rows[: queryOpts["limit"]]
    return rows


def test_the_average_of_a_package_is_the_hubs(koji: Connection, averages: dict[str, float]) -> None:
    assert estimates.average_build_duration(koji, "ceph") == 60 * MINUTE
    assert estimates.average_build_duration(koji, "unknown") is None


def test_the_average_of_a_container_is_that_of_its_last_builds(koji: Connection, builds: list[dict[str, Any]]) -> None:
    builds += [complete(2), complete(4), {"start_ts": None, "completion_ts": at(1)}]
    assert estimates.average_build_duration(koji, "rhceph-container") == 3 * MINUTE
    assert estimates.average_last_builds(koji, "rhceph-container", limit=1) == 2 * MINUTE


def test_no_builds_have_no_average(koji: Connection, builds: list[dict[str, Any]]) -> None:
    assert estimates.average_last_builds(koji, "new-container") is None


def test_averages_of_many_are_one_request_in_the_callers_order(
    koji: Connection, hub: Hub, averages: dict[str, float], builds: list[dict[str, Any]]
) -> None:
    """Containers among them too, which txkoji does not take."""
    builds += [complete(7)]
    names = ["bash", "x-container", "ceph", "none", "bash"]
    assert estimates.average_build_durations(koji, names) == [5 * MINUTE, 7 * MINUTE, 60 * MINUTE, None, 5 * MINUTE]
    assert len(hub.seen) == 1
    assert len(hub.seen[0].args[0]) == 4


def test_a_complete_build_was_complete_when_it_was(koji: Connection) -> None:
    assert Build({**complete(-5), "name": "ceph"}, koji._core).estimate_completion() == NOW - 5 * MINUTE


def test_a_running_build_ends_an_average_after_its_beginning(koji: Connection, averages: dict[str, float]) -> None:
    row = {"state": 0, "name": "ceph", "start_ts": at(-10), "completion_ts": None}
    assert Build(row, koji._core).estimate_completion() == NOW + 50 * MINUTE


def test_a_package_without_an_average_has_no_estimate(koji: Connection, averages: dict[str, float]) -> None:
    """txkoji adds None to a time."""
    row = {"state": 0, "name": "new", "start_ts": at(-10), "completion_ts": None}
    assert Build(row, koji._core).estimate_completion() is None
    new = task(koji, "buildArch", ["new-1-1.src.rpm", 2, "x86_64"], start_ts=at(-1))
    assert new.estimate_completion() is None
    assert new.estimate_duration() is None


def test_a_task_that_ended_ended_when_it_did(koji: Connection) -> None:
    done = task(koji, "build", [GIT, "f40"], state=5, start_ts=at(-9), completion_ts=at(-3))
    assert done.estimate_completion() == NOW - 3 * MINUTE
    assert done.estimate_duration() == 6 * MINUTE


def test_a_task_that_tags_takes_seconds(koji: Connection) -> None:
    """txkoji never comes to that, as such a task has no package."""
    tagging = task(koji, "tagBuild", [3, 20], start_ts=at(0))
    assert tagging.estimate_completion() == NOW + timedelta(seconds=15)


def test_what_takes_longer_than_usual_may_end_any_moment(koji: Connection, averages: dict[str, float]) -> None:
    late = task(koji, "buildArch", ["bash-1-1.src.rpm", 2, "x86_64"], start_ts=at(-60))
    assert late.estimate_completion() == NOW


def children(hub: Hub, *rows: dict[str, Any]) -> None:
    hub.rows["getTaskChildren"] = lambda number, request: [
        {"id": 10 + place, "method": "buildArch", "state": 1, **row} for place, row in enumerate(rows)
    ]


@pytest.mark.parametrize("scratch", [True, False])
def test_a_running_tree_ends_after_its_slowest_part(
    koji: Connection, hub: Hub, averages: dict[str, float], scratch: bool
) -> None:
    """A scratch build has no build row: its tree is all there is."""
    children(
        hub,
        {"start_ts": at(-30)},
        {"start_ts": at(-10)},
        {"completion_ts": at(-1), "start_ts": at(-40), "state": 2},
        {"method": "buildSRPMFromSCM", "start_ts": at(-60), "completion_ts": at(-50)},
    )
    tree = task(koji, "build", [GIT, "f40", {"scratch": scratch}], start_ts=at(-60))
    assert tree.estimate_completion() == NOW + 50 * MINUTE + AFTERWARDS


def test_a_part_that_waits_counts_from_when_it_was_made(koji: Connection, hub: Hub, averages: dict[str, float]) -> None:
    """An average has the usual wait in it."""
    children(hub, {"state": 0, "create_ts": at(-2)})
    tree = task(koji, "build", [GIT, "f40"], start_ts=at(-5))
    assert tree.estimate_completion() == NOW + 58 * MINUTE + AFTERWARDS


def test_before_any_part_is_there_the_whole_average_is_to_come(
    koji: Connection, hub: Hub, averages: dict[str, float]
) -> None:
    children(hub, {"method": "buildSRPMFromSCM", "start_ts": at(-1)})
    tree = task(koji, "build", [GIT, "f40"], start_ts=at(-1))
    assert tree.estimate_completion() == NOW + 60 * MINUTE + AFTERWARDS


def channel(hub: Hub, capacity: float, running: list[dict[str, Any]], waiting: list[dict[str, Any]]) -> None:
    hub.rows["listHosts"] = lambda channelID, enabled: [{"capacity": capacity}]
    hub.rows["listTasks"] = lambda opts, query: waiting if opts["state"] == [0] else running


def arch(number: int, package: str, **fields: Any) -> dict[str, Any]:
    row = {"id": number, "method": "buildArch", "request": [f"{package}-1-1.src.rpm", 2, "x86_64"], "weight": 1.5}
    return {**row, "create_ts": at(-5), "priority": 20, "state": 1, **fields}


def test_a_free_task_with_room_begins_soon(koji: Connection, hub: Hub, averages: dict[str, float]) -> None:
    channel(hub, 4.0, [arch(1, "ceph", start_ts=at(-10))], [])
    free = Task(arch(7, "bash", state=0, create_ts=at(0), channel_id=3), koji._core)
    assert free.estimate_completion() == NOW + WAIT + 5 * MINUTE


def test_a_free_task_behind_a_full_channel_begins_when_there_is_room(
    koji: Connection, hub: Hub, averages: dict[str, float]
) -> None:
    """Where txkoji raises NotImplementedError."""
    channel(hub, 2.0, [arch(1, "ceph", start_ts=at(-10))], [arch(6, "bash", state=0, create_ts=at(-9))])
    free = Task(arch(7, "bash", state=0, channel_id=3), koji._core)
    assert free.estimate_completion() == NOW + (50 + 5 + 5) * MINUTE


def test_who_comes_later_or_matters_less_is_not_waited_for(
    koji: Connection, hub: Hub, averages: dict[str, float]
) -> None:
    waiting = [arch(8, "ceph", state=0, create_ts=at(-1)), arch(2, "ceph", state=0, priority=30)]
    channel(hub, 2.0, [arch(1, "bash", start_ts=at(-1))], waiting)
    free = Task(arch(7, "bash", state=0, channel_id=3), koji._core)
    assert free.estimate_completion() == NOW + (4 + 5) * MINUTE


def test_an_assigned_task_is_about_to_begin(koji: Connection, averages: dict[str, float]) -> None:
    """Its start is None, which txkoji adds to."""
    assigned = Task(arch(7, "bash", state=4, create_ts=at(0)), koji._core)
    assert assigned.estimate_completion() == NOW + WAIT + 5 * MINUTE


def test_room_is_where_enough_has_ended() -> None:
    running = [(NOW + 10 * MINUTE, 1.0), (NOW + 2 * MINUTE, 1.0), (NOW + 5 * MINUTE, 1.0)]
    assert start_behind(3, running, [], 2.0, NOW) == NOW + 5 * MINUTE
    assert start_behind(3, [], [], 2.0, NOW) == NOW
    assert start_behind(0, running, [], 1.0, NOW) == NOW + 10 * MINUTE
