"""From values to the bytes of a call, as the standard library's marshaller would write them.

`encode_call` writes a method call, `encode_multicall` one of many.  What a hub's parser would refuse is refused here,
before anything is sent: control characters, numbers beyond 64 bits, keys that are not text.  Koji extends XML-RPC with
``<nil/>`` and ``<i8>``, and takes keyword arguments as a last struct that holds ``__starstar`` (koji:
``koji/__init__.py``, ``encode_args``).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from buildyard.koji.errors import InvalidCall

#: How deep lists and dicts may lie in each other.
MAX_DEPTH = 100

# XML 1.0 section 2.2 (Char); a parser turns a literal carriage return into a newline (section 2.11).
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile("[&<>\r]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/]*\Z")

_Write = Callable[[str], object]


def with_keywords(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the arguments as Koji takes them: keywords as a last struct with ``__starstar``."""
    return (*args, {**kwargs, "__starstar": True}) if kwargs else tuple(args)


def encode_call(method: str, params: Sequence[Any]) -> bytes:
    """Return the body of a method call.  Raises `InvalidCall` for what cannot be sent."""
    out: list[str] = [f"<?xml version='1.0'?>\n<methodCall>\n<methodName>{_method(method)}</methodName>\n<params>\n"]
    for param in params:
        out.append("<param>\n")
        _write(out.append, param, 0)
        out.append("</param>\n")
    out.append("</params>\n</methodCall>\n")
    return _utf8(out)


def encode_inner(method: str, params: Sequence[Any]) -> bytes:
    """Return one call as an element of a multicall, for `encode_multicall`."""
    out: list[str] = []
    _write(out.append, {"methodName": _method(method), "params": list(params)}, 0)
    return _utf8(out)


_BEFORE = (
    b"<?xml version='1.0'?>\n<methodCall>\n<methodName>multiCall</methodName>\n"
    b"<params>\n<param>\n<value><array><data>\n"
)
_AFTER = b"</data></array></value>\n</param>\n</params>\n</methodCall>\n"


def encode_multicall(calls: Iterable[bytes]) -> bytes:
    """Return the body of a multicall of encoded calls."""
    return b"".join((_BEFORE, *calls, _AFTER))


def _method(name: str) -> str:
    if not _NAME.match(name):
        raise InvalidCall(f"{name!r} is not the name of a method")
    return name


def _utf8(out: list[str]) -> bytes:
    return "".join(out).encode("utf-8")


def _write(write: _Write, value: Any, depth: int) -> None:
    writer = _WRITERS.get(type(value)) or _writer_of(value)
    writer(write, value, depth)


def _writer_of(value: Any) -> Callable[[_Write, Any, int], None]:
    for kind, writer in _WRITERS.items():
        if isinstance(value, kind):
            return writer
    if isinstance(value, Mapping):
        return _struct
    if isinstance(value, Sequence):
        return _array
    raise InvalidCall(f"XML-RPC has no place for {type(value).__name__}: {value!r:.80}")


def _nil(write: _Write, _: None, __: int) -> None:
    write("<value><nil/></value>")


def _boolean(write: _Write, value: bool, _: int) -> None:
    write(f"<value><boolean>{value:d}</boolean></value>\n")


def _integer(write: _Write, value: int, _: int) -> None:
    if -(2**31) <= value < 2**31:
        write(f"<value><int>{value:d}</int></value>\n")
    elif -(2**63) <= value < 2**63:
        write(f"<value><i8>{value:d}</i8></value>\n")
    else:
        raise InvalidCall("a number beyond 64 bits cannot be sent")


def _double(write: _Write, value: float, _: int) -> None:
    if not isfinite(value):
        raise InvalidCall(f"{value!r} cannot be sent")
    write(f"<value><double>{float(value)!r}</double></value>\n")


def _string(write: _Write, value: str, _: int) -> None:
    write(f"<value><string>{_text(value)}</string></value>\n")


def _text(value: str) -> str:
    bad = _UNSPEAKABLE.search(value)
    if bad:
        raise InvalidCall(f"the character {bad[0]!r} cannot be sent, in {value!r:.80}")
    if _MARKUP.search(value):
        value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return value


def _binary(write: _Write, value: bytes, _: int) -> None:
    write(f"<value><base64>\n{base64.encodebytes(bytes(value)).decode('ascii')}</base64></value>\n")


def _time(write: _Write, value: datetime, depth: int) -> None:
    # XML-RPC's own time has no zone, so a time that has one goes as Koji takes it: seconds since 1970.
    if value.tzinfo is not None:
        _double(write, value.timestamp(), depth)
    else:
        write(f"<value><dateTime.iso8601>{value:%Y%m%dT%H:%M:%S}</dateTime.iso8601></value>\n")


def _array(write: _Write, value: Sequence[Any], depth: int) -> None:
    _check_depth(depth)
    write("<value><array><data>\n")
    for item in value:
        _write(write, item, depth + 1)
    write("</data></array></value>\n")


def _struct(write: _Write, value: Mapping[Any, Any], depth: int) -> None:
    _check_depth(depth)
    write("<value><struct>\n")
    for key, item in value.items():
        if not isinstance(key, str):
            raise InvalidCall(f"the keys of a struct are text, not {key!r:.80}")
        write(f"<member>\n<name>{_text(key)}</name>\n")
        _write(write, item, depth + 1)
        write("</member>\n")
    write("</struct></value>\n")


def _check_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise InvalidCall(f"more than {MAX_DEPTH} lists and dicts lie in each other")


# In an order in which a kind comes before what it is a kind of: a bool is an int.
_WRITERS: dict[type, Callable[[_Write, Any, int], None]] = {
    type(None): _nil,
    bool: _boolean,
    int: _integer,
    float: _double,
    str: _string,
    bytes: _binary,
    bytearray: _binary,
    datetime: _time,
    list: _array,
    tuple: _array,
    dict: _struct,
}
