from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from buildyard.farm.tasks import artifacts, objects, s3_artifacts, service, sweep
from buildyard.farm.tasks.errors import (
    InputError,
    InputValidationError,
    InsufficientScopes,
    RequestConflict,
    ResourceExpired,
    ResourceNotFound,
)
from buildyard.farm.tasks.objects import Bytes, FinishInput, Proposed, UploadInput
from buildyard.farm.tasks.paging import Page
from buildyard.farm.tasks.times import to_json
from buildyard.taskcluster.slugid import slugId
from support.tasks import NOW, claim, make, running, topics

HOUR = 3600
SHA256 = "a" * 64


def reference(url: str = "https://example.com/x", **changes: Any) -> dict[str, Any]:
    given = {"storageType": "reference", "url": url, "contentType": "text/html", "expires": to_json(NOW + HOUR)}
    return {**given, **changes}


def an_object(**changes: Any) -> dict[str, Any]:
    return {"storageType": "object", "contentType": "text/plain", "expires": to_json(NOW + HOUR), **changes}


def link(target: str, **changes: Any) -> dict[str, Any]:
    given = {"storageType": "link", "artifact": target, "contentType": "text/html", "expires": to_json(NOW + HOUR)}
    return {**given, **changes}


def an_error(**changes: Any) -> dict[str, Any]:
    given = {"storageType": "error", "reason": "file-missing-on-worker", "message": "no such file"}
    return {**given, "expires": to_json(NOW + HOUR), **changes}


def upload(connection: Connection, made: artifacts.Artifact, sha256: str = SHA256) -> None:
    """Do what the object service does for the bytes of an artifact."""
    from datetime import UTC, datetime

    name, upload_id = str(made.object_name), str(made.details["uploadId"])
    expires = datetime.fromtimestamp(made.expires, UTC)
    given = UploadInput(project_id="none", upload_id=upload_id, expires=expires, proposed_upload_methods=Proposed())
    objects.create_upload(connection, NOW, name, given)
    objects.receive(connection, NOW, name, upload_id, Bytes(sha256=sha256, size=3))
    objects.finish_upload(connection, NOW, name, FinishInput(project_id="none", upload_id=upload_id))


def create(
    connection: Connection, task_id: str, given: object, name: str = "public/x", now: float = NOW
) -> artifacts.Artifact:
    return artifacts.create_artifact(connection, now, task_id, 0, name, given).artifact


@pytest.mark.parametrize("given", [reference(), link("public/y"), an_error()])
def test_what_has_no_bytes_is_there_at_once(connection: Connection, given: dict[str, Any]) -> None:
    task_id = running(connection)
    create(connection, task_id, given)
    found = artifacts.find(connection, task_id, 0, "public/x")
    assert (found.storage_type, found.present) == (given["storageType"], True)


def test_an_object_is_there_once_its_bytes_are(connection: Connection) -> None:
    task_id = running(connection)
    made = create(connection, task_id, an_object())
    with pytest.raises(ResourceNotFound):
        artifacts.content(connection, NOW, task_id, 0, "public/x")
    upload(connection, made)
    artifacts.finish_artifact(connection, NOW, task_id, 0, "public/x", made.details["uploadId"])
    assert artifacts.content(connection, NOW, task_id, 0, "public/x").object_name == f"t/{task_id}/0/public/x"


def test_a_whole_object_is_told_to_the_world_once(connection: Connection) -> None:
    task_id = running(connection)
    made = create(connection, task_id, an_object())
    upload(connection, made)
    for _ in range(2):
        artifacts.finish_artifact(connection, NOW, task_id, 0, "public/x", made.details["uploadId"])
    assert topics(connection)[-1] == "artifact.stored"
    assert topics(connection).count("artifact.stored") == 1


def test_an_object_without_its_bytes_cannot_be_finished(connection: Connection) -> None:
    task_id = running(connection)
    made = create(connection, task_id, an_object())
    with pytest.raises(InputError, match="not finished"):
        artifacts.finish_artifact(connection, NOW, task_id, 0, "public/x", made.details["uploadId"])


def test_another_upload_cannot_finish_it(connection: Connection) -> None:
    task_id = running(connection)
    upload(connection, create(connection, task_id, an_object()))
    with pytest.raises(InputError, match="another uploadId"):
        artifacts.finish_artifact(connection, NOW, task_id, 0, "public/x", slugId())


