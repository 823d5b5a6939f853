from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from buildyard.farm.tasks import objects
from buildyard.farm.tasks.errors import (
    InputError,
    InputValidationError,
    NoMatchingMethod,
    RequestConflict,
    ResourceNotFound,
)
from buildyard.farm.tasks.objects import Bytes, DataInline, DownloadInput, FinishInput, Proposed, UploadInput
from buildyard.taskcluster.slugid import slugId
from support.tasks import NOW

NAME = "t/x/0/public/six.whl"
UPLOAD = slugId()
A, B = "a" * 64, "b" * 64
EXPIRES = datetime.fromtimestamp(NOW + 3600, UTC)


def begin(connection: Connection, arrived: str | None = None, **changes: Any) -> None:
    given = UploadInput(
        **{
            "project_id": "farm",
            "upload_id": UPLOAD,
            "expires": EXPIRES,
            "proposed_upload_methods": Proposed(),
            **changes,
        }
    )
    bytes_ = Bytes(sha256=arrived, size=1) if arrived else None
    objects.create_upload(connection, NOW, NAME, given, "text/plain", bytes_)


def finish(connection: Connection, project_id: str = "farm", upload_id: str = UPLOAD, **hashes: str) -> None:
    given = FinishInput(project_id=project_id, upload_id=upload_id, hashes=hashes)
    objects.finish_upload(connection, NOW, NAME, given)


def arrive(connection: Connection, sha256: str = A, upload_id: str = UPLOAD) -> None:
    objects.receive(connection, NOW, NAME, upload_id, Bytes(sha256=sha256, size=1))


def test_a_finished_upload_can_be_read(connection: Connection) -> None:
    begin(connection)
    arrive(connection)
    finish(connection, sha256=A)
    found = objects.readable(connection, NOW, NAME)
    assert (found.sha256, found.size, found.content_type, found.hashes) == (A, 1, "text/plain", {"sha256": A})


def test_bytes_inside_the_request_need_no_second_one(connection: Connection) -> None:
    begin(connection, arrived=A)
    finish(connection)
    assert objects.readable(connection, NOW, NAME).sha256 == A


def test_the_digest_of_the_bytes_is_told_though_the_uploader_told_none(connection: Connection) -> None:
    begin(connection, arrived=A)
    finish(connection)
    assert objects.readable(connection, NOW, NAME).hashes == {"sha256": A}


def test_an_unfinished_object_cannot_be_read(connection: Connection) -> None:
    begin(connection, arrived=A)
    with pytest.raises(ResourceNotFound, match="not found"):
        objects.readable(connection, NOW, NAME)


def test_an_expired_object_cannot_be_read(connection: Connection) -> None:
    begin(connection, arrived=A)
    finish(connection)
    with pytest.raises(ResourceNotFound):
        objects.readable(connection, NOW + 3600, NAME)


def test_an_unknown_object_cannot_be_finished(connection: Connection) -> None:
    with pytest.raises(ResourceNotFound):
        finish(connection)


def test_the_same_upload_may_begin_again(connection: Connection) -> None:
    begin(connection)
    begin(connection, arrived=B)
    finish(connection, sha256=B)
    assert objects.readable(connection, NOW, NAME).sha256 == B


@pytest.mark.parametrize(
    "change",
    [{"upload_id": slugId()}, {"project_id": "other"}, {"expires": datetime.fromtimestamp(NOW + 3601, UTC)}],
)
def test_another_upload_cannot_take_the_name(connection: Connection, change: dict[str, Any]) -> None:
    begin(connection)
    with pytest.raises(RequestConflict, match="Object already exists"):
        begin(connection, **change)


def test_a_finished_upload_cannot_begin_again(connection: Connection) -> None:
    begin(connection, arrived=A)
    finish(connection)
    with pytest.raises(RequestConflict, match="Object already exists"):
        begin(connection)


def test_bytes_that_do_not_have_the_told_digest_are_refused_and_may_come_again(connection: Connection) -> None:
    begin(connection)
    arrive(connection, A)
    with pytest.raises(InputError, match="upload them again"):
        finish(connection, sha256=B)
    arrive(connection, B)
    finish(connection, sha256=B)
    assert objects.readable(connection, NOW, NAME).sha256 == B


def test_an_upload_without_bytes_cannot_be_finished(connection: Connection) -> None:
    begin(connection)
    with pytest.raises(InputError, match="no bytes have arrived"):
        finish(connection)


def test_finishing_again_with_the_same_or_fewer_hashes_is_fine(connection: Connection) -> None:
    begin(connection, arrived=A)
    finish(connection, sha256=A, sha512="c" * 128)
    finish(connection, sha256=A)
    finish(connection)
    assert objects.find(connection, NAME).hashes == {"sha256": A, "sha512": "c" * 128}


