"""What can be wrong with settings; `settings` and `settings_file` raise these.

* SettingsError
  - BadSetting       a value that cannot be meant (.key, .found, .wanted, .origin)
  - BadSettingsFile  a file that is not TOML or cannot be read (.path, .reason)
"""

from __future__ import annotations

from buildyard.errors import BuildyardError


class SettingsError(BuildyardError):
    """The settings cannot be used; the program has not begun.  Mend what the message names."""


class BadSetting(SettingsError):
    """A value that cannot be meant.  Change it where `origin` says."""

    def __init__(self, *, key: str, found: str, wanted: str, origin: str) -> None:
        super().__init__(f"{key} cannot be {found} ({origin}): {wanted}")
        self.key = key
        self.found = found
        self.wanted = wanted
        self.origin = origin


class BadSettingsFile(SettingsError):
    """A settings file that is not TOML or cannot be read.  Mend it or take it away."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}")
        self.path = path
        self.reason = reason
