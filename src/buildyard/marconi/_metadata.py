"""A queue's metadata: as it is given, and the changes from one state to another.  Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from buildyard.marconi.errors import UsageError

#: The media type of the changes, Zaqar's own kind of JSON patch.
PATCH_TYPE = "application/openstack-messaging-v2.0-json-patch"


def as_metadata(given: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return metadata from a mapping or from JSON text.  Raises `UsageError` where it is no object."""
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the metadata is not JSON: {error}") from error
    if not isinstance(found, Mapping):
        raise UsageError("metadata is an object: names and their values")
    return dict(found)


def changes(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the patch that makes one of the other; the service's settings (``_...``) are never removed."""
    gone = [key for key in present if key not in wanted and not key.startswith("_")]
    removed: list[dict[str, Any]] = [{"op": "remove", "path": f"/metadata/{key}"} for key in gone]
    changed = [
        {"op": "replace" if key in present else "add", "path": f"/metadata/{key}", "value": value}
        for key, value in wanted.items()
        if key not in present or present[key] != value
    ]
    return removed + changed
