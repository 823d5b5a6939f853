"""Change a queue's metadata by a list of operations (the v2 subset of JSON Patch, RFC 6902).

Pure: from operations and metadata to new metadata.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal

from msgspec import Struct

from buildyard.farm.queue.http.errors import Refusal, bad_request

MEDIA_TYPE: Final = "application/openstack-messaging-v2.0-json-patch"

_BAD_ESCAPE: Final = re.compile("~(?![01])").search


class Change(Struct, frozen=True, kw_only=True):
    """One operation on one key."""

    op: Literal["add", "remove", "replace"]
    key: str
    value: Any = None


def changes_of(document: object) -> list[Change]:
    """Return the operations of a body.  Raises the 400 for what is none."""
    if not isinstance(document, list):
        raise bad_request("Request body must be a JSON array of operation objects.")
    return [_change(one) for one in document]


def patched(metadata: dict[str, Any], changes: list[Change], is_reserved: Callable[[str], bool]) -> dict[str, Any]:
    """Return the metadata after these changes.  Raises the 409 for a key that is not there."""
    result = dict(metadata)
    for change in changes:
        if change.op != "add" and change.key not in result and not is_reserved(change.key):
            told = f"Can't {change.op} non-existent object {change.key}."
            raise Refusal(409, "Resource conflict", told)
        if change.op == "remove":
            result.pop(change.key, None)
        else:
            result[change.key] = change.value
    return result


def _change(given: object) -> Change:
    if not isinstance(given, dict):
        raise bad_request("Operations must be JSON objects.")
    for name in ("op", "path"):
        if name not in given:
            raise bad_request(f"Unable to find '{name}' in JSON Schema change")
    op = given["op"]
    if op not in ("add", "remove", "replace"):
        raise bad_request(f"Invalid operation: `{op}`. It must be one of the following: add, remove, replace.")
    if op != "remove" and "value" not in given:
        raise bad_request(f'Operation "{op}" requires a member named "value".')
    return Change(op=op, key=_key(given["path"]), value=given.get("value"))


def _key(path: object) -> str:
    """Return the key that a JSON pointer of two parts names below ``/metadata``."""
    if not isinstance(path, str) or not path.startswith("/"):
        raise bad_request(f'Pointer `{path}` does not start with "/".')
    if _BAD_ESCAPE(path):
        raise bad_request(f'Pointer `{path}` contains "~" not part of a recognized escape sequence.')
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    if len(parts) != 2 or parts[0] != "metadata" or not parts[1]:
        raise bad_request(f"Invalid JSON pointer for this resource: '{path}', e.g /metadata/key")
    return parts[1]
