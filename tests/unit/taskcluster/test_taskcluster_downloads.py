"""Downloads: verified, gone on with where they broke off, of every storage type, to every kind of writer."""

import asyncio
import gzip
import hashlib
import io

import pytest

import buildyard.taskcluster
from buildyard.errors import Cut
from buildyard.faces.scripted import SCRIPT_START, answer
from buildyard.taskcluster import aio, download
from buildyard.taskcluster.errors import (
    InsufficientScopes,
    ObjectHashVerificationError,
    ResourceNotFound,
    TaskclusterAnswerError,
    TaskclusterArtifactError,
    TaskclusterConnectionError,
)

STORE = "https://store.example/x?signature=abc"
CONTENT = bytes(range(256)) * 40
TASK = "VtMbr2u_QKaR-ZQxhpFjkw"
CUT = Cut("gone", method="GET", url=STORE)
TYPE = ("Content-Type", "a/b")


def started(content=CONTENT, names=("sha256", "sha512"), **facts):
    hashes = {name: hashlib.new(name, content).hexdigest() for name in names}
    return answer(json={"method": "getUrl", "url": STORE, "hashes": hashes, **facts})


def part(begin, content=CONTENT):
    place = ("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
    return answer(206, content[begin:], [TYPE, place])


@pytest.fixture
def objects(options, script):
    return buildyard.taskcluster.Object(options, script)


@pytest.fixture
def queue(options, script):
    return buildyard.taskcluster.Queue(options, script)


def fetched(objects, **more):
    buffer, content_type = download.downloadToBuf(name="x", objectService=objects, **more)
    return bytes(buffer), content_type


def field(request, name):
    return dict(request.headers).get(name)


def test_object_comes_whole_with_its_type(objects, script):
    script.add(started(), answer(200, CONTENT, [TYPE]))
    assert fetched(objects) == (CONTENT, "a/b")
    script.done()


def test_store_is_given_no_credentials(objects, script):
    script.add(started(), answer(200, CONTENT))
    fetched(objects)
    assert field(script.requests[1], "Authorization") is None


@pytest.mark.parametrize("names", [("sha256",), ("sha512",), ("sha256", "sha512", "md5")])
def test_first_hash_that_is_known_is_compared(objects, script, names):
    script.add(started(names=names), answer(200, CONTENT))
    assert fetched(objects)[0] == CONTENT
    script.add(started(names=names), answer(200, CONTENT[:-1] + b"!"))
    with pytest.raises(ObjectHashVerificationError, match=names[0]):
        fetched(objects)


@pytest.mark.parametrize("names", [(), ("md5",)])
def test_object_that_no_hash_vouches_for_is_refused(objects, script, names):
    script.add(started(names=names), answer(200, CONTENT))
    with pytest.raises(ObjectHashVerificationError, match="names none of"):
        fetched(objects)


def test_download_goes_on_where_it_broke_off(objects, script):
    script.add(started(), answer(200, [CONTENT[:100], CUT], [TYPE]), part(100))
    assert fetched(objects) == (CONTENT, "a/b")
    assert field(script.requests[2], "Range") == "bytes=100-"


def test_download_that_the_store_cannot_go_on_with_begins_anew(objects, script):
    script.add(started(), answer(200, [CONTENT[:100], CUT], [TYPE]), answer(200, CONTENT, [TYPE]))
    assert fetched(objects) == (CONTENT, "a/b")


@pytest.mark.parametrize("refusal", [answer(416), answer(206, b"x", [("Content-Range", "bytes 7-7/8")])])
def test_part_that_was_not_asked_for_is_not_used(objects, script, refusal):
    script.add(started(), answer(200, [CONTENT[:100], CUT]), refusal, started(), answer(200, CONTENT))
    assert fetched(objects)[0] == CONTENT
    assert field(script.requests[-1], "Range") is None


def test_rest_is_asked_for_only_of_the_same_content(objects, script):
    tagged = answer(200, [CONTENT[:100], CUT], [("ETag", '"1"')])
    script.add(started(), tagged, part(100))
    fetched(objects)
    assert field(script.requests[2], "If-Range") == '"1"'


def test_attempts_count_anew_when_a_download_comes_further(options, script):
    options["maxRetries"] = 1
    begun = answer(200, [CONTENT[:1000], CUT])
    cuts = [answer(206, [b"%c" % CONTENT[n], CUT], [("Content-Range", f"bytes {n}-")]) for n in range(1000, 1010)]
    script.add(started(), begun, *cuts, part(1010))
    assert fetched(buildyard.taskcluster.Object(options, script))[0] == CONTENT


def test_download_that_comes_no_further_ends_as_a_connection_error(objects, script):
    script.add(started(), answer(200, [CONTENT[:100], CUT]), *[CUT] * 20)
    with pytest.raises(TaskclusterConnectionError):
        fetched(objects)
    assert len(script.requests) < 20


def test_number_of_retries_can_be_given(objects, script):
    script.add(started(), CUT)
    with pytest.raises(TaskclusterConnectionError):
        fetched(objects, maxRetries=0)
    script.done()


def test_expired_address_is_asked_for_again(objects, script):
    script.add(started(expires="2025-01-01T00:00:30.000Z"))
    script.add(lambda _: script.advance(60) or answer(200, [CONTENT[:100], CUT]))
    script.add(started(expires="2025-01-01T01:00:00.000Z"), part(100))
    assert fetched(objects)[0] == CONTENT
    assert [request.method for request in script.requests] == ["PUT", "GET", "PUT", "GET"]
    assert script.now() > SCRIPT_START + 60


def test_address_that_is_refused_half_way_is_asked_for_again(objects, script):
    script.add(started(), answer(200, [CONTENT[:100], CUT]), answer(403), started(), part(100))
    assert fetched(objects)[0] == CONTENT


def test_address_that_is_refused_at_once_is_an_error(objects, script):
    script.add(started(), answer(403, b"<Error>no</Error>"))
    with pytest.raises(InsufficientScopes, match="<Error>no</Error>"):
        fetched(objects)


def test_store_in_trouble_is_asked_again(objects, script):
    script.add(started(), answer(503), started(), answer(200, CONTENT))
    assert fetched(objects)[0] == CONTENT


def test_unknown_object_is_not_found(objects, script):
    script.add(answer(404))
    with pytest.raises(ResourceNotFound):
        fetched(objects)


def test_file_holds_the_content_and_nothing_from_before(objects, script, tmp_path):
    script.add(started(), answer(200, [CONTENT[:100], CUT], [TYPE]), answer(200, CONTENT, [TYPE]))
    with (tmp_path / "x").open("w+b") as file:
        file.write(b"before" * 10_000)
        assert download.downloadToFile(name="x", objectService=objects, file=file) == "a/b"
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_writer_factory_is_asked_anew_when_the_download_begins_anew(objects, script):
    writers = []

    def new():
        writers.append(io.BytesIO())
        return writers[-1]

    script.add(started(), answer(200, [CONTENT[:100], CUT]), answer(200, CONTENT))
    download.download(name="x", objectService=objects, writerFactory=new)
    assert [writer.getvalue() for writer in writers] == [CONTENT[:100], CONTENT]


def test_progress_is_told(objects, script):
    told = []
    length = ("Content-Length", str(len(CONTENT)))
    script.add(started(), answer(200, [CONTENT[:100], CONTENT[100:]], [length]))
    fetched(objects, progress=lambda *numbers: told.append(numbers))
    assert told == [(100, len(CONTENT)), (len(CONTENT), len(CONTENT))]


# --- artifacts -----------------------------------------------------------------------------------


def artifact(queue, **more):
    arguments = {"taskId": TASK, "name": "public/x", "queueService": queue, **more}
    buffer, content_type = download.downloadArtifactToBuf(**arguments)
    return bytes(buffer), content_type


@pytest.mark.parametrize("storage", ["s3", "reference"])
def test_artifact_with_an_address_is_fetched_from_there(queue, script, storage):
    script.add(answer(json={"storageType": storage, "url": STORE}), answer(200, CONTENT, [TYPE]))
    assert artifact(queue) == (CONTENT, "a/b")
    assert script.requests[0].url.endswith(f"/task/{TASK}/artifact-content/public%2Fx")
    assert script.requests[1].url == STORE


def test_artifact_of_a_run_is_asked_for_by_its_number(queue, script):
    script.add(answer(json={"storageType": "s3", "url": STORE}), answer(200, CONTENT))
    artifact(queue, runId=0)
    assert "/runs/0/artifact-content/" in script.requests[0].url


def test_object_artifact_is_fetched_with_its_own_credentials(queue, script):
    credentials = {"clientId": "artifact-download/x", "accessToken": "t"}
    located = {"storageType": "object", "name": "t/1", "credentials": credentials}
    script.add(answer(json=located), started(), answer(200, CONTENT, [TYPE]))
    assert artifact(queue) == (CONTENT, "a/b")
    assert script.requests[1].url.endswith("/api/object/v1/start-download/t%2F1")
    assert 'id="artifact-download/x"' in field(script.requests[1], "Authorization")


def test_error_artifact_is_an_error_with_its_reason(queue, script):
    told = {"storageType": "error", "reason": "file-missing-on-worker", "message": "no such file"}
    script.add(answer(json=told))
    with pytest.raises(TaskclusterArtifactError, match="no such file") as caught:
        artifact(queue)
    assert caught.value.reason == "file-missing-on-worker"


def test_artifact_without_an_address_is_an_answer_error(queue, script):
    script.add(answer(json={"storageType": "carrier-pigeon"}))
    with pytest.raises(TaskclusterAnswerError, match="carrier-pigeon"):
        artifact(queue)


def test_compressed_artifact_comes_as_it_was_before(queue, script):
    packed = gzip.compress(CONTENT)
    encoded = [("Content-Encoding", "gzip"), ("ETag", '"1"')]
    rest = answer(206, packed[20:], [("Content-Range", "bytes 20-99/100")])
    script.add(answer(json={"storageType": "s3", "url": STORE}), answer(200, [packed[:20], CUT], encoded), rest)
    assert artifact(queue)[0] == CONTENT


def test_compressed_artifact_that_ends_early_is_an_answer_error(queue, script):
    script.add(answer(json={"storageType": "s3", "url": STORE}))
    script.add(answer(200, gzip.compress(CONTENT)[:-9], [("Content-Encoding", "gzip")]))
    with pytest.raises(TaskclusterAnswerError, match="ends too early"):
        artifact(queue)


def test_unknown_encoding_is_an_answer_error(queue, script):
    script.add(answer(json={"storageType": "s3", "url": STORE}), answer(200, b"x", [("Content-Encoding", "br")]))
    with pytest.raises(TaskclusterAnswerError, match="br"):
        artifact(queue)


def test_artifact_without_a_validator_begins_anew(queue, script):
    script.add(answer(json={"storageType": "s3", "url": STORE}), answer(200, [CONTENT[:9], CUT]), answer(200, CONTENT))
    assert artifact(queue)[0] == CONTENT
    assert field(script.requests[2], "Range") is None


# --- asyncio -------------------------------------------------------------------------------------


def test_asyncio_face_downloads_to_memory_and_to_a_file(options, script, tmp_path):
    script.add(started(), answer(200, CONTENT, [TYPE]))
    script.add(answer(json={"storageType": "s3", "url": STORE}), answer(200, CONTENT, [TYPE]))

    async def use(file):
        objects, queue = aio.Object(options, script), aio.Queue(options, script)
        buffer, content_type = await aio.download.downloadToBuf(name="x", objectService=objects)
        assert (bytes(buffer), content_type) == (CONTENT, "a/b")
        return await aio.download.downloadArtifactToFile(taskId=TASK, name="x", queueService=queue, file=file)

    with (tmp_path / "x").open("w+b") as file:
        assert asyncio.run(use(file)) == "a/b"
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_asyncio_face_downloads_to_an_asynchronous_writer(options, script):
    class Writer:
        def __init__(self):
            self.data = b""

        async def write(self, data):
            await asyncio.sleep(0)
            self.data += data

    writer = Writer()

    async def new():
        return writer

    script.add(started(), answer(200, CONTENT))
    objects = aio.Object(options, script)
    asyncio.run(aio.download.download(name="x", objectService=objects, writerFactory=new))
    assert writer.data == CONTENT
