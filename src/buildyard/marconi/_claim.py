"""A claim: a temporary hold on some messages.  The asyncio core; faces add their own messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from buildyard.faces.transport import Transport
from buildyard.marconi._message import AsyncMessage

if TYPE_CHECKING:
    from buildyard.marconi._claiming import Claiming


class ClaimFacts:
    """What a claim is, in every face.  One that got nothing has no id, and is false."""

    __slots__ = ()

    _core: AsyncClaim

    @property
    def id(self) -> str | None:
        """Its id; None where there was nothing to claim."""
        return self._core._id

    @property
    def ttl(self) -> int:
        """How many seconds it holds, from when it was made or renewed."""
        return self._core._ttl

    @property
    def grace(self) -> int | None:
        """How many seconds a message outlives its end; None where it was only read, for the service does not tell."""
        return self._core._grace

    @property
    def age(self) -> float:
        """How many seconds ago it was made or renewed, by this program's clock."""
        return self._core._age()

    def __len__(self) -> int:
        return len(self._core._messages)

    def __bool__(self) -> bool:
        return bool(self._core._messages)

    def __repr__(self) -> str:
        return f"<Claim {self.id or 'of nothing'}: {len(self)} messages>"


class AsyncClaim(ClaimFacts):
    """A claim, what it holds, and the ways to renew and release it."""

    __slots__ = ("_grace", "_id", "_messages", "_queue", "_since", "_ttl")

    def __init__(
        self,
        queue: Claiming,
        claim_id: str | None,
        messages: Sequence[AsyncMessage],
        *,
        ttl: int,
        grace: int | None,
        age: float = 0,
    ) -> None:
        self._queue = queue
        self._id = claim_id
        self._messages = tuple(messages)
        self._ttl = ttl
        self._grace = grace
        self._since = self.transport.now() - age

    @property
    def _core(self) -> AsyncClaim:  # type: ignore[override]
        return self

    def _age(self) -> float:
        return max(0.0, self.transport.now() - self._since)

    @property
    def transport(self) -> Transport:
        """What its requests go over."""
        return self._queue.connection.transport

    def __iter__(self) -> Iterator[AsyncMessage]:
        return iter(self._messages)

    def _chosen(self, ids: Collection[str] | None, limit: int | None) -> list[AsyncMessage]:
        chosen = [message for message in self._messages if ids is None or message.id in ids]
        return chosen[:limit]

    async def messages(
        self, ids: Collection[str] | None = None, limit: int | None = None
    ) -> AsyncIterator[AsyncMessage]:
        """Yield the messages that it held when it was made or read; again for each call, without a request."""
        for message in self._chosen(ids, limit):
            yield message

    async def patch(self, ttl: int | None = None, grace: int | None = None) -> None:
        """Renew it: hold on for ``ttl`` seconds from now.  What is not given stays as it was.

        Raises `NotFound` where it has ended: somebody else may have the messages.  Nothing happens to a claim that
        got nothing.
        """
        if self._id is None:
            return
        # Both are always sent: Zaqar takes its own default for what is left out.
        ttl = self._ttl if ttl is None else ttl
        grace = grace if grace is not None else self._grace if self._grace is not None else 60
        asked = self.transport.now()
        await self._queue.update_claim(self._id, ttl, grace)
        self._ttl, self._grace, self._since = ttl, grace, asked

    async def delete(self) -> None:
        """Release it: what it still holds is free at once.  Nothing happens where it has ended already."""
        if self._id is not None:
            await self._queue.release_claim(self._id)
