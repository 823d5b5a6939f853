"""JSON on the wire: values to bytes, an answer's body to values, and the shapes that Marconi's bodies have.

Pure functions and structs.  One set of shapes serves v1, v1.1 and v2: what a version leaves out has a default, and
a list may be bare or under a name.  `_hrefs` reads what is hidden in addresses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from buildyard.marconi.errors import AnswerError, UsageError

T = TypeVar("T")


def encode(value: object) -> bytes:
    """Return ``value`` as JSON; `UsageError` says what in it cannot be written.

    The standard library's encoder, since msgspec's writes NaN as null without a word.
    """
    try:
        return _encoder.encode(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"this cannot be written as JSON: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, Struct):
        return msgspec.to_builtins(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False, default=_plain)


def decode(body: bytes, shape: type[T], *, method: str = "", url: str = "") -> T:
    """Return the value in an answer's body; `AnswerError` where it is no JSON, or not of this shape."""
    try:
        try:
            return msgspec.json.decode(body, type=shape)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            # Zaqar is Python and passes on what Python's parser takes: NaN, half of a surrogate pair.
            return msgspec.convert(json.loads(body), type=shape)
    except (ValueError, RecursionError) as error:
        what = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
        raise AnswerError(f"the answer has another form: {what}", method=method, url=url, data=body) from error


class WireMessage(Struct, frozen=True, kw_only=True):
    """A message as a list, a claim, a pop or a single read shows it."""

    ttl: int
    age: int | float
    body: Any = None
    id: str = ""  #: absent in v1, where it is the end of ``href``
    href: str = ""  #: absent in what was popped
    claim_id: str | None = None  #: told beside the message in a pop and in statistics alone
    claim_count: int = 0
    checksum: str | None = None  #: ``MD5:...`` of the body, where the service makes one


class Link(Struct, frozen=True, kw_only=True):
    """Where a list goes on."""

    rel: str = ""
    href: str = ""


class MessageList(Struct, frozen=True, kw_only=True):
    """A page of messages, the messages of a new claim, or those popped."""

    messages: list[WireMessage]
    links: list[Link] = []


class WireClaim(Struct, frozen=True, kw_only=True):
    """A claim that was asked for."""

    ttl: int
    age: int | float
    messages: list[WireMessage] = []
    grace: int | None = None  #: told by no version of Zaqar


class WireQueue(Struct, frozen=True, kw_only=True):
    """A queue in a list."""

    name: str
    href: str = ""
    metadata: dict[str, Any] | None = None


class QueueList(Struct, frozen=True, kw_only=True):
    """A page of queues."""

    queues: list[WireQueue]
    links: list[Link] = []


class Posted(Struct, frozen=True, kw_only=True):
    """What was made of a post."""

    resources: list[str]


_MESSAGES: Any = list[WireMessage] | MessageList


def read_messages(body: bytes, *, method: str = "", url: str = "") -> MessageList:
    """Return the messages in a body: none where it is empty, bare as v1 has them, or under their name."""
    if not body:
        return MessageList(messages=[])
    found: list[WireMessage] | MessageList = decode(body, _MESSAGES, method=method, url=url)
    return MessageList(messages=found) if isinstance(found, list) else found


def next_link(links: list[Link]) -> str | None:
    """Return the address of the next page, or None at the end."""
    return next((link.href for link in links if link.rel == "next" and link.href), None)
