"""Steps about artifacts: every storage type, made by a worker and read in every way there is."""

import gzip
import io
import json
import urllib.request

from support.uses.kit import fetch, step

SMALL = b"some text\n"
LARGE = bytes(range(256)) * 256


async def put_object(use, worker, task_id, name, content, content_type="application/octet-stream"):
    """Upload an artifact of the storage type object, as the object service is meant to be used."""
    wanted = {"storageType": "object", "expires": use.later(), "contentType": content_type}
    made = await use.ask(worker.createArtifact(task_id, 0, name, wanted))
    objects = use.service("Object", made["credentials"])
    await use.ask(
        use.module("upload").uploadFromBuf(
            projectId=made["projectId"],
            name=made["name"],
            contentType=content_type,
            contentLength=len(content),
            expires=made["expires"],
            uploadId=made["uploadId"],
            objectService=objects,
            data=content,
        )
    )
    await use.ask(worker.finishArtifact(task_id, 0, name, {"uploadId": made["uploadId"]}))
    return made


async def read(use, task_id, name, **more):
    """Return what a reader gets of an artifact."""
    queue = use.service("Queue")
    got, kind = await use.ask(
        use.module("download").downloadArtifactToBuf(taskId=task_id, name=name, queueService=queue, **more)
    )
    return bytes(got), kind


@step
async def object_artifact_of_any_size(use):
    task_id, worker = await use.claimed()
    for content in (b"", SMALL, bytes(8191), bytes(8192), LARGE):
        name = f"public/{len(content)} + %.bin"
        await put_object(use, worker, task_id, name, content)
        assert await read(use, task_id, name, runId=0) == (content, "application/octet-stream")
    return await use.ask(use.service("Queue").listArtifacts(task_id, 0))


@step
async def object_artifact_is_not_there_before_it_is_finished(use):
    task_id, worker = await use.claimed()
    wanted = {"storageType": "object", "expires": use.later(), "contentType": "text/plain"}
    made = await use.ask(worker.createArtifact(task_id, 0, "public/x", wanted))
    early = await use.refused(use.service("Queue").artifact, task_id, 0, "public/x")
    assert early[0] == 404
    unfinished = await use.refused(worker.finishArtifact, task_id, 0, "public/x", {"uploadId": made["uploadId"]})
    return [made, early, unfinished]


@step
async def artifact_of_the_last_run(use):
    task_id, worker = await use.claimed()
    await put_object(use, worker, task_id, "public/x", SMALL, "text/plain")
    queue = use.service("Queue")
    assert await read(use, task_id, "public/x") == (SMALL, "text/plain")
    return [
        await use.ask(queue.latestArtifact(task_id, "public/x")),
        await use.ask(queue.getLatestArtifact(task_id, "public/x")),
        await use.ask(queue.latestArtifactInfo(task_id, "public/x")),
        await use.ask(queue.artifactInfo(task_id, 0, "public/x")),
        await use.ask(queue.listLatestArtifacts(task_id)),
    ]


@step
async def get_artifact_names_an_address(use):
    task_id, worker = await use.claimed()
    await put_object(use, worker, task_id, "public/x", SMALL)
    answer = await use.ask(use.service("Queue").getArtifact(task_id, 0, "public/x"))
    assert fetch(answer["url"]) == (200, SMALL)
    assert fetch(use.service("Queue").buildUrl("getLatestArtifact", task_id, "public/x")) == (200, SMALL)
    return answer


@step
async def private_artifact_by_signed_address(use):
    task_id, worker = await use.claimed()
    await put_object(use, worker, task_id, "private/x", SMALL)
    queue = use.service("Queue")
    assert fetch(queue.buildUrl("getArtifact", task_id, 0, "private/x"))[0] == 403
    assert fetch(queue.buildSignedUrl("getArtifact", task_id, 0, "private/x")) == (200, SMALL)
    return await use.refused(use.service("Queue", {}).artifact, task_id, 0, "private/x")


@step
async def s3_artifact_is_put_to_its_address(use):
    task_id, worker = await use.claimed()
    wanted = {"storageType": "s3", "expires": use.later(), "contentType": "text/plain"}
    made = await use.ask(worker.createArtifact(task_id, 0, "public/log.txt", wanted))
    put = urllib.request.Request(made["putUrl"], LARGE, {"Content-Type": "text/plain"}, method="PUT")
    with urllib.request.urlopen(put, timeout=10) as answer:
        assert answer.status == 200
    assert await read(use, task_id, "public/log.txt") == (LARGE, "text/plain")
    queue = use.service("Queue")
    where, listed = queue.artifact(task_id, 0, "public/log.txt"), queue.listArtifacts(task_id, 0)
    return [made, await use.ask(where), await use.ask(listed)]


@step
async def compressed_artifact_is_read_as_it_was(use):
    task_id, worker = await use.claimed()
    wanted = {"storageType": "s3", "expires": use.later(), "contentType": "text/plain"}
    made = await use.ask(worker.createArtifact(task_id, 0, "public/log.txt", wanted))
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    put = urllib.request.Request(made["putUrl"], gzip.compress(LARGE), headers, method="PUT")
    with urllib.request.urlopen(put, timeout=10) as answer:
        assert answer.status == 200
    content, kind = await read(use, task_id, "public/log.txt")
    assert content == LARGE
    return kind


