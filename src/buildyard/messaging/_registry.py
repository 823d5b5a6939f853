"""Which class has which schema name: the entry points of ``fedora.messages`` and ``buildyard.messages``.

Those of ours go first: a class that is registered in both groups, over two bases, is this library's here.

They are loaded at the first message.  One that cannot be loaded is logged and left out, so that a broken package
breaks its own messages alone.  Classes that derive from fedora-messaging's own ``Message`` are adapted: the class
registered for them derives from theirs and from ours, ours first.
"""

from __future__ import annotations

import logging
import re
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from buildyard.messaging.message import Message

log = logging.getLogger(__name__)

GROUPS = ("buildyard.messages", "fedora.messages")
BASE_NAME = "base.message"
#: What consumers of the base class look for, whoever sent it.
BASE_PACKAGE = "fedora_messaging"


class Known(Struct, frozen=True, kw_only=True):
    """One registered class."""

    name: str  #: of the schema
    cls: Any
    package: str | None  #: the distribution that ships it, folded


class Registry:
    """The classes of this process."""

    def __init__(self, base: type[Message]) -> None:
        self._base = base
        self._by_name: dict[str, Known] = {}
        self._by_class: dict[type, Known] = {}
        self._is_loaded = False
        self.add(BASE_NAME, base, BASE_PACKAGE)

    def add(self, name: str, cls: type, package: str | None) -> None:
        """Register a class; the last one of a name holds it."""
        known = Known(name=name, cls=cls, package=package)
        self._by_name[name] = self._by_class[cls] = known

    def of_class(self, cls: type) -> Known | None:
        """Return what is known of a class."""
        known = self._by_class.get(cls)
        if known is None and not self._is_loaded:
            self._load()
            known = self._by_class.get(cls)
        return known

    def of_name(self, name: str) -> Known | None:
        """Return what is known under a schema's name."""
        if not self._is_loaded:
            self._load()
        return self._by_name.get(name)

    def _load(self) -> None:
        self._is_loaded = True
        for group in GROUPS:
            for point in entry_points(group=group):
                if point.name not in self._by_name:
                    self._load_one(point)

    def _load_one(self, point: EntryPoint) -> None:
        try:
            cls = self._adapted(point.load())
        except Exception:
            log.exception("The message schema %s (%s) cannot be loaded and is left out", point.name, point.value)
            return
        self.add(point.name, cls, _folded(point))

    def _adapted(self, cls: Any) -> type:
        if not isinstance(cls, type):
            raise TypeError(f"{cls!r} is no class")
        if issubclass(cls, self._base):
            return cls
        foreign = sys.modules.get("fedora_messaging.message")
        if foreign is None or not issubclass(cls, foreign.Message):
            raise TypeError(f"{cls.__name__} does not derive from Message")
        bridge = type("Message", (self._base, foreign.Message), {"__module__": self._base.__module__})
        return type(cls.__name__, (cls, bridge), {"__module__": cls.__module__, "__doc__": cls.__doc__})


def _folded(point: EntryPoint) -> str | None:
    name = getattr(point.dist, "name", None)
    return None if name is None else re.sub(r"[-_.]+", "_", name).lower()
