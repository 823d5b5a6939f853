"""Types of arguments that the faces' methods share, and `given`, which leaves out those that are at their default."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

#: Something by its number or its name.
Ref: TypeAlias = int | str
#: A struct.
Fields: TypeAlias = Mapping[str, Any]
#: A time: seconds since 1970, ISO text, or an aware datetime.
Moment: TypeAlias = float | str | datetime


def given(**arguments: tuple[Any, Any]) -> dict[str, Any]:
    """Return the arguments that are not at their default, of pairs of value and default."""
    return {name: value for name, (value, default) in arguments.items() if value is not default}
