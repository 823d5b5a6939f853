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

import pytest
from sqlalchemy import Connection, update

from buildyard.farm.store.tables import artifacts as artifact_rows
from buildyard.farm.store.tables import clients as client_rows
from buildyard.farm.tasks import clients
from buildyard.farm.tasks.rooms import TaskSettings
from buildyard.taskcluster._hawk import payload_hash
from buildyard.taskcluster.credentials import Credentials
from support.hub import Answer, Hub, authorization, running_hub

GOLDEN = Path(__file__).parents[1] / "golden" / "taskcluster.jsonl"
RECORDED_AT = 1_795_321_791.6
OBJECT_NAME = "public/obj.bin"

#: Records of one task's life and what can go wrong with it, which this hub answers as Taskcluster does.
_SAME = """
ping-queue ping-object lbheartbeat createTask createTask-repeat createTask-conflict task status-pending
task-authorizedScopes cancel-authorizedScopes-403 empty-ext 400-ctype 400-slug 400-deadline 404-task 404-route
404-verb 401-nobody 401-badmac 401-stale 401-garbage 403-anon temp-unnamed temp-403 temp-expired bewit
bewit-scopes bewit-expired claimWork status-running reclaim-404 worker-403 artifact-reference artifact-link
artifact-error object-createUpload-inline object-read-unfinished object-finishUpload finishArtifact
finishArtifact-wrong object-createUpload-puturl object-createUpload-repeat object-createUpload-conflict
object-finish-2 object-startDownload-hashes object-404 artifact-get-reference artifact-get-link
artifact-get-object getArtifact-404 latestArtifact artifactInfo artifact-409 artifact-expires-400
listArtifacts-page reportCompleted reportCompleted-again reportFailed-409 reclaim-409 scheduler-mismatch-409
"""
SAME = _SAME.split()
#: Records whose answer tells the same in other words: code and status are compared.
OTHER_WORDS = ["400-schema", "400-badjson"]

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
            if key in SAME or key in OTHER_WORDS:
                self.before(key)
                self.answers[key] = self.send(record)
                self.wanted[key] = record["response"]
                self.after(key)

    def before(self, key: str) -> None:
        if key == "createTask":
            self.hub.write(_add_clients)
            self.hub.rooms.auth.forget()
        if key == "object-createUpload-inline":
            self.begin_artifact()

    def after(self, key: str) -> None:
        if key == "claimWork":
            self.signers["task-client"] = Credentials.from_options(self.answers[key].json["tasks"][0]["credentials"])
        if key == "object-createUpload-puturl":
            method = self.answers[key].json["uploadMethod"]["putUrl"]
            path = "/" + method["url"].split("/", 3)[3]
            self.hub.call("PUT", path, body=b"hello world", headers=method["headers"])

    def begin_artifact(self) -> None:
        """Create the artifact whose creation was not recorded, under the recorded uploadId."""
        task_id = self.answers["createTask"].json["status"]["taskId"]
        wanted = {
            "storageType": "object",
            "expires": "2026-11-22T05:19:52.018Z",
            "contentType": "application/octet-stream",
        }
        path = f"/api/queue/v1/task/{task_id}/runs/0/artifacts/{OBJECT_NAME}"
        created = self.hub.call("POST", path, wanted, sign=self.signers["task-client"]).json
        self.signers["artifact-upload"] = Credentials.from_options(created["credentials"])
        recorded = json.dumps({"uploadId": "RLcz-OL-Qwejr77nlQI42Q"})
        its_row = artifact_rows.c.name == OBJECT_NAME
        self.hub.write(lambda c, _: c.execute(update(artifact_rows).where(its_row).values(details=recorded)).rowcount)

    def send(self, record: dict[str, Any]) -> Answer:
        request = record["request"]
        body = request["body"].encode() if "body" in request else None
        headers = {**request["headers"], "Host": "tc.example"}
        signer = self.signers.get(record.get("credentials", {}).get("clientId", "").split("/")[0])
        if signer:
            digest = payload_hash("application/json" if body else "", body or b"")
            url = f"http://tc.example{request['path']}"
            headers["Authorization"] = authorization(request["method"], url, signer, self.hub.clock(), digest)
        return self.hub.call(request["method"], request["path"], body=body, headers=headers)


def _add_clients(connection: Connection, now: float) -> None:
    tokens = {
        given["clientId"]: given["accessToken"]
        for record in records()
        if (given := record.get("credentials")) and "certificate" not in given
    }
    for client_id, token in tokens.items():
        if client_id != "nobody":
            scopes = ["*"] if "recorder" in client_id else ["queue:get-task:*"]
            clients.ensure_client(connection, now, client_id, scopes)
            connection.execute(
                update(client_rows).where(client_rows.c.client_id == client_id).values(access_token=token)
            )


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


@pytest.mark.parametrize("key", OTHER_WORDS)
def test_a_refusal_in_other_words_has_the_same_code(replay: Replay, key: str) -> None:
    answer, wanted = replay.answers[key], replay.wanted[key]
    assert (answer.status, answer.json["code"]) == (wanted["status"], json.loads(wanted["body"])["code"])
    assert answer.json["requestInfo"]["params"] == json.loads(wanted["body"])["requestInfo"]["params"]
