"""The object service's transactions: an upload begins, its bytes arrive, it is finished, it is read.

The rows say what was uploaded under which name; the bytes lie in the store's objects by their SHA-256 and are moved by
`objects_http`.  An upload belongs to whoever named its ``uploadId``: who repeats it goes on, anybody else is refused
(Taskcluster's object service).  What the uploader says of the bytes is held against them here.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, structs
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, update

from buildyard.farm.store.tables import objects
from buildyard.farm.tasks.artifact_inputs import ContentType
from buildyard.farm.tasks.definition import Moment, TaskId
from buildyard.farm.tasks.errors import (
    InputError,
    InputValidationError,
    NoMatchingMethod,
    RequestConflict,
    ResourceNotFound,
)
from buildyard.farm.tasks.times import from_datetime
from buildyard.farm.tasks.upsert import insert_new

#: Bytes of an object, at most.
MAX_OBJECT_BYTES: Final = 4 * 1024**3
#: An upload that is not finished by then is given up, and its name is free again (Taskcluster: one day).
UPLOAD_S: Final = 24 * 3600.0
#: Base64 characters of an object that comes inside the request (8192 bytes).
MAX_INLINE_CHARS: Final = 10_926

ProjectId = Annotated[str, Meta(pattern=r"\A[a-zA-Z0-9._/-]{1,500}\Z")]
_HASH_LENGTHS: Final = {"sha256": 64, "sha512": 128}


class _Sent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    pass


class DataInline(_Sent, frozen=True, kw_only=True):
    """The bytes themselves."""

    content_type: ContentType
    object_data: Annotated[str, Meta(max_length=MAX_INLINE_CHARS)]  #: base64

    def decode(self) -> bytes:
        """Return the bytes.  Raises `InputValidationError` for what is no base64."""
        try:
            return base64.b64decode(self.object_data, validate=True)
        except ValueError as error:
            raise InputValidationError("`objectData` is not base64") from error


class PutUrl(_Sent, frozen=True, kw_only=True):
    """The bytes will be PUT to an address."""

    content_type: ContentType
    content_length: Annotated[int, Meta(ge=0)]


class Proposed(_Sent, frozen=True, kw_only=True):
    """The ways in which the uploader can send the bytes."""

    data_inline: DataInline | None = None
    put_url: PutUrl | None = None


class UploadInput(_Sent, frozen=True, kw_only=True):
    """The body of createUpload."""

    project_id: ProjectId
    upload_id: TaskId
    expires: Moment
    hashes: dict[str, Annotated[str, Meta(max_length=256)]] = {}
    proposed_upload_methods: Proposed


class FinishInput(_Sent, frozen=True, kw_only=True):
    """The body of finishUpload."""

    project_id: ProjectId
    upload_id: TaskId
    hashes: dict[str, Annotated[str, Meta(max_length=256)]] = {}


class _Accepted(_Sent, frozen=True, kw_only=True):
    simple: bool = False
    get_url: bool = False


class DownloadInput(_Sent, frozen=True, kw_only=True):
    """The body of startDownload."""

    accept_download_methods: _Accepted

    def choose(self) -> str:
        """Return ``getUrl`` or ``simple``, the better of what is accepted.  Raises `NoMatchingMethod`."""
        if self.accept_download_methods.get_url:
            return "getUrl"
        if self.accept_download_methods.simple:
            return "simple"
        raise NoMatchingMethod("this farm gives downloads by `getUrl` and `simple`, and neither is accepted")


class StoredObject(Struct, frozen=True, kw_only=True):
    """An object as its row holds it."""

    name: str
    project_id: str
    upload_id: str
    content_type: str
    sha256: str | None
    size: int | None
    hashes: dict[str, str]
    finished: bool
    created: float
    expires: float


class Bytes(Struct, frozen=True, kw_only=True):
    """What is known of bytes that have arrived."""

    sha256: str
    size: int


def create_upload(
    connection: Connection,
    now: float,
    name: str,
    given: UploadInput,
    content_type: str = "application/binary",
    arrived: Bytes | None = None,
) -> StoredObject:
    """Return the object that this upload begins, or began already.

    ``arrived`` tells of bytes that came inside the request.  Raises `RequestConflict` where another upload holds the
    name, or this one is finished.
    """
    check_hashes(given.hashes)
    expires = from_datetime(given.expires)
    fresh = StoredObject(
        name=name,
        project_id=given.project_id,
        upload_id=given.upload_id,
        content_type=content_type,
        sha256=arrived.sha256 if arrived else None,
        size=arrived.size if arrived else None,
        hashes=given.hashes,
        finished=False,
        created=now,
        expires=expires,
    )
    row = structs.asdict(fresh) | {"hashes": _text(fresh.hashes)}
    if insert_new(connection, objects, [row]):
        return fresh
    was_over = connection.execute(delete(objects).where(objects.c.name == name, _over(now))).rowcount
    if was_over and insert_new(connection, objects, [row]):
        return fresh
    return _same_upload(connection, fresh, arrived)


def _same_upload(connection: Connection, fresh: StoredObject, arrived: Bytes | None) -> StoredObject:
    known = find(connection, fresh.name, lock=True)
    same = all(getattr(known, field) == getattr(fresh, field) for field in ("project_id", "upload_id", "expires"))
    if known.finished or not same:
        raise RequestConflict("Object already exists")
    merged = structs.replace(known, hashes=_merged(known.hashes, fresh.hashes), content_type=fresh.content_type)
    if arrived is not None:
        merged = structs.replace(merged, sha256=arrived.sha256, size=arrived.size)
    _store(connection, merged)
    return merged


def receive(connection: Connection, now: float, name: str, upload_id: str, arrived: Bytes) -> None:
    """Note that bytes have arrived for this upload; until it is finished they may arrive again.

    Raises `ResourceNotFound`, and `RequestConflict` where the name is another upload's, or finished with other bytes.
    """
    known = find(connection, name, lock=True)
    if known.upload_id != upload_id:
        raise RequestConflict("this upload was given up: another one holds the name")
    if known.finished:
        if known.sha256 != arrived.sha256:
            raise RequestConflict("this upload is finished, with other bytes")
        return
    _store(connection, structs.replace(known, sha256=arrived.sha256, size=arrived.size))


def finish_upload(connection: Connection, now: float, name: str, given: FinishInput) -> None:
    """Note that the upload is whole; the bytes' own SHA-256 is among its hashes from then on.

    Raises `ResourceNotFound`, `RequestConflict` for another upload's id and for a hash that was told otherwise before,
    `InputError` for another project, missing bytes, and bytes that do not have the SHA-256 that is told of them.
    """
    check_hashes(given.hashes)
    known = find(connection, name, lock=True)
    if known.project_id != given.project_id:
        raise InputError(f"object `{name}` belongs to another project")
    if known.upload_id != given.upload_id:
        raise RequestConflict(f"object `{name}` is uploaded under another uploadId")
    hashes = _merged(known.hashes, given.hashes)
    if known.finished:
        if hashes != known.hashes:
            raise RequestConflict(f"object `{name}` is finished, and no hash can be added")
        return
    _store(connection, structs.replace(known, hashes=_verified(known, hashes), finished=True))


def _verified(known: StoredObject, hashes: dict[str, str]) -> dict[str, str]:
    if known.sha256 is None:
        raise InputError(f"no bytes have arrived for object `{known.name}`")
    told = hashes.get("sha256", known.sha256)
    if told != known.sha256:
        raise InputError(f"the bytes that arrived have the SHA-256 {known.sha256}, not {told}: upload them again")
    return hashes | {"sha256": known.sha256}


def check_hashes(hashes: dict[str, str]) -> None:
    """Return if each known hash has the form of one.  Raises `InputValidationError`."""
    for algorithm, value in hashes.items():
        length = _HASH_LENGTHS.get(algorithm)
        if length and not (len(value) == length and set(value) <= set("0123456789abcdef")):
            raise InputValidationError(f"`hashes.{algorithm}` must be {length} lower-case hexadecimal digits")


def _merged(known: dict[str, str], told: dict[str, str]) -> dict[str, str]:
    for algorithm, value in told.items():
        if known.get(algorithm, value) != value:
            raise RequestConflict(f"the {algorithm} of this object was told differently before")
    return known | told


def find(connection: Connection, name: str, *, lock: bool = False) -> StoredObject:
    """Return this object, finished or not.  Raises `ResourceNotFound`."""
    chosen = select(objects).where(objects.c.name == name)
    row = connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
    if row is None:
        raise ResourceNotFound(f'Object "{name}" not found')
    return _object(row)


def readable(connection: Connection, now: float, name: str) -> StoredObject:
    """Return this object if it is finished and has not expired.  Raises `ResourceNotFound`."""
    found = find(connection, name)
    if not found.finished or found.expires <= now:
        raise ResourceNotFound(f'Object "{name}" not found')
    return found


def sweep(connection: Connection, now: float, limit: int) -> int:
    """Return how many objects were forgotten, ``limit`` at most: expired, or given up.  Their bytes stay."""
    due = select(objects.c.name).where(_over(now)).order_by(objects.c.name).limit(limit)
    found: int = connection.execute(delete(objects).where(objects.c.name.in_(due))).rowcount
    return found


def _over(now: float) -> ColumnElement[bool]:
    given_up = and_(objects.c.finished.is_(False), objects.c.created <= now - UPLOAD_S)
    return or_(objects.c.expires <= now, given_up)


def _object(row: Row[Any]) -> StoredObject:
    return StoredObject(**(row._asdict() | {"hashes": msgspec.json.decode(row.hashes)}))


def _store(connection: Connection, changed: StoredObject) -> None:
    values = {name: value for name, value in structs.asdict(changed).items() if name != "name"}
    values["hashes"] = _text(changed.hashes)
    connection.execute(update(objects).where(objects.c.name == changed.name).values(values))


def _text(hashes: dict[str, str]) -> str:
    return msgspec.json.encode(hashes, order="sorted").decode()
