"""Artifacts and objects over HTTP: bytes in, bytes out, and every way in which they may not be right."""

from __future__ import annotations

import base64
import hashlib
import http.client
import time
import tracemalloc
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from buildyard.farm.store.errors import StoreFull
from buildyard.farm.store.objects import Staged
from buildyard.farm.tasks.times import to_json
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.slugid import slugId
from support.hub import Answer, Hub
from support.tasks import POOL, definition

QUEUE, OBJECT = "/api/queue/v1", "/api/object/v1"
WHEEL = b"PK\x03\x04" + bytes(range(256)) * 400
NAME = "public/six +%.whl"


class Upload:
    """One object artifact of a running run, on its way."""

    def __init__(self, hub: Hub, name: str = NAME, content_type: str = "application/zip") -> None:
        self.hub = hub
        self.task_id = slugId()
        self.artifact = f"{QUEUE}/task/{self.task_id}/runs/0/artifacts/{quote(name, safe='')}"
        self.content_type = content_type
        self.expires = to_json(time.time() + 3000)
        hub.call("PUT", f"{QUEUE}/task/{self.task_id}", definition(time.time()), sign=hub.root)
        worker = {"workerGroup": "here", "workerId": "yard-1"}
        claimed = hub.call("POST", f"{QUEUE}/claim-work/{POOL}", worker, sign=hub.builder).json["tasks"][0]
        self.worker = Credentials.from_options(claimed["credentials"])
        created = self.create()
        assert created.status == 200, created.content
        self.given = created.json
        self.uploader = Credentials.from_options(self.given["credentials"])
        self.object = quote(self.given["name"], safe="")

    def create(self) -> Answer:
        wanted = {"storageType": "object", "expires": self.expires, "contentType": self.content_type}
        return self.hub.call("POST", self.artifact, wanted, sign=self.worker)

    def begin(self, **methods: Any) -> Answer:
        payload = {
            "projectId": self.given["projectId"],
            "uploadId": self.given["uploadId"],
            "expires": self.given["expires"],
            "proposedUploadMethods": methods,
        }
        return self.hub.call("PUT", f"{OBJECT}/upload/{self.object}", payload, sign=self.uploader)

    def begin_put(self, length: int = len(WHEEL)) -> dict[str, Any]:
        answer = self.begin(putUrl={"contentType": self.content_type, "contentLength": length})
        assert answer.status == 200, answer.content
        method: dict[str, Any] = answer.json["uploadMethod"]["putUrl"]
        return method

    def put(self, data: bytes = WHEEL, method: dict[str, Any] | None = None, **headers: str) -> Answer:
        method = method or self.begin_put(len(data))
        return self.hub.call("PUT", method["url"], body=data, headers={**method["headers"], **headers})

    def finish(self, **hashes: str) -> Answer:
        payload = {"projectId": self.given["projectId"], "uploadId": self.given["uploadId"], "hashes": hashes}
        return self.hub.call("POST", f"{OBJECT}/finish-upload/{self.object}", payload, sign=self.uploader)

    def finish_artifact(self) -> Answer:
        return self.hub.call("PUT", self.artifact, {"uploadId": self.given["uploadId"]}, sign=self.worker)

    def whole(self, data: bytes = WHEEL) -> None:
        assert self.put(data).status == 200
        assert self.finish(sha256=hashlib.sha256(data).hexdigest()).status == 200
        assert self.finish_artifact().status == 204

    def get(self, **headers: str) -> Answer:
        """What a reader gets who follows the redirect."""
        found = self.hub.call("GET", self.artifact)
        assert found.status == 303, found.content
        assert found.json["url"] == found.headers["location"]
        return self.hub.call("GET", found.headers["location"], headers=headers)


@pytest.fixture
def upload(hub: Hub) -> Upload:
    return Upload(hub)


# --- the way of a wheel ---


def test_a_wheel_goes_up_and_comes_down_as_it_was(upload: Upload) -> None:
    upload.whole()
    answer = upload.get()
    assert (answer.status, answer.content) == (200, WHEEL)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["etag"] == f'"{hashlib.sha256(WHEEL).hexdigest()}"'


def test_a_created_artifact_says_how_to_upload(upload: Upload) -> None:
    assert upload.given.keys() == {"storageType", "name", "projectId", "uploadId", "expires", "credentials"}
    assert upload.given["name"] == f"t/{upload.task_id}/0/{NAME}"
    assert upload.given["credentials"]["clientId"] == f"artifact-upload/{upload.task_id}/0/on/here/yard-1"


def test_an_address_is_given_with_the_headers_to_send(upload: Upload) -> None:
    method = upload.begin_put(11)
    assert method.keys() == {"url", "expires", "headers"}
    assert method["headers"] == {
        "Content-Type": "application/zip",
        "Content-Length": "11",
        "Content-Encoding": "identity",
    }
    assert method["url"].startswith(upload.hub.url)


