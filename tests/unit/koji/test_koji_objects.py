"""Builds, tasks and their kind: what their rows tell, and what they ask their hub."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from buildyard.faces.scripted import SCRIPT_START
from buildyard.koji import Build, Channel, Connection, Row, Tag, Target, Task, User, aio, tx
from buildyard.koji._xmlrpc import encode_call
from buildyard.koji.errors import KojiException
from buildyard.koji.states import TaskState
from buildyard.koji.task import package_of
from support.koji_golden import scripted
from support.koji_hub import Hub

NOW = datetime.fromtimestamp(SCRIPT_START, UTC)


def at(minutes: float) -> float:
    return SCRIPT_START + 60 * minutes


def task(method: str, request: list[Any], koji: Connection | None = None, **fields: Any) -> Task:
    row = {"id": 7, "method": method, "request": request, "state": 1, "channel_id": 3, **fields}
    return Task(row, koji._core if koji else None)


# --- rows ----------------------------------------------------------------------------------------


def test_a_row_is_a_dict_with_attributes() -> None:
    row = Row(name="a", items=2)
    assert (row.name, row["name"], row.get("none"), "name" in row) == ("a", "a", None, True)
    assert row["items"] == 2
    with pytest.raises(AttributeError, match="none"):
        row.none  # noqa: B018


def test_objects_are_copied_with_their_hub_and_pickled_without(koji: Connection) -> None:
    found = task("build", [], koji)
    assert found.copy().hub is koji._core
    travelled = pickle.loads(pickle.dumps(found))
    assert type(travelled) is Task
    assert travelled == found
    assert copy.copy(found).hub is koji._core
    with pytest.raises(KojiException, match="no connection"):
        travelled.hub  # noqa: B018


def test_no_operation_hides_a_field_of_a_recorded_row() -> None:
    """``task.owner`` is the hub's number; that ``arch`` and ``task_id`` are ours is meant."""
    samples = {
        "Build": ("getBuild-nvr", "listBuilds-20", "listTagged"),
        "Task": ("getTaskInfo-methods", "listTasks-decode", "children"),
        "Channel": ("listChannels",),
        "Package": ("package",),
        "Tag": ("getTag", "listTags-build"),
        "User": ("getUser", "auth-whoami"),
        "Target": ("target",),
    }
    for name, records in samples.items():
        for record in records:
            koji, _ = scripted(record)
            found = koji.invoke("echo")
            rows = found if isinstance(found, list) else [found]
            fields = {field for row in rows if row for field in row}
            for face in (aio, tx):
                assert {field for field in fields if hasattr(getattr(face, name), field)} <= {"arch", "task_id"}


# --- builds --------------------------------------------------------------------------------------


def test_a_build_has_aware_times_and_a_page() -> None:
    koji, _ = scripted("getBuild-nvr")
    build = koji.getBuild("ceph-18.2.5-1")
    assert isinstance(build, Build)
    assert build.started == datetime.fromtimestamp(build.start_ts, UTC)
    assert build.completed - build.started == build.duration == timedelta(seconds=3590)
    assert build.url == "https://hub.example/koji/buildinfo?buildID=6"
    assert build.state_name == "COMPLETE"
    assert build.gitbuildhash == "0000000000000000000000000000000000000005"


def test_a_running_build_has_lasted_until_now(koji: Connection) -> None:
    build = Build({"state": 0, "start_ts": at(-10), "completion_ts": None, "build_id": 1}, koji._core)
    assert build.completed is None
    assert build.duration == timedelta(minutes=10)


def test_a_build_without_a_beginning_is_no_error() -> None:
    """txkoji fails on a ``start_ts`` of None."""
    build = Build({"start_ts": None, "completion_ts": None})
    assert build.started is None
    assert build.duration is None


@pytest.mark.parametrize("text", ["2026-09-23 04:50:00.052070+00:00", "2026-09-23 04:50:00.052070"])
def test_times_of_old_hubs_are_utc(text: str) -> None:
    build = Build({"start_time": text})
    assert build.started == datetime(2026, 9, 23, 4, 50, 0, 52070, UTC)


@pytest.mark.parametrize(
    ("row", "number"),
    [
        ({"task_id": 5}, 5),
        ({"task_id": None, "extra": {"container_koji_task_id": 6}}, 6),
        ({"task_id": None, "extra": {"container_koji_task_id": "6"}}, 6),
        ({"task_id": None, "extra": None}, None),
        ({}, None),
    ],
)
def test_the_task_of_a_container_build_is_found(row: dict[str, Any], number: int | None) -> None:
    """txkoji fails where the row has no ``task_id``."""
    assert Build(row).task_id == number


