"""The pages of the Simple index, as bytes: HTML and JSON from the files of a project.

Pure.  Follows PEP 503 (HTML), 592 (yanked), 629 (version), 658 and 714 (metadata beside the wheel), 691 (JSON) and 700
(versions, sizes, upload times); `publish` calls it once per change, `serve` hands the bytes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import Any

import msgspec
from msgspec import Struct
from packaging.version import InvalidVersion, Version

#: What the pages give: PEP 700 is the last of those that raised it that they follow.
API_VERSION = "1.1"


class FileLink(Struct, frozen=True, kw_only=True):
    """One wheel, as the index tells of it."""

    filename: str
    version: str
    sha256: str
    size: int
    uploaded: float  #: seconds since 1970
    metadata_sha256: str
    requires_python: str | None = None
    yanked: str | None = None  #: a reason, '' for none given, None: not yanked


class Page(Struct, frozen=True, kw_only=True):
    """A page in both its forms."""

    html: bytes
    json: bytes

    @property
    def etag(self) -> str:
        """What names this content, without quotes: 32 hexadecimal digits."""
        return sha256(self.html + b"\0" + self.json).hexdigest()[:32]


def project(name: str, files: Iterable[FileLink]) -> Page:
    """Return the page of a project (``name`` is normalised), oldest version first."""
    ordered = sorted(files, key=lambda file: (_by_version(file.version), file.filename))
    links = "".join(f"    {_anchor(file)}<br>\n" for file in ordered)
    body = {
        "meta": {"api-version": API_VERSION},
        "name": name,
        "versions": list(dict.fromkeys(file.version for file in ordered)),
        "files": [_file(file) for file in ordered],
    }
    return Page(html=_document(f"Links for {name}", links), json=msgspec.json.encode(body))


def root(names: Iterable[str]) -> Page:
    """Return the page that lists every project."""
    ordered = sorted(names)
    links = "".join(f'    <a href="{escape(name)}/">{escape(name)}</a><br>\n' for name in ordered)
    body = {"meta": {"api-version": API_VERSION}, "projects": [{"name": name} for name in ordered]}
    return Page(html=_document("Simple index", links), json=msgspec.json.encode(body))


def _document(title: str, links: str) -> bytes:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n  <head>\n    <meta charset="utf-8">\n'
        f'    <meta name="pypi:repository-version" content="{API_VERSION}">\n'
        f"    <title>{escape(title)}</title>\n  </head>\n  <body>\n    <h1>{escape(title)}</h1>\n"
        f"{links}  </body>\n</html>\n"
    ).encode()


def _anchor(file: FileLink) -> str:
    metadata = f"sha256={file.metadata_sha256}"
    attributes = {
        "href": f"{file.filename}#sha256={file.sha256}",
        "data-requires-python": file.requires_python,
        "data-yanked": file.yanked,
        # PEP 714: the old name stays for clients older than the new one.
        "data-core-metadata": metadata,
        "data-dist-info-metadata": metadata,
    }
    told = " ".join(f'{key}="{escape(value)}"' for key, value in attributes.items() if value is not None)
    return f"<a {told}>{escape(file.filename)}</a>"


def _file(file: FileLink) -> dict[str, Any]:
    metadata = {"sha256": file.metadata_sha256}
    told: dict[str, Any] = {
        "filename": file.filename,
        "url": file.filename,
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": f"{datetime.fromtimestamp(file.uploaded, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "core-metadata": metadata,
        "dist-info-metadata": metadata,
    }
    if file.requires_python is not None:
        told["requires-python"] = file.requires_python
    if file.yanked is not None:
        told["yanked"] = file.yanked or True
    return told


def _by_version(text: str) -> tuple[bool, Version, str]:
    """Sort versions as PEP 440 does, and what is none of them before."""
    try:
        return (True, Version(text), text)
    except InvalidVersion:
        return (False, Version("0"), text)
