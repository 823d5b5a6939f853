"""Pages of lists: how many entries, after which one, and the token with which a reader goes on.

Pure.  A token is base64 of a JSON array: the last entry's place in the order, so that a page costs the same wherever
it is and entries that come or go meanwhile shift nothing.  Readers take it as opaque.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from buildyard.farm.tasks.errors import InputError

T = TypeVar("T")

#: Entries on one page, at most.
MAX_PAGE: Final = 1000
#: The names of a list's query.
PAGED: Final = frozenset({"limit", "continuationToken"})

_LONGEST_NAME: Final = 1024
_GREATEST: Final = 2**31 * 1000


class Page(Struct, frozen=True, kw_only=True):
    """Which page of a list is asked for."""

    limit: int = MAX_PAGE
    token: str | None = None

    @property
    def rows(self) -> int:
        """How many rows to read: one more than are shown tells whether more follow."""
        return self.limit + 1

    def after(self) -> str:
        """Return the name after which the page begins, in a list in order of names.  Raises `InputError`."""
        return str(self.place((str,), ("",))[-1])

    def place(self, kinds: tuple[type, ...], first: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the place after which the page begins, of these kinds; ``first`` for the first page.

        Raises `InputError` for a token that this list has not given.
        """
        if self.token is None:
            return first
        try:
            text = base64.urlsafe_b64decode(self.token.encode() + b"=" * (-len(self.token) % 4))
            place: tuple[Any, ...] = msgspec.json.decode(text, type=tuple[kinds])  # type: ignore[valid-type]
        except (binascii.Error, ValueError) as error:
            raise InputError("Invalid continuation token") from error
        if not all(_is_plain(value) for value in place):
            raise InputError("Invalid continuation token")
        return place


#: What who asks for no page in particular gets.
FIRST_PAGE: Final = Page()


def _is_plain(value: object) -> bool:
    """Tell whether a database takes this value, and one of ours has ever given it."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_NAME and value.isascii() and value.isprintable()
    return isinstance(value, int | float) and abs(value) < _GREATEST


def page_of(query: Mapping[str, str]) -> Page:
    """Return the page that a query names."""
    limit = query.get("limit", str(MAX_PAGE))
    # Longer numbers than this are beyond any page.
    return Page(limit=MAX_PAGE if len(limit) > 9 else min(int(limit), MAX_PAGE), token=query.get("continuationToken"))


def cut(found: Sequence[T], page: Page, place: Callable[[T], Sequence[Any]]) -> tuple[list[T], str | None]:
    """Return the entries that are shown of those that were read, and the token where more follow."""
    shown = list(found[: page.limit])
    if not shown or len(found) <= page.limit:
        return shown, None
    return shown, token_of(place(shown[-1]))


def token_of(place: Sequence[Any]) -> str:
    """Return the token that stands for this place in a list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(place))).decode().rstrip("=")


def paged(answer: dict[str, Any], token: str | None) -> dict[str, Any]:
    """Return the answer with its token, if there is one."""
    return answer if token is None else {**answer, "continuationToken": token}
