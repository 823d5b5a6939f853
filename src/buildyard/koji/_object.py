"""What `build.Build`, `task.Task` and their kind share: a row that knows its hub.

Everything that follows from the row itself is a property of these classes.  What asks the hub is in `_operations`, and
is a method of the face's own class below them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from buildyard.koji._row import Row
from buildyard.koji.errors import KojiException

if TYPE_CHECKING:
    from buildyard.koji._core import AsyncKoji


class KojiObject(Row):
    """A row with the hub that it came from."""

    __slots__ = ("_core",)

    def __init__(
        self, fields: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), core: AsyncKoji | None = None
    ) -> None:
        super().__init__(fields)
        self._core = core

    @property
    def hub(self) -> AsyncKoji:
        """The core of the connection that it came from.  Raises `KojiException` for one that was made by hand."""
        if self._core is None:
            raise KojiException(
                f"this {type(self).__name__} belongs to no connection, so nothing can be asked about it"
            )
        return self._core

    def _page(self, name: str, parameter: str, subject: object) -> str:
        return f"{self.hub.url.rstrip('/')}/{name}?{parameter}={subject}"

    def copy(self) -> KojiObject:
        """Return the same object with the same fields."""
        return type(self)(self, self._core)

    def __copy__(self) -> KojiObject:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        # A connection does not travel to another process.
        return type(self), (dict(self),)


def moment(row: Mapping[str, Any], name: str) -> datetime | None:
    """Return ``<name>_ts`` of the row as an aware time, else ``<name>_time``, else None."""
    seconds = row.get(f"{name}_ts")
    if seconds is not None:
        return datetime.fromtimestamp(seconds, UTC)
    text = row.get(f"{name}_time")
    return _read(text) if isinstance(text, str) and text else None


def _read(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    # Hubs before 1.29 leave out that it is UTC.
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def name_or_number(value: Any) -> str | int | None:
    """Return what names a tag or target: hubs of different ages tell its name, its number, or all of its row."""
    found = value.get("name", value.get("id")) if isinstance(value, Mapping) else value
    return found if isinstance(found, (str, int)) else None