def test_a_build_of_a_list_knows_its_tags(hub: Hub, koji: Connection) -> None:
    """Rows of lists have ``build_id`` and no ``id``, which txkoji needs."""
    hub.rows["listTags"] = lambda build: [{"id": build, "name": "f40"}]
    (tag,) = Build({"build_id": 9}, koji._core).tags()
    assert (tag.name, tag.id, type(tag)) == ("f40", 9, Tag)


def test_a_build_knows_task_and_target(hub: Hub, koji: Connection) -> None:
    hub.rows["getTaskInfo"] = lambda number, request: {"id": number, "method": "build", "request": ["s", "f40", {}]}
    build = Build({"build_id": 9, "task_id": 8, "owner_id": 1, "package_id": 2}, koji._core)
    assert build.task().id == 8
    assert build.target() == "f40"
    assert Build({"build_id": 9, "task_id": None}, koji._core).target() is None


# --- tasks ---------------------------------------------------------------------------------------

GIT = "git+https://src.example/rpms/ceph.git#cafe"
DICT_TARGET = {"id": 1, "name": "f40-candidate"}
CREATE = ["Cloud", "40", "1.0", "aarch64", DICT_TARGET, 2, {"id": 7}]


@pytest.mark.parametrize(
    ("method", "request_", "facts"),
    [
        ("build", [GIT, "f40", {"scratch": True}], {"package": "ceph", "target": "f40", "is_scratch": True}),
        ("build", [None, "f40", {"draft": True}], {"package": None, "target": "f40", "is_scratch": False}),
        ("build", ["cli-build/1/bash-5.2.26-3.fc40.src.rpm", "f40", {}], {"package": "bash"}),
        ("build", ["gcc-c++-5.2.26-3.fc40", "f40", {}], {"package": "gcc-c++"}),
        (
            "build",
            [{"src": GIT, "target": "f40", "opts": {"scratch": True}, "__starstar": True}],
            {"package": "ceph", "target": "f40", "is_scratch": True},
        ),
        ("buildArch", ["t/1/ceph-1-1.src.rpm", 2, "x86_64", True, {}], {"tag": 2, "arch": "x86_64"}),
        ("buildArch", ["a-1-1.src.rpm", {"id": 2, "name": "b"}, "s390x", True, {}], {"tag": "b", "package": "a"}),
        ("buildSRPMFromSCM", [GIT, "f40-build", {"scratch": False}], {"tag": "f40-build", "package": "ceph"}),
        ("rebuildSRPM", ["u/a-b-1-1.src.rpm", 2, {}], {"tag": 2, "package": "a-b"}),
        ("buildContainer", ["git://src.example/containers/rhceph#1", "f40", {}], {"package": "rhceph-container"}),
        ("buildMaven", [GIT, {"id": 2, "name": "f40-build"}, {}], {"tag": "f40-build", "package": "ceph"}),
        ("maven", [GIT, "f40", {}], {"target": "f40", "package": "ceph"}),
        ("chainbuild", [[[GIT]], "f40", {}], {"target": "f40", "package": None}),
        ("wrapperRPM", [GIT, DICT_TARGET, {"name": "x", "id": 5}, None, {}], {"package": "x"}),
        ("createImage", [*CREATE, "http://x/", {}], {"arch": "aarch64", "target": "f40-candidate", "package": "Cloud"}),
        ("createKiwiImage", [*CREATE, "u", "p", {}], {"arch": "aarch64", "tag": 2, "package": "Cloud"}),
        ("image", ["Cloud", "40", ["x86_64", "s390x"], "f40", "u", {}], {"arches": ["x86_64", "s390x"], "arch": None}),
        ("livemedia", ["WS", "40", ["x86_64"], "f40", "k", {}], {"arches": ["x86_64"], "package": "WS"}),
        ("livecd", ["WS", "40", "x86_64", "f40", "k", {}], {"arch": "x86_64", "target": "f40", "package": "WS"}),
        ("appliance", ["WS", "40", "x86_64", "f40", "k", {}], {"arch": "x86_64", "target": "f40"}),
        ("kiwiBuild", ["f40", ["x86_64"], "u", "p", {"scratch": True}], {"target": "f40", "is_scratch": True}),
        (
            "indirectionimage",
            [{"name": "base", "arch": "x86_64", "target": "f40", "scratch": True}],
            {"package": "base", "arch": "x86_64", "target": "f40", "is_scratch": True},
        ),
        ("runroot", ["f40-build", "x86_64", "ls", {"__starstar": True}], {"tag": "f40-build", "arch": "x86_64"}),
        ("newRepo", ["f40-build", {"src": True, "__starstar": True}], {"tag": "f40-build", "package": None}),
        ("createrepo", [7, "x86_64", None], {"arch": "x86_64", "tag": None}),
        ("distRepo", ["f40", 12, ["K"], {"arch": ["x86_64"]}], {"tag": "f40"}),
        ("createdistrepo", ["f40", 12, "x86_64", ["K"], {}], {"tag": "f40", "arch": "x86_64"}),
        ("waitrepo", ["f40-build", 1.5, ["a-1-1"]], {"tag": "f40-build"}),
        ("tagBuild", [3, 20, False, None, True], {"tag": 3, "build_id": 20, "package": None}),
        ("tagNotification", [["a"], True, {"id": 3, "name": "f40"}, None, {"id": 20, "name": "x"}], {"tag": "f40"}),
        ("buildNotification", [["a"], {"build_id": 20, "name": "x"}, DICT_TARGET, "u"], {"build_id": 20}),
        ("winbuild", ["vm", GIT, "f40", {}], {"package": "ceph", "target": "f40"}),
        ("vmExec", ["vm", [GIT, "f40"], {"timeout": 5, "__starstar": True}], {"package": None}),
        ("ourOwn", ["a", {"x": 1}], {"package": None, "tag": None, "target": None, "arches": []}),
        ("restart", [{"id": 1}], {"package": None}),
    ],
)  # fmt: skip
def test_tasks_of_every_method_tell_what_they_are_about(
    method: str, request_: list[Any], facts: dict[str, Any]
) -> None:
    found = task(method, request_)
    assert {name: getattr(found, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("git://src.example/rpms/bash?#abc", "bash"),
        ("git+https://src.example/rpms/bash.git?sub/dir#abc", "bash"),
        ("svn://src.example/root?rpms/bash#12", "bash"),
        ("https://src.example/u/a-b-1.0-2.src.rpm", "a-b"),
        ("not an address", None),
        ("https://src.example", None),
    ],
)
def test_the_package_of_a_source(source: str, name: str | None) -> None:
    assert package_of(source) == name


