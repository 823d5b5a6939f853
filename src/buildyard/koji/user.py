"""Users, who own builds and tasks."""

from __future__ import annotations

from buildyard.koji._object import KojiObject


class User(KojiObject):
    """A user, or a host that has logged in.  Each face has its own class below this one."""

    __slots__ = ()

    @property
    def url(self) -> str:
        """Its page on the hub's web site."""
        return self._page("userinfo", "userID", self["id"])

    @property
    def is_blocked(self) -> bool:
        """True where the hub lets it do nothing."""
        return bool(self.get("status"))

    @property
    def is_host(self) -> bool:
        """True for a builder's user."""
        return self.get("usertype") == 1
