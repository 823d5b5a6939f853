"""The artifact operations of the queue service: created by workers, read by anybody who may.

`artifacts` keeps the rows; bytes go through the object service (`objects_http`).  Part of `http`.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from buildyard.farm.tasks import artifacts, objects, s3_http
from buildyard.farm.tasks.answers import json_response
from buildyard.farm.tasks.artifacts import Artifact, Created
from buildyard.farm.tasks.definition import TaskId
from buildyard.farm.tasks.objects_http import get_url
from buildyard.farm.tasks.paging import PAGED, page_of, paged
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.wire import Answer, Call, Operation


class FinishInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of finishArtifact."""

    upload_id: TaskId


async def create(call: Call) -> Answer:
    """Answer createArtifact."""
    task_id, run_id = call.params["taskId"], call.run_id
    call.caller.require(f"queue:create-artifact:{task_id}/{run_id}")
    created = await call.rooms.write(artifacts.create_artifact, task_id, run_id, call.params["name"], call.payload)
    if created.artifact.storage_type == "s3":
        return s3_http.put_answer(call, created.artifact)
    if created.artifact.storage_type != "object":
        return {"storageType": created.artifact.storage_type}
    return _upload(call, created)


def _upload(call: Call, created: Created) -> Answer:
    its = created.artifact
    return {
        "storageType": "object",
        "name": its.object_name,
        "projectId": created.project_id,
        "uploadId": its.details["uploadId"],
        "expires": to_json(its.expires),
        "credentials": call.rooms.auth.upload_credentials(created),
    }


async def finish(call: Call) -> Answer:
    """Answer finishArtifact."""
    task_id, run_id = call.params["taskId"], call.run_id
    call.caller.require(f"queue:create-artifact:{task_id}/{run_id}")
    upload_id = call.decode(FinishInput).upload_id
    await call.rooms.write(artifacts.finish_artifact, task_id, run_id, call.params["name"], upload_id)
    return None


async def content(call: Call) -> Answer:
    """Answer artifact and latestArtifact: how to get what is in it."""
    found = await _found(call)
    if found.storage_type == "object":
        credentials = call.rooms.auth.download_credentials(found)
        return {"storageType": "object", "name": found.object_name, "credentials": credentials}
    if found.storage_type == "s3":
        return {"storageType": "s3", "url": s3_http.get_url(call, found)}
    return {"storageType": found.storage_type, **found.details}


async def get(call: Call) -> Answer:
    """Answer getArtifact and getLatestArtifact: a redirect to what is in it."""
    found = await _found(call)
    headers = {"x-taskcluster-artifact-storage-type": found.storage_type}
    if found.storage_type == "error":
        return json_response(found.details, 424, headers)
    url = await _url(call, found)
    return json_response({"storageType": found.storage_type, "url": url}, 303, {**headers, "location": url})


async def _url(call: Call, found: Artifact) -> str:
    if found.storage_type == "reference":
        return str(found.details["url"])
    if found.storage_type == "s3":
        return s3_http.get_url(call, found)
    stored = await call.rooms.read(objects.readable, call.rooms.clock(), str(found.object_name))
    return get_url(call, stored).url


async def _found(call: Call) -> Artifact:
    def allow(name: str) -> None:
        call.caller.require(f"queue:get-artifact:{name}")

    task_id, name = call.params["taskId"], call.params["name"]
    allow(name)  # before it is known whether there is one
    return await call.rooms.read(artifacts.content, call.rooms.clock(), task_id, _run_id(call), name, allow)


async def info(call: Call) -> Answer:
    """Answer artifactInfo and latestArtifactInfo."""
    task_id, name = call.params["taskId"], call.params["name"]
    call.caller.require(f"queue:list-artifacts:{_place(call)}")
    found = await call.rooms.read(artifacts.present, call.rooms.clock(), task_id, _run_id(call), name)
    return found.info


async def listing(call: Call) -> Answer:
    """Answer listArtifacts and listLatestArtifacts."""
    call.caller.require(f"queue:list-artifacts:{_place(call)}")
    page = page_of(call.query)
    found, token = await call.rooms.read(artifacts.listing, call.params["taskId"], _run_id(call), page)
    return paged({"artifacts": [artifact.info for artifact in found]}, token)


def _run_id(call: Call) -> int | None:
    return call.run_id if "runId" in call.params else None


def _place(call: Call) -> str:
    run_id = call.params.get("runId")
    return call.params["taskId"] if run_id is None else f"{call.params['taskId']}:{run_id}"


_TASK, _RUN, _NAME = "/task/{taskId}", "/task/{taskId}/runs/{runId}", "{name:path}"

OPERATIONS: Final = (
    Operation("createArtifact", "POST", f"{_RUN}/artifacts/{_NAME}", create, body="json"),
    Operation("finishArtifact", "PUT", f"{_RUN}/artifacts/{_NAME}", finish, body="json"),
    Operation("getArtifact", "GET", f"{_RUN}/artifacts/{_NAME}", get),
    Operation("getLatestArtifact", "GET", f"{_TASK}/artifacts/{_NAME}", get),
    Operation("artifact", "GET", f"{_RUN}/artifact-content/{_NAME}", content),
    Operation("latestArtifact", "GET", f"{_TASK}/artifact-content/{_NAME}", content),
    Operation("artifactInfo", "GET", f"{_RUN}/artifact-info/{_NAME}", info),
    Operation("latestArtifactInfo", "GET", f"{_TASK}/artifact-info/{_NAME}", info),
    Operation("listArtifacts", "GET", f"{_RUN}/artifacts", listing, query=PAGED),
    Operation("listLatestArtifacts", "GET", f"{_TASK}/artifacts", listing, query=PAGED),
)
