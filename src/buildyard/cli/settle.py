"""The settings of a program that runs for long, and its log: what `up`, `hub` and `builder` begin with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from buildyard.cli.logbook import keep_log
from buildyard.cli.screen import Screen
from buildyard.farm.settings import Settings, load


def settled(screen: Screen, flags: Mapping[str, object], *, log: str | Path) -> Settings:
    """Return the settings, misspelt keys warned about, and log to a file in the state directory from now on.

    Raises `SettingsError`.
    """
    loaded = load(flags)
    for key in loaded.unknown:
        screen.warn(str(key))
    keep_log(loaded.settings.state / log, verbosity=screen.verbosity)
    return loaded.settings