def test_a_request_in_xml_is_read_as_one_in_a_list() -> None:
    """As a hub tells it on the bus, and without ``decode``."""
    text = encode_call("build", [GIT, "f40", {"scratch": True}]).decode()
    found = task("build", text)  # type: ignore[arg-type]
    assert found.params == [GIT, "f40", {"scratch": True}]
    assert found.is_scratch


def test_a_task_without_times_is_no_error() -> None:
    found = task("build", [], state=0)
    assert (found.created, found.started, found.completed, found.duration) == (None, None, None, None)
    assert found.state_name == "FREE"
    assert task("build", [], state=9).state_name == "(unknown state 9)"


def test_descendents_have_children_of_children() -> None:
    """txkoji has the direct children alone."""
    koji, _ = scripted("descendents-request")
    found = task("build", [], koji, id=5).descendents()
    assert {one.method for one in found} == {"buildArch", "buildSRPMFromSCM"}
    assert all(isinstance(one, Task) for one in found)


def test_descendents_of_a_tree_are_told_once_each(hub: Hub, koji: Connection) -> None:
    rows = {"5": [{"id": 6}, {"id": 7}], "6": [{"id": 8}], "7": [], "8": []}
    hub.rows["getTaskDescendents"] = lambda number, request: rows
    assert [one.id for one in koji.getTaskDescendents(5)] == [6, 7, 8]


def test_descendents_can_be_free(hub: Hub, koji: Connection) -> None:
    """FREE is 0, which txkoji takes for no state."""
    rows = {"7": [{"id": 8, "method": "a", "state": 0}, {"id": 9, "method": "b", "state": 1}]}
    hub.rows["getTaskDescendents"] = lambda number, request: rows
    top = task("build", [], koji)
    assert [one.id for one in top.descendents(state=TaskState.FREE)] == [8]
    assert [one.id for one in top.descendents(method="b", state={0, 1})] == [9]


