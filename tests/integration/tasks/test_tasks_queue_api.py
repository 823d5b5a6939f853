"""The queue service over HTTP: shapes, codes and errors of the reference, sections 13 to 20."""

from __future__ import annotations

import time
from typing import Any

import pytest

from buildyard.farm.tasks import sweep
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.slugid import slugId
from support.hub import Answer, Hub
from support.tasks import OTHER_POOL, POOL, definition

API = "/api/queue/v1"
ENCODED = POOL.replace("/", "%2F")
WORKER = {"workerGroup": "here", "workerId": "yard-1"}


def given(**changes: Any) -> dict[str, Any]:
    return definition(time.time(), **changes)


def create(hub: Hub, **changes: Any) -> str:
    task_id = slugId()
    answer = hub.call("PUT", f"{API}/task/{task_id}", given(**changes), sign=hub.root)
    assert answer.status == 200, answer.content
    return task_id


def claim(hub: Hub, pool: str = ENCODED, **changes: Any) -> list[dict[str, Any]]:
    answer = hub.call("POST", f"{API}/claim-work/{pool}", {**WORKER, **changes}, sign=hub.builder)
    assert answer.status == 200, answer.content
    tasks: list[dict[str, Any]] = answer.json["tasks"]
    return tasks


def as_worker(claimed: dict[str, Any]) -> Credentials:
    return Credentials.from_options(claimed["credentials"])


def running(hub: Hub, **changes: Any) -> tuple[str, Credentials]:
    task_id = create(hub, **changes)
    (claimed,) = claim(hub)
    return task_id, as_worker(claimed)


def report(hub: Hub, task_id: str, what: str, worker: Credentials, payload: object = None) -> Answer:
    return hub.call("POST", f"{API}/task/{task_id}/runs/0/{what}", payload, sign=worker)


# --- a task's whole life ---


def test_a_task_goes_from_created_to_completed(hub: Hub) -> None:
    task_id, worker = running(hub)
    renewed = report(hub, task_id, "reclaim", worker)
    assert renewed.json.keys() == {"status", "runId", "workerGroup", "workerId", "takenUntil", "credentials"}
    done = report(hub, task_id, "completed", as_worker(renewed.json))
    assert (done.status, done.json["status"]["state"]) == (200, "completed")
    assert hub.call("GET", f"{API}/task/{task_id}/status").json == done.json


def test_a_claim_answers_all_that_a_worker_needs(hub: Hub) -> None:
    task_id = create(hub, payload={"x": 1})
    (claimed,) = claim(hub)
    assert claimed.keys() == {"status", "runId", "workerGroup", "workerId", "takenUntil", "task", "credentials"}
    assert (claimed["task"]["payload"], claimed["status"]["taskId"], claimed["runId"]) == ({"x": 1}, task_id, 0)
    assert claimed["takenUntil"] == claimed["status"]["runs"][0]["takenUntil"]


def test_several_runs_are_claimed_at_once(hub: Hub) -> None:
    made = {create(hub) for _ in range(3)}
    claimed = claim(hub, tasks=5)
    assert {one["status"]["taskId"] for one in claimed} == made


@pytest.mark.parametrize("pool", [POOL, ENCODED], ids=["raw", "encoded"])
def test_a_pools_slash_may_be_encoded_or_not(hub: Hub, pool: str) -> None:
    create(hub)
    assert len(claim(hub, pool)) == 1


def test_the_definition_can_be_read_without_credentials_on_loopback(hub: Hub) -> None:
    task_id = create(hub, payload={"é": [1, None, {"b": 1.5}]}, tags={"kind": "tést"})
    found = hub.call("GET", f"{API}/task/{task_id}").json
    assert (found["payload"], found["tags"]) == ({"é": [1, None, {"b": 1.5}]}, {"kind": "tést"})


@pytest.mark.parametrize(("what", "state"), [("failed", "failed"), ("completed", "completed")])
def test_a_report_may_be_repeated(hub: Hub, what: str, state: str) -> None:
    task_id, worker = running(hub)
    first, second = (report(hub, task_id, what, worker) for _ in range(2))
    assert (first.status, second.status, second.json["status"]["state"]) == (200, 200, state)


