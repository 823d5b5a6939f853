"""Messages of a queue at a Zaqar, in order.

Zaqar over Redis takes a window of messages first and leaves out of it what is not to be seen, so that a page may be
short, or empty and without a link, although more follows; and it ignores a marker that is the very first message.
`Reader` asks on until it has what was wanted.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from buildyard.farm.queue.base import BadMarker, MessageId
from buildyard.marconi import aio

#: Most messages in a page or a claim, and ids in one request.
MOST: Final = 20

#: A marker that is no message: where everything is to be seen, Zaqar over Redis fails without one.
_NO_MESSAGE: Final = str(uuid.UUID(int=0))


class Reader:
    """One way of looking at one queue."""

    def __init__(self, queue: aio.Queue, *, echo: bool, include_claimed: bool, include_delayed: bool) -> None:
        self._queue = queue
        self._shown = (echo, include_claimed, include_delayed)

    async def read(self, marker: MessageId | None, limit: int) -> list[aio.Message]:
        """Return the messages after the marker, at most ``limit``.  Raises `BadMarker`."""
        after = None if marker is None else _checked(marker)
        found: dict[str, aio.Message] = {}
        while len(found) < limit:
            size = min(MOST, limit - len(found))
            window = await self._window(after, size, *self._shown)
            found |= {message.id: message for message in window}
            if not window:
                # Whatever is there, so as to know where the next window begins.
                window = await self._window(after, size, True, True, True)
            # Both windows empty, or round again behind a marker that was deleted meanwhile.
            if not window or window[-1].id == after:
                break
            after = window[-1].id
        return list(found.values())

    async def _window(
        self, after: str | None, limit: int, echo: bool, include_claimed: bool, include_delayed: bool
    ) -> Sequence[aio.Message]:
        marker = after or (_NO_MESSAGE if include_claimed else None)
        page = await self._queue.read_page(marker, limit, echo, include_claimed, include_delayed)
        messages = page.messages
        return messages[1:] if messages and messages[0].id == after else messages


def _checked(marker: MessageId) -> str:
    """Return the marker as it is sent: the id of a message, which is a UUID."""
    try:
        return str(uuid.UUID(str(marker)))
    except ValueError as error:
        raise BadMarker(marker) from error
