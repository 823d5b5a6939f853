"""What the official client does to a hub, as a script for its own environment: prints one JSON object.

``TASKCLUSTER_*`` say where the hub is; the task's definition comes on standard input.
"""

import datetime
import json
import os
import sys
import urllib.request

import taskcluster
from taskcluster import download, upload

options = taskcluster.optionsFromEnvironment({"maxRetries": 0})
queue = taskcluster.Queue(options)
task_id = taskcluster.slugId()
definition = json.load(sys.stdin)
pool = definition["taskQueueId"]
told = {}


def refusal(call, *arguments):
    try:
        call(*arguments)
    except taskcluster.exceptions.TaskclusterRestFailure as error:
        return [error.status_code, error.body["code"]]
    except taskcluster.exceptions.TaskclusterAuthFailure as error:
        return [error.status_code, error.body["code"]]
    return "nothing"


told["alive"] = queue.ping()["alive"]
told["created"] = queue.createTask(task_id, definition)["status"]["state"]
told["repeated"] = queue.createTask(task_id, definition)["status"]["state"]
told["conflict"] = refusal(queue.createTask, task_id, {**definition, "priority": "high"})
told["task"] = queue.task(task_id)["taskQueueId"]
told["missing"] = refusal(queue.task, taskcluster.slugId())
told["malformed"] = refusal(queue.createTask, taskcluster.slugId(), {"a": 1})
told["counts"] = queue.taskQueueCounts(pool)

claimed = queue.claimWork(pool, {"workerGroup": "peer", "workerId": "w1", "tasks": 1})["tasks"][0]
told["claimed"] = [claimed["status"]["taskId"] == task_id, claimed["runId"]]


def as_worker(claim):
    return taskcluster.Queue({"rootUrl": options["rootUrl"], "credentials": claim["credentials"], "maxRetries": 0})


worker = as_worker(as_worker(claimed).reclaimTask(task_id, 0))
told["forbidden"] = refusal(worker.cancelTask, task_id)


def round_trip(name, content):
    expires = taskcluster.fromNowJSON("1 hour")
    wanted = {"storageType": "object", "expires": expires, "contentType": "application/octet-stream"}
    created = worker.createArtifact(task_id, 0, name, wanted)
    objects = taskcluster.Object({"rootUrl": options["rootUrl"], "credentials": created["credentials"]})
    upload.uploadFromBuf(
        projectId=created["projectId"],
        name=created["name"],
        contentType="application/octet-stream",
        contentLength=len(content),
        expires=expires,
        uploadId=created["uploadId"],
        objectService=objects,
        data=content,
    )
    worker.finishArtifact(task_id, 0, name, {"uploadId": created["uploadId"]})
    got, kind = download.downloadArtifactToBuf(taskId=task_id, runId=0, name=name, queueService=queue)
    latest, _ = download.downloadArtifactToBuf(taskId=task_id, name=name, queueService=queue)
    return bytes(got) == content == bytes(latest) and kind == "application/octet-stream"


told["small"] = round_trip("public/small + %.bin", b"small")
told["large"] = round_trip("public/a/large.bin", bytes(range(256)) * 4096)
told["listed"] = [one["name"] for one in queue.listLatestArtifacts(task_id)["artifacts"]]
told["redirect"] = sorted(queue.getLatestArtifact(task_id, "public/a/large.bin"))

signed = queue.buildSignedUrl("status", task_id)
told["bewit"] = "bewit=" in signed
with urllib.request.urlopen(signed) as answer:
    told["signed_url"] = json.load(answer)["status"]["taskId"] == task_id

narrow = taskcluster.Queue({**options, "authorizedScopes": [f"queue:get-task:{task_id}"]})
told["authorized"] = [narrow.task(task_id)["taskQueueId"], refusal(narrow.cancelTask, task_id)]

start = datetime.datetime.now(datetime.UTC)
temporary = taskcluster.createTemporaryCredentials(
    os.environ["TASKCLUSTER_CLIENT_ID"],
    os.environ["TASKCLUSTER_ACCESS_TOKEN"],
    start,
    start + datetime.timedelta(minutes=5),
    [f"queue:status:{task_id}"],
    name="temporary/peer",
)
guest = taskcluster.Queue({"rootUrl": options["rootUrl"], "credentials": temporary, "maxRetries": 0})
told["temporary"] = [guest.status(task_id)["status"]["state"], refusal(guest.cancelTask, task_id)]

told["completed"] = worker.reportCompleted(task_id, 0)["status"]["state"]
told["late"] = refusal(worker.reportFailed, task_id, 0)
told["rerun"] = queue.rerunTask(task_id)["status"]["state"]
told["cancelled"] = queue.cancelTask(task_id)["status"]["runs"][-1]["reasonResolved"]
told["stranger"] = refusal(
    taskcluster.Queue({"rootUrl": options["rootUrl"], "credentials": {"clientId": "x", "accessToken": "y" * 22}}).task,
    task_id,
)
print(json.dumps(told))
