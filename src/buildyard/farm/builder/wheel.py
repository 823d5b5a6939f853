"""Read a wheel: what it says of itself, and whether its parts agree.

Takes the path of a file that anybody may have made; gives a `wire.WheelRecord` and the modules that it brings.  Every
hash of its RECORD is checked, and all that is read is bounded (PEP 427; the binary distribution format of the Python
packaging specifications).  `phases/check` compares the record with what was asked for.
"""

from __future__ import annotations

import base64
import csv
import errno
import hashlib
import io
import keyword
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from packaging.tags import Tag, parse_tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from buildyard.errors import BuildyardError
from buildyard.farm.builder.units import readable_size
from buildyard.farm.builder.zips import UNREADABLE, is_encrypted, is_link, open_zip
from buildyard.farm.wire import WheelRecord

_CHUNK = 256 * 1024
_HASHES = frozenset({"sha256", "sha384", "sha512"})
#: Members of the .dist-info directory that RECORD need not hold a hash of.
_UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_SHARED_OBJECT = re.compile(r"\.so(?:\.\d+)*\Z")
_MODULE = re.compile(r"(?P<name>[^./]+)(?:\.py|(?:\.[^./]+)*\.so)\Z")
_COMPRESSIONS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

#: Top-level names that packages carry by mistake, or that do something when imported.
_ASIDE = frozenset(
    "setup conftest noxfile __main__ __init__ tests test docs doc examples example benchmarks samples".split()  # noqa: SIM905
)
_MOST_MODULES = 20
_LONGEST_MODULE = 200


class BadWheel(BuildyardError, ValueError):
    """The wheel cannot be read, or its parts disagree.  Build it again with another backend; do not install it."""

    def __init__(self, filename: str, reason: str) -> None:
        super().__init__(f"{filename}: {reason}")
        self.filename = filename
        self.reason = reason  #: one clause, ``its RECORD has no hash of pkg/__init__.py``


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much a wheel may hold."""

    members: int = 100_000
    size: int = 8_000_000_000  #: bytes unpacked
    text: int = 2_000_000  #: of METADATA and WHEEL
    record: int = 64_000_000


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel that was read."""

    record: WheelRecord
    modules: tuple[str, ...]  #: what can be imported of it, its top-level modules and packages


def read_wheel(
    path: Path, bounds: Bounds | None = None, *, filename: str = "", between: Callable[[], None] = lambda: None
) -> Wheel:
    """Return what a wheel says of itself, its hashes checked.  Raises `BadWheel`, `OSError`.

    ``filename`` is the wheel's name where its file is called otherwise, as in a store by hash.  ``between`` is called
    often, and may raise to end a long reading.
    """
    name = filename or path.name
    try:
        with open_zip(path) as file:
            return _Reader(path, name, file, bounds or Bounds(), between).read()
    except BadWheel:
        raise
    except (*UNREADABLE, csv.Error) as error:
        raise BadWheel(name, f"it cannot be read: {error}") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise BadWheel(name, "it cannot be read: it points outside of itself") from error


