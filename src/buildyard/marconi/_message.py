"""A message as somebody has read, claimed or popped it.  The asyncio core; faces add their own `delete`."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, ClassVar

from buildyard.marconi._hrefs import last_segment, parameter
from buildyard.marconi._wire import WireMessage
from buildyard.marconi.errors import AnswerError

if TYPE_CHECKING:
    from buildyard.marconi._claiming import Claiming


class MessageStatus(enum.Enum):
    """Whether a message was claimed when it was read."""

    Free = 1
    Claimed = 2

    def __repr__(self) -> str:
        return f"<Message.{self.name}: {self.value}>"

    def __str__(self) -> str:
        return f"Message.{self.name}"


class MessageFacts:
    """What a message is, in every face.  All of it is as of the moment it was read."""

    __slots__ = ()

    Free: ClassVar = MessageStatus.Free
    Claimed: ClassVar = MessageStatus.Claimed

    _core: AsyncMessage

    @property
    def id(self) -> str:
        """Its id."""
        return self._core._id

    @property
    def ttl(self) -> int:
        """How many seconds it lives."""
        return self._core._wire.ttl

    @property
    def age(self) -> int | float:
        """How many seconds it had lived."""
        return self._core._wire.age

    @property
    def body(self) -> Any:
        """What was posted: any JSON value."""
        return self._core._wire.body

    @property
    def href(self) -> str:
        """Its address, empty for one that was popped."""
        return self._core._wire.href

    @property
    def checksum(self) -> str | None:
        """``MD5:...`` of the body, where the service makes one."""
        return self._core._wire.checksum

    @property
    def claim_id(self) -> str | None:
        """The claim that held it."""
        return self._core._claim_id

    @property
    def claim_count(self) -> int:
        """How often it was claimed, where the service tells (pop alone)."""
        return self._core._wire.claim_count

    @property
    def status(self) -> MessageStatus:
        """`Message.Free` or `Message.Claimed`."""
        return MessageStatus.Claimed if self._core._claim_id else MessageStatus.Free

    @property
    def is_deleted(self) -> bool:
        """True once it was popped, or deleted through this object."""
        return self._core._is_deleted

    def __repr__(self) -> str:
        return f"<Message {self.id} {self.status.name.lower()}>"


class AsyncMessage(MessageFacts):
    """A message, and the way to delete it."""

    __slots__ = ("_claim_id", "_id", "_is_deleted", "_queue", "_wire")

    def __init__(
        self, queue: Claiming, wire: WireMessage, *, claim_id: str | None = None, is_popped: bool = False
    ) -> None:
        self._queue = queue
        self._wire = wire
        self._id = wire.id or last_segment(wire.href)
        if not self._id:
            raise AnswerError("a message has neither an id nor an address")
        # What was popped is nobody's; Zaqar shows the claim that once held it.
        self._claim_id = None if is_popped else claim_id or parameter(wire.href, "claim_id") or wire.claim_id
        self._is_deleted = is_popped

    @property
    def _core(self) -> AsyncMessage:  # type: ignore[override]
        return self

    async def delete(self) -> None:
        """Delete it, with the id of the claim that held it; one that was popped is gone already.

        Raises `Forbidden` where somebody else holds it by now, `BadRequest` where its claim has ended: then it will
        be given out again, or was.
        """
        if not self._is_deleted:
            await self._queue.delete_message(self._id, self._claim_id)
            self._is_deleted = True