def test_an_exception_makes_another_run(hub: Hub) -> None:
    task_id, worker = running(hub)
    answer = report(hub, task_id, "exception", worker, {"reason": "worker-shutdown"})
    assert [run["state"] for run in answer.json["status"]["runs"]] == ["exception", "pending"]


def test_cancelling_stops_the_worker_at_its_next_word(hub: Hub) -> None:
    task_id, worker = running(hub)
    assert hub.call("POST", f"{API}/task/{task_id}/cancel", sign=hub.root).json["status"]["state"] == "exception"
    answer = report(hub, task_id, "reclaim", worker)
    assert (answer.status, answer.said) == (409, f"Run 0 on task `{task_id}` is resolved or not running.")


def test_a_failed_task_is_run_again(hub: Hub) -> None:
    task_id, worker = running(hub)
    report(hub, task_id, "failed", worker)
    answer = hub.call("POST", f"{API}/task/{task_id}/rerun", sign=hub.root)
    assert [run["reasonCreated"] for run in answer.json["status"]["runs"]] == ["scheduled", "rerun"]


def test_scheduling_what_waits_answers_its_status(hub: Hub) -> None:
    task_id = create(hub)
    answer = hub.call("POST", f"{API}/task/{task_id}/schedule", sign=hub.root)
    assert (answer.status, answer.json["status"]["state"]) == (200, "pending")


def test_a_worker_that_lost_its_claim_gets_409_and_the_task_one_more_run(hub: Hub) -> None:
    task_id, lost = running(hub)
    hub.offset = 61.0
    assert hub.write(sweep.expire_claims) == 1
    (again,) = claim(hub, tasks=5)
    for what in ("reclaim", "completed", "failed"):
        assert report(hub, task_id, what, lost).status == 409
    path = f"{API}/task/{task_id}/runs/1/completed"
    status = hub.call("POST", path, sign=as_worker(again)).json["status"]
    assert [run["reasonResolved"] for run in status["runs"]] == ["claim-expired", "completed"]


def test_pools_are_counted(hub: Hub) -> None:
    running(hub)
    create(hub)
    place = {"provisionerId": "buildyard", "workerType": "linux-x86-64-cp312", "taskQueueId": POOL}
    counted = {**place, "pendingTasks": 1, "claimedTasks": 1}
    assert hub.call("GET", f"{API}/task-queues/{ENCODED}/counts").json == counted
    assert hub.call("GET", f"{API}/task-queues/{POOL}/counts").json == counted
    assert hub.call("GET", f"{API}/pending/{ENCODED}").json == {**place, "pendingTasks": 1}


@pytest.mark.parametrize("service", ["queue", "object", "auth"])
def test_a_service_says_that_it_is_there(hub: Hub, service: str) -> None:
    answer = hub.call("GET", f"/api/{service}/v1/ping")
    assert (answer.status, answer.json["alive"]) == (200, True)
    assert answer.json["uptime"] >= 0
    assert hub.call("GET", f"/api/{service}/v1/__lbheartbeat__").json == {}
    assert hub.call("GET", f"/api/{service}/v1/__version__").json.keys() == {"version", "commit", "source", "build"}


# --- errors ---


def test_an_error_has_the_shape_that_clients_know(hub: Hub) -> None:
    task_id = slugId()
    answer = hub.call("GET", f"{API}/task/{task_id}")
    assert answer.status == 404
    body = answer.json
    assert body.keys() == {"code", "message", "requestInfo"}
    assert body["requestInfo"].keys() == {"method", "params", "payload", "time"}
    assert (body["code"], body["requestInfo"]["method"]) == ("ResourceNotFound", "task")
    assert (body["requestInfo"]["params"], body["requestInfo"]["payload"]) == ({"taskId": task_id}, {})
    listing = "\n".join(
        [
            "* method:     task",
            "* errorCode:  ResourceNotFound",
            "* statusCode: 404",
            f"* time:       {body['requestInfo']['time']}",
        ]
    )
    assert body["message"].endswith(f"\n\n---\n\n{listing}")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_an_error_shows_the_payload_it_is_about(hub: Hub) -> None:
    answer = hub.call("PUT", f"{API}/task/{slugId()}", {"a": 1}, sign=hub.root)
    assert (answer.status, answer.json["code"]) == (400, "InputValidationError")
    assert answer.json["requestInfo"]["payload"] == {"a": 1}


