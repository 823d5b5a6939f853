"""A project's page: the files an index offers, from JSON (PEP 691) or HTML (PEP 503) to one typed `Page`.

Pure: bytes in, values out.  `simple` fetches the bytes, `releases` groups the files by version.  Also understood:
PEP 592 (yanked), 629 (API version), 658 and 714 (metadata beside the file), 700 (size, upload time).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import msgspec
from msgspec import Struct, field

from buildyard.farm.upstream.anchors import Attributes, read_anchors
from buildyard.farm.upstream.errors import BadPage

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
#: JSON first; an index that knows only HTML sends that (PEP 691, content negotiation).
ACCEPT = f"{JSON_TYPE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.pypi.simple.v1+html"})
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252"})
_JSON_TYPES = frozenset({JSON_TYPE, "application/json"})

#: The largest page that is read; the largest that PyPI serves is about 10 MB.
MAX_PAGE_BYTES = 64 * 1024 * 1024

#: The major version of the Simple API that is understood (PEP 629).
_API_MAJOR = "1"


class File(Struct, frozen=True, kw_only=True, rename="kebab"):
    """One file an index offers."""

    filename: str
    url: str  #: absolute, without credentials and fragment
    hashes: dict[str, str] = {}  #: algorithm to hexadecimal digits
    requires_python: str | None = None  #: as upstream wrote it; may not be a valid specifier
    size: int | None = None  #: bytes
    upload_time: str | None = None  #: ISO 8601; `uploaded` reads it
    yanked: bool | str | None = False  #: a reason, True for none given
    core_metadata: bool | dict[str, str] | None = None
    dist_info_metadata: bool | dict[str, str] | None = None  #: the older name of ``core_metadata`` (PEP 714)

    @property
    def sha256(self) -> str | None:
        """64 lower-case hexadecimal digits, where the index tells them."""
        digits = self.hashes.get("sha256", "").lower()
        return digits if len(digits) == 64 and set(digits) <= set("0123456789abcdef") else None

    @property
    def is_yanked(self) -> bool:
        """True if a maintainer took it back (PEP 592: an empty reason yanks too)."""
        return self.yanked is not False and self.yanked is not None

    @property
    def yank_reason(self) -> str:
        """Why it was yanked, or nothing."""
        return self.yanked if isinstance(self.yanked, str) else ""

    @property
    def has_metadata(self) -> bool:
        """True if its METADATA lies beside it, at its URL and ``.metadata`` (PEP 658)."""
        return bool(self._metadata)

    @property
    def metadata_sha256(self) -> str | None:
        """The hash of that METADATA, where the index tells it."""
        return self._metadata.get("sha256") if isinstance(self._metadata, dict) else None

    @property
    def _metadata(self) -> bool | dict[str, str] | None:
        return self.core_metadata if self.core_metadata is not None else self.dist_info_metadata

    @property
    def uploaded(self) -> datetime | None:
        """When it was uploaded, in UTC, where the index tells a time that makes sense (PEP 700)."""
        try:
            told = datetime.fromisoformat(self.upload_time or "")
        except ValueError:
            return None
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


class Page(Struct, frozen=True, kw_only=True):
    """What the indexes offer of one project."""

    name: str  #: as upstream spells it
    files: tuple[File, ...]  #: in the order of the indexes
    is_stale: bool = False  #: an index did not answer; this is what it said last time


class _Meta(Struct):
    api_version: str = field(default="1.0", name="api-version")


class _JsonPage(Struct):
    files: list[File]
    name: str = ""
    meta: _Meta = field(default_factory=_Meta)


_JSON = msgspec.json.Decoder(_JsonPage)


def parse_page(body: bytes, content_type: str, url: str) -> tuple[str, tuple[File, ...]]:
    """Return the project's name, where the page tells it, and its files.

    ``url`` is where the page came from; links are relative to it.  Links to anything but http, https (or, on a page
    that is itself a file, ``file:``) are left out.  Raises `BadPage` for whatever is no page of the Simple API 1.x.
    """
    if len(body) > MAX_PAGE_BYTES:
        raise BadPage(f"it is larger than {MAX_PAGE_BYTES} bytes")
    kind, charset = _content_type(content_type)
    if kind in _JSON_TYPES:
        name, files = _parse_json(body)
    elif kind in _HTML_TYPES:
        name, files = "", _parse_html(body, charset)
    else:
        raise BadPage(f"its type is {kind[:80] or 'not told'}")
    return name, tuple(_absolute(files, url))


def _content_type(value: str) -> tuple[str, str]:
    message = Message()
    message["Content-Type"] = value.replace("\r", " ").replace("\n", " ")
    kind = message.get_content_type() if "/" in value else ""
    return kind, str(message.get_content_charset("utf-8"))


def _parse_json(body: bytes) -> tuple[str, list[File]]:
    try:
        page = _JSON.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPage(f"its JSON is not PEP 691's: {error}") from error
    _check_version(page.meta.api_version)
    return page.name, page.files


def _check_version(version: str) -> None:
    # PEP 629: another major version means that the page cannot be understood, a newer minor one does not.
    if version.partition(".")[0] != _API_MAJOR:
        raise BadPage(f"it speaks version {version[:20]} of the Simple API, which is not known here")


def _parse_html(body: bytes, charset: str) -> list[File]:
    page = read_anchors(body.decode(charset if charset in _CHARSETS else "utf-8", "replace"))
    _check_version(page.version)
    return [found for anchor in page.anchors if (found := _file_of(anchor, page.base)) is not None]


def _file_of(anchor: Attributes, base: str) -> File | None:
    href = anchor.get("href", "").strip()
    try:
        joined = urlsplit(urljoin(base, href))
    except ValueError:
        return None
    filename = unquote(joined.path.rpartition("/")[2])
    if not href or not filename:
        return None
    algorithm, _, digits = joined.fragment.partition("&")[0].partition("=")
    return File(
        filename=filename,
        url=joined._replace(fragment="").geturl(),
        hashes={algorithm: digits} if digits else {},
        requires_python=anchor.get("data-requires-python"),
        yanked=(anchor["data-yanked"] or True) if "data-yanked" in anchor else False,
        core_metadata=_metadata_of(anchor, "data-core-metadata"),
        dist_info_metadata=_metadata_of(anchor, "data-dist-info-metadata"),
    )


def _metadata_of(anchor: Attributes, name: str) -> bool | dict[str, str] | None:
    if name not in anchor:
        return None
    algorithm, equals, digits = anchor[name].partition("=")
    return {algorithm: digits} if equals else algorithm != "false"


def _absolute(files: Iterable[File], url: str) -> Iterable[File]:
    """Yield the files with absolute URLs; those whose links lead nowhere are left out."""
    schemes = ("http", "https", "file") if url.startswith("file:") else ("http", "https")
    for file in files:
        bare = _bare(url, file.url, schemes)
        if bare is not None and _is_plain(file.filename):
            yield file if bare == file.url else msgspec.structs.replace(file, url=bare)


def _bare(base: str, link: str, schemes: tuple[str, ...]) -> str | None:
    """Return an absolute link without user and fragment, or None if it leads nowhere we go."""
    if link.startswith("https://") and "@" not in link and "#" not in link:
        return link  # nearly every link is like this, and a page may have ten thousand
    try:
        parts = urlsplit(urljoin(base, link))
    except ValueError:
        return None
    if parts.scheme not in schemes:
        return None
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def _is_plain(filename: str) -> bool:
    # A name becomes a file on disk: it must be one name, not a path.
    return filename not in ("", ".", "..") and not any(char in "/\\\0" or ord(char) < 32 for char in filename)


def merge(package: str, found: Iterable[tuple[str, tuple[File, ...]]], *, is_stale: bool = False) -> Page:
    """Return one page of what several indexes offer; of files of one name the first that tells its sha256 counts."""
    name = ""
    files: dict[str, File] = {}
    for told, offered in found:
        name = name or told
        for file in offered:
            there = files.get(file.filename)
            if there is None or (there.sha256 is None and file.sha256 is not None):
                files[file.filename] = file
    return Page(name=name or package, files=tuple(files.values()), is_stale=is_stale)
