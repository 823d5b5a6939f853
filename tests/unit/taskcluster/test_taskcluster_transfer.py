"""Uploading an artifact: examined, created, stored, vouched for, finished; in that order."""

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest

from buildyard.errors import Cut
from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import answer, body_of
from buildyard.faces.transport import Part
from buildyard.taskcluster.errors import (
    InputRejected,
    RequestConflict,
    TaskclusterAnswerError,
    TaskclusterConnectionError,
    TaskclusterFailure,
    TaskclusterRestFailure,
)
from buildyard.taskcluster.transfer import INLINE_BYTES, examine

TASK = "VtMbr2u_QKaR-ZQxhpFjkw"
EXPIRES = "2026-02-01T00:00:00Z"
CREATED = {
    "storageType": "object",
    "name": f"t/{TASK}/0/public/x.whl",
    "projectId": "none",
    "uploadId": "RLcz-OL-Qwejr77nlQI42Q",
    "expires": EXPIRES,
    "credentials": {"clientId": "artifact-upload/x", "accessToken": "t", "certificate": "{}"},
}
STORE = "https://s3.example/bucket/x?X-Amz-Signature=abc"
HEADERS = {"Content-Type": "application/zip", "Content-Length": "8192", "Content-Encoding": "identity"}
PUT_URL = {"uploadMethod": {"putUrl": {"url": STORE, "expires": EXPIRES, "headers": HEADERS}}}
INLINE = {"uploadMethod": {"dataInline": True}}
DONE = [answer(json={}), answer(204)]


def upload(queue, source, expires=EXPIRES):
    content = examine(source)
    call = queue.uploadArtifact(TASK, 0, "public/x.whl", content, contentType="application/zip", expires=expires)
    return run_blocking(call)


def paths(script):
    return [(request.method, request.url.partition("/v1")[2] or request.url) for request in script.requests]


def sent(request):
    return json.loads(request.body)


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "x.whl"
    path.write_bytes(b"w" * INLINE_BYTES)
    return path


def test_small_content_goes_inside_the_second_request(queue, script):
    script.add(answer(json=CREATED), answer(json=INLINE), *DONE)
    upload(queue, b"wheel")
    name = f"t%2F{TASK}%2F0%2Fpublic%2Fx.whl"
    artifact = f"/task/{TASK}/runs/0/artifacts/public%2Fx.whl"
    assert paths(script) == [
        ("POST", artifact),
        ("PUT", f"/upload/{name}"),
        ("POST", f"/finish-upload/{name}"),
        ("PUT", artifact),
    ]
    ways = sent(script.requests[1])["proposedUploadMethods"]
    assert base64.b64decode(ways["dataInline"]["objectData"]) == b"wheel"
    assert ways["putUrl"] == {"contentType": "application/zip", "contentLength": 5}


def test_large_content_is_put_as_a_part_of_its_file_with_the_headers_given(queue, script, large):
    script.add(answer(json=CREATED), answer(json=PUT_URL), answer(200), *DONE)
    upload(queue, large)
    assert "dataInline" not in sent(script.requests[1])["proposedUploadMethods"]
    put = script.requests[2]
    assert (put.method, put.url, dict(put.headers)) == ("PUT", STORE, HEADERS)
    assert isinstance(put.body, Part)
    assert body_of(put) == large.read_bytes()
    assert put.idempotent


def test_artifact_is_announced_as_an_object_with_type_and_expiry(queue, script):
    script.add(answer(json=CREATED), answer(json=INLINE), *DONE)
    upload(queue, b"wheel", datetime(2026, 2, 1, tzinfo=UTC))
    assert sent(script.requests[0]) == {
        "storageType": "object",
        "expires": EXPIRES,
        "contentType": "application/zip",
    }


def test_object_is_finished_with_the_hashes_of_the_content(queue, script):
    script.add(answer(json=CREATED), answer(json=INLINE), *DONE)
    content = upload(queue, b"wheel")
    finish = sent(script.requests[2])
    hashes = {"sha256": hashlib.sha256(b"wheel").hexdigest(), "sha512": hashlib.sha512(b"wheel").hexdigest()}
    assert finish == {"projectId": "none", "uploadId": CREATED["uploadId"], "hashes": hashes}
    assert (content.size, content.sha256) == (5, hashes["sha256"])
    assert sent(script.requests[3]) == {"uploadId": CREATED["uploadId"]}


def test_object_service_is_asked_with_the_credentials_of_the_upload(queue, script):
    script.add(answer(json=CREATED), answer(json=INLINE), *DONE)
    upload(queue, b"wheel")
    ids = [dict(request.headers)["Authorization"].partition('id="')[2].partition('"')[0] for request in script.requests]
    assert ids == ["tester", "artifact-upload/x", "artifact-upload/x", "tester"]