@pytest.mark.parametrize("hashes", [{"sha256": B}, {"sha512": "c" * 128}])
def test_finishing_again_with_other_hashes_is_a_conflict(connection: Connection, hashes: dict[str, str]) -> None:
    begin(connection, arrived=A)
    finish(connection, sha256=A)
    with pytest.raises(RequestConflict):
        finish(connection, **hashes)


def test_a_hash_told_at_the_beginning_counts_at_the_end(connection: Connection) -> None:
    begin(connection, arrived=A, hashes={"sha256": B})
    with pytest.raises(RequestConflict, match="told differently before"):
        finish(connection, sha256=A)


def test_only_its_own_project_and_upload_finish_it(connection: Connection) -> None:
    begin(connection, arrived=A)
    with pytest.raises(InputError, match="another project"):
        finish(connection, project_id="other")
    with pytest.raises(RequestConflict, match="another uploadId"):
        finish(connection, upload_id=slugId())


def test_bytes_of_another_upload_are_refused(connection: Connection) -> None:
    begin(connection)
    with pytest.raises(RequestConflict, match="another one holds the name"):
        arrive(connection, upload_id=slugId())


def test_late_bytes_are_welcome_only_if_they_are_the_same(connection: Connection) -> None:
    begin(connection, arrived=A)
    finish(connection)
    arrive(connection, A)
    with pytest.raises(RequestConflict, match="with other bytes"):
        arrive(connection, B)


@pytest.mark.parametrize("value", ["", "A" * 64, "g" * 64, "a" * 63])
def test_what_is_no_sha256_is_refused(connection: Connection, value: str) -> None:
    begin(connection, arrived=A)
    with pytest.raises(InputValidationError, match="64 lower-case"):
        finish(connection, sha256=value)


def test_inline_data_is_decoded() -> None:
    encoded = base64.b64encode(b"\x00\xff").decode()
    assert DataInline(content_type="", object_data=encoded).decode() == b"\x00\xff"


@pytest.mark.parametrize("text", ["a", "****", "é"])
def test_inline_data_that_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(InputValidationError, match="not base64"):
        DataInline(content_type="", object_data=text).decode()


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ({"getUrl": True}, "getUrl"),
        ({"simple": True}, "simple"),
        ({"simple": True, "getUrl": True}, "getUrl"),
    ],
)
def test_a_download_takes_the_better_way(accepted: dict[str, bool], chosen: str) -> None:
    assert msgspec.convert({"acceptDownloadMethods": accepted}, DownloadInput).choose() == chosen


def test_a_download_without_a_way_is_refused() -> None:
    with pytest.raises(NoMatchingMethod):
        msgspec.convert({"acceptDownloadMethods": {}}, DownloadInput).choose()


def test_upload_that_was_given_up_leaves_its_name_to_others_after_a_day(connection: Connection) -> None:
    begin(connection, expires=EXPIRES.replace(year=EXPIRES.year + 1))
    other = UploadInput(
        project_id="farm",
        upload_id=slugId(),
        expires=EXPIRES.replace(year=EXPIRES.year + 1),
        proposed_upload_methods=Proposed(),
    )
    with pytest.raises(RequestConflict):
        objects.create_upload(connection, NOW + 86_399, NAME, other)
    assert objects.create_upload(connection, NOW + 86_400, NAME, other).upload_id == other.upload_id


def test_name_of_an_expired_object_is_free_again(connection: Connection) -> None:
    begin(connection, arrived=A)
    finish(connection)
    with pytest.raises(ResourceNotFound):
        objects.readable(connection, EXPIRES.timestamp(), NAME)
    with pytest.raises(RequestConflict):
        begin(connection, upload_id=slugId())
    later = UploadInput(
        project_id="farm",
        upload_id=slugId(),
        expires=EXPIRES.replace(year=EXPIRES.year + 1),
        proposed_upload_methods=Proposed(),
    )
    assert not objects.create_upload(connection, EXPIRES.timestamp(), NAME, later).finished


def test_what_has_expired_or_was_given_up_is_swept_and_what_is_finished_stays(connection: Connection) -> None:
    lasting = {"expires": EXPIRES.replace(year=EXPIRES.year + 1)}
    begin(connection, arrived=A, **lasting)
    finish(connection)
    for name, changes in (("given-up", lasting), ("expired", {})):
        given = UploadInput(
            project_id="farm",
            upload_id=slugId(),
            proposed_upload_methods=Proposed(),
            **({"expires": EXPIRES} | changes),
        )
        objects.create_upload(connection, NOW, name, given)
    assert objects.sweep(connection, NOW + 3600, 10) == 1
    assert objects.sweep(connection, NOW + 86_400, 10) == 1
    assert objects.readable(connection, NOW + 86_400, NAME).name == NAME
