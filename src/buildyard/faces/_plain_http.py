"""HTTP/1.1 as most of it is: the head of a request as bytes, and the head of an answer whose length is known.

Pure functions for the blocking transport (`_urllib3`), which sends most requests this way in one piece and reads most
answers in one or two: an interpreter's way through `http.client` costs several times as much.  An answer that is
anything but plain (chunked, interim, folded, doubtful, not whole within its first piece) is left to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

#: A final answer of HTTP/1.1; interim ones (1xx) are not plain.
_STATUS: Final = re.compile(r"HTTP/1\.1 ([2-5][0-9]{2})(?: [^\r\n]*)?\Z")
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_LENGTH: Final = re.compile(r"[0-9]{1,18}\Z")
#: What no field may hold (RFC 9110 section 5.5), once the ends of lines are gone.
_CONTROL: Final = re.compile(r"[\r\n\0]")
_WITHOUT_BODY: Final = frozenset({204, 304})

#: The most fields that http.client takes.
_MOST_FIELDS: Final = 100


class Head(NamedTuple):
    """The head of a plain answer."""

    status: int
    fields: list[tuple[str, str]]
    length: int  #: bytes of the body
    keeps: bool  #: the connection may be used again after it
    begun: bytes  #: what came of the body with the head


def request_head(method: str, target: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of a request.  Method, target and fields have been checked (`transport.Request`)."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def plain_head(data: bytes, method: str) -> Head | None:
    """Return the head that the first bytes of an answer to ``method`` hold; None where it is not plain."""
    head, ended, begun = data.partition(b"\r\n\r\n")
    if not ended:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    status = _STATUS.match(first)
    fields = [_field(line) for line in lines]
    if status is None or None in fields or len(fields) > _MOST_FIELDS:
        return None
    return _judged(int(status[1]), [field for field in fields if field], begun, method)


def _field(line: str) -> tuple[str, str] | None:
    name, colon, value = line.partition(":")
    return (name, value.strip(" \t")) if colon and _NAME.match(name) and not _CONTROL.search(value) else None


def _judged(status: int, fields: list[tuple[str, str]], begun: bytes, method: str) -> Head | None:
    lengths, keeps = [], True
    for name, value in fields:
        lower = name.lower()
        if lower == "transfer-encoding":
            return None
        if lower == "content-length":
            lengths.append(value)
        elif lower == "connection":
            keeps = "close" not in value.lower()
    length = 0
    if method != "HEAD" and status not in _WITHOUT_BODY:
        if len(lengths) != 1 or not _LENGTH.match(lengths[0]):
            return None
        length = int(lengths[0])
    return Head(status, fields, length, keeps, begun) if len(begun) <= length else None
