"""Objects up and down, in both faces, on a hub."""

import asyncio
import io

import pytest

from buildyard import taskcluster
from buildyard.taskcluster import fromNowJSON, slugId


@pytest.fixture
def facts():
    return {"projectId": "p", "contentType": "a/b", "expires": fromNowJSON("1 hour"), "maxRetries": 5}


class AsyncBuffer:
    """A reader and a writer for asyncio."""

    def __init__(self, data=b""):
        self.data = io.BytesIO(data)

    async def read(self, max_size=-1):
        return self.data.read(max_size)

    async def write(self, data):
        self.data.write(data)


def test_synchronous_uploads_and_downloads(hub, content, facts):
    objectService = taskcluster.Object(hub.options())
    data = content.read_bytes()
    length = {"contentLength": len(data), "objectService": objectService}
    names = [f"n/{slugId()}" for _ in range(3)]
    taskcluster.upload.uploadFromBuf(name=names[0], uploadId=slugId(), data=data, **facts, **length)
    with content.open("rb") as file:
        taskcluster.upload.uploadFromFile(name=names[1], uploadId=slugId(), file=file, **facts, **length)
    taskcluster.upload(name=names[2], readerFactory=lambda: io.BytesIO(data), **facts, **length)
    for name in names:
        arguments = {"name": name, "maxRetries": 5, "objectService": objectService}
        buffer, contentType = taskcluster.download.downloadToBuf(**arguments)
        assert (bytes(buffer), contentType) == (data, "a/b")
        written = io.BytesIO()
        assert taskcluster.download.downloadToFile(file=written, **arguments) == "a/b"
        assert written.getvalue() == data
        written = io.BytesIO()
        taskcluster.download.download(writerFactory=lambda written=written: written, **arguments)
        assert written.getvalue() == data


def test_asynchronous_uploads_and_downloads(hub, content, facts):
    data = content.read_bytes()

    async def reader():
        return AsyncBuffer(data)

    async def example():
        objectService = taskcluster.aio.Object(hub.options())
        length = {"contentLength": len(data), "objectService": objectService}
        names = [f"n/{slugId()}" for _ in range(3)]
        await taskcluster.aio.upload.uploadFromBuf(name=names[0], data=data, **facts, **length)
        with content.open("rb") as file:
            await taskcluster.aio.upload.uploadFromFile(name=names[1], file=file, **facts, **length)
        await taskcluster.aio.upload(name=names[2], readerFactory=reader, **facts, **length)
        for name in names:
            arguments = {"name": name, "maxRetries": 5, "objectService": objectService}
            buffer, contentType = await taskcluster.aio.download.downloadToBuf(**arguments)
            assert (bytes(buffer), contentType) == (data, "a/b")
            written = io.BytesIO()
            assert await taskcluster.aio.download.downloadToFile(file=written, **arguments) == "a/b"
            assert written.getvalue() == data
            target = AsyncBuffer()

            async def writer(target=target):
                return target

            await taskcluster.aio.download.download(writerFactory=writer, **arguments)
            assert target.data.getvalue() == data
        await objectService.close()

    asyncio.run(example())


@pytest.mark.parametrize("runId", [None, 0])
def test_artifact_downloads(hub, artifact, runId):
    data = artifact.pop("data")
    arguments = {**artifact, "runId": runId, "maxRetries": 5}
    queueService = taskcluster.Queue(hub.options())
    buffer, contentType = taskcluster.download.downloadArtifactToBuf(queueService=queueService, **arguments)
    assert (bytes(buffer), contentType) == (data, "a/b")
    written = io.BytesIO()
    taskcluster.download.downloadArtifactToFile(queueService=queueService, file=written, **arguments)
    assert written.getvalue() == data
    written = io.BytesIO()
    taskcluster.download.downloadArtifact(queueService=queueService, writerFactory=lambda: written, **arguments)
    assert written.getvalue() == data


def test_asynchronous_artifact_downloads(hub, artifact):
    data = artifact.pop("data")

    async def example():
        queueService = taskcluster.aio.Queue(hub.options())
        arguments = {**artifact, "queueService": queueService, "maxRetries": 5}
        buffer, _ = await taskcluster.aio.download.downloadArtifactToBuf(**arguments)
        assert bytes(buffer) == data
        written = io.BytesIO()
        await taskcluster.aio.download.downloadArtifactToFile(file=written, **arguments)
        assert written.getvalue() == data
        target = AsyncBuffer()

        async def writer():
            return target

        await taskcluster.aio.download.downloadArtifact(writerFactory=writer, **arguments)
        assert target.data.getvalue() == data
        await queueService.close()

    asyncio.run(example())
