"""The little of HTML that a Simple page means: anchors, the base address, the API version (PEP 503, 629).

Pure, and linear in time for any input; Python's own parser is quadratic on malformed pages, and a page comes from
whoever runs the index.  `pages` makes files of the anchors.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from msgspec import Struct

_TAG = re.compile(r"<(a|base|meta)(?=[\s/>])", re.IGNORECASE)
# A value in quotes may hold anything, "<" and ">" too: some indexes do not escape them in data-requires-python.
_ATTRIBUTE = re.compile(r"[\s/]*([^\s=<>\"'/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s<>\"'=`]+)))?")
_END = re.compile(r"[\s/]*>")

Attributes = dict[str, str]


class Anchors(Struct):
    """What a page says."""

    anchors: list[Attributes]  #: of each ``a``, names in lower case, no value being an empty one
    base: str = ""  #: what links are relative to, where the page says so
    version: str = "1.0"  #: of the Simple API


def read_anchors(text: str) -> Anchors:
    """Return what a page says; whatever is broken in it is passed over."""
    found = Anchors([])
    for tag, attributes in _tags(_without_comments(text)):
        if tag == "a":
            found.anchors.append(attributes)
        elif tag == "base":
            found.base = found.base or attributes.get("href", "")
        elif attributes.get("name") == "pypi:repository-version":
            found.version = attributes.get("content") or "1.0"
    return found


def _without_comments(text: str) -> str:
    parts: list[str] = []
    start = 0
    while (begin := text.find("<!--", start)) >= 0:
        parts.append(text[start:begin])
        end = text.find("-->", begin + 4)
        if end < 0:
            return "".join(parts)  # a comment that does not end holds the rest (HTML 13.2.5.43)
        start = end + 3
    return "".join([*parts, text[start:]])


def _tags(text: str) -> Iterator[tuple[str, Attributes]]:
    position = 0
    while (tag := _TAG.search(text, position)) is not None:
        attributes: Attributes = {}
        position = tag.end()
        # Each character is looked at once or twice: a quote that does not end is the last of its kind in the page.
        while (one := _ATTRIBUTE.match(text, position)) is not None:
            attributes.setdefault(one[1].lower(), _unescaped(one[2] or one[3] or one[4] or ""))
            position = one.end()
        if (end := _END.match(text, position)) is not None:
            position = end.end()
            yield tag[1].lower(), attributes


def _unescaped(value: str) -> str:
    try:
        return html.unescape(value)
    except ValueError:
        return value  # a character number of thousands of digits
