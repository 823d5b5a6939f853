"""Requests of the operations that the farm lives on: verb, address and body, and nothing else (all: `tests/wire`)."""

import json

import pytest

from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import answer
from buildyard.taskcluster._services import AsyncObject, AsyncQueue

API = "https://tc.example/api"
TASK = "VtMbr2u_QKaR-ZQxhpFjkw"
RUN = f"{API}/queue/v1/task/{TASK}/runs/0"
NAME = "public/a b.whl"
NAMED = "public%2Fa%20b.whl"
PAYLOAD = {"n": 1}

#: Operation, its arguments, verb, address, body.
QUEUE_CASES = [
    ("ping", (), "GET", f"{API}/queue/v1/ping", None),
    ("task", (TASK,), "GET", f"{API}/queue/v1/task/{TASK}", None),
    ("status", (TASK,), "GET", f"{API}/queue/v1/task/{TASK}/status", None),
    ("createTask", (TASK, PAYLOAD), "PUT", f"{API}/queue/v1/task/{TASK}", PAYLOAD),
    ("scheduleTask", (TASK,), "POST", f"{API}/queue/v1/task/{TASK}/schedule", None),
    ("cancelTask", (TASK,), "POST", f"{API}/queue/v1/task/{TASK}/cancel", None),
    ("rerunTask", (TASK,), "POST", f"{API}/queue/v1/task/{TASK}/rerun", None),
    ("claimWork", ("prov/pool", PAYLOAD), "POST", f"{API}/queue/v1/claim-work/prov%2Fpool", PAYLOAD),
    ("reclaimTask", (TASK, 0), "POST", f"{RUN}/reclaim", None),
    ("reportCompleted", (TASK, 0), "POST", f"{RUN}/completed", None),
    ("reportFailed", (TASK, 0), "POST", f"{RUN}/failed", None),
    ("reportException", (TASK, 0, PAYLOAD), "POST", f"{RUN}/exception", PAYLOAD),
    ("createArtifact", (TASK, 0, NAME, PAYLOAD), "POST", f"{RUN}/artifacts/{NAMED}", PAYLOAD),
    ("finishArtifact", (TASK, 0, NAME, PAYLOAD), "PUT", f"{RUN}/artifacts/{NAMED}", PAYLOAD),
    ("listArtifacts", (TASK, 0), "GET", f"{RUN}/artifacts", None),
    ("artifact", (TASK, 0, NAME), "GET", f"{RUN}/artifact-content/{NAMED}", None),
    ("latestArtifact", (TASK, NAME), "GET", f"{API}/queue/v1/task/{TASK}/artifact-content/{NAMED}", None),
]
OBJECT_CASES = [
    ("ping", (), "GET", f"{API}/object/v1/ping", None),
    ("createUpload", (NAME, PAYLOAD), "PUT", f"{API}/object/v1/upload/{NAMED}", PAYLOAD),
    ("finishUpload", (NAME, PAYLOAD), "POST", f"{API}/object/v1/finish-upload/{NAMED}", PAYLOAD),
    ("startDownload", (NAME, PAYLOAD), "PUT", f"{API}/object/v1/start-download/{NAMED}", PAYLOAD),
    ("object", (NAME,), "GET", f"{API}/object/v1/metadata/{NAMED}", None),
]
CASES = [(AsyncQueue, *case) for case in QUEUE_CASES] + [(AsyncObject, *case) for case in OBJECT_CASES]


def call(service, operation, arguments, script, options):
    return run_blocking(getattr(service(options, script), operation)(*arguments))


@pytest.mark.parametrize(("service", "operation", "arguments", "verb", "url", "body"), CASES)
def test_request_is_exactly_this(service, operation, arguments, verb, url, body, script, options):
    script.add(answer(json={"some": "answer"}))
    result = call(service, operation, arguments, script, options)
    (sent,) = script.requests
    assert (sent.method, sent.url) == (verb, url)
    assert sent.body == (b"" if body is None else json.dumps(body, separators=(",", ":")).encode())
    assert dict(sent.headers).get("Content-Type") == (None if body is None else "application/json")
    assert result == (None if operation == "finishArtifact" else {"some": "answer"})


def test_claim_work_waits_longer_than_the_service_holds_it(queue, script):
    script.add(answer(json={"tasks": []}))
    run_blocking(queue.claimWork("prov/pool", {}))
    assert script.requests[0].timeout.read > 30


def test_run_zero_is_a_value_like_any_other(queue):
    assert queue.buildUrl("artifact", taskId=TASK, runId=0, name="x").endswith("/runs/0/artifact-content/x")


def test_query_goes_into_the_address_without_absent_values(queue, script):
    script.add(answer(json={"artifacts": []}))
    run_blocking(queue.listArtifacts(TASK, 0, query={"limit": 2, "continuationToken": None}))
    assert script.requests[0].url == f"{RUN}/artifacts?limit=2"
