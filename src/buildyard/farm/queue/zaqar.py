"""Queues at a Zaqar that already runs, through `buildyard.marconi`: the `Queue` protocol over HTTP, API v2.

`zaqar_accounts` has the connections, `zaqar_pages` reads messages in order, `zaqar_values` turns the service's answers
into ours.  A remote queue takes part in no transaction of the farm's store.

What Zaqar cannot do is refused, never left out: a TTL or a grace below a minute (its constants), a delay in a queue
without a default delay (it would not be read).  What Zaqar does not tell is None or zero: how often a message was
claimed, the grace of a claim, how many messages are delayed (they count as free).  One claim holds at most 20.
Tried with Zaqar 23 over Redis; `docs/explanation/store-and-queue.md` lists the defects of its that remain.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from buildyard.farm.queue.base import (
    DEFAULT_CLAIM_TTL,
    DEFAULT_GRACE,
    DEFAULT_LIMIT,
    BadAmount,
    BadMessage,
    Claim,
    ClaimNotFound,
    Message,
    MessageClaimed,
    MessageId,
    MessageNotClaimed,
    NewMessage,
    Page,
    Popped,
    Queue,
    QueueNotFound,
    QueueStats,
    check_amounts,
)
from buildyard.farm.queue.queues import metadata_text
from buildyard.farm.queue.zaqar_accounts import Accounts, Connect
from buildyard.farm.queue.zaqar_pages import MOST, Reader
from buildyard.farm.queue.zaqar_values import Values
from buildyard.marconi import aio, errors

#: Zaqar's least TTL of a message and of a claim, and its least grace, in seconds (zaqar: transport/validation.py).
LEAST_SECONDS: Final = 60

#: What makes Zaqar read the delay of a message at all (zaqar: transport/wsgi/v2_0/messages.py).
_DELAYS: Final = "_default_message_delay"


class ZaqarQueue:
    """A `Queue` at a Zaqar.  Errors of `buildyard.marconi` pass through where the service or the way to it fails."""

    def __init__(self, connect: Connect, clock: Callable[[], float] = time.time, *, least: int = LEAST_SECONDS) -> None:
        """``connect`` makes the connection of a project; ``least`` is the service's least TTL, in seconds."""
        self._accounts = Accounts(connect)
        self._values = Values(clock)
        self._least = least
        self._untold: dict[str, Any] | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._accounts.close()

    # Queues

    async def create(self, project: str, queue: str, metadata: Mapping[str, Any] | None = None) -> bool:
        """Return whether the queue is new; metadata that is given replaces what it had.  Raises `BadMetadata`.

        Of an old queue's metadata, a setting of the service (``_...``) that is not named stays.
        """
        metadata_text(queue, metadata or {})
        return await self._queue(project, queue).create(metadata)

    async def metadata(self, project: str, queue: str) -> dict[str, Any]:
        """Return the queue's metadata.  Raises `QueueNotFound`."""
        # The service shows a queue that is not there, and its own settings in each: what is the same in both is its.
        told = await self._queue(project, queue).read_metadata()
        untold = await self._settings(project)
        own = {key: value for key, value in told.items() if key not in untold or untold[key] != value}
        if not own and queue not in await self._all_names(project):
            raise QueueNotFound(project, queue)
        return own

    async def set_metadata(self, project: str, queue: str, metadata: Mapping[str, Any]) -> None:
        """Replace the queue's metadata, as `create` does.  Raises `QueueNotFound` and `BadMetadata`."""
        metadata_text(queue, metadata)
        await self.metadata(project, queue)
        await self._queue(project, queue).set_metadata(metadata)

    async def remove(self, project: str, queue: str) -> None:
        """Remove the queue with all that is in it, if it is there."""
        await self._queue(project, queue).delete()

    async def names(self, project: str, *, marker: str = "", limit: int = DEFAULT_LIMIT) -> list[str]:
        """Return names of the project's queues, sorted, those after the marker.  Raises `BadAmount`."""
        check_amounts(limit=limit)
        # A marker that is no queue's name, or the first one's, is ignored there; so all are asked for.
        return [name for name in await self._all_names(project) if name > marker][:limit]

    async def stats(self, project: str, queue: str) -> QueueStats:
        """Return how much is in the queue; zeros for one that does not exist.

        Messages that have expired count until the service's `zaqar-gc` has run, and after a claim has ended by itself
        the service may answer `ServiceUnavailable` until then.
        """
        return self._values.stats(await self._queue(project, queue).read_stats())

    # Messages

    async def put(
        self, project: str, queue: str, messages: Sequence[NewMessage], *, client_id: str = ""
    ) -> Sequence[MessageId]:
        """Return the ids of these messages, in order; raises `BadMessage`, and puts none of them then.

        More than 262,144 bytes go in several requests; where a later one fails, the error's ``posted`` are there.
        """
        if not messages:
            return []
        await self._check(project, queue, messages)
        remote = self._queue(project, queue, client_id)
        try:
            return await remote.post_messages(_posted(message) for message in messages)
        except (errors.UsageError, errors.BadRequest) as error:
            raise BadMessage(error.description) from error

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
        """Return messages after the marker, in order; see `Queue.page`.  Raises `BadMarker` and `BadAmount`.

        A marker whose message is deleted means nothing to the service, and the page begins at the first message.
        """
        check_amounts(limit=limit)
        remote = self._queue(project, queue, client_id)
        reader = Reader(
            remote, echo=echo or not client_id, include_claimed=include_claimed, include_delayed=include_delayed
        )
        found = await reader.read(marker, limit)
        # What is free again is still shown with the id of the claim that has ended.
        messages = tuple(self._values.message(each, is_free=not include_claimed) for each in found)
        return Page(messages=messages, marker=messages[-1].id if messages else marker)

    async def get(self, project: str, queue: str, ids: Sequence[MessageId]) -> list[Message]:
        """Return those of these messages that are there, claimed or not, the oldest first."""
        wanted = dict.fromkeys(str(each) for each in ids)
        found = [self._values.message(each) async for each in self._queue(project, queue).messages(ids=wanted)]
        # The storage shows a message that has expired until it has dropped it.
        return sorted((each for each in found if each.age < each.ttl), key=lambda each: each.created)

    async def delete(self, project: str, queue: str, message_id: MessageId, *, claim_id: str | None = None) -> None:
        """Delete a message, if it is there; one that is claimed only with the id of its claim.

        Raises `MessageClaimed`, `MessageNotClaimed` and `ClaimNotFound`.
        """
        try:
            await self._queue(project, queue).delete_message(str(message_id), claim_id)
        except errors.Forbidden as error:
            raise MessageClaimed(message_id) from error
        except errors.BadRequest as error:
            # The same answer for a claim that is none, and for a claim that does not hold this message.
            await self.get_claim(project, queue, claim_id or "")
            raise MessageNotClaimed(message_id) from error

    async def delete_many(
        self, project: str, queue: str, ids: Sequence[MessageId], *, claim_ids: Sequence[str] | None = None
    ) -> None:
        """Delete those of these messages that are there; with ``claim_ids``, a request for each."""
        if claim_ids is None:
            await self._queue(project, queue).delete_messages(str(each) for each in ids)
            return
        for message in await self.get(project, queue, ids):
            if message.claim_id in (None, *claim_ids):
                await self._delete_unless_claimed(project, queue, message)

    async def pop(self, project: str, queue: str, limit: int = DEFAULT_LIMIT) -> list[Popped]:
        """Return the first free messages, deleted: at most once.  Raises `BadAmount`."""
        check_amounts(limit=limit)
        popped: list[Popped] = []
        while len(popped) < limit:
            wanted = min(MOST, limit - len(popped))
            found = await self._queue(project, queue).pop(wanted)
            popped += (self._values.popped(each, queue) for each in found)
            if len(found) < wanted:
                break
        return popped

    # Claims

    async def claim(
        self,
        project: str,
        queue: str,
        *,
        ttl: int = DEFAULT_CLAIM_TTL,
        grace: int = DEFAULT_GRACE,
        limit: int = DEFAULT_LIMIT,
    ) -> Claim | None:
        """Return a claim on the first free messages, at most 20; None when there are none.  Raises `BadAmount`."""
        self._check_times(limit=limit, ttl=ttl, grace=grace)
        if not limit:
            return None
        made = await self._queue(project, queue).claim(min(limit, MOST), ttl, grace)
        if any(each.ttl == ttl + grace for each in made):
            # Zaqar over Redis says of these that they outlive the claim, and forgets them when their own time is over
            # all the same, unless the claim is renewed.
            await made.patch(ttl, grace)
        return self._values.claim(made, age=0.0) if made else None

    async def get_claim(self, project: str, queue: str, claim_id: str) -> Claim:
        """Return the claim with the messages that it still holds.  Raises `ClaimNotFound`."""
        remote = self._queue(project, queue)
        try:
            found = await remote.get_claim(claim_id)
        except errors.UsageError as error:
            raise ClaimNotFound(claim_id) from error
        except (errors.NotFound, errors.ServiceUnavailable) as error:
            raise await _about_claim(error, remote, claim_id) from error
        return self._values.claim(found, age=float(math.floor(found.age)))

    async def renew(
        self, project: str, queue: str, claim_id: str, *, ttl: int = DEFAULT_CLAIM_TTL, grace: int = DEFAULT_GRACE
    ) -> None:
        """Hold the claim's messages for ``ttl`` seconds from now.  Raises `ClaimNotFound` and `BadAmount`."""
        self._check_times(ttl=ttl, grace=grace)
        remote = self._queue(project, queue)
        try:
            await remote.update_claim(claim_id, ttl, grace)
        except (errors.NotFound, errors.ServiceUnavailable) as error:
            raise await _about_claim(error, remote, claim_id) from error

    async def release(self, project: str, queue: str, claim_id: str) -> None:
        """Let go of the claim's messages, if it still holds any: they are free at once."""
        remote = self._queue(project, queue)
        try:
            await remote.release_claim(claim_id)
        except errors.ServiceUnavailable as error:
            about = await _about_claim(error, remote, claim_id)
            if not isinstance(about, ClaimNotFound):
                raise

    # Within

    def _queue(self, project: str, queue: str, client_id: str = "") -> aio.Queue:
        return self._accounts.client(project, client_id).queue(queue)

    def _check_times(self, *, limit: int = 0, ttl: int, grace: int) -> None:
        check_amounts(limit=limit, ttl=ttl, grace=grace)
        for name, value in (("ttl", ttl), ("grace", grace)):
            if value < self._least:
                raise BadAmount(name, value, self._least)

    async def _check(self, project: str, queue: str, messages: Sequence[NewMessage]) -> None:
        shortest = min((each.ttl for each in messages if each.ttl is not None), default=self._least)
        if shortest < self._least:
            raise BadMessage(f"at this Zaqar a message lives at least {self._least} seconds, not {shortest}")
        if any(each.delay for each in messages):
            told = await self._queue(project, queue).read_metadata()
            if not told.get(_DELAYS):
                raise BadMessage(f"a Zaqar delays messages only in a queue with {_DELAYS} in its metadata")

    async def _delete_unless_claimed(self, project: str, queue: str, message: Message) -> None:
        try:
            await self.delete(project, queue, message.id, claim_id=message.claim_id)
        except (MessageClaimed, MessageNotClaimed, ClaimNotFound):
            return  # somebody else holds it by now

    async def _settings(self, project: str) -> dict[str, Any]:
        """Return what the service shows of a queue about which nothing is written."""
        if self._untold is None:
            self._untold = await self._queue(project, f"none-{uuid.uuid4().hex}").read_metadata()
        return self._untold

    async def _all_names(self, project: str) -> list[str]:
        return sorted([queue.name async for queue in self._accounts.client(project).queues])


async def _about_claim(error: errors.Refused, remote: aio.Queue, claim_id: str) -> Exception:
    """Return what a refusal means for a claim.

    Over Redis, Zaqar answers 503 about a claim that has ended by itself, as it does when its storage is away.  Where
    the storage then tells of the queue, it was the claim.
    """
    if isinstance(error, errors.ServiceUnavailable):
        try:
            await remote.read_metadata()
        except errors.ErrorBase:
            return error
    return ClaimNotFound(claim_id)


def _posted(message: NewMessage) -> dict[str, Any]:
    return {"body": message.body, "ttl": message.ttl, "delay": message.delay}


if TYPE_CHECKING:
    _KEEPS_THE_PROTOCOL: type[Queue] = ZaqarQueue
