"""Understand what a caller sent: query parameters and JSON bodies, with Zaqar's words for what is wrong.

A body is decoded straight into its type, which is the fast way; only where that fails is it looked at again, for the
words that Zaqar has for it (`zaqar/transport/wsgi/utils.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from buildyard.farm.queue.http.errors import PARAMETER, UNPARSED, WRONG_TYPE, Refusal, bad_body, bad_request

T = TypeVar("T")

#: How deep a body may be nested: what is stored has to be read again, by decoders that have less room than ours.
DEEPEST: Final = 128

_BOOLEANS: Final = {"true": True, "True": True, "false": False, "False": False}


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Return the body as the decoder's type.

    Raises the 400 for what is no JSON or too deep, and `msgspec.ValidationError` for JSON of another type.
    """
    try:
        value = decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except (ValueError, RecursionError):
        raise bad_body(UNPARSED) from None
    if body.count(b"[") + body.count(b"{") > DEEPEST and is_too_deep(msgspec.json.decode(body)):
        raise bad_body(UNPARSED)
    return value


def is_too_deep(value: object) -> bool:
    """Tell whether a JSON value is nested deeper than `DEEPEST`."""
    layer: list[Any] = [value]
    for _ in range(DEEPEST):
        layer = [part for outer in layer for part in _parts(outer)]
        if not layer:
            return False
    return any(isinstance(outer, dict | list) for outer in layer)


def _parts(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def whatever(body: bytes) -> Any:
    """Return a JSON body of any type.  Raises the 400 for what is none, or holds a number beyond all bounds."""
    try:
        return decoded(_ANY, body)
    except msgspec.ValidationError:
        raise bad_body(UNPARSED) from None


_ANY: Final = msgspec.json.Decoder()


def objects(value: object) -> list[dict[str, Any]]:
    """Return a list of JSON objects.  Raises the 400 for anything else."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise bad_body(WRONG_TYPE)
    return value


def an_object(value: object) -> dict[str, Any]:
    """Return a JSON object.  Raises the 400 for anything else."""
    if not isinstance(value, dict):
        raise bad_body(WRONG_TYPE)
    return value


def check_fields(document: Mapping[str, Any], required: Iterable[str], integers: Iterable[str]) -> None:
    """Raise the 400 that names a field that is missing, or should be an integer."""
    for name in integers:
        if name in document and type(document[name]) is not int:
            raise bad_body(f'The value of the "{name}" field must be a int.')
        if name in required and name not in document:
            raise bad_body(f'Missing "{name}" field.')
    for name in required:
        if name not in document:
            raise bad_body(f'Missing "{name}" field.')


def integer(query: Mapping[str, str], name: str) -> int | None:
    """Return this parameter; None where it was not given.  Raises the 400 for what is no integer."""
    text = query.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise _bad_parameter(name, "The value must be an integer.") from None


def boolean(query: Mapping[str, str], name: str) -> bool | None:
    """Return this parameter; None where it was not given.  Raises the 400 for what is neither true nor false."""
    text = query.get(name)
    if text is None:
        return None
    value = _BOOLEANS.get(text)
    if value is None:
        raise _bad_parameter(name, 'The value of the parameter must be "true" or "false".')
    return value


def names(query: Mapping[str, str], name: str) -> list[str] | None:
    """Return a parameter that lists things with commas between them; None where it was not given."""
    text = query.get(name)
    return None if text is None else [part for part in text.split(",") if part]


def limited(query: Mapping[str, str], most: int, default: int, told: str = "may not be") -> int:
    """Return ``limit``, from 1 to ``most``.  Raises the 400 for any other."""
    limit = integer(query, "limit")
    if limit is None:
        return min(default, most)
    if not 1 <= limit <= most:
        raise bad_request(f"Limit must be at least 1 and {told} greater than {most}.")
    return limit


def _bad_parameter(name: str, why: str) -> Refusal:
    return Refusal(400, PARAMETER, f'The "{name}" parameter is invalid. {why}')
