"""Targets: a tag to build in, and one for what comes out."""

from __future__ import annotations

from buildyard.koji._object import KojiObject


class Target(KojiObject):
    """A build target.  Each face has its own class below this one, with the operations that ask the hub."""

    __slots__ = ()

    @property
    def url(self) -> str:
        """Its page on the hub's web site."""
        return self._page("buildtargetinfo", "targetID", self["id"])
