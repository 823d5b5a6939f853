"""Requests recorded from a real Taskcluster, sent to the hub byte for byte; the answers must be the same.

The hub's clock stands where the recording's stood and its clients have the recorded tokens, so that the recorded
signatures are checked for real.  Only requests under credentials that the recorded services signed are signed anew.
Left out of a comparison are times, secrets, addresses and the echo of the payload.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, update

from buildyard.farm.store.tables import artifacts as artifact_rows
from buildyard.farm.store.tables import clients as client_rows
from buildyard.farm.tasks import clients, service
from buildyard.farm.tasks.rooms import TaskSettings
from buildyard.farm.tasks.service import Claimed
from buildyard.taskcluster._hawk import payload_hash
from buildyard.taskcluster.credentials import Credentials
from support.hub import Answer, Hub, authorization, running_hub

GOLDEN = Path(__file__).parents[1] / "golden" / "taskcluster.jsonl"
RECORDED_AT = 1_795_321_791.6
OBJECT_NAME = "public/obj.bin"
S3_NAME = "public/logs/live +.log"

#: A group of tasks whose creation was not recorded, with their priorities.
GROUP = "Ouh0ddSCQOitTqrMWvn1Tg"
GROUPED = {
    "OI3Hu9N1TSmKQOCdklPOOg": "low",
    "SZLWAo5eSDyeFAdnGnYCMA": "medium",
    "ff8ec1XXTGSdfFx3aEjvbA": "low",
    "cb40gWtuTJK1nH5y2x2YTQ": "low",
    "XIqBQVSCTZSnlLfTMJVJQg": "lowest",
}
HELD = ("OI3Hu9N1TSmKQOCdklPOOg", "SZLWAo5eSDyeFAdnGnYCMA")
DEPENDENT = "YBceVMEfRRWLdZITvvEJgw"

#: Records of one task's life, of what can go wrong with it and of the services beside the queue, which this hub
#: answers as Taskcluster does.
_SAME = """
createClient2 ping-auth heartbeat temp-currentclient index-find index-insert index-namespaces index-namespaces-v1
index-tasks index-404 secret-set secret-get-raw-slash secret-404 secret-403 secret-remove scopes-expand scopes-current
scopes-current-anon client testAuthenticate testAuthenticate-temp role-create role-expand
ping-queue ping-object lbheartbeat createTask createTask-repeat createTask-conflict task status-pending
task-authorizedScopes cancel-authorizedScopes-403 empty-ext 400-ctype 400-slug 400-deadline 404-task
401-nobody 401-badmac 401-stale 401-garbage 403-anon temp-unnamed temp-403 temp-expired bewit
bewit-scopes bewit-expired claimWork status-running reclaim-404 worker-403 artifact-reference artifact-link
artifact-error object-createUpload-inline object-read-unfinished object-finishUpload finishArtifact
finishArtifact-wrong object-createUpload-puturl object-createUpload-repeat object-createUpload-conflict
object-finish-2 object-startDownload-hashes object-404 artifact-get-reference artifact-get-link
artifact-get-object getArtifact-404 latestArtifact artifactInfo artifact-409 artifact-expires-400
listArtifacts listArtifacts-page artifact-get-s3 getArtifact-303 reportCompleted reportCompleted-again
reportFailed-409 reclaim-409 scheduler-mismatch-409 400-query 400-query-unknown 400-dep 404-group createTask-dep
exception-malformed exception-other-409 reportFailed rerunTask cancelTask scheduleTask changePriority
listTaskGroup-bad-token listDependentTasks getTaskGroup cancelGroup-409 sealGroup create-in-sealed-409 cancelGroup
listTaskQueues
"""
SAME = _SAME.split()
#: Records whose answer tells the same in other words: code and status are compared.
OTHER_WORDS = ["400-schema", "400-badjson"]
#: Records whose answer tells more here.
MORE_WORDS = ["404-route", "404-verb"]

UNCOMPARED = {"accessToken", "certificate", "url", "uptime", "payload", "time"}


def records() -> list[dict[str, Any]]:
    return [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]


class Replay:
    """Sends the recorded requests in their order, and keeps the answers by their records' ids."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.hub.offset = RECORDED_AT - time.time()
        self.signers: dict[str, Credentials] = {}
        self.answers: dict[str, Answer] = {}
        self.wanted: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        for record in records():
            key = record["id"].removeprefix("tc/")
            if key in (*SAME, *OTHER_WORDS, *MORE_WORDS):
                self.before(key)
                self.answers[key] = self.send(record)
                self.wanted[key] = record["response"]
                self.after(key)

    def before(self, key: str) -> None:
        if key == "createClient2":
            self.hub.write(_add_recorder)
        if key == "artifact-reference":
            self.create_artifact(S3_NAME, "s3", "text/plain; charset=utf-8")
        if key == "object-createUpload-inline":
            self.begin_artifact()
        if key == "createTask-dep":
            self.begin_group(json.loads(self.wanted["task"]["body"]))
        if key == "reportFailed":
            self.hub.write(lambda connection, now: service.cancel(connection, now, DEPENDENT))

    def after(self, key: str) -> None:
        if key == "createClient2":
            self.hub.write(_take_recorded_tokens)
            self.hub.rooms.auth.forget()
        if key == "claimWork":
            self.signers["task-client"] = Credentials.from_options(self.answers[key].json["tasks"][0]["credentials"])
        if key == "object-createUpload-puturl":
            method = self.answers[key].json["uploadMethod"]["putUrl"]
            path = "/" + method["url"].split("/", 3)[3]
            self.hub.call("PUT", path, body=b"hello world", headers=method["headers"])

    def begin_artifact(self) -> None:
        """Create the artifact whose creation was not recorded, under the recorded uploadId."""
        created = self.create_artifact(OBJECT_NAME, "object", "application/octet-stream")
        self.signers["artifact-upload"] = Credentials.from_options(created["credentials"])
        recorded = json.dumps({"uploadId": "RLcz-OL-Qwejr77nlQI42Q"})
        its_row = artifact_rows.c.name == OBJECT_NAME
        self.hub.write(lambda c, _: c.execute(update(artifact_rows).where(its_row).values(details=recorded)).rowcount)

    def create_artifact(self, name: str, storage_type: str, content_type: str) -> Any:
        task_id = self.answers["createTask"].json["status"]["taskId"]
        wanted = {"storageType": storage_type, "expires": "2026-11-22T05:19:52.018Z", "contentType": content_type}
        path = f"/api/queue/v1/task/{task_id}/runs/0/artifacts/{quote(name)}"
        return self.hub.call("POST", path, wanted, sign=self.signers["task-client"]).json

    def begin_group(self, like: dict[str, Any]) -> None:
        """Create the group whose creation was not recorded, and claim two of its tasks."""
        shared = {"taskGroupId": GROUP, "retries": 1, "routes": [], "tags": {}, "extra": {}}
        wanted = {task_id: {**like, **shared, "priority": priority} for task_id, priority in GROUPED.items()}

        def body(connection: Connection, now: float) -> list[Claimed]:
            service.create_many(connection, now, wanted)
            return [service.claim_one(connection, now, task_id, 0, "wg", "w1") for task_id in HELD]

        for held in self.hub.write(body):
            credentials = Credentials.from_options(self.hub.rooms.auth.task_credentials(held))
            self.signers[f"task-client/{held.task_id}"] = credentials

    def signer(self, record: dict[str, Any]) -> Credentials | None:
        """Whoever signs the request anew; ``None`` where its recorded signature is good."""
        names = record.get("credentials", {}).get("clientId", "").split("/")
        return self.signers.get("/".join(names[:2])) or self.signers.get(names[0])

    def send(self, record: dict[str, Any]) -> Answer:
        request = record["request"]
        body = request["body"].encode() if "body" in request else None
        headers = {**request["headers"], "Host": "tc.example"}
        signer = self.signer(record)
        if signer:
            digest = payload_hash("application/json" if body else "", body or b"")
            url = f"http://tc.example{request['path']}"
            headers["Authorization"] = authorization(request["method"], url, signer, self.hub.clock(), digest)
        return self.hub.call(request["method"], request["path"], body=body, headers=headers)


