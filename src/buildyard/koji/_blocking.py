"""The blocking face: `buildyard.koji` exports it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from buildyard.faces.blocking import BlockingFace, run_blocking
from buildyard.faces.transport import Transport
from buildyard.koji._blocking_methods import KINDS, Methods
from buildyard.koji._connecting import Options, page_profile, start
from buildyard.koji._core import AsyncKoji
from buildyard.koji._multicall import HubMethod, Recording, Results
from buildyard.koji._profiles import Profile

if TYPE_CHECKING:
    from buildyard.faces.connecting import ProxyRule, Tls


def _own_transport(tls: Tls, proxy: ProxyRule) -> Transport:
    from buildyard.faces.http import BlockingTransport

    return BlockingTransport(tls=tls, proxy=proxy)


async def _directly(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


class MultiCall(Recording):
    """Calls that are sent together: by calling it, or on leaving its ``with`` block.

    with koji.multicall() as calls:
        tag = calls.getTag("f40")
    print(tag.result.name)
    """

    def __call__(self) -> Results:
        """Send what is not sent yet, and return the answers in the order of the calls."""
        return run_blocking(self._run())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self()


class Connection(Methods):
    """A hub.  Any method of the hub is a method of this, with what its list-api says as arguments.

    ``profile`` is the name of a section of Koji's configuration files, or a `Profile`.  A context manager; leaving it
    closes the connections.  Threads may share one.
    """

    def __init__(self, profile: str | Profile, **options: Unpack[Options]) -> None:
        core = AsyncKoji.__new__(AsyncKoji)
        start(core, profile, _own_transport, KINDS, _directly, **options)
        BlockingFace.__init__(self, core)

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

    def login(self) -> bool:
        """See `AsyncKoji.login`."""
        return run_blocking(self._core.login())

    def logout(self) -> None:
        """See `AsyncKoji.logout`."""
        run_blocking(self._core.logout())

    def from_web(self, url: str) -> Any:
        """See `AsyncKoji.from_web`."""
        return run_blocking(self._core.from_web(url))

    def invoke(
        self,
        method: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        write: bool | None = None,
    ) -> Any:
        """See `AsyncKoji.invoke`."""
        return run_blocking(self._core.invoke(method, args, kwargs, write=write))

    def multicall(self, *, strict: bool = False, batch: int | None = None) -> MultiCall:
        """Return calls to be sent together; ``strict`` raises the first fault, ``batch`` go in one request."""
        return MultiCall(self._core, strict=strict, batch=batch)

    MultiCall = multicall
