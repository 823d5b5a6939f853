"""The files of the cache: one for each name, written whole or not at all.

`cache` asks it before it asks a hub.  Many processes may use one directory: a file is put in place by a rename, so that
a reader sees an old name or a new one, and never half of one.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

#: No name of a hub is longer.
_MAX_BYTES = 4096


def default_directory() -> Path:
    """Return where caches belong: below ``$XDG_CACHE_HOME``, or ``~/.cache``."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    # A path that is not absolute is to be ignored (XDG Base Directory Specification).
    base = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return base / "buildyard" / "koji"


class Names:
    """The names of one profile."""

    def __init__(self, directory: Path, profile: str, max_age: float) -> None:
        self._directory = directory / quote(profile, safe="")
        self._max_age = max_age

    def path(self, kind: str, number: int) -> Path:
        """Return where a name is kept."""
        return self._directory / kind / str(number)

    def get(self, kind: str, number: int, now: float) -> str | None:
        """Return a name that is kept and not too old, or None."""
        try:
            with self.path(kind, number).open("rb") as file:
                if now - os.fstat(file.fileno()).st_mtime > self._max_age:
                    return None
                return file.read(_MAX_BYTES).decode("utf-8") or None
        except (OSError, UnicodeDecodeError):
            return None

    def put(self, kind: str, number: int, name: str, now: float) -> None:
        """Keep a name.  A directory that cannot be written to makes a slow cache, not an error."""
        path = self.path(kind, number)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, made = tempfile.mkstemp(prefix=".", dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(name.encode("utf-8"))
            os.utime(made, (now, now))
            Path(made).replace(path)
