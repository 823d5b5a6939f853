"""A queue's messages: posted, read, deleted, popped.  Part of `_queue.AsyncQueue`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from buildyard.faces.transport import Response
from buildyard.marconi import _posting
from buildyard.marconi._claiming import Claiming, Held, id_of
from buildyard.marconi._hrefs import last_segment, parameter, path_of
from buildyard.marconi._message import AsyncMessage
from buildyard.marconi._paging import MAX_IDS, page_size, paged
from buildyard.marconi._wire import Posted, WireMessage, decode, next_link, read_messages
from buildyard.marconi.errors import ErrorBase, NotFound
from buildyard.marconi.models import Page

T = TypeVar("T")
FaceT = TypeVar("FaceT")


class Named(Protocol):
    """A message of any face, as far as deleting goes."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def claim_id(self) -> str | None:
        """The claim that held it."""


class Messages(Claiming):
    """What is in a queue.  Posts and pops are not sent again where they may have arrived."""

    async def post_messages(self, messages: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> list[str]:
        """Post one message or many, ``{"body": ..., "ttl": seconds, "delay": seconds}``; return their ids, in order.

        ``body`` is any JSON value.  Without ``ttl`` the queue's default counts, an hour unless set; ``delay`` is v2's
        and counts for a queue with ``_default_message_delay``.  Many are sent in as few requests as the service's
        limit of 262,144 bytes allows; an error of a later one has the ids of those already posted as ``.posted``.

        Not sent again where it may have arrived: see ``.maybe_sent`` of `ConnectionFailed`.
        """
        given = [messages] if isinstance(messages, Mapping) else messages
        posted: list[str] = []
        for batch in _posting.batches(given, self._dialect):
            try:
                answer = await self._call("POST", "/messages", body=batch, idempotent=False)
                posted += _posted_ids(answer)
            except ErrorBase as error:
                error.posted = tuple(posted)
                raise
        return posted

    async def get_messages(
        self,
        ids: Iterable[str] | None = None,
        claim: str | Held | None = None,
        limit: int | None = None,
        marker: str | None = None,
        echo: bool = False,
        include_claimed: bool = False,
        include_delayed: bool = False,
    ) -> AsyncIterator[AsyncMessage]:
        """Yield messages, at most ``limit``: all that are free, in order; or those with these ids; or a claim's.

        Without ``echo``, none that this client has posted itself; with ``include_claimed`` and ``include_delayed``
        also those that cannot be claimed now.  ``marker`` is where to begin, see `read_page`.  A page is asked for
        when its first message is wanted.  With ``claim``, raises `NotFound` where it has ended.
        """
        query = _listing(page_size(limit), marker, echo, include_claimed, include_delayed)

        async def read(href: str | None) -> tuple[list[AsyncMessage], str | None]:
            return await self._read_page(query, href)

        found: AsyncIterator[AsyncMessage]
        if claim is not None:
            found = (await self.get_claim(id_of(claim))).messages(None if ids is None else set(ids), limit)
        elif ids is not None:
            found = self._messages_by_id(ids, limit)
        else:
            found = paged(read, limit, lambda message: message.id)
        async for message in found:
            yield message

    messages = get_messages

    async def read_page(
        self,
        marker: str | None = None,
        limit: int | None = None,
        echo: bool = False,
        include_claimed: bool = False,
        include_delayed: bool = False,
    ) -> Page[AsyncMessage]:
        """Return one page of messages, and the marker of the next; for programs that follow a queue.

        ``limit`` is at most 20 at a service with Zaqar's limits, and 10 where it is not given.
        """
        query = _listing(limit, marker, echo, include_claimed, include_delayed)
        read, link = await self._read_page(query, None)
        # Zaqar over Redis gives the first message again behind a marker that is the first message.
        found = [message for message in read if message.id != marker]
        onward = parameter(link, "marker") if link and found else None
        return Page(messages=tuple(found), marker=onward or marker)

    async def _read_page(
        self, query: Sequence[tuple[str, object]], href: str | None
    ) -> tuple[list[AsyncMessage], str | None]:
        answer = await self._page("/messages", query, href)
        found = read_messages(answer.body, method="GET", url=answer.url)
        return self._made(found.messages), next_link(found.links)

    async def _messages_by_id(self, ids: Iterable[str], limit: int | None) -> AsyncIterator[AsyncMessage]:
        left = limit
        for chunk in _chunks(list(ids)):
            if left is not None and left <= 0:
                return
            found = (await self._get_many(chunk))[:left]
            for message in found:
                yield message
            left = None if left is None else left - len(found)

    async def _get_many(self, ids: list[str]) -> list[AsyncMessage]:
        try:
            answer = await self._call("GET", "/messages", query=[("ids", ",".join(ids))])
        except NotFound:  # how v1.1 and v2 say that none of them is there
            return []
        return self._made(read_messages(answer.body, method="GET", url=answer.url).messages)

    async def get_message(self, message_id: str) -> AsyncMessage:
        """Return one message, claimed or not.  Raises `NotFound`."""
        answer = await self._call("GET", path_of("messages", message_id))
        return AsyncMessage(self, decode(answer.body, WireMessage, method="GET", url=answer.url))

    async def delete_messages(self, messages: Iterable[str | Named]) -> None:
        """Delete messages, by id or as they are, in requests of 20 each.

        The claims of messages that are given as such are named too; by id, Zaqar deletes a message whoever holds it.
        """
        for chunk in _chunks(list(messages)):
            ids = [each if isinstance(each, str) else each.id for each in chunk]
            claims = dict.fromkeys(each.claim_id for each in chunk if not isinstance(each, str) and each.claim_id)
            claim_ids = ",".join(claims) if claims and self._dialect.has_v2 else None
            await self._call("DELETE", "/messages", query=[("ids", ",".join(ids)), ("claim_ids", claim_ids)])

    async def pop(self, limit: int = 1) -> list[AsyncMessage]:
        """Return the first free messages, deleted: nobody else will get them, and nor will you again.

        Not sent again where it may have arrived: what a lost answer had popped is lost.
        """
        self._dialect.require(self._dialect.has_pop, "pop")
        answer = await self._call("DELETE", "/messages", query=[("pop", limit)], idempotent=False)
        found = read_messages(answer.body, method="DELETE", url=answer.url).messages
        return [AsyncMessage(self, wire, is_popped=True) for wire in found]


def page_as(wrap: Callable[[AsyncMessage], FaceT]) -> Callable[[Page[AsyncMessage]], Page[FaceT]]:
    """Return what puts each message of a page into a face's class."""
    return lambda page: Page(messages=tuple(map(wrap, page.messages)), marker=page.marker)


def _listing(
    limit: int | None, marker: str | None, echo: bool, include_claimed: bool, include_delayed: bool
) -> Sequence[tuple[str, object]]:
    return (
        ("limit", limit),
        ("marker", marker),
        ("echo", True if echo else None),
        ("include_claimed", True if include_claimed else None),
        ("include_delayed", True if include_delayed else None),
    )


def _chunks(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), MAX_IDS):
        yield items[start : start + MAX_IDS]


def _posted_ids(answer: Response) -> list[str]:
    resources = decode(answer.body, Posted, method="POST", url=answer.url).resources
    return [last_segment(href) for href in resources]
