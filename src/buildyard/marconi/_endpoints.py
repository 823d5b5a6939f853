"""Where the service is: an address that was given, or an entry of the token's catalog.  Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from buildyard.marconi._hrefs import base_url
from buildyard.marconi._identity import Endpoint
from buildyard.marconi.auth import Auth, NoAuth, SignedUrl, Token
from buildyard.marconi.errors import NoEndpoint, UsageError

#: What the service is called in catalogs: today, before that, and at Rackspace.
SERVICE_TYPES = ("messaging", "queuing", "rax:queues")


class Place(Struct, frozen=True, kw_only=True):
    """How the caller says where the service is."""

    endpoint: str = ""  #: its address, with or without a version; empty: as the catalog says
    service_types: tuple[str, ...] = SERVICE_TYPES  #: the first that the catalog has is taken
    interface: str = "public"  #: ``public``, ``internal`` or ``admin``
    region: str | None = None  #: None: any

    def check(self, auth: Auth, auth_url: str) -> None:
        """Raise `UsageError` where the service can never be found."""
        if self.endpoint:
            base_url(self.endpoint, "v2")
        elif isinstance(auth, NoAuth | SignedUrl) or (isinstance(auth, Token) and not auth_url):
            raise UsageError("there is no catalog to find the service in: give endpoint")

    def locate(self, catalog: Sequence[Endpoint], segment: str) -> str:
        """Return the service's base, ``https://host/v2``.  Raises `NoEndpoint`."""
        if self.endpoint:
            return base_url(self.endpoint, segment)
        for wanted in self.service_types:
            for each in catalog:
                if each.type == wanted and each.interface == self.interface and self.region in (None, each.region):
                    return base_url(each.url, segment)
        raise self._missing(catalog)

    def _missing(self, catalog: Sequence[Endpoint]) -> NoEndpoint:
        wanted = f"{' or '.join(self.service_types)}, {self.interface}" + (f", {self.region}" if self.region else "")
        there = sorted({f"{each.type} ({each.interface}, {each.region})" for each in catalog})
        return NoEndpoint(f"The catalog has no {wanted}", f"It has {', '.join(there) or 'nothing'}.")
