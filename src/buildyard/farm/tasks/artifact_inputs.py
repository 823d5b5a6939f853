"""createArtifact's body, one form for each storage type.

Pure.  `artifacts` next door says what follows from each.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from buildyard.farm.tasks.definition import Moment
from buildyard.farm.tasks.errors import InputValidationError

ContentType = Annotated[str, Meta(max_length=255, pattern=r"\A[ -~]*\Z")]


class _Given(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", tag_field="storageType"):
    #: What is kept of it beside the columns.
    details: ClassVar[tuple[str, ...]] = ()
    expires: Moment
    content_type: ContentType = "application/binary"


class GivenObject(_Given, frozen=True, kw_only=True, tag="object"):
    """Bytes that will be uploaded to the object service."""

    content_length: Annotated[int, Meta(ge=0)] | None = None


class GivenS3(_Given, frozen=True, kw_only=True, tag="s3"):
    """Bytes that will be PUT to an address, as into an S3 bucket; here the address is the hub's own."""

    content_length: Annotated[int, Meta(ge=0)] | None = None


class GivenReference(_Given, frozen=True, kw_only=True, tag="reference"):
    """An address elsewhere."""

    details: ClassVar = ("url",)
    url: Annotated[str, Meta(max_length=4096, pattern=r"\Ahttps?://[!-~]+\Z")]


class GivenLink(_Given, frozen=True, kw_only=True, tag="link"):
    """Another artifact of the same run."""

    details: ClassVar = ("artifact",)
    artifact: Annotated[str, Meta(max_length=1024, pattern=r"\A[ -~]+\Z")]


class GivenError(_Given, frozen=True, kw_only=True, tag="error"):
    """Why there is nothing under this name."""

    details: ClassVar = ("reason", "message")
    reason: Literal[
        "file-missing-on-worker",
        "invalid-resource-on-worker",
        "too-large-file-on-worker",
        "file-not-readable-on-worker",
    ]
    message: Annotated[str, Meta(max_length=4096)]


Given = GivenObject | GivenS3 | GivenReference | GivenLink | GivenError


def decode(given: object) -> Given:
    """Return the form that a decoded JSON body is.

    Raises `InputValidationError` for what fits none.
    """
    try:
        wanted: Given = msgspec.convert(given, Given)
    except msgspec.ValidationError as error:
        raise InputValidationError(f"this describes no artifact: {error}") from error
    return wanted
