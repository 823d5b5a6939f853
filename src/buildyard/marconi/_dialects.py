"""How the versions of the API differ, as data.

v1 is the API of 2013: messages without ids, bare lists, metadata as a resource.  v1.1 gave messages their ids and put
lists under names.  v2 is what today's Zaqar serves.  `_queue` and `_client` read these instead of asking for versions.
"""

from __future__ import annotations

from msgspec import Struct

from buildyard.marconi.errors import NotInVersion, UsageError


class Dialect(Struct, frozen=True, kw_only=True):
    """One version of the API."""

    version: str  #: as `Connection.version` shows it
    segment: str  #: as addresses have it
    wraps_messages: bool = True  #: posts are ``{"messages": [...]}``, not a bare list
    needs_ttl: bool = False  #: a message or claim has no default for its TTL
    has_pop: bool = True
    has_metadata_resource: bool = False  #: ``/queues/Q/metadata``, replaced by PUT
    patches_metadata: bool = False  #: metadata is changed by PATCH
    has_v2: bool = False  #: delay, purge, share and subscriptions

    def require(self, has: bool, operation: str) -> None:
        """Raise `NotInVersion` unless this version has an operation."""
        if not has:
            raise NotInVersion(f"version {self.version} of the API has no {operation}")


V1 = Dialect(
    version="1.0", segment="v1", wraps_messages=False, needs_ttl=True, has_pop=False, has_metadata_resource=True
)
V1_1 = Dialect(version="1.1", segment="v1.1")
V2 = Dialect(version="2.0", segment="v2", patches_metadata=True, has_v2=True)

_BY_NAME = {"1": V1, "1.0": V1, "1.1": V1_1, "2": V2, "2.0": V2}


def dialect(version: str | float) -> Dialect:
    """Return the version of that name, ``2``, ``"v2"`` or ``"2.0"``.  Raises `UsageError` for another."""
    found = _BY_NAME.get(str(version).lower().removeprefix("v"))
    if found is None:
        raise UsageError(f"{version!r} is no version of the API: 1, 1.1 and 2 are")
    return found
