"""A client of Koji for asyncio programs: every method of a hub is awaited.

    async with Connection("fedora", coalesce=True) as koji:
        builds = await koji.listBuilds("bash", queryOpts={"limit": 5})

With ``coalesce``, reads that are awaited at the same time go as one multicall.  `buildyard.koji` has the blocking face,
``.tx`` Twisted's.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from buildyard.faces.transport import Transport
from buildyard.koji import errors
from buildyard.koji._asyncio_methods import KINDS, Build, Channel, Methods, Package, Tag, Target, Task, User
from buildyard.koji._connecting import Options, page_profile, start
from buildyard.koji._multicall import HubMethod, Recording, Results
from buildyard.koji._profiles import Profile
from buildyard.koji._row import Row
from buildyard.koji.errors import KojiException, KojiLoginException

if TYPE_CHECKING:
    from buildyard.faces.connecting import ProxyRule, Tls

__all__ = [
    "Build",
    "Channel",
    "Connection",
    "KojiException",
    "KojiLoginException",
    "MultiCall",
    "Package",
    "Profile",
    "Row",
    "Tag",
    "Target",
    "Task",
    "User",
    "errors",
]


def _own_transport(tls: Tls, proxy: ProxyRule) -> Transport:
    from buildyard.faces.http import AsyncioTransport

    return AsyncioTransport(tls=tls, proxy=proxy)


class MultiCall(Recording):
    """Calls that are sent together: by awaiting it called, or on leaving its ``async with`` block."""

    async def __call__(self) -> Results:
        """Send what is not sent yet, and return the answers in the order of the calls."""
        return await self._run()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            await self()


class Connection(Methods):
    """A hub.  Any method of the hub is a method of this, with what its list-api says as arguments.

    ``profile`` is the name of a section of Koji's configuration files, or a `Profile`.  A context manager; leaving it
    closes the connections.  It serves one loop.
    """

    def __init__(self, profile: str | Profile, **options: Unpack[Options]) -> None:
        start(self, profile, _own_transport, KINDS, asyncio.to_thread, **options)

    def __getattr__(self, name: str) -> HubMethod:
        if name.startswith("_") and name != "_listapi":
            raise AttributeError(name)
        return HubMethod(self.invoke, name)

    @classmethod
    def connect_from_web(cls, url: str, **options: Unpack[Options]) -> Self | None:
        """Return a connection to the hub whose web site has that page, or None where no profile knows it."""
        profile = page_profile(url)
        return None if profile is None else cls(profile, **options)

    def multicall(self, *, strict: bool = False, batch: int | None = None) -> MultiCall:
        """Return calls to be sent together; ``strict`` raises the first fault, ``batch`` go in one request."""
        return MultiCall(self, strict=strict, batch=batch)

    MultiCall = multicall

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
