"""A queue's claims and its consumers.  Part of `_queue.AsyncQueue`; `_claim` has what is made here."""

from __future__ import annotations

from typing import Protocol

from buildyard.marconi._claim import AsyncClaim
from buildyard.marconi._consumer import AsyncConsumer, ConsumerOptions
from buildyard.marconi._hrefs import last_segment, parameter, path_of
from buildyard.marconi._message import AsyncMessage
from buildyard.marconi._resource import Resource
from buildyard.marconi._wire import WireClaim, WireMessage, decode, encode, read_messages
from buildyard.marconi.errors import AnswerError

#: Zaqar's defaults, in seconds.
CLAIM_TTL = 300
CLAIM_GRACE = 60


class Held(Protocol):
    """A claim of any face, as far as its name goes."""

    @property
    def id(self) -> str | None:
        """Its id."""


class Claiming(Resource):
    """Temporary holds on messages.  A claim is not sent again where it may have arrived."""

    async def claim(self, limit: int | None = None, ttl: int = CLAIM_TTL, grace: int = CLAIM_GRACE) -> AsyncClaim:
        """Hold the first free messages for ``ttl`` seconds, and return the claim, which is false where there is none.

        Nobody else is given them until then.  One that would expire before is kept until ``grace`` seconds after
        the claim ends, so that another can take it up.  ``limit`` is at most 20 at a service with Zaqar's limits, and
        10 where it is not given.

        Not sent again where it may have arrived: what a lost answer claimed comes back when the claim ends.
        """
        body = encode({"ttl": ttl, "grace": grace})
        answer = await self._call("POST", "/claims", query=[("limit", limit)], body=body, idempotent=False)
        found = read_messages(answer.body, method="POST", url=answer.url).messages
        if not found:
            return AsyncClaim(self, None, (), ttl=ttl, grace=grace)
        claim_id = last_segment(answer.headers.get("Location", "")) or parameter(found[0].href, "claim_id")
        if not claim_id:
            raise AnswerError("a claim without an id", method="POST", url=answer.url)
        return AsyncClaim(self, claim_id, self._made(found, claim_id), ttl=ttl, grace=grace)

    async def get_claim(self, claim: str | Held) -> AsyncClaim:
        """Return a claim with what it still holds.  Raises `NotFound` where it has ended."""
        claim_id = id_of(claim)
        answer = await self._call("GET", path_of("claims", claim_id))
        found = decode(answer.body, WireClaim, method="GET", url=answer.url)
        messages = self._made(found.messages, claim_id)
        return AsyncClaim(self, claim_id, messages, ttl=found.ttl, grace=found.grace, age=found.age)

    async def update_claim(self, claim: str | Held, ttl: int = CLAIM_TTL, grace: int = CLAIM_GRACE) -> None:
        """Hold what a claim holds for ``ttl`` seconds from now.  Raises `NotFound` where it has ended."""
        await self._call("PATCH", path_of("claims", id_of(claim)), body=encode({"ttl": ttl, "grace": grace}))

    async def release_claim(self, claim: str | Held) -> None:
        """Let go of what a claim holds: it is free at once.  Nothing happens where it has ended."""
        await self._call("DELETE", path_of("claims", id_of(claim)))

    def consume(
        self,
        limit: int | None = None,
        ttl: int = CLAIM_TTL,
        grace: int = CLAIM_GRACE,
        *,
        poll: float | None = 1.0,
        longest: float | None = None,
    ) -> AsyncConsumer:
        """Return the queue's messages to loop over, each claimed, and the claim renewed, while you work on it.

        Asking for the next message deletes the last one; leaving the loop by an error, ``break`` or the program's end
        releases it, so that another gets it: see `docs/explanation/claims.md`.  Where there is nothing, the queue is
        asked again after ``poll`` seconds, and a service that is away is waited for likewise; with ``poll=None`` the
        loop ends then.  A message that takes ``longest`` seconds is not held any longer.
        """
        options = ConsumerOptions(limit=limit, ttl=ttl, grace=grace, poll=poll, longest=longest)
        return AsyncConsumer(self, options)

    async def delete_message(self, message_id: str, claim_id: str | None = None) -> None:
        """Delete a message, if it is there; one that is claimed with the id of its claim.

        Raises `Forbidden` where somebody holds it and another or no claim was named, `BadRequest` where the claim
        has ended.
        """
        await self._call("DELETE", path_of("messages", message_id), query=[("claim_id", claim_id)])

    def _made(self, found: list[WireMessage], claim_id: str | None = None) -> list[AsyncMessage]:
        return [AsyncMessage(self, wire, claim_id=claim_id) for wire in found]


def id_of(claim: str | Held) -> str:
    return claim if isinstance(claim, str) else claim.id or ""