def test_store_is_given_no_credentials(queue, script, large):
    script.add(answer(json=CREATED), answer(json=PUT_URL), answer(200), *DONE)
    upload(queue, large)
    assert "Authorization" not in dict(script.requests[2].headers)


def test_put_that_broke_off_is_sent_again_from_its_beginning(queue, script, large):
    cut = Cut("gone", method="PUT", url=STORE)
    script.add(answer(json=CREATED), answer(json=PUT_URL), cut, answer(500), answer(200), *DONE)
    upload(queue, large)
    assert [request.body for request in script.requests[2:5]] == [Part(str(large), 0, INLINE_BYTES)] * 3


@pytest.mark.parametrize("step", [0, 1, 2, 3, 4])
def test_nothing_follows_a_step_that_failed(queue, script, large, step):
    steps = [answer(json=CREATED), answer(json=PUT_URL), answer(200), *DONE]
    script.add(*steps[:step], answer(400))
    with pytest.raises(InputRejected):
        upload(queue, large)
    assert len(script.requests) == step + 1


def test_name_that_is_taken_is_a_conflict(queue, script):
    script.add(answer(409))
    with pytest.raises(RequestConflict):
        upload(queue, b"wheel")


def test_store_that_refuses_is_named_without_its_signature(queue, script, large):
    script.add(answer(json=CREATED), answer(json=PUT_URL), answer(403, b"<Error>expired</Error>"))
    with pytest.raises(TaskclusterRestFailure, match="<Error>expired</Error>") as caught:
        upload(queue, large)
    assert "abc" not in str(caught.value)


def test_store_that_sends_elsewhere_is_refused(queue, script, large):
    script.add(answer(json=CREATED), answer(json=PUT_URL), answer(307, headers=[("Location", "http://x")]))
    with pytest.raises(TaskclusterRestFailure, match="307"):
        upload(queue, large)


def test_store_that_never_answers_is_a_connection_error(queue, script, large):
    script.add(answer(json=CREATED), answer(json=PUT_URL), *[Cut("gone", method="PUT", url=STORE)] * 6)
    with pytest.raises(TaskclusterConnectionError):
        upload(queue, large)


@pytest.mark.parametrize("begun", [{}, {"uploadMethod": {}}])
def test_service_that_takes_no_way_offered_is_an_answer_error(queue, script, begun):
    script.add(answer(json=CREATED), answer(json=begun))
    with pytest.raises(TaskclusterAnswerError, match="took none of putUrl, dataInline"):
        upload(queue, b"wheel")


@pytest.mark.parametrize("put", [{}, {"url": 3}, {"url": STORE, "headers": {"a": 1}}])
def test_put_url_of_another_shape_is_an_answer_error(queue, script, put):
    script.add(answer(json=CREATED), answer(json={"uploadMethod": {"putUrl": {**put, "x": 1}}}))
    with pytest.raises(TaskclusterAnswerError, match=r"createUpload gave an answer of another shape: .*putUrl"):
        upload(queue, b"wheel")


def test_created_artifact_without_its_facts_is_an_answer_error(queue, script):
    script.add(answer(json={"storageType": "object", "name": "x"}))
    with pytest.raises(TaskclusterAnswerError, match=r"createArtifact gave an answer of another shape: .*projectId"):
        upload(queue, b"wheel")


def test_headers_that_contradict_the_content_are_refused(queue, script, large):
    wrong = {"uploadMethod": {"putUrl": {"url": STORE, "headers": {"Content-Length": "1"}}}}
    script.add(answer(json=CREATED), answer(json=wrong))
    with pytest.raises(TaskclusterFailure, match="Content-Length"):
        upload(queue, large)


@pytest.mark.parametrize("size", [0, 1, INLINE_BYTES - 1, INLINE_BYTES, 3_000_000])
def test_file_is_examined_as_its_bytes_are(tmp_path, size):
    path = tmp_path / "content"
    path.write_bytes(bytes(size))
    of_file, of_bytes = examine(path), examine(bytes(size))
    assert (of_file.size, of_file.sha256) == (of_bytes.size, of_bytes.sha256)
    assert isinstance(of_file.body, Part) is (size >= INLINE_BYTES)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(TaskclusterFailure, match="absent"):
        examine(tmp_path / "absent")


def test_large_bytes_are_put_as_they_are(queue, script):
    script.add(answer(json=CREATED), answer(json=PUT_URL), answer(200), *DONE)
    upload(queue, b"w" * INLINE_BYTES)
    assert script.requests[2].body == b"w" * INLINE_BYTES
