"""Lists that come in pages, as one lazy iteration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

#: The largest page that Zaqar gives unless configured otherwise.
PAGE = 20

#: How many ids Zaqar takes in one request.
MAX_IDS = 20

#: Reads one page: the first (None), or the one at an address; returns its items and the address of the next.
Read = Callable[[str | None], Awaitable[tuple[list[T], str | None]]]


def page_size(limit: int | None) -> int:
    """Return how many items to ask for at a time where ``limit`` are wanted in all."""
    return PAGE if limit is None else min(limit, PAGE)


async def paged(read: Read[T], limit: int | None, key: Callable[[T], str]) -> AsyncIterator[T]:
    """Yield the items of all pages, at most ``limit``; a page is asked for when its first item is.

    The end is a page with nothing new in it.  Zaqar links to a next page from every other, the last included, and over
    Redis gives the first message again behind a marker that is the first message.
    """
    left, href = limit, None
    before: set[str] = set()
    while left is None or left > 0:
        items, href = await read(href)
        new = [item for item in items if key(item) not in before][:left]
        for item in new:
            yield item
        if not new or href is None:
            return
        left = None if left is None else left - len(new)
        before = set(map(key, items))