def test_only_objects_are_finished(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, reference())
    with pytest.raises(InputError, match="only artifacts of the storage type"):
        artifacts.finish_artifact(connection, NOW, task_id, 0, "public/x", slugId())


def test_a_repeated_object_gets_its_upload_again(connection: Connection) -> None:
    task_id = running(connection)
    first = create(connection, task_id, an_object())
    assert create(connection, task_id, an_object(), now=NOW + 1) == first


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (reference(), reference()),
        (reference(), reference("https://example.com/other")),
        (reference(), link("public/y")),
        (reference(), reference(expires=to_json(NOW + 2 * HOUR))),
        (link("public/y"), link("public/y")),
        (an_error(), an_error()),
    ],
)
def test_what_may_follow_under_the_same_name(
    connection: Connection, first: dict[str, Any], second: dict[str, Any]
) -> None:
    task_id = running(connection)
    create(connection, task_id, first)
    create(connection, task_id, second)
    found = artifacts.find(connection, task_id, 0, "public/x")
    assert (found.storage_type, to_json(found.expires)) == (second["storageType"], second["expires"])
    assert found.details.get("url") == second.get("url")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (reference(), reference(contentType="text/plain")),
        (reference(), reference(expires=to_json(NOW + HOUR - 1))),
        (reference(), an_error(contentType="text/html")),
        (reference(), an_object(contentType="text/html")),
        (link("public/y"), link("public/z")),
        (link("public/y"), reference()),
        (an_error(), an_error(message="another")),
        (an_object(), reference(contentType="text/plain")),
    ],
)
def test_anything_else_under_the_same_name_is_a_conflict(
    connection: Connection, first: dict[str, Any], second: dict[str, Any]
) -> None:
    task_id = running(connection)
    create(connection, task_id, first)
    with pytest.raises(RequestConflict, match="already exists with different properties"):
        create(connection, task_id, second)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "storageType"),
        ({"storageType": "ftp"}, "ftp"),
        (reference(colour="red"), "colour"),
        (reference(url="javascript:alert(1)"), "url"),
        (reference(url="https://example.com/a\r\nSet-Cookie: x"), "url"),
        (reference(contentType="text/html\r\nX: y"), "contentType"),
        (reference(contentType="x" * 256), "contentType"),
        (link(""), "artifact"),
        (an_error(reason="laziness"), "laziness"),
        (an_error(message="x" * 4097), "message"),
        (an_object(contentLength=-1), "contentLength"),
        ({"storageType": "object", "contentType": "a/b"}, "expires"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_name(connection: Connection, given: object, said: str) -> None:
    task_id = running(connection)
    with pytest.raises(InputValidationError) as refused:
        create(connection, task_id, given)
    assert said in refused.value.message


def test_an_s3_artifact_is_there_before_its_bytes(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, {**an_object(), "storageType": "s3"})
    assert artifacts.present(connection, NOW, task_id, 0, "public/x").storage_type == "s3"
    with pytest.raises(ResourceNotFound, match="have not come yet"):
        s3_artifacts.readable(connection, NOW, task_id, 0, "public/x")


def test_the_bytes_of_an_s3_artifact_are_those_that_came_last(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, {**an_object(), "storageType": "s3"})
    for sha256 in ("a" * 64, "b" * 64):
        s3_artifacts.receive(connection, NOW, task_id, 0, "public/x", Bytes(sha256=sha256, size=3))
    create(connection, task_id, {**an_object(), "storageType": "s3"})
    _, arrived = s3_artifacts.readable(connection, NOW, task_id, 0, "public/x")
    assert arrived == Bytes(sha256="b" * 64, size=3)


def test_only_an_s3_artifact_takes_bytes_at_its_address(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, reference())
    with pytest.raises(InputError, match="not `s3`"):
        s3_artifacts.receive(connection, NOW, task_id, 0, "public/x", Bytes(sha256="a" * 64, size=3))


def test_an_artifact_cannot_outlive_its_task(connection: Connection) -> None:
    task_id = running(connection, expires=to_json(NOW + HOUR))
    with pytest.raises(InputError, match="after the task expiration"):
        create(connection, task_id, reference(expires=to_json(NOW + HOUR + 1)))


def test_an_artifact_cannot_expire_in_the_past(connection: Connection) -> None:
    with pytest.raises(InputError, match="in the past"):
        create(connection, running(connection), reference(expires=to_json(NOW - 901)))


def test_an_unknown_task_or_run_is_an_input_error(connection: Connection) -> None:
    with pytest.raises(InputError, match="does not exist"):
        create(connection, slugId(), reference())
    with pytest.raises(InputError, match="Run 7"):
        artifacts.create_artifact(connection, NOW, running(connection), 7, "x", reference())


def test_a_run_that_nobody_claimed_has_no_artifacts(connection: Connection) -> None:
    with pytest.raises(InputError, match="never claimed"):
        create(connection, make(connection), reference())


def test_a_completed_run_takes_no_more_artifacts(connection: Connection) -> None:
    task_id = running(connection)
    service.report_completed(connection, NOW, task_id, 0)
    with pytest.raises(RequestConflict, match="not running"):
        create(connection, task_id, reference())


def test_after_an_exception_there_is_time_for_the_log(connection: Connection) -> None:
    task_id = running(connection)
    sweep.expire_claims(connection, NOW + 60)
    create(connection, task_id, reference(), now=NOW + 60 + 24 * 60)
    with pytest.raises(RequestConflict):
        create(connection, task_id, reference(), "public/y", now=NOW + 60 + 26 * 60)


def test_a_link_leads_to_what_it_names(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, reference(), "a")
    create(connection, task_id, link("a"), "b")
    create(connection, task_id, link("b"), "c")
    assert artifacts.content(connection, NOW, task_id, 0, "c").name == "a"


def test_each_name_on_the_way_must_be_allowed(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, reference(), "secret")
    create(connection, task_id, link("secret"), "public/b")

    def allow(name: str) -> None:
        if not name.startswith("public/"):
            raise InsufficientScopes("no", required=name, missing=name)

    with pytest.raises(InsufficientScopes):
        artifacts.content(connection, NOW, task_id, 0, "public/b", allow)


def test_links_in_a_circle_are_refused(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, link("b"), "a")
    create(connection, task_id, link("a"), "b")
    with pytest.raises(InputError, match="in a circle"):
        artifacts.content(connection, NOW, task_id, 0, "a")


def test_an_expired_artifact_is_gone(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, reference())
    with pytest.raises(ResourceExpired):
        artifacts.content(connection, NOW + HOUR, task_id, 0, "public/x")


def test_the_latest_run_is_the_last_whatever_its_state(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, reference("https://example.com/0"))
    service.report_exception(connection, NOW, task_id, 0, "worker-shutdown")
    claim(connection)
    given = reference("https://example.com/1")
    artifacts.create_artifact(connection, NOW, task_id, 1, "public/x", given)
    assert artifacts.content(connection, NOW, task_id, None, "public/x").details["url"] == "https://example.com/1"


def test_a_list_is_by_name_and_comes_in_pages(connection: Connection) -> None:
    task_id = running(connection)
    for name in ("c", "a", "b"):
        create(connection, task_id, reference(), name)
    first, token = artifacts.listing(connection, task_id, 0, Page(limit=2))
    second, end = artifacts.listing(connection, task_id, None, Page(limit=2, token=token))
    assert [one.name for one in first + second] == ["a", "b", "c"]
    assert end is None


def test_a_list_tells_four_facts_of_each(connection: Connection) -> None:
    task_id = running(connection)
    create(connection, task_id, an_object())
    listed, _ = artifacts.listing(connection, task_id, 0)
    assert [one.info for one in listed] == [
        {
            "storageType": "object",
            "name": "public/x",
            "expires": to_json(NOW + HOUR),
            "contentType": "text/plain",
        }
    ]


@pytest.mark.parametrize("token", ["!!", "abc", "WzFd", "é", "bnVsbA"])
def test_a_token_that_is_none_is_refused(connection: Connection, token: str) -> None:
    with pytest.raises(InputError, match="Invalid continuation token"):
        artifacts.listing(connection, running(connection), 0, Page(token=token))


def test_the_list_of_an_unknown_run_is_not_found(connection: Connection) -> None:
    with pytest.raises(ResourceNotFound):
        artifacts.listing(connection, slugId(), 0)
    with pytest.raises(ResourceNotFound):
        artifacts.listing(connection, running(connection), 1)