def test_a_huge_payload_is_not_sent_back(hub: Hub) -> None:
    answer = hub.call("PUT", f"{API}/task/{slugId()}", {"a": "x" * 70_000}, sign=hub.root)
    assert (answer.status, answer.json["requestInfo"]["payload"]) == (400, {})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nonsense"), ("DELETE", "/ping"), ("POST", "/task"), ("PATCH", "/task/x"), ("GET", "/")],
)
def test_an_unknown_path_or_verb_has_another_shape(hub: Hub, method: str, path: str) -> None:
    answer = hub.call(method, API + path)
    assert (answer.status, answer.json["error"]) == (404, "Not found")


def test_a_body_of_another_type_is_refused(hub: Hub) -> None:
    path = f"{API}/task/{slugId()}"
    answer = hub.call("PUT", path, body=b"{}", content_type="text/plain", sign=hub.root)
    assert (answer.status, answer.json["code"]) == (400, "MalformedPayload")
    assert answer.said == "Payload must be JSON with content-type: application/json got content-type: text/plain"


@pytest.mark.parametrize("body", [b"{bad", b'"text"', b"7", b"[" * 100_000, b'{"a": "\xff"}', b'{"a": NaN}'])
def test_a_body_that_is_no_json_object_is_refused(hub: Hub, body: bytes) -> None:
    answer = hub.call("PUT", f"{API}/task/{slugId()}", body=body, sign=hub.root)
    assert (answer.status, answer.json["code"]) == (400, "MalformedPayload")


def test_a_body_past_the_bound_is_refused_before_it_is_read(hub: Hub) -> None:
    answer = hub.call("PUT", f"{API}/task/{slugId()}", body=b" " * (10 * 1024**2 + 1), sign=hub.root)
    assert (answer.status, answer.json["code"]) == (413, "InputTooLarge")


def test_a_path_parameter_is_checked_before_anything_else(hub: Hub) -> None:
    answer = hub.call("GET", f"{API}/task/not-a-slug")
    assert (answer.status, answer.json["code"]) == (400, "InvalidRequestArguments")
    assert "URL parameter 'taskId' given as 'not-a-slug' must match regular expression" in answer.said


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=x", 'Query-string parameter: limit="x" does not match expression: /^[0-9]+$/'),
        ("colour=red", "Query-string parameter: colour is not supported!"),
    ],
)
def test_a_query_is_checked(hub: Hub, query: str, said: str) -> None:
    answer = hub.call("GET", f"{API}/task/{slugId()}/runs/0/artifacts?{query}")
    assert (answer.status, answer.said) == (400, said)


def test_another_definition_is_a_conflict(hub: Hub) -> None:
    task_id = create(hub)
    answer = hub.call("PUT", f"{API}/task/{task_id}", given(priority="high"), sign=hub.root)
    assert (answer.status, answer.json["code"]) == (409, "RequestConflict")


