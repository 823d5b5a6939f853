"""Steps about the object service, by itself: content up and down in all ways, and what it refuses."""

import io

from support.uses.kit import fetch, step

LARGE = bytes(range(256)) * 100


async def upload(use, how="uploadFromBuf", content=LARGE, **source):
    """Upload an object of a new name and return the name."""
    name = f"{use.id}/an object + %"
    await use.ask(
        getattr(use.module("upload"), how)(
            projectId="prj",
            name=name,
            contentType="a/b",
            contentLength=len(content),
            expires=use.taskcluster.fromNow("1 day"),
            maxRetries=1,
            objectService=use.service("Object"),
            **source,
        )
    )
    return name


@step
async def object_from_bytes(use):
    name = await upload(use, data=LARGE)
    got, kind = await use.ask(use.module("download").downloadToBuf(name=name, objectService=use.service("Object")))
    assert (bytes(got), kind) == (LARGE, "a/b")
    return await use.ask(use.service("Object").object(name))


@step
async def object_from_a_file_to_a_file(use):
    name = await upload(use, "uploadFromFile", file=io.BytesIO(LARGE))
    file = io.BytesIO(b"what was there before" * 5000)
    kind = await use.ask(
        use.module("download").downloadToFile(name=name, maxRetries=1, objectService=use.service("Object"), file=file)
    )
    assert (file.getvalue(), kind) == (LARGE, "a/b")
    return kind


@step
async def object_from_a_reader_to_a_writer(use):
    name, kept = await upload(use, "upload", readerFactory=use.factory_of_readers(LARGE)), bytearray()
    kind = await use.ask(
        use.module("download").download(
            name=name, objectService=use.service("Object"), writerFactory=use.factory_of_writers(kept)
        )
    )
    assert (bytes(kept), kind) == (LARGE, "a/b")
    return kind


@step
async def small_object_travels_in_the_request(use):
    name = await upload(use, content=b"small", data=b"small")
    got, _ = await use.ask(use.module("download").downloadToBuf(name=name, objectService=use.service("Object")))
    assert bytes(got) == b"small"
    return await use.ask(use.service("Object").startDownload(name, {"acceptDownloadMethods": {"simple": True}}))


@step
async def object_by_its_address(use):
    name = await upload(use, data=LARGE)
    status, content = fetch(use.service("Object").buildSignedUrl("download", name))
    assert content == LARGE
    return status


@step
async def object_service_refuses(use):
    name, objects = await upload(use, data=LARGE), use.service("Object")
    again = {
        "projectId": "prj",
        "uploadId": use.taskcluster.slugId(),
        "expires": use.later(),
        "proposedUploadMethods": {},
    }
    return [
        await use.refused(objects.createUpload, name, again),
        await use.refused(objects.startDownload, name, {"acceptDownloadMethods": {}}),
        await use.refused(objects.startDownload, f"{name}/no", {"acceptDownloadMethods": {"getUrl": True}}),
        await use.refused(objects.object, f"{name}/no"),
    ]
