"""Tags, which hold builds."""

from __future__ import annotations

from buildyard.koji._object import KojiObject


class Tag(KojiObject):
    """A tag.  Each face has its own class below this one, with the operations that ask the hub."""

    __slots__ = ()

    @property
    def url(self) -> str:
        """Its page on the hub's web site."""
        return self._page("taginfo", "tagID", self["id"])

    @property
    def arch_list(self) -> list[str]:
        """The architectures that are built in it; ``arches`` is the hub's text."""
        return (self.get("arches") or "").split()