def _add_recorder(connection: Connection, now: float) -> None:
    (recorder,) = (client_id for client_id in _tokens() if "recorder" in client_id)
    clients.ensure_client(connection, now, recorder, ["*"])
    _take_recorded_tokens(connection, now)


def _take_recorded_tokens(connection: Connection, now: float) -> None:
    for client_id, token in _tokens().items():
        its_row = client_rows.c.client_id == client_id
        connection.execute(update(client_rows).where(its_row).values(access_token=token))


def _tokens() -> dict[str, str]:
    """The recorded access tokens, save one that was wrong on purpose."""
    given = [record["credentials"] for record in records() if "credentials" in record and "badmac" not in record["id"]]
    return {each["clientId"]: each["accessToken"] for each in given if "certificate" not in each}


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    settings = TaskSettings(claim_timeout_s=1200, long_poll_s=0.1)
    with running_hub(tmp_path_factory.mktemp("golden"), settings=settings, anonymous=()) as hub:
        played = Replay(hub)
        played.run()
        yield played


def normal(value: Any) -> Any:
    """The value without what differs from one moment or service to another."""
    if isinstance(value, dict):
        return {key: normal(inner) for key, inner in value.items() if key not in UNCOMPARED}
    if isinstance(value, list):
        return [normal(inner) for inner in value]
    if isinstance(value, str):
        value = re.sub(r"until/[\d.]+", "until/N", value.split("\n\n---\n")[0])
        return re.sub(r"^\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)$", "a time", value)
    return value


def body_of(text: str) -> Any:
    return normal(json.loads(text)) if text else None


@pytest.mark.parametrize("key", SAME)
def test_a_recorded_request_is_answered_as_taskcluster_did(replay: Replay, key: str) -> None:
    answer, wanted = replay.answers[key], replay.wanted[key]
    assert body_of(answer.content.decode()) == body_of(wanted.get("body", ""))
    assert answer.status == wanted["status"]
    for name in ("content-type", "www-authenticate"):
        assert answer.headers.get(name) == wanted["headers"].get(name)


@pytest.mark.parametrize("key", MORE_WORDS)
def test_what_is_not_there_is_told_in_the_same_form_and_where_to_look(replay: Replay, key: str) -> None:
    answer, wanted = replay.answers[key], replay.wanted[key]
    assert (answer.status, answer.json["error"]) == (wanted["status"], json.loads(wanted["body"])["error"])
    assert "/references/queue/v1/api.json" in answer.json["message"]


@pytest.mark.parametrize("key", OTHER_WORDS)
def test_a_refusal_in_other_words_has_the_same_code(replay: Replay, key: str) -> None:
    answer, wanted = replay.answers[key], replay.wanted[key]
    assert (answer.status, answer.json["code"]) == (wanted["status"], json.loads(wanted["body"])["code"])
    assert answer.json["requestInfo"]["params"] == json.loads(wanted["body"])["requestInfo"]["params"]
