"""The queue service over HTTP, beyond one task's life: groups, lists, workers, every storage type, odd requests."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from buildyard.farm import services
from buildyard.farm.tasks.http import MONITORING, QUEUE_OPERATIONS
from buildyard.farm.tasks.rooms import TaskSettings
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.wire import Operation
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.slugid import slugId
from support.hub import Answer
from support.inside import Inside, inside
from support.tasks import definition

API = "/api/queue/v1"
TABLE = json.loads(Path(services.__file__).with_name("taskcluster_api.json").read_text("utf-8"))
(FUNCTIONS,) = (service["functions"] for service in TABLE["services"] if service["class"] == "Queue")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """One hub for all: each test has a task queue of its own."""
    with inside(tmp_path_factory.mktemp("queue"), TaskSettings(long_poll_s=0.05)) as hub:
        yield hub


@pytest.fixture
def pool() -> str:
    return f"farm/w{slugId().lower().replace('_', '-').strip('-')}x"


def ask(hub: Inside, method: str, path: str, payload: object = None, sign: Credentials | None = None) -> Answer:
    return hub.call(method, API + path, payload, sign=sign or hub.root)


def good(answer: Answer) -> Any:
    assert answer.status == 200, answer.content
    return answer.json


def create(hub: Inside, pool: str, **changes: Any) -> str:
    task_id = slugId()
    good(ask(hub, "PUT", f"/task/{task_id}", definition(time.time(), taskQueueId=pool, **changes)))
    return task_id


def claim(hub: Inside, pool: str, worker: str = "w1", tasks: int = 9) -> list[dict[str, Any]]:
    asked = {"workerGroup": "wg", "workerId": worker, "tasks": tasks}
    found: list[dict[str, Any]] = good(ask(hub, "POST", f"/claim-work/{quote(pool, safe='')}", asked))["tasks"]
    return found


def running(hub: Inside, pool: str, **changes: Any) -> tuple[str, Credentials]:
    task_id = create(hub, pool, **changes)
    (held,) = claim(hub, pool)
    assert held["status"]["taskId"] == task_id
    return task_id, Credentials.from_options(held["credentials"])


# --- all of it ---


def test_every_function_of_the_queue_is_served() -> None:
    served = {(operation.name, operation.method, shown(operation)) for operation in (*QUEUE_OPERATIONS, *MONITORING)}
    assert {(one["name"], one["method"], one["route"]) for one in FUNCTIONS} <= served


def shown(operation: Operation) -> str:
    """The route as a reference writes it."""
    return operation.route.replace(":path", "").replace("{", "<").replace("}", ">")


ODD = ["", " ", ".", "..", "%", "%00", "é", "a\nb", "a/b/c", "'\"`;--", "x" * 2000, "\u2028", "{}", "a%2Fb", "_" * 39]
PARAMETERS = [
    (operation, name)
    for operation in QUEUE_OPERATIONS
    for name in (
        "taskId",
        "runId",
        "taskGroupId",
        "taskQueueId",
        "provisionerId",
        "workerType",
        "workerGroup",
        "workerId",
    )
    if f"{{{name}" in operation.route
]
FINE = {
    "taskId": "fN1SbArXTPSVFNUvaOlinQ",
    "runId": "0",
    "taskGroupId": "fN1SbArXTPSVFNUvaOlinQ",
    "taskQueueId": "farm/x",
    "provisionerId": "farm",
    "workerType": "x",
    "workerGroup": "wg",
    "workerId": "w1",
    "name": "public/x",
}
#: What functions need to be told before they look at scopes.
BODIES: dict[str, dict[str, Any]] = {
    "claimWork": {"workerGroup": "wg", "workerId": "w1"},
    "claimTask": {"workerGroup": "wg", "workerId": "w1"},
    "changeTaskPriority": {"newPriority": "high"},
    "reportException": {"reason": "internal-error"},
}


@pytest.mark.parametrize(
    ("operation", "name"), PARAMETERS, ids=[f"{operation.name}-{name}" for operation, name in PARAMETERS]
)
def test_odd_characters_in_a_parameter_are_refused(hub: Inside, operation: Operation, name: str) -> None:
    for value in ODD:
        path = operation.route.replace(":path", "")
        for parameter, usual in FINE.items():
            path = path.replace(f"{{{parameter}}}", quote(value if parameter == name else usual, safe=""))
        payload = {} if operation.body == "json" else None
        answer = ask(hub, operation.method, path, payload)
        if not value and answer.status == 200:
            continue  # without its last word an address is that of a list
        # An address of ours is not looked at before its signature is.
        assert answer.status in (400, 404) or (answer.status == 401 and "Bytes" in operation.name), (
            value,
            answer.status,
            answer.content,
        )


@pytest.mark.parametrize("operation", [one for one in QUEUE_OPERATIONS if one.body == "json"], ids=lambda one: one.name)
def test_an_unknown_key_is_refused_by_its_name(hub: Inside, operation: Operation, pool: str) -> None:
    task_id, _ = running(hub, pool)
    path = operation.route.replace(":path", "").replace("{taskId}", task_id).replace("{taskGroupId}", task_id)
    for parameter, usual in (FINE | {"taskQueueId": pool}).items():
        path = path.replace(f"{{{parameter}}}", quote(usual, safe=""))
    answer = ask(hub, operation.method, path, {"colour": "red"})
    assert answer.status == 400, answer.content
    assert "colour" in answer.said or "missing required field" in answer.said


def test_a_body_beyond_the_limit_is_refused(hub: Inside) -> None:
    body = b'{"taskIds": ["' + b"x" * (10 * 1024**2) + b'"]}'
    answer = hub.call("POST", f"{API}/tasks", body=body, sign=hub.root)
    assert (answer.status, answer.json["code"]) == (413, "InputTooLarge")


# --- scopes ---

SCOPED = [one for one in FUNCTIONS if one["name"] in {operation.name for operation in QUEUE_OPERATIONS}]
UNTESTED = {"createTask", "declareWorker", "tasks", "statuses", "taskQueueCountsBatch"}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """A hub of which nobody may read anything without a scope."""
    with inside(tmp_path_factory.mktemp("strict"), TaskSettings(long_poll_s=0.05), anonymous=()) as hub:
        yield hub


@pytest.mark.parametrize(
    "function", [one for one in SCOPED if one["name"] not in UNTESTED], ids=lambda one: str(one["name"])
)
def test_a_function_asks_for_the_scopes_that_taskcluster_documents(
    strict: Inside, pool: str, function: dict[str, Any]
) -> None:
    task_id, _ = running(strict, pool, schedulerId="sched", projectId="p")
    provisioner, _, worker_type = pool.partition("/")
    place = {"taskQueueId": pool, "provisionerId": provisioner, "workerType": worker_type}
    facts = FINE | place | {"taskId": task_id, "taskGroupId": task_id, "schedulerId": "sched", "projectId": "p"}
    path = function["route"]
    for name, value in facts.items():
        path = path.replace(f"<{name}>", quote(value, safe=""))
    payload = BODIES.get(function["name"], {}) if "input" in function else None
    answer = ask(strict, function["method"], path, payload, strict.client("nobody"))
    assert answer.status == 403, answer.content
    for scope in re.findall(r'"([a-z]+:[^"]*)"', json.dumps(function["scopes"])):
        for name, value in facts.items():
            scope = scope.replace(f"<{name}>", value)
        assert scope in answer.said


@pytest.mark.parametrize(
    ("path", "payload", "missing"),
    [
        ("/tasks", {"taskIds": ["a", "b"]}, ["queue:get-task:a", "queue:get-task:b"]),
        ("/tasks/status", {"taskIds": ["a"]}, ["queue:status:a"]),
        ("/task-queues/counts", {"taskQueueIds": ["a/b"]}, ["queue:pending-count:a/b", "queue:claimed-count:a/b"]),
    ],
)
def test_each_of_many_must_be_the_callers_to_read(
    strict: Inside, path: str, payload: dict[str, Any], missing: list[str]
) -> None:
    answer = ask(strict, "POST", path, payload, strict.client("nobody"))
    assert answer.status == 403
    assert all(scope in answer.said for scope in missing)


# --- groups ---


def test_a_group_is_listed_sealed_and_cancelled(hub: Inside, pool: str) -> None:
    group = create(hub, pool, schedulerId="farm")
    made = sorted([group, *(create(hub, pool, schedulerId="farm", taskGroupId=group) for _ in range(2))])
    first = good(ask(hub, "GET", f"/task-group/{group}/list?limit=2"))
    second = good(ask(hub, "GET", f"/task-group/{group}/list?continuationToken={first['continuationToken']}"))
    assert [one["status"]["taskId"] for one in first["tasks"] + second["tasks"]] == made
    assert {**first, "tasks": 0} == {**second, "tasks": 0, "continuationToken": first["continuationToken"]}
    assert first["tasks"][0]["task"]["taskGroupId"] == group
    assert ask(hub, "POST", f"/task-group/{group}/cancel").status == 409
    sealed = good(ask(hub, "POST", f"/task-group/{group}/seal"))
    assert sealed == good(ask(hub, "GET", f"/task-group/{group}"))
    assert good(ask(hub, "POST", f"/task-group/{group}/cancel")) == {
        "taskGroupId": group,
        "taskGroupSize": 3,
        "cancelledCount": 3,
        "taskIds": made,
    }


@pytest.mark.parametrize("verb", ["seal", "cancel", "priority"])
def test_what_is_done_to_a_group_needs_a_scope_that_names_its_scheduler(hub: Inside, pool: str, verb: str) -> None:
    group = create(hub, pool, schedulerId="farm")
    answer = ask(hub, "POST", f"/task-group/{group}/{verb}", {"newPriority": "high"}, hub.builder)
    assert answer.status in (403, 409)
    if answer.status == 403:
        assert f":farm/{group}" in answer.said


def test_priorities_change_for_one_task_and_for_a_group(hub: Inside, pool: str) -> None:
    group = create(hub, pool)
    other = create(hub, pool, taskGroupId=group)
    changed = good(ask(hub, "POST", f"/task/{other}/priority", {"newPriority": "highest"}))
    assert changed["status"]["priority"] == "highest"
    answer = good(ask(hub, "POST", f"/task-group/{group}/priority", {"newPriority": "highest"}))
    assert (answer["tasksAffected"], answer["taskIds"], answer["newPriority"]) == (1, [group], "highest")
    assert good(ask(hub, "GET", f"/task/{group}"))["priority"] == "highest"
    refused = ask(hub, "POST", f"/task/{other}/priority", {"newPriority": "normal"})
    assert (refused.status, "newPriority" in refused.said) == (400, True)


def test_a_dependent_task_runs_after_what_it_waits_for(hub: Inside, pool: str) -> None:
    required, worker = running(hub, pool)
    dependent = create(hub, pool, dependencies=[required])
    assert claim(hub, pool) == []
    listed = good(ask(hub, "GET", f"/task/{required}/dependents"))
    assert [one["status"]["taskId"] for one in listed["tasks"]] == [dependent]
    good(ask(hub, "POST", f"/task/{required}/runs/0/completed", sign=worker))
    assert [one["status"]["taskId"] for one in claim(hub, pool)] == [dependent]


# --- lists ---


def test_definitions_and_statuses_are_read_many_at_once(hub: Inside, pool: str) -> None:
    made = sorted(create(hub, pool) for _ in range(3))
    asked = {"taskIds": [*made, slugId(), "\x00"]}
    found = good(ask(hub, "POST", "/tasks", asked))["tasks"]
    assert [one["taskId"] for one in found] == made
    first = good(ask(hub, "POST", "/tasks/status?limit=2", asked))
    second = good(ask(hub, "POST", f"/tasks/status?continuationToken={first['continuationToken']}", asked))
    assert [one["status"]["state"] for one in first["statuses"] + second["statuses"]] == ["pending"] * 3


def test_what_waits_and_runs_is_listed_and_counted(hub: Inside, pool: str) -> None:
    held, _ = running(hub, pool)
    waits = create(hub, pool)
    place = f"/task-queues/{quote(pool, safe='')}"
    (pending,) = good(ask(hub, "GET", f"{place}/pending"))["tasks"]
    assert (pending["taskId"], pending["runId"], pending["task"]["taskQueueId"]) == (waits, 0, pool)
    (claimed,) = good(ask(hub, "GET", f"{place}/claimed"))["tasks"]
    assert (claimed["taskId"], claimed["workerGroup"], claimed["workerId"]) == (held, "wg", "w1")
    assert good(ask(hub, "POST", "/task-queues/counts", {"taskQueueIds": [pool, pool]})) == {
        "taskQueueCounts": [{"taskQueueId": pool, "pendingTasks": 1, "claimedTasks": 1}]
    }


@pytest.mark.parametrize("token", ["!!", "abc", "bnVsbA", "WyJcdTAwMDAiXQ"])
@pytest.mark.parametrize(
    "path",
    [one.route for one in QUEUE_OPERATIONS if "continuationToken" in one.query and one.name != "listProvisioners"],
)
def test_a_token_that_no_list_has_given_is_refused(hub: Inside, pool: str, path: str, token: str) -> None:
    task_id, _ = running(hub, pool)
    path = path.replace(":path", "").replace("{taskId}", task_id).replace("{taskGroupId}", task_id)
    for parameter, usual in (FINE | {"taskQueueId": pool}).items():
        path = path.replace(f"{{{parameter}}}", quote(usual, safe=""))
    method, payload = ("POST", {"taskIds": [task_id]}) if path.startswith("/tasks") else ("GET", None)
    answer = ask(hub, method, f"{path}?continuationToken={token}", payload)
    assert (answer.status, answer.json["code"]) == (400, "InputError"), answer.content
    assert answer.said == "Invalid continuation token"


# --- workers ---


def worker_path(pool: str, worker: str = "w1") -> str:
    provisioner, _, worker_type = pool.partition("/")
    return f"/provisioners/{provisioner}/worker-types/{worker_type}/workers/wg/{worker}"


def test_a_worker_is_known_by_what_it_claimed(hub: Inside, pool: str) -> None:
    task_id, _ = running(hub, pool)
    worker = good(ask(hub, "GET", worker_path(pool)))
    assert (worker["taskQueueId"], worker["workerId"]) == (pool, "w1")
    assert worker["recentTasks"] == [{"taskId": task_id, "runId": 0}]
    (listed,) = good(ask(hub, "GET", worker_path(pool).removesuffix("/wg/w1")))["workers"]
    assert listed["latestTask"] == {"taskId": task_id, "runId": 0}
    assert good(ask(hub, "GET", f"/task-queues/{quote(pool, safe='')}"))["stability"] == "experimental"
    assert pool in [one["taskQueueId"] for one in good(ask(hub, "GET", "/task-queues"))["taskQueues"]]


def test_a_worker_that_only_polls_is_known_too(hub: Inside, pool: str) -> None:
    assert claim(hub, pool, "idle") == []
    assert good(ask(hub, "GET", worker_path(pool, "idle")))["recentTasks"] == []


def test_a_worker_in_quarantine_polls_and_gets_nothing(hub: Inside, pool: str) -> None:
    running(hub, pool)
    until = to_json(time.time() + 600)
    said = good(ask(hub, "PUT", worker_path(pool), {"quarantineUntil": until, "quarantineInfo": "ill"}))
    assert (said["quarantineUntil"], said["quarantineDetails"][0]["quarantineInfo"]) == (until, "ill")
    task_id = create(hub, pool)
    assert claim(hub, pool) == []
    asked = {"workerGroup": "wg", "workerId": "w1"}
    assert good(ask(hub, "POST", f"/task/{task_id}/runs/0/claim", asked)) == {}
    assert len(claim(hub, pool, "w2")) == 1
    path = worker_path(pool).removesuffix("/wg/w1")
    assert [one["workerId"] for one in good(ask(hub, "GET", f"{path}?quarantined=true"))["workers"]] == ["w1"]
    assert [one["workerId"] for one in good(ask(hub, "GET", f"{path}?quarantined=false"))["workers"]] == ["w2"]


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999-14:00"])
def test_a_moment_at_the_end_of_time_is_a_moment(hub: Inside, pool: str, until: str) -> None:
    running(hub, pool)
    assert ask(hub, "PUT", worker_path(pool), {"quarantineUntil": until}).status == 200


def test_a_worker_declares_how_long_it_is_kept(hub: Inside, pool: str) -> None:
    path, expires = worker_path(pool, "w9").replace("/workers/", "/"), to_json(time.time() + 90_000)
    assert good(ask(hub, "PUT", path, {"expires": expires}))["expires"] == expires
    assert ask(hub, "PUT", path, {"expires": expires}, hub.builder).status == 403


def test_provisioners_and_worker_types_are_answered_from_task_queues(hub: Inside, pool: str) -> None:
    running(hub, pool)
    provisioner, _, worker_type = pool.partition("/")
    assert provisioner in [one["provisionerId"] for one in good(ask(hub, "GET", "/provisioners"))["provisioners"]]
    assert good(ask(hub, "GET", f"/provisioners/{provisioner}"))["provisionerId"] == provisioner
    types = good(ask(hub, "GET", f"/provisioners/{provisioner}/worker-types"))["workerTypes"]
    assert worker_type in [one["workerType"] for one in types]
    assert good(ask(hub, "GET", f"/provisioners/{provisioner}/worker-types/{worker_type}"))["taskQueueId"] == pool


def test_a_run_is_claimed_by_name_and_by_nobody_else_then(hub: Inside, pool: str) -> None:
    task_id = create(hub, pool)
    path = f"/task/{task_id}/runs/0/claim"
    first = good(ask(hub, "POST", path, {"workerGroup": "wg", "workerId": "w1"}))
    again = good(ask(hub, "POST", path, {"workerGroup": "wg", "workerId": "w1"}))
    assert (first["takenUntil"], first["task"]) == (again["takenUntil"], again["task"])
    assert ask(hub, "POST", path, {"workerGroup": "wg", "workerId": "w2"}).status == 409


# --- artifacts ---


def artifact(hub: Inside, task_id: str, worker: Credentials, name: str, **given: Any) -> Answer:
    wanted = {"expires": to_json(time.time() + 600), "contentType": "text/plain", **given}
    return ask(hub, "POST", f"/task/{task_id}/runs/0/artifacts/{quote(name, safe='')}", wanted, worker)


def test_an_s3_artifact_is_put_to_an_address_and_had_from_another(hub: Inside, pool: str) -> None:
    task_id, worker = running(hub, pool)
    name, body = "public/a b+é".encode("ascii", "ignore").decode(), b"hello\n" * 100
    made = good(artifact(hub, task_id, worker, name, storageType="s3"))
    assert (made["storageType"], made["contentType"]) == ("s3", "text/plain")
    content = good(ask(hub, "GET", f"/task/{task_id}/artifact-content/{quote(name)}"))
    assert hub.call("GET", content["url"]).status == 404
    assert hub.call("PUT", made["putUrl"], body=body, content_type="text/plain").status == 200
    answer = hub.call("GET", content["url"])
    assert (answer.content, answer.headers["content-type"]) == (body, "text/plain")
    moved = ask(hub, "GET", f"/task/{task_id}/runs/0/artifacts/{quote(name)}")
    assert (moved.status, moved.headers["x-taskcluster-artifact-storage-type"]) == (303, "s3")
    assert hub.call("GET", moved.headers["location"], headers={"Range": "bytes=0-4"}).content == b"hello"


def test_the_address_of_an_s3_artifact_takes_nothing_else(hub: Inside, pool: str) -> None:
    task_id, worker = running(hub, pool)
    url = good(artifact(hub, task_id, worker, "public/x", storageType="s3"))["putUrl"]
    assert hub.call("PUT", url, body=b"x", content_type="text/html").status == 400
    assert hub.call("PUT", url.replace("public%2Fx", "public%2Fy"), body=b"x", content_type="text/plain").status == 401
    assert hub.call("GET", url).status in (400, 401)
    hub.offset = 46 * 60
    try:
        assert hub.call("PUT", url, body=b"x", content_type="text/plain").status == 401
    finally:
        hub.offset = 0.0


def test_every_other_storage_type_is_answered_as_itself(hub: Inside, pool: str) -> None:
    task_id, worker = running(hub, pool)
    good(artifact(hub, task_id, worker, "public/ref", storageType="reference", url="https://example.com/x"))
    good(artifact(hub, task_id, worker, "public/link", storageType="link", artifact="public/ref"))
    error = {"storageType": "error", "reason": "file-missing-on-worker", "message": "gone"}
    good(artifact(hub, task_id, worker, "public/err", **error))
    content = f"/task/{task_id}/artifact-content/public/"
    assert good(ask(hub, "GET", content + "link")) == {"storageType": "reference", "url": "https://example.com/x"}
    assert good(ask(hub, "GET", content + "err")) == error
    answer = ask(hub, "GET", f"/task/{task_id}/artifacts/public/err")
    assert (answer.status, answer.json["reason"]) == (424, "file-missing-on-worker")
    first = good(ask(hub, "GET", f"/task/{task_id}/artifacts?limit=2"))
    rest = good(ask(hub, "GET", f"/task/{task_id}/artifacts?continuationToken={first['continuationToken']}"))
    assert [one["storageType"] for one in first["artifacts"] + rest["artifacts"]] == ["error", "link", "reference"]


def test_links_in_a_circle_are_a_bad_request(hub: Inside, pool: str) -> None:
    task_id, worker = running(hub, pool)
    for name, other in (("public/a", "public/b"), ("public/b", "public/a")):
        good(artifact(hub, task_id, worker, name, storageType="link", artifact=other))
    assert ask(hub, "GET", f"/task/{task_id}/artifacts/public/a").status == 400


def test_after_its_run_is_resolved_no_artifact_is_added(hub: Inside, pool: str) -> None:
    task_id, worker = running(hub, pool)
    good(ask(hub, "POST", f"/task/{task_id}/runs/0/completed", sign=worker))
    assert artifact(hub, task_id, worker, "public/x", storageType="s3").status == 409
