"""The ``upload`` modules, and artifacts of every storage type."""

import asyncio
import hashlib
import io
import json

import pytest

import buildyard.taskcluster
from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import answer, body_of
from buildyard.faces.transport import Part
from buildyard.taskcluster import aio, upload
from buildyard.taskcluster.errors import InputRejected, TaskclusterFailure
from buildyard.taskcluster.slugid import is_slug
from buildyard.taskcluster.transfer import (
    INLINE_BYTES,
    Link,
    NoContent,
    ObjectUpload,
    Reference,
    opened,
    upload_object,
)

STORE = "https://store.example/x?signature=abc"
LARGE = b"wheel" * INLINE_BYTES
PUT = {"uploadMethod": {"putUrl": {"url": STORE, "expires": "e", "headers": {"Content-Type": "a/b"}}}}
INLINE = {"uploadMethod": {"dataInline": True}}
FACTS = {"projectId": "p", "name": "n", "contentType": "a/b", "expires": "2026-01-01T00:00:00.000Z"}
ARTIFACT = ("VtMbr2u_QKaR-ZQxhpFjkw", 0, "public/x")


@pytest.fixture
def objects(options, script):
    return buildyard.taskcluster.Object(options, script)


@pytest.fixture
def queue(options, script):
    return buildyard.taskcluster.Queue(options, script)


def sent(request):
    return json.loads(request.body)


class Reader:
    def __init__(self, data):
        self._data = io.BytesIO(data)

    def read(self, max_size):
        return self._data.read(min(max_size, 1000))


class AsyncReader(Reader):
    async def read(self, max_size):
        await asyncio.sleep(0)
        return super().read(max_size)


def on_disk(tmp_path, data):
    path = tmp_path / "content"
    path.write_bytes(data)
    return path.open("rb")


# What is sent must be read while the upload is under way, so that files may be closed after it.
def storing(kept):
    return lambda request: kept.append(body_of(request)) or answer(200)


def test_bytes_are_uploaded_and_vouched_for(objects, script):
    script.add(answer(json=INLINE), answer(json={}))
    upload.uploadFromBuf(**FACTS, objectService=objects, data=b"wheel")
    begun, finished = script.requests
    assert is_slug(sent(begun)["uploadId"])
    assert sent(finished)["hashes"] == {name: hashlib.new(name, b"wheel").hexdigest() for name in ("sha256", "sha512")}


def test_upload_id_may_be_given(objects, script):
    script.add(answer(json=INLINE), answer(json={}))
    upload.uploadFromBuf(**FACTS, objectService=objects, data=b"wheel", uploadId="mine")
    assert [sent(request)["uploadId"] for request in script.requests] == ["mine", "mine"]


@pytest.mark.parametrize("data", [b"wheel", LARGE])
def test_file_is_uploaded_from_its_beginning(objects, script, tmp_path, data):
    kept = []
    script.add(answer(json=PUT), storing(kept), answer(json={}))
    with on_disk(tmp_path, data) as file:
        file.seek(3)
        upload.uploadFromFile(**FACTS, objectService=objects, file=file, contentLength=len(data))
    assert kept == [data]


def test_file_without_a_name_is_uploaded(objects, script, tmp_path):
    kept = []
    script.add(answer(json=PUT), storing(kept), answer(json={}))
    with (tmp_path / "gone").open("w+b") as file:
        file.write(LARGE)
        (tmp_path / "gone").unlink()
        upload.uploadFromFile(**FACTS, objectService=objects, file=file)
    assert kept == [LARGE]


def test_file_in_memory_is_uploaded(objects, script):
    kept = []
    script.add(answer(json=PUT), storing(kept), answer(json={}))
    upload.uploadFromFile(**FACTS, objectService=objects, file=io.BytesIO(LARGE))
    assert kept == [LARGE]


@pytest.mark.parametrize("call", [upload, upload.upload, buildyard.taskcluster.upload])
def test_reader_is_uploaded_and_the_module_may_be_called(objects, script, call):
    kept = []
    script.add(answer(json=PUT), storing(kept), answer(json={}))
    call(**FACTS, objectService=objects, readerFactory=lambda: Reader(LARGE))
    assert kept == [LARGE]


def test_content_that_is_not_as_long_as_announced_is_not_sent(objects, script):
    with pytest.raises(TaskclusterFailure, match="contentLength is 7, and there are 5 bytes"):
        upload.uploadFromBuf(**FACTS, objectService=objects, data=b"wheel", contentLength=7)
    assert script.requests == []