class _Reader:
    """Reads one wheel."""

    def __init__(
        self, path: Path, name: str, file: zipfile.ZipFile, bounds: Bounds, between: Callable[[], None]
    ) -> None:
        self._path = path
        self._between = between
        self._name = name
        self._file = file
        self._bounds = bounds
        self._members: dict[str, zipfile.ZipInfo] = {}

    def read(self) -> Wheel:
        try:
            name, version, build, tags = parse_wheel_filename(self._name)
        except (InvalidWheelFilename, InvalidVersion) as error:
            raise self._bad("its name is not a wheel's (PEP 427)") from error
        self._list()
        info = self._dist_info(name, version)
        self._check_tags(info, tags)
        text = self._bytes(f"{info}/METADATA", self._bounds.text).decode("utf-8")
        metadata = HeaderParser().parsestr(text)
        self._check_metadata(metadata, name, version)
        self._check_record(info)
        record = WheelRecord(
            filename=self._name,
            sha256=_sha256(self._path),
            size=self._path.stat().st_size,
            package=str(metadata["Name"]),
            version=str(metadata["Version"]),
            build_tag="".join(map(str, build)),
            tags=tuple(sorted(map(str, tags))),
            requires_python=_text(metadata, "Requires-Python"),
            requires_dist=tuple(map(str, metadata.get_all("Requires-Dist", []))),
            metadata=text,
            has_extensions=any(_SHARED_OBJECT.search(member) for member in self._members),
        )
        return Wheel(record=record, modules=tuple(importable(self._members)))

    def _list(self) -> None:
        infos = self._file.infolist()
        if len(infos) > self._bounds.members:
            raise self._bad(f"it has more than {self._bounds.members} members")
        if sum(info.file_size for info in infos) > self._bounds.size:
            raise self._bad(f"unpacked, it is larger than {readable_size(self._bounds.size)}")
        for info in infos:
            self._check_member(info)
            if not info.is_dir():
                self._members[info.filename] = info

    def _check_member(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        if name in self._members:
            raise self._bad(f"it holds {name!r} twice")
        parts = name.rstrip("/").split("/")
        if not all(parts) or not {".", ".."}.isdisjoint(parts) or "\\" in name or "\0" in name:
            raise self._bad(f"its member {name!r} would not stay in its place")
        if is_link(info) or is_encrypted(info) or info.compress_type not in _COMPRESSIONS:
            raise self._bad(f"its member {name!r} is not a plain file")

    def _dist_info(self, name: str, version: Version) -> str:
        """Return the name of its .dist-info directory, which must be one, and this package's."""
        found = {member.split("/")[0] for member in self._members if member.split("/")[0].endswith(".dist-info")}
        if len(found) != 1:
            raise self._bad(f"it has {len(found)} .dist-info directories, not one")
        (info,) = found
        told, _, number = info.removesuffix(".dist-info").rpartition("-")
        if canonicalize_name(told) != name or not _is_version(number, version):
            raise self._bad(f"it holds {info}, which is not for its name")
        return info

    def _check_tags(self, info: str, tags: frozenset[Tag]) -> None:
        wheel = HeaderParser().parsestr(self._bytes(f"{info}/WHEEL", self._bounds.text).decode("utf-8"))
        if str(wheel["Wheel-Version"]).strip().partition(".")[0] != "1":
            raise self._bad(f"its Wheel-Version is {wheel['Wheel-Version']}, not 1.0")
        told = frozenset(tag for text in wheel.get_all("Tag", []) for tag in parse_tag(str(text).strip()))
        if told != tags:
            raise self._bad(f"its WHEEL names other tags than its name: {', '.join(sorted(map(str, told)))}")

    def _check_metadata(self, metadata: Message, name: str, version: Version) -> None:
        told, number = _text(metadata, "Name") or "", _text(metadata, "Version") or ""
        if canonicalize_name(told) != name or not _is_version(number, version):
            raise self._bad(f"its METADATA is of {told} {number}, which is not for its name")

    def _check_record(self, info: str) -> None:
        data = self._bytes(f"{info}/RECORD", self._bounds.record).decode("utf-8")
        unhashed = {f"{info}/{name}" for name in _UNHASHED}
        rows = {row[0]: row for row in csv.reader(io.StringIO(data)) if len(row) == 3}
        for member in self._members:
            if member in unhashed:
                continue
            if member not in rows or not rows[member][1]:
                raise self._bad(f"its RECORD has no hash of {member}")
            self._check_hash(member, rows[member][1], rows[member][2])
        missing = rows.keys() - self._members.keys()
        if missing:
            raise self._bad(f"its RECORD names {min(missing)}, which is not in it")

    def _check_hash(self, member: str, told: str, size: str) -> None:
        algorithm, _, value = told.partition("=")
        if algorithm not in _HASHES:
            raise self._bad(f"its RECORD hashes {member} with {algorithm}")
        digest = hashlib.new(algorithm)
        with self._file.open(self._members[member]) as source:
            while chunk := source.read(_CHUNK):
                self._between()
                digest.update(chunk)
        if base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode() != value.rstrip("="):
            raise self._bad(f"its RECORD has another hash of {member}")
        if size and size != str(self._members[member].file_size):
            raise self._bad(f"its RECORD has another size of {member}")

    def _bytes(self, member: str, limit: int) -> bytes:
        info = self._members.get(member)
        if info is None:
            raise self._bad(f"it has no {member}")
        if info.file_size > limit:
            raise self._bad(f"its {member} is larger than {readable_size(limit)}")
        return self._file.read(info)

    def _bad(self, reason: str) -> BadWheel:
        return BadWheel(self._name, reason)


def importable(members: Iterable[str]) -> list[str]:
    """Return the names of the top-level modules and packages among a wheel's members, at most a few.

    Of a namespace package, which has no ``__init__``, the outermost packages and modules in it.  Tests, documentation
    and the like are left out.
    """
    paths = sorted({path for member in members if (path := _site_path(member))})
    packages = {str(PurePosixPath(path).parent) for path in paths if PurePosixPath(path).name.startswith("__init__.")}
    found: dict[str, None] = {}
    for path in paths:
        name = _module(path, packages)
        if name and name.split(".")[0] not in _ASIDE:
            found[name] = None
    return list(found)[:_MOST_MODULES]


def _site_path(member: str) -> str | None:
    """Return where a member is installed, below site-packages."""
    first, _, rest = member.partition("/")
    if first.endswith(".dist-info"):
        return None
    if first.endswith(".data"):
        scheme, _, rest = rest.partition("/")
        return rest if scheme in ("purelib", "platlib") else None
    return member


def _module(path: str, packages: set[str]) -> str | None:
    """Return the outermost module that a file is, or is part of."""
    parts = path.split("/")
    module = _MODULE.match(parts[-1])
    for depth in range(1, len(parts)):
        if "/".join(parts[:depth]) in packages:
            return _name(parts[:depth])
    return _name([*parts[:-1], module["name"]]) if module else None


def _name(parts: list[str]) -> str | None:
    name = ".".join(parts)
    is_name = all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
    return name if is_name and len(name) <= _LONGEST_MODULE else None


def _is_version(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:
        return False


def _text(message: Message, key: str) -> str | None:
    value = message.get(key)
    return None if value is None else str(value).strip()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
