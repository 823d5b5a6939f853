"""JSON on the wire: a payload to bytes, an answer's body to values.

Pure functions; `_core` calls them.  Payloads may hold moments, dates, bytes, sets and msgspec structs
beside JSON's own values.  The form is the official client's: compact, ASCII.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from buildyard.taskcluster.errors import TaskclusterAnswerError, TaskclusterFailure
from buildyard.taskcluster.time import stringDate


def encode(payload: object) -> bytes:
    """Return the payload as JSON; `TaskclusterFailure` says what in it cannot be written."""
    try:
        return json.dumps(payload, separators=(",", ":"), allow_nan=False, default=_plain).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise TaskclusterFailure(f"the payload cannot be written as JSON: {error}") from error


def _plain(value: object) -> object:
    """Return a value that JSON has, for one that it has not."""
    if isinstance(value, datetime):
        return stringDate(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form: {value!r:.80}")


def decode(body: bytes, *, method: str, url: str) -> Any:
    """Return the value in an answer's body; `TaskclusterAnswerError` where it is no JSON."""
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise TaskclusterAnswerError("the answer is not JSON", data=body, method=method, url=url) from error
