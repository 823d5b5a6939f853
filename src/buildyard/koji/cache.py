"""Names of users, tags, packages and channels that are asked for once and kept in files.

    cache = Cache(koji)
    cache.user_name(3595)

Its functions answer as the connection's face does.  The files are below ``$XDG_CACHE_HOME/buildyard/koji`` (or
``~/.cache``), a directory for each profile and kind; many processes may use them together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from buildyard.koji._core import AsyncKoji
from buildyard.koji._faced import AnyConnection, answered
from buildyard.koji._names import Names, default_directory

__all__ = ["Cache"]

#: Seconds; names change rarely.
MAX_AGE = 30 * 24 * 3600.0

_METHODS = {"user": "getUser", "tag": "getTag", "package": "getPackage", "channel": "getChannel"}


class Cache:
    """Names by number.  ``max_age`` is in seconds; a name that is older is asked for again."""

    def __init__(
        self, connection: AnyConnection, *, directory: Path | str | None = None, max_age: float = MAX_AGE
    ) -> None:
        self._connection = connection
        core = connection if isinstance(connection, AsyncKoji) else connection._core
        self._names = Names(Path(directory) if directory else default_directory(), core.profile.name, max_age)
        self._lock = core.new_lock()

    def user_name(self, number: int) -> Any:
        """Return the name of a user, or None where the hub knows none of that number."""
        return self.get_or_load_name("user", number)

    def tag_name(self, number: int) -> Any:
        """Return the name of a tag, or None."""
        return self.get_or_load_name("tag", number)

    def package_name(self, number: int) -> Any:
        """Return the name of a package, or None."""
        return self.get_or_load_name("package", number)

    def channel_name(self, number: int) -> Any:
        """Return the name of a channel, or None."""
        return self.get_or_load_name("channel", number)

    def get_or_load_name(self, kind: str, number: int) -> Any:
        """Return the name that is kept, else the one that the hub tells, which is kept."""
        return answered(self._connection, lambda core: self._load(core, kind, int(number)))

    def get_name(self, kind: str, number: int) -> str | None:
        """Return the name that is kept, or None; nothing is asked."""
        core = self._connection if isinstance(self._connection, AsyncKoji) else self._connection._core
        return self._names.get(kind, number, core.now())

    def put_name(self, kind: str, number: int, name: str) -> None:
        """Keep a name."""
        core = self._connection if isinstance(self._connection, AsyncKoji) else self._connection._core
        self._names.put(kind, number, name, core.now())

    def filename(self, kind: str, number: int) -> Path:
        """Return where a name is kept."""
        return self._names.path(kind, number)

    async def _load(self, core: AsyncKoji, kind: str, number: int) -> str | None:
        kept = self._names.get(kind, number, core.now())
        if kept is not None:
            return kept
        # One asks at a time: of many that miss the same name, the others find it kept.
        async with self._lock:
            kept = self._names.get(kind, number, core.now())
            return kept if kept is not None else await self._ask(core, kind, number)

    async def _ask(self, core: AsyncKoji, kind: str, number: int) -> str | None:
        found = await core.invoke(_METHODS[kind], (number,))
        if found is None:
            return None
        name: str = found["name"]
        self._names.put(kind, number, name, core.now())
        return name
