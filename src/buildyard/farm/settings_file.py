"""Read ``buildyard.toml``: every value with the line it stands on.

A plain function from a path to a list of values; `settings` next door knows what they mean.  The standard library's
parser tells no lines, so a value's line is looked up afterwards, by its table and its key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from buildyard.farm.settings_errors import BadSettingsFile

_TABLE = re.compile(r"\s*\[\s*([A-Za-z0-9_.\- ]+?)\s*\]")
_LISTED = re.compile(r"\s*\[\[\s*([A-Za-z0-9_.\- ]+?)\s*\]\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\- ]+?)\s*=")


class FileValue(Struct, frozen=True, kw_only=True):
    """A value somebody gave, before it is looked at."""

    key: str  #: dotted
    value: object
    origin: str  #: ``buildyard.toml:4``, ``BUILDYARD_PORT``, ``--port``


def read_settings_file(path: Path, shown: str) -> list[FileValue]:
    """Return the file's values in its order, none if there is no such file.

    ``shown`` is the path as a person knows it.  Raises `BadSettingsFile`.
    """
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettingsFile(shown, getattr(error, "strerror", None) or str(error)) from error
    lines = _lines(text)
    return [
        FileValue(key=key, value=value, origin=f"{shown}:{lines[key]}" if key in lines else shown)
        for key, value in _flattened(table)
    ]


def _flattened(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _lines(text: str) -> dict[str, int]:
    """Return the line, from 1, of each bare key, the table's name in front."""
    found: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if listed := _LISTED.match(line):
            found.setdefault(listed[1], number)
            prefix = f"{listed[1]}[]."
        elif table := _TABLE.match(line):
            prefix = table[1].replace(" ", "") + "."
        elif key := _KEY.match(line):
            found.setdefault(prefix + key[1].replace(" ", ""), number)
    return found
