"""A consumer: the messages of a queue one by one, each held while it is worked on.  See `_keeping` for what holds it.

An error in a loop's body does not reach the iterator that is looped over, so the rule is the other way round: *asking
for the next message says that the last one is done*.  Then it is deleted, with the claim that held it.  Whoever raises,
breaks or stops does not ask again; so that message, and what else its claim holds, is released, and nothing that a
crashed handler had in hand is ever deleted.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from buildyard.marconi._keeping import Keeper, Upkeep
from buildyard.marconi._message import AsyncMessage
from buildyard.marconi.errors import ConnectionFailed, ServerError, TooManyRequests, UsageError

if TYPE_CHECKING:
    from buildyard.marconi._claim import AsyncClaim
    from buildyard.marconi._claiming import Claiming

log = logging.getLogger(__name__)

#: How long a consumer that stops at the end of its queue waits after a release, in seconds.
_AFTER_RELEASE = 1.0


class ConsumerOptions(Struct, frozen=True, kw_only=True):
    """How a consumer claims."""

    limit: int | None  #: messages in one claim
    ttl: int  #: seconds that a claim holds; renewed when a third of them is over
    grace: int  #: seconds that a message outlives its claim
    poll: float | None  #: seconds to wait where there is nothing; None: stop then
    longest: float | None  #: seconds that one message may be worked on; None: for ever

    def __post_init__(self) -> None:
        if self.ttl <= 0 or any(given is not None and given <= 0 for given in (self.poll, self.longest)):
            raise UsageError("ttl, poll and longest are seconds above 0")


class AsyncConsumer:
    """The messages of a queue, as ``async for`` takes them.  Made by `Claiming.consume`."""

    def __init__(self, queue: Claiming, options: ConsumerOptions) -> None:
        self._queue = queue
        self._options = options
        self._upkeep: Upkeep | None = None
        self._keeper: Keeper | None = None
        self._is_closed = False
        queue.connection.adopt(self)

    @property
    def claim_is_lost(self) -> bool:
        """True where the service has given up the claim on the message in hand: somebody else may have it.

        A handler that works for long may look here, and stop.
        """
        return self._upkeep is not None and self._upkeep.is_lost

    def __aiter__(self) -> AsyncIterator[AsyncMessage]:
        # Nothing refers to the generator but the loop over it, so that leaving the loop ends it.
        return self._messages()

    async def _messages(self) -> AsyncIterator[AsyncMessage]:
        while claim := await self._next_claim():
            upkeep = self._upkeep = Upkeep(claim, self._options.longest)
            keeper = self._keeper = await self._queue.connection.keep(upkeep)
            try:
                for message in claim:
                    if upkeep.is_over or self._is_closed:
                        break
                    upkeep.take()
                    yield message
                    await self._finish(upkeep, message)
            except GeneratorExit:
                # A generator that is being closed may not wait, under Twisted; `close` waits for the keeper.
                keeper.abandon()
                raise
            except BaseException:
                await keeper.stop()
                raise
            await keeper.stop()

    async def _next_claim(self) -> AsyncClaim | None:
        """Return a claim on something, or None at the end."""
        options = self._options
        if self._upkeep is not None and self._upkeep.is_released:
            # What was let go is the first to be claimed again; whatever was wrong with it needs a moment.
            await self._sleep(options.poll or _AFTER_RELEASE)
        while not self._is_closed:
            try:
                claim = await self._queue.claim(options.limit, options.ttl, options.grace)
            except (ConnectionFailed, ServerError, TooManyRequests) as error:
                await self._ride_out(error)
                continue
            if claim or options.poll is None:
                return claim or None
            await self._sleep(options.poll)
        return None

    async def _finish(self, upkeep: Upkeep, message: AsyncMessage) -> None:
        while not upkeep.is_over:
            try:
                await upkeep.finish(message)
            except (ConnectionFailed, ServerError, TooManyRequests) as error:
                await self._ride_out(error)
            else:
                return

    async def _ride_out(self, error: ConnectionFailed | ServerError | TooManyRequests) -> None:
        """Wait where the service may come back; raise the error where it will not, or nobody is to wait."""
        if self._options.poll is None or (isinstance(error, ConnectionFailed) and not error.may_pass):
            raise error
        log.warning("marconi.service_away", extra={"queue": self._queue.path, "reason": str(error)})
        await self._sleep(self._options.poll)

    async def _sleep(self, seconds: float) -> None:
        await self._queue.connection.transport.sleep(seconds)

    async def release(self) -> None:
        """Let go of the message in hand and of what else its claim holds; the loop goes on with another claim.

        For a handler that failed and lives: asking for the next message will not delete this one.  It is free at
        once, and the first in the queue, so the consumer waits ``poll`` seconds before it claims again.
        """
        if self._upkeep is not None:
            await self._upkeep.release()

    async def close(self) -> None:
        """End it, and return when what it held is released."""
        self._is_closed = True
        if self._keeper is not None:
            await self._keeper.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