def test_small_content_comes_inside_the_request(upload: Upload) -> None:
    encoded = base64.b64encode(b"small").decode()
    inline = {"contentType": "application/zip", "objectData": encoded}
    answer = upload.begin(dataInline=inline, putUrl={"contentType": "application/zip", "contentLength": 5})
    assert answer.json["uploadMethod"] == {"dataInline": True}
    upload.finish()
    upload.finish_artifact()
    assert upload.get().content == b"small"


def test_no_method_that_fits_still_begins_the_upload(upload: Upload) -> None:
    assert upload.begin().json["uploadMethod"] == {}


def test_an_empty_object_is_an_object(upload: Upload) -> None:
    upload.whole(b"")
    assert upload.get().content == b""


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [("bytes=0-3", 206, WHEEL[:4]), ("bytes=-4", 206, WHEEL[-4:]), ("bytes=99999999-", 416, None)],
)
def test_a_part_can_be_had(upload: Upload, asked: str, status: int, content: bytes | None) -> None:
    upload.whole()
    answer = upload.get(Range=asked)
    assert answer.status == status
    assert content is None or answer.content == content


def test_what_a_build_made_never_runs_in_a_browser(hub: Hub) -> None:
    upload = Upload(hub, "public/index.html", "text/html")
    upload.whole(b"<script>alert(1)</script>")
    headers = upload.get().headers
    assert headers["content-type"] == "text/html"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_large_upload_is_never_whole_in_memory(hub: Hub) -> None:
    upload = Upload(hub)
    size = 64 * 1024**2
    method = upload.begin_put(size)
    target = urlsplit(method["url"])
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=30)
    part = bytes(1024**2)
    tracemalloc.start()
    connection.putrequest("PUT", f"{target.path}?{target.query}")
    for name, value in method["headers"].items():
        connection.putheader(name, value)
    connection.endheaders()
    for _ in range(64):
        connection.send(part)
    assert connection.getresponse().status == 200
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    connection.close()
    assert peak < 16 * 1024**2


# --- uploads that are repeated ---


def test_every_step_may_be_repeated(upload: Upload) -> None:
    digest = hashlib.sha256(WHEEL).hexdigest()
    for _ in range(2):
        assert upload.create().json["uploadId"] == upload.given["uploadId"]
        assert upload.put().status == 200
    for _ in range(2):
        assert upload.finish(sha256=digest).status == 200
    for _ in range(2):
        assert upload.finish_artifact().status == 204
    assert upload.get().content == WHEEL


def test_a_second_try_replaces_the_first(upload: Upload) -> None:
    upload.put(b"wrong")
    upload.whole()
    assert upload.get().content == WHEEL


def test_a_finished_upload_cannot_begin_again(upload: Upload) -> None:
    upload.whole()
    answer = upload.begin(putUrl={"contentType": "a/b", "contentLength": 1})
    assert (answer.status, answer.json["code"], answer.said) == (409, "RequestConflict", "Object already exists")


def test_late_bytes_cannot_change_what_is_finished(upload: Upload) -> None:
    method = upload.begin_put(3)
    upload.put(b"one", method)
    upload.finish()
    assert upload.put(b"two", method).status == 409
    upload.finish_artifact()
    assert upload.get().content == b"one"


# --- uploads that are wrong ---


def test_bytes_without_the_told_digest_are_refused(upload: Upload) -> None:
    upload.put()
    answer = upload.finish(sha256="0" * 64)
    assert (answer.status, answer.json["code"]) == (400, "InputError")
    assert "upload them again" in answer.said
    assert upload.finish_artifact().status == 400


@pytest.mark.parametrize("data", [WHEEL + b"x", WHEEL[:-1]], ids=["more", "less"])
def test_bytes_of_another_length_are_refused(upload: Upload, data: bytes) -> None:
    method = upload.begin_put(len(WHEEL))
    headers = {name: value for name, value in method["headers"].items() if name != "Content-Length"}
    answer = upload.hub.call("PUT", method["url"], body=data, headers=headers)
    assert (answer.status, answer.json["code"]) == (400, "InputError")
    assert upload.finish().status == 400


def test_a_body_without_a_length_is_counted(upload: Upload) -> None:
    method = upload.begin_put(4)
    target = urlsplit(method["url"])
    headers = {"Content-Type": "application/zip", "Transfer-Encoding": "chunked"}
    connection = http.client.HTTPConnection("127.0.0.1", upload.hub.port, timeout=10)
    connection.request("PUT", f"{target.path}?{target.query}", b"2\r\nab\r\n4\r\ncdef\r\n0\r\n\r\n", headers)
    assert connection.getresponse().status == 400
    connection.close()


