"""The properties of messages to bytes and back (AMQP 0-9-1, section 4.2.6.1).

Tables are read by pamqp.  They are written here, since a message's headers are most of its cost, and so that integers
have the two widths that every client reads (``I`` and ``l``) rather than the narrowest.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pamqp import decode, encode

from buildyard.messaging._properties import NAMES, Properties, PropertiesLike

_HEADER = struct.Struct(">HHQH")
_CLASS = 60
_LONG = struct.Struct(">cI")
_INT32 = struct.Struct(">ci")
_INT64 = struct.Struct(">cq")
_DOUBLE = struct.Struct(">cd")
_TIME = struct.Struct(">cQ")
_TIMESTAMP = struct.Struct(">Q")

_KIND_TEXT, _KIND_INTEGER, _KIND_BOOLEAN = b"SIt"

_TABLE, _OCTET, _STAMP, _SHORT = range(4)
_KINDS = {"headers": _TABLE, "delivery_mode": _OCTET, "priority": _OCTET, "timestamp": _STAMP}
_FIELDS = tuple((name, _KINDS.get(name, _SHORT), 1 << (15 - place)) for place, name in enumerate(NAMES))


@lru_cache(maxsize=4096)
def short(text: str) -> bytes:
    """Return a short string, kept since the same ones come again.  Raises `ValueError` above 255 bytes."""
    data = text.encode()
    if len(data) > 255:
        raise ValueError(f"{text[:40]!r}... has {len(data)} bytes, and at most 255 are allowed")
    return bytes((len(data),)) + data


def encode_header(properties: PropertiesLike, body_size: int) -> bytes:
    """Return the payload of a content header.  Raises `ValueError` where something cannot be written."""
    flags = 0
    parts = [b""]
    for name, kind, bit in _FIELDS:
        value = getattr(properties, name, None)
        if value is not None:
            flags |= bit
            parts.append(short(value) if kind == _SHORT and type(value) is str else _encode_field(name, kind, value))
    parts[0] = _HEADER.pack(_CLASS, 0, body_size, flags)
    return b"".join(parts)


def _encode_field(name: str, kind: int, value: Any) -> bytes:
    try:
        if kind == _TABLE:
            return table(value)
        if kind == _OCTET:
            return bytes((value,))
        if kind == _STAMP:
            return _TIMESTAMP.pack(int(value.timestamp() if isinstance(value, datetime) else value))
        return short(value.decode() if isinstance(value, bytes) else value)
    except (TypeError, AttributeError, struct.error, OverflowError, UnicodeError) as error:
        raise ValueError(f"the property {name} cannot be {value!r}") from error


def table(value: Mapping[str, Any]) -> bytes:
    """Return a table with its length.  Raises `ValueError`."""
    parts = []
    for name, item in value.items():
        writer = _WRITERS.get(type(item))
        try:
            parts.append(short(name) + (writer(item) if writer is not None else _other(item)))
        except (ValueError, TypeError, AttributeError, struct.error) as error:
            raise ValueError(f"the header {str(name)[:60]!r} cannot be sent: {error}") from error
    data = b"".join(parts)
    return len(data).to_bytes(4, "big") + data


def _text(value: str) -> bytes:
    data = value.encode()
    return _LONG.pack(b"S", len(data)) + data


def _integer(value: int) -> bytes:
    return _INT32.pack(b"I", value) if -(1 << 31) <= value < 1 << 31 else _INT64.pack(b"l", value)


def _array(value: list[Any] | tuple[Any, ...]) -> bytes:
    data = b"".join(_value(item) for item in value)
    return _LONG.pack(b"A", len(data)) + data


def _value(value: Any) -> bytes:
    writer = _WRITERS.get(type(value))
    return writer(value) if writer is not None else _other(value)


def _other(value: Any) -> bytes:
    # Kinds derived from those below, such as an IntEnum.
    for kind, writer in _WRITERS.items():
        if isinstance(value, kind):
            return writer(value)
    raise ValueError(f"AMQP has no {type(value).__name__}")


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    str: _text,
    bool: lambda value: b"t\x01" if value else b"t\x00",
    int: _integer,
    type(None): lambda _: b"V",
    float: lambda value: _DOUBLE.pack(b"d", value),
    dict: lambda value: b"F" + table(value),
    list: _array,
    tuple: _array,
    bytes: lambda value: _LONG.pack(b"x", len(value)) + value,
    datetime: lambda value: _TIME.pack(b"T", int(value.timestamp())),
    Decimal: lambda value: b"D" + encode.decimal(value),
}


def decode_header(payload: bytes) -> Properties:
    """Return the properties of a content header.  Raises `ValueError` for whatever is wrong with it."""
    try:
        return _decode(payload)
    except Exception as error:
        raise ValueError(f"the properties cannot be read: {error}") from error


def _decode(payload: bytes) -> Properties:
    flags = int.from_bytes(payload[12:14], "big")
    at = 14
    found: dict[str, Any] = {}
    for name, kind, bit in _FIELDS:
        if flags & bit:
            if kind == _SHORT:
                end = at + 1 + payload[at]
                found[name] = str(payload[at + 1 : end], "utf-8")
                at = end
            elif kind == _OCTET:
                found[name] = payload[at]
                at += 1
            elif kind == _STAMP:
                found[name] = _moment(_TIMESTAMP.unpack_from(payload, at)[0])
                at += 8
            else:
                found[name], at = _read_table(payload, at)
    if at > len(payload):
        raise ValueError("they end early")
    return Properties(**found)


def _read_table(payload: bytes, begin: int) -> tuple[dict[str, Any], int]:
    """Return a table and where it ends: one of the usual types here, any other by pamqp."""
    at = begin + 4
    end = at + int.from_bytes(payload[begin:at], "big")
    found: dict[str, Any] = {}
    while at < end:
        stop = at + 1 + payload[at]
        name, kind = str(payload[at + 1 : stop], "utf-8"), payload[stop]
        at = stop + 1
        if kind == _KIND_TEXT:
            stop = at + 4 + int.from_bytes(payload[at : at + 4], "big")
            found[name] = str(payload[at + 4 : stop], "utf-8")
            at = stop
        elif kind == _KIND_INTEGER:
            found[name] = int.from_bytes(payload[at : at + 4], "big", signed=True)
            at += 4
        elif kind == _KIND_BOOLEAN:
            found[name] = payload[at] != 0
            at += 1
        else:
            size, whole = decode.field_table(payload[begin:])
            return whole, begin + size
    if at != end:
        raise ValueError("a table is longer than it says")
    return found, end


def _moment(seconds: int) -> datetime | int:
    # Some senders mean milliseconds, which is beyond the calendar.
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return seconds


def body_size(payload: bytes) -> int:
    """Return the size that a content header says the body has.  Raises `ValueError` where it is cut."""
    if len(payload) < 14:
        raise ValueError("a content header is cut")
    return int.from_bytes(payload[4:12], "big")
