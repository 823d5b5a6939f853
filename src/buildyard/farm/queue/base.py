"""What a queue is, whoever keeps it: the values, the errors and the `Queue` protocol (Marconi's model).

A queue belongs to a project and has a name.  A *message* is put into it and lives for its TTL; a *claim* is a
temporary hold on some messages, during which nobody else is given them; whoever finishes a message deletes it, and
one whose claim ends is given out again.  So delivery is at least once, and first in, first out for each producer.
`database.py` keeps queues in the farm's own store, `zaqar.py` at a Zaqar; every implementation passes one contract
suite.

* QueueError
  * QueueNotFound         no such queue: create it, or put a message into it (.project, .queue)
  * MessageNotFound       deleted, expired, or never was (.message_id)
  * MessageClaimed        somebody holds it: delete it with the id of its claim, or wait (.message_id)
  * MessageNotClaimed     a claim id was given for a message that nobody holds (.message_id)
  * ClaimNotFound         ended, released, or never was: somebody else may have the messages now (.claim_id)
  * BadMessage            a TTL, a delay or a body that no queue takes
  * BadAmount             a limit, a TTL or a grace that cannot be (.name, .value)
  * BadMarker             no page of this queue gave such a marker (.marker)
  * BadMetadata           queue metadata that cannot work (.key)
  * PostTooLarge          more bytes at once than the queue's metadata allows (.most)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

from msgspec import Struct

from buildyard.errors import BuildyardError

#: A message's name.  Opaque: a database gives numbers, a Zaqar text; hand it back as it came.
MessageId: TypeAlias = int | str

#: Seconds that a message lives when neither its producer nor its queue says (Zaqar's defaults, here and below).
DEFAULT_MESSAGE_TTL: Final = 3600

#: Seconds that a claim holds, and that a message outlives the end of its claim.
DEFAULT_CLAIM_TTL: Final = 300
DEFAULT_GRACE: Final = 60

#: Messages in one page or claim.
DEFAULT_LIMIT: Final = 10


class QueueError(BuildyardError):
    """A queue refused; nothing was changed."""


class QueueNotFound(QueueError):
    """There is no such queue."""

    def __init__(self, project: str, queue: str) -> None:
        super().__init__(f"project {project!r} has no queue {queue!r}")
        self.project = project
        self.queue = queue


class MessageNotFound(QueueError):
    """The message was deleted, has expired, or never was."""

    def __init__(self, message_id: MessageId) -> None:
        super().__init__(f"no message {message_id}")
        self.message_id = message_id


class MessageClaimed(QueueError):
    """Somebody holds the message: delete it with the id of its claim, or wait until the claim ends."""

    def __init__(self, message_id: MessageId) -> None:
        super().__init__(f"message {message_id} is claimed, and this is not its claim")
        self.message_id = message_id


class MessageNotClaimed(QueueError):
    """A claim was named for a message that nobody holds: its claim has ended, or it was never claimed."""

    def __init__(self, message_id: MessageId) -> None:
        super().__init__(f"message {message_id} is not claimed")
        self.message_id = message_id


class ClaimNotFound(QueueError):
    """The claim has ended, was released, or never was.  Somebody else may have its messages; stop work on them."""

    def __init__(self, claim_id: str) -> None:
        super().__init__(f"claim {claim_id[:80]} does not exist or has expired")
        self.claim_id = claim_id


class BadMessage(QueueError, ValueError):
    """No queue takes such a message."""


class BadAmount(QueueError, ValueError):
    """A limit, a TTL or a grace that cannot be."""

    def __init__(self, name: str, value: int, least: int) -> None:
        super().__init__(f"{name} is at least {least}, not {value}")
        self.name = name
        self.value = value


def check_amounts(*, limit: int = 0, ttl: int = 1, grace: int = 0) -> None:
    """Raise `BadAmount` unless one can ask for so many messages, and hold them for such times in seconds."""
    for name, value, least in (("limit", limit, 0), ("ttl", ttl, 1), ("grace", grace, 0)):
        if value < least:
            raise BadAmount(name, value, least)


class BadMarker(QueueError, ValueError):
    """No page of this queue gave such a marker."""

    def __init__(self, marker: object) -> None:
        super().__init__(f"{str(marker)[:80]!r} is no marker")
        self.marker = marker


class BadMetadata(QueueError, ValueError):
    """The metadata of a queue cannot work."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key} {reason}")
        self.key = key