@step
async def reference_artifact_leads_elsewhere(use):
    task_id, worker = await use.claimed()
    url = use.service("Queue").buildUrl("task", task_id)
    wanted = {"storageType": "reference", "expires": use.later(), "url": url, "contentType": "application/json"}
    made = await use.ask(worker.createArtifact(task_id, 0, "public/ref", wanted))
    content, _ = await read(use, task_id, "public/ref")
    assert json.loads(content)["taskQueueId"] == use.pool
    moved = {**wanted, "url": f"{url}/status"}
    await use.ask(worker.createArtifact(task_id, 0, "public/ref", moved))
    return [made, (await use.ask(use.service("Queue").artifact(task_id, 0, "public/ref")))["url"] == f"{url}/status"]


@step
async def link_artifact_is_followed(use):
    task_id, worker = await use.claimed()
    await put_object(use, worker, task_id, "public/real", SMALL)
    wanted = {"storageType": "link", "expires": use.later(), "artifact": "public/real", "contentType": "text/plain"}
    made = await use.ask(worker.createArtifact(task_id, 0, "public/link", wanted))
    assert (await read(use, task_id, "public/link"))[0] == SMALL
    return [made, await use.ask(use.service("Queue").artifact(task_id, 0, "public/link"))]


@step
async def error_artifact_raises_its_reason(use):
    task_id, worker = await use.claimed()
    reason = "file-missing-on-worker"
    wanted = {"storageType": "error", "expires": use.later(), "reason": reason, "message": "no such file"}
    made = await use.ask(worker.createArtifact(task_id, 0, "public/gone", wanted))
    raised = await use.raised(use.taskcluster.TaskclusterArtifactError, read(use, task_id, "public/gone"))
    assert raised.reason == reason
    got = use.service("Queue").getArtifact
    refused = await use.raised(use.taskcluster.TaskclusterRestFailure, got, task_id, 0, "public/gone")
    return [made, refused.status_code]


@step
async def artifact_cannot_become_another(use):
    task_id, worker = await use.claimed()
    wanted = {"storageType": "reference", "expires": use.later(), "url": "https://a.example/", "contentType": "a/b"}
    await use.ask(worker.createArtifact(task_id, 0, "public/x", wanted))
    await use.ask(worker.createArtifact(task_id, 0, "public/x", wanted))
    other = await use.refused(worker.createArtifact, task_id, 0, "public/x", {**wanted, "contentType": "c/d"})
    too_long = {**wanted, "expires": use.later("3 days")}
    beyond = await use.refused(worker.createArtifact, task_id, 0, "public/y", too_long)
    await use.ask(worker.reportCompleted(task_id, 0))
    late = await use.refused(worker.createArtifact, task_id, 0, "public/z", wanted)
    return [other, beyond, late]


@step
async def artifact_to_a_file(use):
    task_id, worker = await use.claimed()
    await put_object(use, worker, task_id, "public/x", LARGE, "a/b")
    file, queue = io.BytesIO(), use.service("Queue")
    kind = await use.ask(
        use.module("download").downloadArtifactToFile(taskId=task_id, name="public/x", queueService=queue, file=file)
    )
    assert (file.getvalue(), kind) == (LARGE, "a/b")
    return kind


@step
async def artifact_to_a_writer(use):
    task_id, worker = await use.claimed()
    await put_object(use, worker, task_id, "public/x", LARGE, "a/b")
    kept = bytearray()
    kind = await use.ask(
        use.module("download").downloadArtifact(
            taskId=task_id,
            runId=0,
            name="public/x",
            maxRetries=2,
            queueService=use.service("Queue"),
            writerFactory=use.factory_of_writers(kept),
        )
    )
    assert (bytes(kept), kind) == (LARGE, "a/b")
    return kind


async def five(use):
    """Leave five artifacts; return their task."""
    task_id, worker = await use.claimed()
    for number in range(5):
        wanted = {"storageType": "reference", "expires": use.later(), "url": "https://a.example/", "contentType": "a/b"}
        await use.ask(worker.createArtifact(task_id, 0, f"public/{number}", wanted))
    return task_id


@step
async def pages_by_hand(use):
    task_id, queue, names, sizes, token = await five(use), use.service("Queue"), [], [], None
    while True:
        query = {"limit": 2, **({"continuationToken": token} if token else {})}
        page = await use.ask(queue.listArtifacts(task_id, 0, query=query))
        names += [one["name"] for one in page["artifacts"]]
        sizes.append(len(page["artifacts"]))
        token = page.get("continuationToken")
        if not token:
            break
    assert names == [f"public/{number}" for number in range(5)]
    return sizes


@step
async def pages_by_handler(use):
    task_id, queue, pages = await five(use), use.service("Queue"), []
    nothing = await use.ask(queue.listArtifacts(task_id, 0, paginationHandler=pages.append, paginationLimit=3))
    assert nothing is None
    return [[one["name"] for one in page["artifacts"]] for page in pages]
