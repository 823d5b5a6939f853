"""What drivers need of a loop, so that they are written once for asyncio and for Twisted.

`_link`, `_publisher` and `_consumer` are coroutines over a `Runtime`; `_asyncio` and `_twisted` are the two that there
are.  Awaiting is of a runtime's own futures, which both loops can do.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol

from buildyard.messaging._amqp.parameters import Parameters
from buildyard.messaging._settings import Tls


class Future(Protocol):
    """A result that comes later."""

    def done(self) -> bool:
        """Tell whether it has come, or never will."""

    def set_result(self, value: Any, /) -> None:
        """Let it come."""

    def set_exception(self, error: Any, /) -> None:
        """Let it fail."""

    def __await__(self) -> Generator[Any, Any, Any]: ...


class Timer(Protocol):
    """Something that will be called."""

    def cancel(self) -> object:
        """Let it not be called."""


class Wire(Protocol):
    """The byte stream below a link."""

    def write(self, data: bytes, /) -> object:
        """Send bytes; never blocks."""

    def abort(self) -> object:
        """Be rid of the connection at once."""


class Receiver(Protocol):
    """What a runtime tells of the byte stream it has made."""

    def connected(self, wire: Wire, /) -> None:
        """The stream is there."""

    def received(self, data: bytes, /) -> None:
        """Bytes have come."""

    def lost(self, reason: str, /) -> None:
        """The stream has ended."""


class Runtime(Protocol):
    """A loop."""

    def now(self) -> float:
        """Return the time of a clock that never goes back, in seconds."""

    def future(self) -> Any:
        """Return a new `Future`."""

    def call_soon(self, function: Callable[[], object], /) -> object:
        """Call it when what is under way now has ended."""

    def call_threadsafe(self, function: Callable[[], object], /) -> object:
        """Call it soon; this may be asked for in any thread.  Raises `RuntimeError` where the loop is closed."""

    def call_later(self, seconds: float, function: Callable[[], object], /) -> Timer:
        """Call it then."""

    def spawn(self, coroutine: Coroutine[Any, Any, None], /) -> object:
        """Run it beside whatever else runs."""

    async def connect(self, parameters: Parameters, tls: Tls | None, receiver: Receiver, /) -> None:
        """Make the byte stream; the receiver is told.  Raises `ConnectionException`."""


async def sleep(runtime: Runtime, seconds: float) -> None:
    """Return after ``seconds``."""
    waiting = runtime.future()
    timer = runtime.call_later(seconds, lambda: settle(waiting))
    try:
        await waiting
    finally:
        timer.cancel()


def settle(future: Future, value: Any = None) -> None:
    """Give a future its result, unless it has one."""
    if not future.done():
        future.set_result(value)


def fail(future: Future, error: Exception) -> None:
    """Let a future fail, unless it has a result."""
    if not future.done():
        future.set_exception(error)
