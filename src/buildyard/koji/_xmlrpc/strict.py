"""The strict parser of answers: any well-formed XML-RPC, on expat, with nothing that XML could do beside.

`fast` takes nearly every answer of a hub and leaves the others to this one.  No document type, no entities beside XML's
own five, no processing instructions, a bounded depth, numbers of at most 64 bits.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from xml.parsers import expat

from buildyard.koji._row import Row

#: How deep values may lie in each other.
MAX_DEPTH = 100

_INTEGER = re.compile(r"\s*[+-]?\d{1,19}\s*\Z", re.ASCII)
_DOUBLE = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?\s*\Z", re.ASCII)
_TIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T(\d\d):(\d\d):(\d\d)Z?\Z", re.ASCII)


class Malformed(ValueError):
    """The document is not an XML-RPC answer."""


class AnswerFault(Exception):
    """The answer is a fault."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code, message)


def _integer(text: str) -> int:
    if not _INTEGER.match(text):
        raise Malformed(f"not an integer of 64 bits: {text!r:.40}")
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise Malformed(f"not an integer of 64 bits: {text!r:.40}")
    return value


def _double(text: str) -> float:
    # Python hubs write the three that XML-RPC does not have as Python does.
    if text.strip() not in ("nan", "inf", "-inf") and not _DOUBLE.match(text[:400]):
        raise Malformed(f"not a number: {text!r:.40}")
    return float(text)


def _boolean(text: str) -> bool:
    if text not in ("0", "1"):
        raise Malformed(f"not a boolean: {text!r:.40}")
    return text == "1"


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise Malformed(f"not base64: {text!r:.40}") from error


def _time(text: str) -> datetime:
    found = _TIME.match(text.strip())
    if not found:
        raise Malformed(f"not a time: {text!r:.40}")
    try:
        return datetime(*map(int, found.groups()))  # type: ignore[arg-type]
    except ValueError as error:
        raise Malformed(f"not a time: {text!r:.40}") from error


def _nil(text: str) -> None:
    if text.strip():
        raise Malformed("nil holds something")


_SCALARS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("int", "i1", "i2", "i4", "i8", "biginteger"), _integer),
    **dict.fromkeys(("double", "float", "bigdecimal"), _double),
    "string": str,
    "boolean": _boolean,
    "base64": _binary,
    "dateTime.iso8601": _time,
    **dict.fromkeys(("nil", "ex:nil"), _nil),
}

#: Which elements may lie in which, and at most how many of them; ``value`` is looked after by itself.
_INSIDE: dict[str, tuple[frozenset[str], int]] = {
    "": (frozenset({"methodResponse", "methodCall"}), 1),
    "methodResponse": (frozenset({"params", "fault"}), 1),
    "methodCall": (frozenset({"methodName", "params"}), 2),
    "params": (frozenset({"param"}), 1_000_000),
    "param": (frozenset({"value"}), 1),
    "fault": (frozenset({"value"}), 1),
    "value": (frozenset({*_SCALARS, "array", "struct"}), 1),
    "array": (frozenset({"data"}), 1),
    "data": (frozenset({"value"}), 100_000_000),
    "struct": (frozenset({"member"}), 100_000_000),
    "member": (frozenset({"name", "value"}), 2),
}
_NOTHING: tuple[frozenset[str], int] = (frozenset(), 0)
_TEXT = frozenset({*_SCALARS, "name", "methodName"})


class _Element:
    """An element that is open."""

    __slots__ = ("children", "count", "tag")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.count = 0  #: of elements in it
        self.children: list[Any] = []  #: the values in it


class _Reader:
    """Builds the values of one document from expat's events."""

    def __init__(self) -> None:
        self.open = [_Element("")]
        self.text: list[str] = []
        self.has_fault = False
        self.method = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        within = self.open[-1]
        allowed, at_most = _INSIDE.get(within.tag, _NOTHING)
        within.count += 1
        if attributes or tag not in allowed or within.count > at_most:
            raise Malformed(f"<{tag:.40}> does not belong into <{within.tag:.40}>")
        if len(self.open) > 3 * MAX_DEPTH:
            raise Malformed(f"more than {MAX_DEPTH} values lie in each other")
        if "".join(self.text).strip():
            raise Malformed(f"text beside <{tag}>")
        self.text.clear()
        self.open.append(_Element(tag))

    def data(self, text: str) -> None:
        self.text.append(text)

    def end(self, tag: str) -> None:
        element = self.open.pop()
        text = "".join(self.text)
        self.text.clear()
        is_untyped = tag == "value" and not element.count
        if text.strip() and tag not in _TEXT and not is_untyped:
            raise Malformed(f"text within <{tag}>")
        if is_untyped:
            element.children.append(text)
        elif tag in _TEXT:
            element.children.append(_SCALARS.get(tag, str)(text))
        self._close(tag, element)

    def _close(self, tag: str, element: _Element) -> None:
        values, outer = element.children, self.open[-1].children
        if tag == "struct":
            outer.append(Row(values))
        elif tag in ("array", "params"):
            outer.append(values)
        elif tag == "member":
            if len(values) != 2 or not isinstance(values[0], str):
                raise Malformed("a member is a name and a value")
            outer.append(tuple(values))
        elif tag == "methodName":
            self.method = values[0]
        else:
            if tag == "fault":
                self.has_fault = True
            if tag in ("param", "fault", "methodResponse") and len(values) != 1:
                raise Malformed(f"nothing within <{tag}>")
            outer.extend(values)


def parse_response(data: bytes) -> Any:
    """Return the value of an answer; raises `AnswerFault` for a fault and `Malformed` for what is not an answer."""
    reader = _read(data, "methodResponse")
    found = reader.open[0].children[0]
    if reader.has_fault:
        raise _fault(found)
    if len(found) != 1:
        raise Malformed(f"an answer holds one value, not {len(found)}")
    return found[0]


def _fault(found: Any) -> AnswerFault:
    code = found.get("faultCode") if isinstance(found, dict) else None
    if not isinstance(code, int):
        raise Malformed("a fault without a number")
    return AnswerFault(code, str(found.get("faultString", "")))


def parse_request(data: bytes) -> tuple[str, list[Any]]:
    """Return method and parameters of a call: old hubs tell the request of a task so.  Raises `Malformed`."""
    reader = _read(data, "methodCall")
    found = reader.open[0].children
    return reader.method, found[0] if found else []


def _read(data: bytes, root: str) -> _Reader:
    reader = _Reader()
    try:
        _parser(reader).Parse(data, True)
    except (expat.ExpatError, UnicodeError) as error:
        raise Malformed(str(error)) from error
    if (
        not data.lstrip()[:1]
        or (root == "methodCall") != bool(reader.method)
        or not (reader.method or reader.open[0].children)
    ):
        raise Malformed(f"not a {root}")
    return reader


def _parser(reader: _Reader) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    return parser


def _refuse(*_: object) -> None:
    raise Malformed("a document type, an entity or a processing instruction")