def test_a_fault_of_our_own_is_told_without_its_details(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(hub.rooms.store, "read", broken)
    answer = hub.call("GET", f"{API}/task/{slugId()}")
    assert (answer.status, answer.json["code"]) == (500, "InternalServerError")
    assert b"secret" not in answer.content


# --- signatures and scopes ---


def test_a_wrong_signature_is_refused(hub: Hub) -> None:
    forged = Credentials(client_id=hub.root.client_id, access_token="x" * 44)
    answer = hub.call("GET", f"{API}/task/{slugId()}", sign=forged)
    assert (answer.status, answer.json["code"]) == (401, "AuthenticationFailed")
    assert (answer.headers["www-authenticate"], answer.said) == ("hawk", "Unauthorized: Bad mac")


def test_what_is_signed_is_what_was_sent(hub: Hub) -> None:
    """The same place with its slash encoded or not is signed as two different texts."""
    create(hub)
    url = f"{hub.url}{API}/claim-work/"
    from support.hub import authorization, payload_hash

    body = b'{"workerGroup":"here","workerId":"yard-1"}'
    header = authorization("POST", url + ENCODED, hub.builder, time.time(), payload_hash("application/json", body))
    other = hub.call("POST", url + POOL, body=body, headers={"Authorization": header})
    assert (other.status, other.said) == (401, "Unauthorized: Bad mac")
    assert hub.call("POST", url + ENCODED, body=body, headers={"Authorization": header}).status == 200


def test_a_body_that_was_changed_on_its_way_is_refused(hub: Hub) -> None:
    from support.hub import payload_hash

    path = f"{API}/task/{slugId()}"
    answer = hub.call("PUT", path, given(), sign=hub.root, hashed=payload_hash("application/json", b"{}"))
    assert (answer.status, answer.json["code"]) == (401, "AuthenticationFailed")
    assert "Invalid payload hash" in answer.said


def test_without_credentials_nothing_is_created(hub: Hub) -> None:
    answer = hub.call("PUT", f"{API}/task/{slugId()}", given(schedulerId="golden"))
    assert (answer.status, answer.json["code"]) == (403, "InsufficientScopes")
    assert answer.said.startswith("This request requires Taskcluster credentials that satisfy")
    for scope in ("queue:create-task:project:none", "queue:scheduler-id:golden", f"queue:create-task:lowest:{POOL}"):
        assert f'"{scope}"' in answer.said


def test_missing_scopes_are_named(hub: Hub) -> None:
    answer = hub.call("POST", f"{API}/task/{create(hub)}/cancel", sign=hub.builder)
    assert answer.status == 403
    assert f"Client ID {hub.builder.client_id} does not have sufficient scopes and is missing" in answer.said
    assert '"queue:cancel-task-in-project:none"' in answer.said


def test_task_scopes_routes_and_place_must_be_held_to_create(hub: Hub) -> None:
    wanted = given(scopes=["secrets:get:x"], routes=["index.a"], projectId="p", priority="high")
    answer = hub.call("PUT", f"{API}/task/{slugId()}", wanted, sign=hub.builder)
    for scope in ("secrets:get:x", "queue:route:index.a", "queue:create-task:project:p"):
        assert f'"{scope}"' in answer.said
    assert f"queue:create-task:high:{POOL}" in answer.said
    assert f"queue:create-task:highest:{POOL}" in answer.said
    assert f"queue:create-task:medium:{POOL}" not in answer.said


def test_a_builder_claims_from_its_own_pools_alone(hub: Hub) -> None:
    answer = hub.call("POST", f"{API}/claim-work/other%2Fpool", WORKER, sign=hub.builder)
    assert (answer.status, "queue:claim-work:other/pool" in answer.said) == (403, True)


def test_a_worker_may_not_touch_another_task(hub: Hub) -> None:
    _, worker = running(hub)
    other, _ = running(hub)
    answer = report(hub, other, "completed", worker)
    assert (answer.status, f"queue:resolve-task:{other}/0" in answer.said) == (403, True)


def test_a_claim_must_name_its_worker(hub: Hub) -> None:
    for payload in ({}, {"workerGroup": "here"}, {**WORKER, "tasks": 0}, {**WORKER, "tasks": 33}, {**WORKER, "x": 1}):
        answer = hub.call("POST", f"{API}/claim-work/{ENCODED}", payload, sign=hub.builder)
        assert (answer.status, answer.json["code"]) == (400, "InputValidationError")


def test_a_reason_that_only_the_hub_knows_is_refused(hub: Hub) -> None:
    task_id, worker = running(hub)
    answer = report(hub, task_id, "exception", worker, {"reason": "claim-expired"})
    assert (answer.status, answer.json["code"]) == (400, "InputError")


def test_other_pools_stay_apart(hub: Hub) -> None:
    create(hub, taskQueueId=OTHER_POOL)
    assert claim(hub) == []
