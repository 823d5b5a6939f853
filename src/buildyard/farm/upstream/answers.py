"""What the answers of an index mean: pure functions from responses and failures to pages and typed errors.

`simple` asks and calls these.  Here is also what a request says of the page that is already there.
"""

from __future__ import annotations

import re
import zlib

import msgspec

from buildyard.errors import TransportError, WireError
from buildyard.faces.transport import Fields, Headers, Response
from buildyard.farm.upstream.cache import CachedPage
from buildyard.farm.upstream.errors import BadPage, UpstreamUnreachable
from buildyard.farm.upstream.pages import MAX_PAGE_BYTES
from buildyard.retry import retry_after_seconds

#: A page is believed for at most so many seconds, whatever its index allows; PyPI allows just these.
MAX_AGE_S = 600.0

_MAX_AGE = re.compile(r"\bmax-age=(\d{1,9})\b")
_ADDRESS = re.compile(r"\S*(?://|:\d|\.[a-z]{2,})\S*", re.IGNORECASE)


def conditions(kept: CachedPage | None) -> Fields:
    """Return the header field that asks only for what is newer than the page that is kept (RFC 9110 section 13.1)."""
    if kept is None:
        return ()
    if kept.etag:
        return (("If-None-Match", kept.etag),)
    return (("If-Modified-Since", kept.last_modified),) if kept.last_modified else ()


def page_of(response: Response, url: str, kept: CachedPage | None, now: float) -> CachedPage:
    """Return the page that an answer of 200 brings, or that one of 304 confirms.  Raises `BadPage`."""
    etag, modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
    age = max_age(response.headers)
    if response.status == 304 and kept is not None:
        return msgspec.structs.replace(kept, fetched_at=now, max_age_s=age, etag=etag or kept.etag)
    return CachedPage(
        content_type=response.headers.get("Content-Type", ""),
        url=response.url or url,
        fetched_at=now,
        max_age_s=age,
        etag=etag,
        last_modified=modified,
        body=decoded(response),
    )


def max_age(headers: Headers) -> float:
    """Return for how many seconds the answer may be believed unasked (RFC 9111 section 4.2), at most `MAX_AGE_S`."""
    control = headers.get("Cache-Control", "").lower()
    told = _MAX_AGE.search(control)
    if told is None or "no-store" in control or "no-cache" in control:
        return 0.0
    age = headers.get("Age", "")
    spent = float(age) if age.isascii() and age.isdigit() else 0.0
    return max(0.0, min(MAX_AGE_S, float(told[1]) - spent))


def decoded(response: Response) -> bytes:
    """Return the body without its content encoding (RFC 9110 section 8.4), of at most `MAX_PAGE_BYTES`."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("identity", ""):
        return response.body
    if encoding not in ("gzip", "x-gzip"):
        raise BadPage(f"it is encoded as {encoding[:40]}, which nobody asked for")
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        body = reader.decompress(response.body, MAX_PAGE_BYTES)
    except zlib.error as error:
        raise BadPage("it is no gzip, although it says so") from error
    if not reader.eof:
        raise BadPage(f"its gzip is cut, or holds more than {MAX_PAGE_BYTES} bytes")
    return body


def refusal(response: Response, now: float) -> UpstreamUnreachable:
    """Return the error that an answer other than 200, 304, 404 and 410 stands for."""
    if response.status in (401, 403):
        return UpstreamUnreachable(
            f"it refuses us, with pip's credential if there is one ({response.status})", may_pass=False
        )
    may_pass = response.status >= 500 or response.status == 429
    after = retry_after_seconds(response, now) if may_pass else None
    return UpstreamUnreachable(f"it answers {response.status}", may_pass=may_pass, retry_after=after)


def unreachable(error: TransportError | WireError) -> UpstreamUnreachable:
    """Return the error that a failed exchange stands for; libraries put the address into their reasons, it is cut."""
    may_pass = error.may_pass if isinstance(error, TransportError) else False
    return UpstreamUnreachable(_ADDRESS.sub("(address)", error.reason), may_pass=may_pass)