class PostTooLarge(QueueError):
    """The queue's metadata (`_max_messages_post_size`) allows fewer bytes at once."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Message collection size is too large. Max size {most}")
        self.most = most


class NewMessage(Struct, frozen=True, kw_only=True):
    """A message on its way into a queue."""

    body: Any  #: any JSON value, `None` too
    ttl: int | None = None  #: seconds it lives from now; None: the queue's `_default_message_ttl`, or an hour
    delay: int | None = None  #: seconds before it can be claimed; None: the queue's `_default_message_delay`, or 0

    def __post_init__(self) -> None:
        if self.ttl is not None and self.ttl < 1:
            raise BadMessage(f"a message lives at least one second, not {self.ttl}")
        if self.delay is not None and self.delay < 0:
            raise BadMessage(f"a message cannot be delayed by {self.delay} seconds")


class Message(Struct, frozen=True, kw_only=True):
    """A message as its queue holds it at one moment."""

    id: MessageId
    body: Any
    ttl: int  #: seconds from `created` to its end; a claim that would outlive it prolongs it
    created: float  #: seconds since 1970
    age: float  #: seconds since `created`
    claim_id: str | None = None  #: who holds it now
    claim_count: int = 0  #: how often it was claimed
    client_id: str = ""  #: who put it there


class Popped(Struct, frozen=True, kw_only=True):
    """A message that was taken out of its queue for good."""

    id: MessageId
    queue: str
    body: Any
    ttl: int  #: seconds it would have lived
    age: float  #: seconds it was there
    claim_count: int = 0  #: how often it was claimed before


class Page(Struct, frozen=True, kw_only=True):
    """Some messages of a queue, in order."""

    messages: tuple[Message, ...]
    marker: MessageId | None  #: where the next page begins; that of this request when there was nothing


class Claim(Struct, frozen=True, kw_only=True):
    """A temporary hold on messages."""

    id: str  #: opaque: renews and releases the claim, deletes its messages
    ttl: int  #: seconds it holds, from `created`
    grace: int | None  #: seconds that a message at least lives on after its end; None where the keeper does not tell
    created: float  #: when it was made, or last renewed
    age: float  #: seconds since `created`
    messages: tuple[Message, ...]


class QueueStats(Struct, frozen=True, kw_only=True):
    """How much is in a queue."""

    claimed: int = 0  #: held by a claim
    delayed: int = 0  #: not held, and cannot be claimed yet
    free: int = 0  #: can be claimed now
    oldest: Message | None = None
    newest: Message | None = None

    @property
    def total(self) -> int:
        """All that is there and has not expired."""
        return self.claimed + self.delayed + self.free


class Queue(Protocol):
    """A keeper of queues.  Every method may raise what its store or its connection raises, beside what it names."""

    async def create(self, project: str, queue: str, metadata: Mapping[str, Any] | None = None) -> bool:
        """Return whether the queue is new; metadata that is given replaces what it had.  Raises `BadMetadata`."""
        ...

    async def metadata(self, project: str, queue: str) -> dict[str, Any]:
        """Return the queue's metadata.  Raises `QueueNotFound`."""
        ...

    async def set_metadata(self, project: str, queue: str, metadata: Mapping[str, Any]) -> None:
        """Replace the queue's metadata.  Raises `QueueNotFound` and `BadMetadata`."""
        ...

    async def remove(self, project: str, queue: str) -> None:
        """Remove the queue with all that is in it, if it is there."""
        ...

    async def names(self, project: str, *, marker: str = "", limit: int = DEFAULT_LIMIT) -> list[str]:
        """Return names of the project's queues, sorted, those after the marker.  Raises `BadAmount`."""
        ...

    async def stats(self, project: str, queue: str) -> QueueStats:
        """Return how much is in the queue; zeros for one that does not exist."""
        ...

    async def put(
        self, project: str, queue: str, messages: Sequence[NewMessage], *, client_id: str = ""
    ) -> Sequence[MessageId]:
        """Return the ids of these messages, in order, once all of them are in the queue (which is made if need be).

        Raises `BadMessage` for a body that is no JSON value, and puts none of them then.
        """
        ...

    async def page(
        self,
        project: str,
        queue: str,
        *,
        marker: MessageId | None = None,
        limit: int = DEFAULT_LIMIT,
        client_id: str = "",
        echo: bool = False,
        include_claimed: bool = False,
        include_delayed: bool = False,
    ) -> Page:
        """Return messages after the marker, in order; without ``echo``, none that this client has put there.

        Raises `BadMarker` and `BadAmount`.
        """
        ...

    async def get(self, project: str, queue: str, ids: Sequence[MessageId]) -> list[Message]:
        """Return those of these messages that are there, claimed or not, in the queue's order."""
        ...

    async def delete(self, project: str, queue: str, message_id: MessageId, *, claim_id: str | None = None) -> None:
        """Delete a message, if it is there; one that is claimed only with the id of its claim.

        Raises `MessageClaimed`, `MessageNotClaimed` and `ClaimNotFound`.
        """
        ...

    async def delete_many(
        self, project: str, queue: str, ids: Sequence[MessageId], *, claim_ids: Sequence[str] | None = None
    ) -> None:
        """Delete those of these messages that are there.

        As Zaqar does, without looking at claims; with ``claim_ids``, a claimed message only if its claim is named.
        """
        ...

    async def pop(self, project: str, queue: str, limit: int = DEFAULT_LIMIT) -> list[Popped]:
        """Return the first free messages, deleted: at most once.  Raises `BadAmount`."""
        ...

    async def claim(
        self,
        project: str,
        queue: str,
        *,
        ttl: int = DEFAULT_CLAIM_TTL,
        grace: int = DEFAULT_GRACE,
        limit: int = DEFAULT_LIMIT,
    ) -> Claim | None:
        """Return a claim on the first free messages; None when there are none.  Raises `BadAmount`."""
        ...

    async def get_claim(self, project: str, queue: str, claim_id: str) -> Claim:
        """Return the claim with the messages that it still holds.  Raises `ClaimNotFound`."""
        ...

    async def renew(
        self, project: str, queue: str, claim_id: str, *, ttl: int = DEFAULT_CLAIM_TTL, grace: int = DEFAULT_GRACE
    ) -> None:
        """Hold the claim's messages for ``ttl`` seconds from now.  Raises `ClaimNotFound` and `BadAmount`."""
        ...

    async def release(self, project: str, queue: str, claim_id: str) -> None:
        """Let go of the claim's messages, if it still holds any: they are free at once."""
        ...
