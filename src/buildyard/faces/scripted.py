"""A transport for tests: it answers from a script, records what it was sent, and has a clock that never waits.

    script = ScriptedTransport(answer(503), answer(json={"alive": True}))
    queue = AsyncQueue(script, retry=Retry(first=0.1, jitter=0))
    assert run_blocking(queue.ping()) == {"alive": True}
    assert [request.method for request in script.requests] == ["GET", "GET"]
    assert script.sleeps == [0.1]
    script.done()

It never suspends, so a core over it runs under `blocking.run_blocking`, ``asyncio.run`` and Twisted alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import msgspec

from buildyard.errors import BuildyardError
from buildyard.faces._exchange import ExchangingTransport
from buildyard.faces.transport import Headers, Part, Request, Response

#: 2025-01-01 00:00:00 UTC, when every script begins unless told otherwise.
SCRIPT_START = 1_735_689_600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer; a `BuildyardError` among ``chunks`` is raised where the body breaks off."""

    status: int = 200
    headers: Headers = Headers()  # noqa: RUF009 - immutable
    chunks: Sequence[bytes | BuildyardError] = ()


Reply = Answer | Response | BuildyardError
#: An answer, an error to raise, or a function that looks at the request and returns either.
Line = Reply | Callable[[Request], Reply]


def answer(
    status: int = 200,
    body: bytes | Sequence[bytes | BuildyardError] = b"",
    headers: Sequence[tuple[str, str]] = (),
    *,
    json: object = msgspec.UNSET,
) -> Answer:
    """Return an answer with that body, whole or in chunks, or with ``json`` encoded and typed as JSON."""
    if json is not msgspec.UNSET:
        body = msgspec.json.encode(json)
        headers = (*headers, ("Content-Type", "application/json"))
    return Answer(status, Headers(headers), [body] if isinstance(body, bytes) else body)


class ScriptEnded(AssertionError):
    """The core sent more, or less, than the script has answers for."""


class _ScriptedExchange:
    def __init__(self, reply: Answer) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self._chunks = [chunk for chunk in reply.chunks if chunk != b""]

    async def receive(self) -> bytes:
        if not self._chunks:
            return b""
        chunk = self._chunks.pop(0)
        if isinstance(chunk, BuildyardError):
            raise chunk
        return chunk

    async def end(self) -> None:
        self._chunks.clear()


class ScriptedTransport(ExchangingTransport):
    """A `transport.Transport` that answers from a script."""

    def __init__(self, *script: Line, start: float = SCRIPT_START) -> None:
        self.requests: list[Request] = []  #: what was sent, in order; redirects that were followed included
        self.sleeps: list[float] = []  #: seconds of each sleep, in order
        self.is_closed = False
        self._script = list(script)
        self._now = start

    async def _open(self, request: Request) -> _ScriptedExchange:
        self.requests.append(request)
        if not self._script:
            raise ScriptEnded(f"no answer is left for {request!r}")
        line = self._script.pop(0)
        reply = line(request) if callable(line) else line
        if isinstance(reply, BuildyardError):
            raise reply
        if isinstance(reply, Response):
            reply = Answer(reply.status, reply.headers, [reply.body])
        return _ScriptedExchange(reply)

    def add(self, *script: Line) -> None:
        """Append answers to the script."""
        self._script.extend(script)

    def done(self) -> None:
        """Return if every answer was asked for; raises `ScriptEnded` otherwise."""
        if self._script:
            raise ScriptEnded(f"{len(self._script)} answers were never asked for")

    async def sleep(self, seconds: float) -> None:
        """Move the clock; nothing waits."""
        self.sleeps.append(seconds)
        self._now += seconds

    def now(self) -> float:
        """Return the script's time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock without a sleep."""
        self._now += seconds

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Return a lock that raises where a real one would wait for ever."""
        return _ScriptedLock()

    async def close(self) -> None:
        """Note that the core closed its transport."""
        self.is_closed = True


class _ScriptedLock(AbstractAsyncContextManager[None]):
    def __init__(self) -> None:
        self._held = False

    async def __aenter__(self) -> None:
        # Nothing suspends in a script, so a lock that is held here is held by ourselves.
        if self._held:
            raise ScriptEnded("the core enters a lock that it holds already")
        self._held = True

    async def __aexit__(self, *_: object) -> None:
        self._held = False


def body_of(request: Request) -> bytes:
    """Return the body that would be sent, a `Part` read from its file."""
    if not isinstance(request.body, Part):
        return request.body
    with open(request.body.path, "rb") as file:  # noqa: PTH123 - a path as the request holds it
        file.seek(request.body.offset)
        return file.read(request.body.size)
