"""Channels, which tasks wait in and hosts serve."""

from __future__ import annotations

from buildyard.koji._object import KojiObject


class Channel(KojiObject):
    """A channel.  Each face has its own class below this one, with the operations that ask the hub."""

    __slots__ = ()

    @property
    def url(self) -> str:
        """Its page on the hub's web site."""
        return self._page("channelinfo", "channelID", self["id"])
