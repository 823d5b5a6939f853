"""Names that are imported when they are first used, so that a program pays for what it needs.

Importing the package is quick; a client's module is read when the first client is made.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping

_HERE = "buildyard.taskcluster"


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return a package's ``__getattr__`` (PEP 562): names from the modules, below this client, that define them.

    Where module and name are the same, the name is the module.
    """

    def find(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{_HERE}.{home}")
        found: object = module if home.rpartition(".")[2] == name else getattr(module, name)
        setattr(sys.modules[package], name, found)
        return found

    return find


SERVICES = (
    "Auth",
    "Github",
    "Hooks",
    "Index",
    "Notify",
    "Object",
    "PurgeCache",
    "Queue",
    "Secrets",
    "WebServer",
    "WorkerManager",
)
EVENTS = ("AuthEvents", "GithubEvents", "HooksEvents", "NotifyEvents", "QueueEvents", "WorkerManagerEvents")


def classes(services: str, events: str) -> dict[str, str]:
    """Return the homes of a face's services and of its events classes, each in one module."""
    return dict.fromkeys(SERVICES, services) | dict.fromkeys(EVENTS, events)