def test_another_content_type_is_refused(upload: Upload) -> None:
    answer = upload.put(**{"Content-Type": "text/html"})
    assert (answer.status, "Content-Type" in answer.said) == (400, True)


def test_a_changed_address_is_refused(upload: Upload) -> None:
    method = upload.begin_put(3)
    url = method["url"].replace("contentLength=3", "contentLength=4")
    answer = upload.hub.call("PUT", url, body=b"four", headers={"Content-Type": "application/zip"})
    assert (answer.status, answer.json["code"]) == (401, "AuthenticationFailed")


def test_an_address_to_read_cannot_be_written(upload: Upload) -> None:
    upload.whole()
    url = upload.hub.call("GET", upload.artifact).headers["location"]
    assert upload.hub.call("PUT", url, body=b"x").status == 401


def test_an_address_ends(upload: Upload) -> None:
    method = upload.begin_put(3)
    upload.hub.offset = 45 * 60 + 1
    answer = upload.put(b"one", method)
    assert (answer.status, "expired" in answer.said) == (401, True)


def test_an_address_without_a_signature_is_refused(upload: Upload) -> None:
    upload.whole()
    assert upload.hub.call("GET", f"{OBJECT}/content/{upload.object}").status == 401


def test_an_object_past_the_bound_is_refused_before_it_comes(upload: Upload) -> None:
    answer = upload.begin(putUrl={"contentType": "a/b", "contentLength": 4 * 1024**3 + 1})
    assert (answer.status, answer.json["code"]) == (413, "InputTooLarge")


def test_an_upload_that_breaks_off_leaves_nothing(upload: Upload) -> None:
    method = upload.begin_put(len(WHEEL))
    target = urlsplit(method["url"])
    connection = http.client.HTTPConnection("127.0.0.1", upload.hub.port, timeout=10)
    connection.putrequest("PUT", f"{target.path}?{target.query}")
    for name, value in method["headers"].items():
        connection.putheader(name, value)
    connection.endheaders(WHEEL[:1000])
    time.sleep(0.2)
    connection.close()
    time.sleep(0.3)
    assert list((upload.hub.state / "objects" / "staging").iterdir()) == []
    assert upload.finish().status == 400
    upload.whole()
    assert upload.get().content == WHEEL


