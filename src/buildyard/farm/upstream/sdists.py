"""What a source distribution says of its own requirements, read without running anything of it.

Where upstream has no wheel of a version, a resolver would ask the build backend, that is, run the package's code.
`declared` reads instead what is written: ``PKG-INFO``, setuptools' ``requires.txt``, or ``pyproject.toml``.
`requirements_of` fetches the archive for it.  `builds/resolve` tells uv what was found.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import HeaderParser

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from buildyard.farm.upstream.errors import BadPage, UpstreamError
from buildyard.farm.upstream.releases import releases
from buildyard.farm.upstream.simple import SimpleClient

#: The largest source distribution that is fetched to look into it.
MAX_SDIST_BYTES = 30_000_000

#: How much is unpacked in memory while looking, and how large one of the files looked for may be.
_MAX_UNPACKED = 300_000_000
_MAX_MEMBER = 2_000_000

_WANTED = re.compile(r"[^/]+/(?:PKG-INFO|pyproject\.toml|(?:[^/]+/)?[^/]+\.egg-info/(?:requires\.txt|PKG-INFO))\Z")
_SECTION = re.compile(r"\[(?P<extra>[^:\]]*)(?::(?P<marker>[^\]]*))?\]\Z")


class Declared(Struct, frozen=True, kw_only=True):
    """What a source distribution requires at run time, as far as it is written down."""

    requires_dist: tuple[str, ...] = ()  #: PEP 508, those of extras with their marker
    requires_python: str | None = None
    is_certain: bool = False  #: False: nothing says so, and none are assumed


class UnreadableSdist(UpstreamError):
    """A source distribution cannot be read: it is no archive, or too large to look into (.filename, .reason)."""

    def __init__(self, filename: str, reason: str) -> None:
        super().__init__(f"{filename} cannot be read: {reason}")
        self.filename = filename
        self.reason = reason


async def requirements_of(client: SimpleClient, package: str, version: str) -> Declared:
    """Return what the source distribution of this version requires.

    Raises `UpstreamError` where there is none, or it cannot be fetched or read, or is not the one upstream tells of.
    """
    page = await client.page(package)
    release = releases(page.name, page.files).get(Version(version))
    if release is None or release.sdist is None:
        raise UnreadableSdist(f"{package} {version}", "it has no source distribution")
    sdist = release.sdist
    body = await client.file(sdist, max_bytes=MAX_SDIST_BYTES)
    if sdist.sha256 is not None and hashlib.sha256(body).hexdigest() != sdist.sha256:
        raise BadPage(f"{sdist.filename} is not the file that its page tells of")
    return declared(sdist.filename, body)


def declared(filename: str, body: bytes) -> Declared:
    """Return what a source distribution requires, by what is written in it.  Raises `UnreadableSdist`."""
    try:
        texts = dict(_zip_texts(body) if filename.endswith(".zip") else _tar_texts(filename, body))
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError) as error:
        raise UnreadableSdist(filename, str(error) or type(error).__name__) from error
    info = HeaderParser().parsestr(_first(texts, "/PKG-INFO"))
    python = info.get("Requires-Python")
    required, is_certain = _required(texts, info.get_all("Requires-Dist", []), _settles(info))
    return Declared(
        requires_dist=tuple(filter(_is_requirement, required)), requires_python=python, is_certain=is_certain
    )


def _required(texts: Mapping[str, str], told: list[str], is_settled: bool) -> tuple[list[str], bool]:
    """Return the requirements and whether something says them, from the surest source that is there."""
    if told or is_settled:
        return told, True
    if any(".egg-info/" in name for name in texts):
        # setuptools writes no requires.txt where there is nothing to write.
        return list(_requires_txt(_first(texts, "/requires.txt"))), True
    project = _project(_first(texts, "/pyproject.toml"))
    if project and "dependencies" not in project.get("dynamic", ()):
        return [str(text) for text in project.get("dependencies", ())], True
    return [], False


def _settles(info: Message) -> bool:
    """Tell whether ``PKG-INFO`` is final about requirements (PEP 643: metadata 2.2, and not said to be dynamic)."""
    try:
        version = Version(info.get("Metadata-Version") or "1.0")
    except InvalidVersion:
        return False
    dynamic = {value.lower() for key, value in info.items() if key.lower() == "dynamic"}
    return version >= Version("2.2") and "requires-dist" not in dynamic


def _requires_txt(text: str) -> Iterator[str]:
    """Yield setuptools' ``requires.txt`` as PEP 508: its sections are extras, markers, or both, ``[extra:marker]``."""
    conditions: list[str] = []
    for line in map(str.strip, text.splitlines()):
        section = _SECTION.match(line)
        if section is not None:
            conditions = [f'extra == "{section["extra"]}"'] if section["extra"] else []
            conditions += [f"({section['marker']})"] if section["marker"] else []
        elif line and not line.startswith("#"):
            yield f"{line} ; {' and '.join(conditions)}" if conditions else line


def _project(text: str) -> Mapping[str, list[str]]:
    try:
        project = tomllib.loads(text).get("project", {})
    except tomllib.TOMLDecodeError:
        return {}
    return project if isinstance(project, dict) else {}


def _is_requirement(text: str) -> bool:
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def _first(texts: Mapping[str, str], ending: str) -> str:
    """Return the text of the shallowest file whose path ends so, or nothing."""
    names = sorted((name for name in texts if name.endswith(ending)), key=lambda name: (name.count("/"), name))
    return texts[names[0]] if names else ""


def _tar_texts(filename: str, body: bytes) -> Iterator[tuple[str, str]]:
    unpacked = 0
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:*") as archive:
        for member in archive:
            unpacked += member.size
            if unpacked > _MAX_UNPACKED:
                raise UnreadableSdist(filename, f"it unpacks to more than {_MAX_UNPACKED} bytes")
            if member.isreg() and member.size <= _MAX_MEMBER and _WANTED.match(member.name):
                file = archive.extractfile(member)
                assert file is not None
                yield member.name, file.read().decode("utf-8", "replace")


def _zip_texts(body: bytes) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for member in archive.infolist():
            if member.file_size <= _MAX_MEMBER and _WANTED.match(member.filename):
                yield member.filename, archive.read(member).decode("utf-8", "replace")