def test_the_build_time_is_that_of_the_longest_architecture() -> None:
    """Not of the source package, nor of the whole task."""
    koji, _ = scripted("descendents")
    assert task("build", [], koji, id=5).build_time() == timedelta(seconds=2919)


def test_listing_tasks_leaves_the_callers_options_alone(hub: Hub, koji: Connection) -> None:
    """txkoji writes ``decode`` into them."""
    hub.rows["listTasks"] = lambda opts, query=None: [{"id": 1, "method": "build", "seen": opts}]
    options = {"owner": 1}
    (found,) = koji.listTasks(options)
    assert found.seen == {"owner": 1, "decode": True}
    assert options == {"owner": 1}


def test_the_channel_of_a_task_costs_nothing(koji: Connection, hub: Hub) -> None:
    channel = task("build", [], koji).channel
    assert isinstance(channel, Channel)
    assert channel.url == "https://hub.example/koji/channelinfo?channelID=3"
    assert hub.seen == []


def test_a_channel_has_the_capacity_of_its_enabled_hosts(koji: Connection, hub: Hub) -> None:
    hub.rows["listHosts"] = lambda channelID, enabled: [{"capacity": 2.0}, {"capacity": 4.5}]
    assert task("build", [], koji).channel.total_capacity() == 6.5


def test_methods_answer_with_their_objects(koji: Connection) -> None:
    user = koji.getUser("kdreyer")
    target = koji.getBuildTarget("f40-candidate")
    assert isinstance(user, User)
    assert not user.is_blocked
    assert isinstance(target, Target)
    assert target.url == f"https://hub.example/koji/buildtargetinfo?targetID={target.id}"
    assert koji.getTag("f40").arch_list == ["x86_64", "aarch64"]
    assert koji.getUser("nobody-here") is None


def test_pages_of_filtered_results_are_objects() -> None:
    koji, _ = scripted("countAndFilter")
    total, page = koji.countAndFilterResults("listBuilds", 1)
    assert isinstance(total, int)
    assert all(isinstance(build, Build) for build in page)


def test_a_count_stays_a_number() -> None:
    koji, _ = scripted("listBuilds-count")
    assert isinstance(koji.listBuilds(1, queryOpts={"countOnly": True}), int)


def test_averages_are_durations() -> None:
    koji, _ = scripted("avg", "avg-none")
    assert isinstance(koji.getAverageBuildDuration("ceph"), timedelta)
    assert koji.getAverageBuildDuration("none") is None


@pytest.mark.parametrize(
    ("page", "method", "subject"),
    [
        ("buildinfo?buildID=20", "getBuild", 20),
        ("buildinfo?buildID=ceph-18.2.5-1", "getBuild", "ceph-18.2.5-1"),
        ("taskinfo?taskID=5", "getTaskInfo", 5),
        ("taginfo?tagID=f40", "getTag", "f40"),
        ("packageinfo?packageID=ceph", "getPackage", "ceph"),
        ("buildtargetinfo?name=f40-candidate", "getBuildTarget", "f40-candidate"),
        ("buildtargetinfo?targetID=1", "getBuildTarget", 1),
        ("targetinfo?targetID=1", "getBuildTarget", 1),
        ("userinfo?userID=kdreyer", "getUser", "kdreyer"),
        ("hostinfo?hostID=1", "getHost", 1),
        ("channelinfo?channelID=1", "getChannel", 1),
        ("rpminfo?rpmID=1", "getRPM", 1),
        ("archiveinfo?archiveID=1", "getArchive", 1),
        ("repoinfo?repoID=1", "repoInfo", 1),
        ("buildrootinfo?buildrootID=1", "getBuildroot", 1),
        ("externalrepoinfo?extrepoID=1", "getExternalRepo", 1),
    ],
)
def test_pages_are_about_things_by_number_or_name(
    koji: Connection, hub: Hub, page: str, method: str, subject: object
) -> None:
    hub.rows[method] = lambda asked, **_: {"id": 1, "asked": asked}
    assert koji.from_web(f"https://hub.example/koji/{page}").asked == subject


@pytest.mark.parametrize("page", ["", "buildinfo", "buildinfo?other=1", "index?buildID=1", "tasks?state=all"])
def test_pages_about_nothing_in_particular_are_none(koji: Connection, hub: Hub, page: str) -> None:
    assert koji.from_web(f"https://hub.example/koji/{page}") is None
    assert hub.seen == []
