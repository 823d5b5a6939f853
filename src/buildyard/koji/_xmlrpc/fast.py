"""The fast parser of answers: a hub's XML becomes JSON by replacing its tags, and the standard library reads that.

A hub writes with the standard marshaller, whose tags are fixed strings, and ``<`` cannot stand in text; so each tag,
with the newlines that belong to it, becomes a piece of JSON.  The lengths before and after tell how often each tag
was there for free, and these counts must agree.  Whatever is not as expected makes `NotPlain`, and `strict` decides.

The JSON between texts is separated by carriage returns, which JSON refuses within a text and hubs cannot send plainly:
a text whose end is missing is thereby found.  Large lists are read in pieces (`pieces`), so that a loop may turn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from buildyard.koji._row import Row

#: About how many characters are read at a time; about 5 ms.
PIECE = 256 * 1024

_BEFORE = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n"
_AFTER = "</param>\n</params>\n</methodResponse>\n"
_ARRAY, _ARRAY_END = "<value><array><data>\n", "</data></array></value>\n"
_NEXT = "</value>\n<value>"


class NotPlain(Exception):
    """Not as a hub writes: let `strict` look at it."""


def _integer(text: str) -> int:
    if len(text) > 18:
        raise NotPlain
    return int(text)


def _double(text: str) -> float:
    # `</double>` left "e0" at the end of it: without, it is the text of another element.
    if text[-2:] != "e0" or "." not in text:
        raise NotPlain
    return float(text)


_decode = json.JSONDecoder(object_hook=Row, parse_int=_integer, parse_float=_double).decode


def plain_value(data: bytes) -> str:
    """Return the ``<value>`` of an answer, as text.  Raises `NotPlain` for a fault, too."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotPlain from None
    if not text.startswith(_BEFORE) or not text.endswith(_AFTER):
        raise NotPlain
    return text[len(_BEFORE) : -len(_AFTER)]


def pieces(value: str) -> Iterator[str] | None:
    """Return the elements of a long list, some at a time, as lists of their own; None where it is no long list."""
    if len(value) <= 2 * PIECE or not (value.startswith(_ARRAY) and value.endswith(_ARRAY_END)):
        return None
    return _pieces(value, len(_ARRAY), len(value) - len(_ARRAY_END))


def _pieces(value: str, start: int, end: int) -> Iterator[str]:
    while start < end:
        stop = _boundary(value, start, end)
        yield f"{_ARRAY}{value[start:stop]}{_ARRAY_END}"
        start = stop


def _boundary(value: str, start: int, end: int) -> int:
    """Return where an element of the list ends, at least a piece behind ``start``."""
    seen, at, depth = start, start + PIECE, 0
    while at < end:
        at = value.find(_NEXT, at, end)
        if at < 0:
            break
        at += len("</value>\n")
        depth += _depth(value, seen, at)
        if depth == 0:
            return at
        seen = at
    return end


def _depth(value: str, start: int, end: int) -> int:
    opened = value.count("<struct>", start, end) + value.count("<array>", start, end)
    return opened - value.count("</struct>", start, end) - value.count("</array>", start, end)


#: What becomes of each tag, and what is counted thereby.  Between a tag and the next lies what the marshaller puts
#: there, and nothing else.  The first lines are those below them in one, as they mostly come: each replacement costs.
_TAGS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("</name>\n<value><nil/></value></member>\n<member>\n<name>", '"\r:null\r,"', ("named", "nil", "member")),
    ("</name>\n<value><string>", '"\r:\r"', ("named", "string")),
    ("</name>\n<value><int>", '"\r:\r', ("named", "int")),
    ("</name>\n<value><double>", '"\r:\r', ("named", "double")),
    ("</string></value>\n</member>\n<member>\n<name>", '"\r,"', ("string end", "member")),
    ("</int></value>\n</member>\n<member>\n<name>", '\r,"', ("int end", "member")),
    ("</double></value>\n</member>\n<member>\n<name>", 'e0\r,"', ("double end", "member")),
    # No newline follows nil.
    ("<nil/></value>", "null</value>\n", ("nil",)),
    ("<array><data>\n</data></array>", "[]\r", ("empty",)),
    ("<struct>\n</struct>", "{}\r", ("empty",)),
    ("</value>\n</member>\n<member>\n<name>", '\r,"', ("member",)),
    ("<struct>\n<member>\n<name>", '\r{"', ("struct", "member")),
    ("</value>\n</member>\n</struct>", "\r}", ("struct end",)),
    ("</name>\n<value>", '"\r:', ("named",)),
    ("<array><data>\n<value>", "\r[", ("array",)),
    ("</value>\n</data></array>", "\r]", ("array end",)),
    ("</value>\n<value>", "\r,", ("item",)),
    ("<boolean>1</boolean>", "true", ("boolean",)),
    ("<boolean>0</boolean>", "false", ("boolean",)),
    ("<string>", '\r"', ("string",)),
    ("</string>", '"\r', ("string end",)),
    ("<int>", "\r", ("int",)),
    ("</int>", "\r", ("int end",)),
    ("<double>", "\r", ("double",)),
    ("</double>", "e0\r", ("double end",)),
)
_PAIRS = (*((kind, f"{kind} end") for kind in ("struct", "array", "string", "int", "double")), ("member", "named"))
#: Each value is one of these, and stands in one of those places; the outermost stands in none.
_TYPES = ("nil", "boolean", "string", "int", "double", "empty", "struct", "array")
_PLACES = ("named", "array", "item")


def read(value: str) -> Any:
    """Return what ``<value>...</value>`` holds.  Raises `NotPlain`."""
    if "\r" in value:
        raise NotPlain
    text = value.replace("\\", "\\\\") if "\\" in value else value
    text = text.replace('"', '\\"') if '"' in text else text
    counts: Counter[str] = Counter()
    for old, new, kinds in _TAGS:
        before = len(text)
        text = text.replace(old, new)
        if len(text) != before:
            found = (before - len(text)) // (len(old) - len(new))
            for kind in kinds:
                counts[kind] += found
    if not _agree(counts):
        raise NotPlain
    return _parsed(text)


def _agree(counts: Counter[str]) -> bool:
    """Return True where all that was opened was closed, and each value is of one type: what says none is text."""
    values = sum(counts[place] for place in _PLACES) + 1
    return all(counts[a] == counts[b] for a, b in _PAIRS) and sum(counts[kind] for kind in _TYPES) == values


def _parsed(text: str) -> Any:
    if not (text.startswith("<value>") and text.endswith("</value>\n")):
        raise NotPlain
    text = text[7:-9]
    # Hubs write these otherwise, or not at all.
    if any(strange in text for strange in "<>\ufffe\uffff"):
        raise NotPlain
    if "\n" in text:
        text = text.replace("\n", "\\n")
    if "\t" in text:
        text = text.replace("\t", "\\t")
    if "&" in text:
        text = _entities(text)
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        raise NotPlain from None


def _entities(text: str) -> str:
    if text.count("&") != text.count("&amp;") + text.count("&lt;") + text.count("&gt;"):
        raise NotPlain
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
