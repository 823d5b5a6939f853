"""A session: what a login gives, and the headers that it puts on a call.

`_login` makes one, `_core` uses it.  A hub keeps the number of the last write that it committed in each session, and
refuses that number and all below; it commits number and write together, so a number tells whether a write was done.
Reads go without one.  A renewal changes the key, and neither the session nor its count: the official client begins
again at 0 and is refused from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from buildyard.faces.transport import Fields
from buildyard.koji.errors import KojiAnswerError


@dataclass(slots=True)
class Session:
    """An open session.  ``next_call`` is the number of the next write."""

    id: int
    key: str = field(repr=False)
    by_header: bool  #: hubs before 1.30 take a session in the address alone
    next_call: int = 1

    @classmethod
    def of(cls, answer: Any) -> Session:
        """Return the session that a login answered."""
        if not isinstance(answer, Mapping):
            raise KojiAnswerError("the answer to a login holds no session", data=str(type(answer)))
        number, key = answer.get("session-id"), answer.get("session-key")
        if not isinstance(number, int) or not isinstance(key, str):
            raise KojiAnswerError("the answer to a login holds no session", data=", ".join(answer))
        return cls(number, key, bool(answer.get("header-auth")))

    def renew(self, answer: Any) -> None:
        """Take the key that a renewal answered; the count goes on where it was."""
        self.key = self.of(answer).key

    def take_number(self) -> int:
        """Return the number of a write that is about to be sent."""
        number = self.next_call
        self.next_call += 1
        return number

    def headers(self, number: int | None) -> Fields:
        """Return what goes on a call, a write with its number."""
        if not self.by_header:
            return ()
        fields = (("Koji-Session-Id", str(self.id)), ("Koji-Session-Key", self.key))
        return fields if number is None else (*fields, ("Koji-Session-Callnum", str(number)))

    def address(self, url: str, number: int | None) -> str:
        """Return where a call goes: with the session in it for an old hub."""
        if self.by_header:
            return url
        facts: dict[str, object] = {"session-id": self.id, "session-key": self.key}
        return f"{url}?{urlencode(facts if number is None else {**facts, 'callnum': number})}"
