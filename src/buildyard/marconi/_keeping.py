"""What a consumer needs while its caller is busy: a claim to be renewed, and a keeper that renews it.

`Upkeep` is one claim and what has become of it; a `Keeper` is how a face does something beside its caller's own code:
a task, a thread (`_keepers`), a Deferred (`tx`).  `_consumer` drives both.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from buildyard.marconi._claim import AsyncClaim
from buildyard.marconi._message import AsyncMessage
from buildyard.marconi.errors import BadRequest, ErrorBase, Forbidden, NotFound

log = logging.getLogger(__name__)

#: A claim is renewed when this part of its TTL is over, so that two renewals may fail before it ends.
RENEW_AT = 1 / 3
#: After a renewal that failed, the next is tried when this part of the TTL is over.
AGAIN_AT = 1 / 10


class Upkeep:
    """One claim of a consumer: when it must be renewed, what is done of it, how it ends.

    A message is deleted when its handler is done and never otherwise; what is left when the consumer stops is
    released.
    """

    def __init__(self, claim: AsyncClaim, longest: float | None) -> None:
        self.claim = claim
        self.is_lost = False  #: the service has given the claim up; others may have the messages
        self.is_released = False
        self.pause = claim.ttl * RENEW_AT  #: seconds to wait before the next `renew`
        self._left = {message.id for message in claim}
        self._longest = longest
        self._spent = 0.0  # seconds for which the message in hand was held
        self._is_freed = False

    @property
    def is_over(self) -> bool:
        """True where the rest of its messages are not ours any more."""
        return self.is_lost or self.is_released

    async def renew(self) -> bool:
        """Renew the claim, and return whether to go on doing so.  Raises nothing: the handler is at work."""
        self._spent += self.pause
        if self.is_over:
            return False
        if self._longest is not None and self._spent >= self._longest:
            log.warning("marconi.handler_too_long", extra={"claim": self.claim.id, "seconds": self._longest})
            return False
        try:
            await self.claim.patch()
        except NotFound:
            self._lose("it has ended")
        except ErrorBase as error:
            self.pause = self.claim.ttl * AGAIN_AT
            log.warning("marconi.claim_not_renewed", extra={"claim": self.claim.id, "reason": str(error)})
        else:
            self.pause = self.claim.ttl * RENEW_AT
        return not self.is_lost

    def take(self) -> None:
        """Note that another message is handed to the caller."""
        self._spent = 0.0

    async def finish(self, message: AsyncMessage) -> None:
        """Delete a message whose handler is done."""
        try:
            await message.delete()
        except (BadRequest, Forbidden, NotFound) as error:
            # Its claim has ended before the handler did, so it will be, or was, given to somebody else.
            self._lose(str(error))
        self._left.discard(message.id)

    def _lose(self, reason: str) -> None:
        self.is_lost = True
        log.warning("marconi.claim_lost", extra={"claim": self.claim.id, "reason": reason})

    async def release(self) -> None:
        """Let go of what is left.  Raises nothing: what cannot be released comes back when the claim ends."""
        if self.is_lost or self._is_freed or not self._left:
            return
        self.is_released = True
        try:
            await self.claim.delete()
        except ErrorBase as error:
            log.warning("marconi.claim_not_released", extra={"claim": self.claim.id, "reason": str(error)})
        self._is_freed = True


class Keeper(Protocol):
    """Renews one claim beside its caller's code, and releases what is left of it at the end."""

    @property
    def is_done(self) -> bool:
        """True once it has stopped and released."""

    def abandon(self) -> None:
        """Stop now, and release; without waiting, where this face cannot wait here."""

    async def stop(self) -> None:
        """Stop, and return when what was left is released.  Stopping twice is fine."""


#: How a face starts keeping a claim.
StartKeeper = Callable[[Upkeep], Awaitable[Keeper]]
