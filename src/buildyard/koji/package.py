"""Packages, which builds are of."""

from __future__ import annotations

from buildyard.koji._object import KojiObject


class Package(KojiObject):
    """A package.  Each face has its own class below this one, with the operations that ask the hub."""

    __slots__ = ()

    @property
    def url(self) -> str:
        """Its page on the hub's web site."""
        return self._page("packageinfo", "packageID", self["id"])
