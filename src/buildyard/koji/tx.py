"""A client of Koji for Twisted programs: every method of a hub returns a Deferred of its answer.

    koji = Connection("fedora")
    user = yield koji.getUser(3595)

Twisted is imported when a connection is made.  `buildyard.koji` has the blocking face, ``.aio`` asyncio's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, Unpack

from buildyard.faces.deferred import DeferredFace, as_deferred
from buildyard.faces.transport import Transport
from buildyard.koji import errors
from buildyard.koji._connecting import Options, page_profile, start
from buildyard.koji._core import AsyncKoji
from buildyard.koji._deferred_methods import KINDS, Build, Channel, Methods, Package, Tag, Target, Task, User
from buildyard.koji._multicall import HubMethod, Recording, Results
from buildyard.koji._profiles import Profile
from buildyard.koji._row import Row
from buildyard.koji.errors import KojiException, KojiLoginException

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

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
    from buildyard.faces.twisted import TwistedTransport

    return TwistedTransport(tls=tls, proxy=proxy)


async def _on_reactor_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    from twisted.internet.threads import deferToThread

    return await deferToThread(function, *arguments)


class MultiCall(Recording):
    """Calls that are sent together, by calling it."""

    def __call__(self) -> Deferred[Results]:
        """Send what is not sent yet; the Deferred fires with the answers in the order of the calls."""
        return as_deferred(self._run())


class Connection(Methods):
    """A hub.  Any method of the hub is a method of this, with what its list-api says as arguments.

    ``profile`` is the name of a section of Koji's configuration files, or a `Profile`.
    """

    def __init__(self, profile: str | Profile, **options: Unpack[Options]) -> None:
        core = AsyncKoji.__new__(AsyncKoji)
        start(core, profile, _own_transport, KINDS, _on_reactor_thread, **options)
        DeferredFace.__init__(self, core)

    def __repr__(self) -> str:
        return f"<Connection {self._core.profile.name} {self._core.profile.server}>"

    def __getattr__(self, name: str) -> HubMethod:
        if name.startswith("_") and name != "_listapi":
            raise AttributeError(name)
        return HubMethod(self.invoke, name)

    @classmethod
    def connect_from_web(cls, url: str, **options: Unpack[Options]) -> Self | None:
        """Return a connection to the hub whose web site has that page, or None where no profile knows it."""
        profile = page_profile(url)
        return None if profile is None else cls(profile, **options)

    @property
    def profile(self) -> Profile:
        """The profile."""
        return self._core.profile

    @property
    def session_id(self) -> int | None:
        """The number of the open session, or None."""
        return self._core.session_id

    @property
    def hub_version(self) -> str:
        """The hub's version as its newest answer told it; empty before the first, and for hubs before 1.35."""
        return self._core.hub_version

    def login(self) -> Deferred[bool]:
        """See `AsyncKoji.login`."""
        return as_deferred(self._core.login())

    def logout(self) -> Deferred[None]:
        """See `AsyncKoji.logout`."""
        return as_deferred(self._core.logout())

    def from_web(self, url: str) -> Deferred[Any]:
        """See `AsyncKoji.from_web`."""
        return as_deferred(self._core.from_web(url))

    def invoke(
        self,
        method: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        write: bool | None = None,
    ) -> Deferred[Any]:
        """See `AsyncKoji.invoke`."""
        return as_deferred(self._core.invoke(method, args, kwargs, write=write))

    def multicall(self, *, strict: bool = False, batch: int | None = None) -> MultiCall:
        """Return calls to be sent together; ``strict`` fails with the first fault, ``batch`` go in one request."""
        return MultiCall(self._core, strict=strict, batch=batch)

    MultiCall = multicall
