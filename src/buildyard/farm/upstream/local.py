"""Indexes and find-links directories on this machine's disk, as pip treats them.

An index at a ``file:`` address is a directory of projects with an ``index.html`` each; a find-links directory holds
the files themselves, or HTML pages that link to them.  `simple` merges what is found here with what comes by HTTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from packaging.utils import canonicalize_name

from buildyard.farm.upstream.locations import Location, file_path
from buildyard.farm.upstream.pages import MAX_PAGE_BYTES, File, parse_page
from buildyard.farm.upstream.releases import version_text

_PAGE_SUFFIXES = (".html", ".htm")

Found = tuple[str, tuple[File, ...]]


def read_index(place: Location, package: str) -> Found | None:
    """Return what a local index offers of a project, or None if it has no such project.

    ``package`` is normalised (PEP 503).  Raises `BadPage` for an ``index.html`` that is none.
    """
    return _read_page(place.path / package / "index.html", package)


def read_links(place: Location, package: str) -> Found | None:
    """Return what a local find-links directory or page offers of a project, or None for nothing."""
    path = place.path
    if not path.is_dir():
        return _read_page(path, package)
    files: list[File] = []
    for entry in _entries(path):
        if entry.suffix in _PAGE_SUFFIXES:
            _, linked = _read_page(entry, package) or ("", ())
            files.extend(linked)
        elif version_text(entry.name, package):
            files.append(File(filename=entry.name, url=entry.as_uri()))
    return ("", with_hashes(files, package)) if files else None


def project_names(place: Location) -> list[str]:
    """Return the names of the projects in a local index."""
    return [entry.name for entry in _entries(place.path) if entry.is_dir()]


def _entries(path: Path) -> list[Path]:
    try:
        return sorted(path.iterdir())
    except OSError:
        return []


def _read_page(path: Path, package: str) -> Found | None:
    try:
        with path.open("rb") as file:
            body = file.read(MAX_PAGE_BYTES + 1)
    except OSError:
        return None
    name, files = parse_page(body, "text/html", path.absolute().as_uri())
    return name, with_hashes(files, package)


def with_hashes(files: Iterable[File], package: str) -> tuple[File, ...]:
    """Return the project's files; a source distribution on this disk that has no sha256 gets its own."""
    name = canonicalize_name(package)
    return tuple(_with_hash(file) for file in files if version_text(file.filename, name))


def _with_hash(file: File) -> File:
    if file.sha256 is not None or file.filename.endswith(".whl") or urlsplit(file.url).scheme != "file":
        return file
    try:
        with file_path(file.url).open("rb") as source:
            digits = hashlib.file_digest(source, "sha256").hexdigest()
            size = source.tell()
    except OSError:
        return file
    return msgspec.structs.replace(file, hashes={**file.hashes, "sha256": digits}, size=size)