def test_number_of_retries_can_be_given(objects, script):
    script.add(answer(503))
    with pytest.raises(TaskclusterFailure, match="503"):
        upload.uploadFromBuf(**FACTS, objectService=objects, data=b"wheel", maxRetries=0)
    script.done()


def test_progress_is_told(objects, script):
    told = []
    script.add(answer(json=INLINE), answer(json={}))
    upload.uploadFromBuf(**FACTS, objectService=objects, data=b"wheel", progress=lambda *now: told.append(now))
    assert told == [(5, 5)]


def test_asyncio_face_uploads_each_kind_of_source(options, script, tmp_path):
    kept = []
    for _ in range(4):
        script.add(answer(json=PUT), storing(kept), answer(json={}))

    async def new():
        return AsyncReader(LARGE)

    async def use():
        objects = aio.Object(options, script)
        await aio.upload.uploadFromBuf(**FACTS, objectService=objects, data=LARGE)
        with on_disk(tmp_path, LARGE) as file:
            await aio.upload.uploadFromFile(**FACTS, objectService=objects, file=file)
        await aio.upload(**FACTS, objectService=objects, readerFactory=new)
        await aio.upload.upload(**FACTS, objectService=objects, readerFactory=new)

    asyncio.run(use())
    assert kept == [LARGE] * 4


def test_file_that_changed_while_it_was_sent_is_not_finished(objects, script, tmp_path):
    path = tmp_path / "content"
    path.write_bytes(LARGE)
    found = opened(path)
    found.body = Part(str(path), 0, len(LARGE) - 1)  # as it was before it grew
    script.add(answer(json=PUT), answer(200))
    upload = ObjectUpload(name="n", project_id="p", upload_id="u", expires="e", credentials={})
    with pytest.raises(TaskclusterFailure, match="changed while it was read"):
        run_blocking(upload_object(objects._core, upload, found, "a/b"))
    assert len(script.requests) == 2


def test_hashes_are_given_up_when_the_upload_fails(objects, script, tmp_path):
    path = tmp_path / "content"
    path.write_bytes(LARGE)
    found = opened(path)
    script.add(answer(400))
    upload = ObjectUpload(name="n", project_id="p", upload_id="u", expires="e", credentials={})
    with pytest.raises(InputRejected):
        run_blocking(upload_object(objects._core, upload, found, "a/b"))
    assert not found._is_wanted


# --- artifacts -----------------------------------------------------------------------------------


def test_s3_artifact_is_put_where_the_queue_says(queue, script):
    kept = []
    script.add(answer(json={"storageType": "s3", "putUrl": STORE}), storing(kept))
    queue.uploadArtifact(*ARTIFACT, LARGE, contentType="a/b", expires="e", storageType="s3")
    assert sent(script.requests[0]) == {"storageType": "s3", "contentType": "a/b", "expires": "e"}
    assert dict(script.requests[1].headers) == {"Content-Type": "a/b"}
    assert kept == [LARGE]


@pytest.mark.parametrize(
    ("source", "facts"),
    [
        (
            Reference("https://x.example"),
            {"storageType": "reference", "contentType": "a/b", "url": "https://x.example"},
        ),
        (Link("public/y"), {"storageType": "link", "contentType": "a/b", "artifact": "public/y"}),
        (
            NoContent("file-missing-on-worker", "no such file"),
            {"storageType": "error", "reason": "file-missing-on-worker", "message": "no such file"},
        ),
    ],
)
def test_artifact_without_content_is_one_call(queue, script, source, facts):
    script.add(answer(json={"storageType": facts["storageType"]}))
    assert queue.uploadArtifact(*ARTIFACT, source, contentType="a/b", expires="e") == source
    assert sent(script.requests[0]) == {**facts, "expires": "e"}
    script.done()


def test_unknown_storage_type_of_content_is_refused(queue, script):
    with pytest.raises(TaskclusterFailure, match="object or s3"):
        queue.uploadArtifact(*ARTIFACT, b"x", expires="e", storageType="link")
    assert script.requests == []


def test_storage_that_refuses_an_artifact_is_an_error(queue, script):
    script.add(answer(json={"storageType": "s3", "putUrl": STORE}), answer(400, b"<Error/>"))
    with pytest.raises(InputRejected):
        queue.uploadArtifact(*ARTIFACT, b"x", expires="e", storageType="s3")