def test_a_full_disk_asks_to_come_again(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreFull("no room")

    method = upload.begin_put(len(WHEEL))
    with monkeypatch.context() as patch:
        patch.setattr(Staged, "write", full)
        answer = upload.put(WHEEL, method)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert "disk is full" in answer.said
    assert upload.put(WHEEL, method).status == 200


def test_only_its_own_credentials_upload_an_object(hub: Hub) -> None:
    one, other = Upload(hub), Upload(hub)
    one.uploader = other.uploader
    answer = one.begin()
    assert (answer.status, f"object:upload:none:t/{one.task_id}/0/" in answer.said) == (403, True)


# --- reading ---


def test_an_unfinished_artifact_is_not_found(upload: Upload) -> None:
    assert upload.hub.call("GET", upload.artifact).status == 404


@pytest.mark.parametrize("raw", [True, False])
def test_the_latest_run_is_asked_without_a_number(hub: Hub, raw: bool) -> None:
    upload = Upload(hub, "public/a/b.whl")
    upload.whole()
    name = "public/a/b.whl" if raw else "public%2Fa%2Fb.whl"
    place = f"{QUEUE}/task/{upload.task_id}"
    assert hub.call("GET", f"{place}/artifacts/{name}").status == 303
    assert hub.call("GET", f"{place}/artifact-info/{name}").json["contentType"] == "application/zip"
    content = hub.call("GET", f"{place}/artifact-content/{name}").json
    assert (content["storageType"], content["name"]) == ("object", f"t/{upload.task_id}/0/public/a/b.whl")


def test_content_comes_with_credentials_to_download_it(upload: Upload) -> None:
    upload.whole()
    place = upload.artifact.replace("/artifacts/", "/artifact-content/")
    reader = Credentials.from_options(upload.hub.call("GET", place).json["credentials"])
    asked = {"acceptDownloadMethods": {"getUrl": True, "simple": True}}
    started = upload.hub.call("PUT", f"{OBJECT}/start-download/{upload.object}", asked, sign=reader).json
    assert (started["method"], started["hashes"]) == ("getUrl", {"sha256": hashlib.sha256(WHEEL).hexdigest()})
    assert upload.hub.call("GET", started["url"]).content == WHEEL


def test_a_simple_download_is_a_signed_request_and_a_redirect(upload: Upload) -> None:
    upload.whole()
    asked = {"acceptDownloadMethods": {"simple": True}}
    started = upload.hub.call("PUT", f"{OBJECT}/start-download/{upload.object}", asked, sign=upload.hub.root).json
    answer = upload.hub.call("GET", started["url"], sign=upload.hub.root)
    assert answer.status == 303
    assert upload.hub.call("GET", answer.headers["location"]).content == WHEEL


def test_a_download_without_a_known_way_is_refused(upload: Upload) -> None:
    upload.whole()
    asked: dict[str, Any] = {"acceptDownloadMethods": {}}
    answer = upload.hub.call("PUT", f"{OBJECT}/start-download/{upload.object}", asked, sign=upload.hub.root)
    assert (answer.status, answer.json["code"]) == (406, "NoMatchingMethod")


def test_an_object_tells_its_project_expiry_and_hashes(upload: Upload) -> None:
    upload.whole()
    answer = upload.hub.call("GET", f"{OBJECT}/metadata/{upload.object}", sign=upload.hub.root)
    digest = hashlib.sha256(WHEEL).hexdigest()
    assert answer.json == {"projectId": "none", "expires": upload.expires, "hashes": {"sha256": digest}}


def test_an_unknown_object_is_not_found(hub: Hub) -> None:
    answer = hub.call("GET", f"{OBJECT}/metadata/nope", sign=hub.root)
    assert (answer.status, answer.said) == (404, 'Object "nope" not found')


def test_private_artifacts_need_a_right_and_do_not_tell_that_they_exist(hub: Hub) -> None:
    upload = Upload(hub, "private/key")
    upload.whole()
    unknown = upload.artifact.replace("private", "private2")
    for place in (upload.artifact, unknown):
        answer = hub.call("GET", place)
        assert (answer.status, "queue:get-artifact:private" in answer.said) == (403, True)
    assert hub.call("GET", upload.artifact, sign=hub.root).status == 303


def test_a_reference_leads_elsewhere_and_an_error_says_why(upload: Upload) -> None:
    hub, place = upload.hub, f"{QUEUE}/task/{upload.task_id}/runs/0"
    url = "https://example.com/file?x=1"
    reference = {"storageType": "reference", "expires": upload.expires, "url": url, "contentType": "text/html"}
    told = {"reason": "file-missing-on-worker", "message": "no such file"}
    assert hub.call("POST", f"{place}/artifacts/public%2Fref", reference, sign=upload.worker).json == {
        "storageType": "reference"
    }
    failed = {"storageType": "error", "expires": upload.expires, **told}
    hub.call("POST", f"{place}/artifacts/public%2Ferr", failed, sign=upload.worker)
    link = {"storageType": "link", "expires": upload.expires, "artifact": "public/ref", "contentType": "text/html"}
    hub.call("POST", f"{place}/artifacts/public%2Flink", link, sign=upload.worker)

    got = hub.call("GET", f"{place}/artifacts/public%2Flink")
    assert (got.status, got.headers["location"], got.json) == (303, url, {"storageType": "reference", "url": url})
    assert got.headers["x-taskcluster-artifact-storage-type"] == "reference"
    refused = hub.call("GET", f"{place}/artifacts/public%2Ferr")
    assert (refused.status, refused.json) == (424, told)
    assert hub.call("GET", f"{place}/artifact-content/public%2Ferr").json == {"storageType": "error", **told}
    assert hub.call("GET", f"{place}/artifact-content/public%2Flink").json == {"storageType": "reference", "url": url}
    assert [one["name"] for one in hub.call("GET", f"{place}/artifacts").json["artifacts"]] == [
        "public/err",
        "public/link",
        "public/ref",
        NAME,
    ]


def test_a_list_comes_in_pages(upload: Upload) -> None:
    place = f"{QUEUE}/task/{upload.task_id}/runs/0/artifacts"
    failed = {"storageType": "error", "expires": upload.expires, "reason": "too-large-file-on-worker", "message": ""}
    upload.hub.call("POST", f"{place}/public%2Fa", failed, sign=upload.worker)
    first = upload.hub.call("GET", f"{place}?limit=1").json
    second = upload.hub.call("GET", f"{place}?limit=1&continuationToken={first['continuationToken']}").json
    assert [one["name"] for one in (*first["artifacts"], *second["artifacts"])] == ["public/a", NAME]
    assert upload.hub.call("GET", f"{QUEUE}/task/{upload.task_id}/artifacts").json["artifacts"][1]["name"] == NAME
    assert upload.hub.call("GET", f"{place}?continuationToken=!!").status == 400


def test_a_name_that_no_header_could_carry_is_refused(upload: Upload) -> None:
    place = f"{QUEUE}/task/{upload.task_id}/runs/0/artifacts/public%2F%0d%0a"
    assert upload.hub.call("POST", place, {}, sign=upload.worker).status == 400
