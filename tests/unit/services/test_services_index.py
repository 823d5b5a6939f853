"""The index: tasks by path, put there by hand or by their routes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from buildyard.farm import taskindex
from buildyard.farm.services.sweep import sweep
from buildyard.farm.taskindex import Entry
from buildyard.farm.tasks import service
from buildyard.taskcluster.slugid import slugId
from support.services import ROOT_URL, Yard
from support.tasks import running

INDEX = "/api/index/v1"


def entry(yard: Yard, **changes: Any) -> dict[str, Any]:
    return {"taskId": slugId(), "rank": 0, "data": {}, "expires": yard.later(3600), **changes}


def put(yard: Yard, path: str, **changes: Any) -> dict[str, Any]:
    answer = yard.ask("PUT", f"{INDEX}/task/{path}", entry(yard, **changes))
    assert answer.status == 200, answer.content
    told: dict[str, Any] = answer.json
    return told


def found(yard: Yard, path: str) -> dict[str, Any]:
    told: dict[str, Any] = yard.ask("GET", f"{INDEX}/task/{path}").json
    return told


def test_task_is_found_by_the_path_it_was_put_under(yard: Yard) -> None:
    given = entry(yard, rank=5, data={"hé": [1, None]})
    answer = yard.ask("PUT", f"{INDEX}/task/golden.v1.latest", given)
    assert answer.json == {"namespace": "golden.v1.latest", **given} == found(yard, "golden.v1.latest")
    assert b'"rank":5,' in answer.content.replace(b" ", b"")
    assert yard.ask("GET", f"{INDEX}/task/golden.v1").refused == (404, "ResourceNotFound")


def test_higher_rank_stays_and_of_equal_ranks_the_latest(yard: Yard) -> None:
    high = put(yard, "a.b", rank=2)
    assert put(yard, "a.b", rank=1) == high
    assert put(yard, "a.b", rank=2) == found(yard, "a.b") != high
    assert put(yard, "a.b", rank=2.5)["rank"] == 2.5


def test_expired_task_is_not_found_and_keeps_nobody_out(yard: Yard) -> None:
    put(yard, "a.b", rank=9, expires=yard.later(30))
    yard.clock.advance(31)
    assert yard.ask("GET", f"{INDEX}/task/a.b").status == 404
    assert put(yard, "a.b", rank=1)["rank"] == 1


def test_tasks_and_namespaces_below_a_path_are_listed(yard: Yard) -> None:
    for path in ("top", "a.x", "a.b.y", "a.c.d.z"):
        put(yard, path, expires="2027-11-22T05:29:51.594Z")

    def below(what: str, path: str) -> list[str]:
        return [each["namespace"] for each in yard.ask("GET", f"{INDEX}/{what}{path}").json[what]]

    assert below("namespaces", "") == below("namespaces", "/") == ["a"]
    assert below("namespaces", "/a") == ["a.b", "a.c"]
    assert below("tasks", "") == ["top"]
    assert below("tasks", "/a") == ["a.x"]
    assert below("tasks", "/nothing.there") == []
    (told,) = yard.ask("GET", f"{INDEX}/namespaces/a.c").json["namespaces"]
    assert told == {"namespace": "a.c.d", "name": "d", "expires": "2027-11-23T00:00:00.000Z"}


def test_namespace_lives_as_long_as_what_is_in_it(yard: Yard) -> None:
    put(yard, "a.b", expires="2027-05-05T12:00:00.000Z")
    put(yard, "a.c", expires="2027-03-03T12:00:00.000Z")
    (told,) = yard.ask("GET", f"{INDEX}/namespaces").json["namespaces"]
    assert told["expires"] == "2027-05-06T00:00:00.000Z"
    put(yard, "a.c", expires="9999-12-31T23:59:59.000Z")
    (told,) = yard.ask("GET", f"{INDEX}/namespaces").json["namespaces"]
    assert told["expires"] == "9999-12-31T23:59:59.000Z"


def test_lists_come_in_pages(yard: Yard) -> None:
    for name in "cab":
        put(yard, f"n.{name}")
        put(yard, f"n.{name}.deeper")
    for what in ("tasks", "namespaces"):
        first = yard.ask("GET", f"{INDEX}/{what}/n?limit=2").json
        rest = yard.ask("GET", f"{INDEX}/{what}/n?continuationToken={first['continuationToken']}").json
        names = [[each["namespace"] for each in page[what]] for page in (first, rest)]
        assert names == [["n.a", "n.b"], ["n.c"]]
        assert "continuationToken" not in rest


def test_many_paths_are_looked_up_at_once(yard: Yard) -> None:
    for path in ("a.x", "a.y"):
        put(yard, path)
    answer = yard.ask("POST", f"{INDEX}/tasks/indexes", {"indexes": ["a.y", "a.none", "a.x"]})
    assert [each["namespace"] for each in answer.json["tasks"]] == ["a.x", "a.y"]
    by = yard.client("mira", "index:find-task:a.x")
    refused = yard.ask("POST", f"{INDEX}/tasks/indexes", {"indexes": ["a.x", "a.y"]}, by=by)
    assert refused.refused == (403, "InsufficientScopes")
    assert yard.ask("POST", f"{INDEX}/tasks/indexes", {"indexes": ["a"] * 1001}).status == 400


def test_deleted_task_is_gone_and_a_repeat_is_no_error(yard: Yard) -> None:
    put(yard, "a.b")
    for _ in range(2):
        assert yard.ask("DELETE", f"{INDEX}/task/a.b").status == 204
    assert yard.ask("GET", f"{INDEX}/task/a.b").status == 404


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "task/a.b", "index:find-task:a.b"),
        ("PUT", "task/a.b", "index:insert-task:a.b"),
        ("DELETE", "task/a.b", "index:delete-task:a.b"),
        ("GET", "tasks/a", "index:list-tasks:a"),
        ("GET", "namespaces/a", "index:list-namespaces:a"),
        ("GET", "task/a.b/artifacts/public/x", "queue:get-artifact:public/x"),
    ],
)
def test_each_function_needs_its_scope(yard: Yard, method: str, path: str, scope: str) -> None:
    payload = entry(yard) if method == "PUT" else None
    refused = yard.ask(method, f"{INDEX}/{path}", payload, by=yard.client("nobody"))
    assert refused.status == 403
    assert scope in refused.said
    assert yard.ask(method, f"{INDEX}/{path}", payload, by=yard.client("somebody", scope)).status != 403


def test_artifact_is_found_by_its_tasks_path(yard: Yard) -> None:
    task_id = put(yard, "a.b")["taskId"]
    answer = yard.ask("GET", f"{INDEX}/task/a.b/artifacts/private/x%20y")
    assert answer.status == 303
    place = f"{ROOT_URL}/api/queue/v1/task/{task_id}/artifacts/private%2Fx%20y"
    assert answer.headers["location"] == answer.json["url"]
    assert answer.headers["location"].startswith(f"{place}?bewit=")
    # The address opens this artifact for whoever has it: there is none, which not everybody is told.
    here = answer.headers["location"].removeprefix(ROOT_URL)
    assert yard.ask("GET", here, signed=False).status == 404
    assert yard.ask("GET", here.partition("?")[0], signed=False).status == 403
    yard.clock.advance(16 * 60)
    assert yard.ask("GET", here, signed=False).status == 401


def test_artifact_that_everybody_may_get_needs_no_signed_address(yard: Yard) -> None:
    put(yard, "a.b")
    yard.role("anonymous", "queue:get-artifact:public/*")
    answer = yard.ask("GET", f"{INDEX}/task/a.b/artifacts/public/x", signed=False)
    assert answer.status == 303
    assert "bewit" not in answer.headers["location"]


# --- by routes -------------------------------------------------------------------------------------------------------


def completed(yard: Yard, **changes: Any) -> str:
    def body(connection: Connection) -> str:
        task_id = running(connection, yard.clock(), **changes)
        service.report_completed(connection, yard.clock(), task_id, 0)
        return task_id

    return yard.write(body)


def test_completed_task_is_indexed_by_its_routes(yard: Yard) -> None:
    task_id = completed(yard, routes=["index.golden.v1.latest", "index.golden.v2", "other.route"])
    for path in ("golden.v1.latest", "golden.v2"):
        told = found(yard, path)
        assert (told["taskId"], told["rank"], told["data"]) == (task_id, 0, {})
    task = yard.ask("GET", f"/api/queue/v1/task/{task_id}").json
    assert told["expires"] == task["expires"]
    (namespace,) = yard.ask("GET", f"{INDEX}/namespaces").json["namespaces"]
    assert namespace["name"] == "golden"


def test_task_says_its_rank_data_and_expiry_in_the_index(yard: Yard) -> None:
    wish = {"rank": 7, "data": {"a": 1}, "expires": yard.later(60)}
    completed(yard, routes=["index.a.b"], extra={"index": wish})
    told = found(yard, "a.b")
    assert {name: told[name] for name in wish} == wish
    completed(yard, routes=["index.a.b"], extra={"index": {"rank": 6}})
    assert found(yard, "a.b") == told


def test_failed_task_is_not_indexed(yard: Yard) -> None:
    def body(connection: Connection) -> None:
        task_id = running(connection, yard.clock(), routes=["index.a.b"])
        service.report_failed(connection, yard.clock(), task_id, 0)

    yard.write(body)
    assert yard.ask("GET", f"{INDEX}/task/a.b").status == 404


@pytest.mark.parametrize(
    "extra", [{"index": 5}, {"index": {"rank": "x"}}, {"index": {"data": []}}, {"index": {"expires": "soon"}}]
)
def test_wish_that_makes_no_sense_indexes_nothing_and_keeps_no_task_from_completing(
    yard: Yard, extra: dict[str, Any]
) -> None:
    completed(yard, routes=["index.a.b"], extra=extra)
    assert yard.ask("GET", f"{INDEX}/task/a.b").status == 404


def test_route_that_is_no_path_is_passed_over(yard: Yard) -> None:
    completed(yard, routes=["index.", "index.a..b", "index.a/b", "index.good"])
    assert [each["namespace"] for each in yard.ask("GET", f"{INDEX}/tasks").json["tasks"]] == ["good"]


def test_what_has_expired_is_swept_a_batch_at_a_time(yard: Yard) -> None:
    now = yard.clock()
    entries = [Entry(path=f"a.{n}", task_id="t", rank=0, data="{}", expires=now + 1) for n in range(5)]
    yard.write(lambda connection: taskindex.insert(connection, now, entries))
    put(yard, "b.c", expires=yard.later(10 * 86_400))
    yard.clock.advance(3 * 86_400)
    assert yard.write(lambda connection: taskindex.sweep(connection, yard.clock(), 3)) == 4
    assert yard.write(lambda connection: sweep(connection, yard.clock())) == 2
    assert found(yard, "b.c")["namespace"] == "b.c"
