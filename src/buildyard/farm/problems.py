"""Errors of the farm's own HTTP API, as problem details (RFC 9457): what, where, and what to do next.

A route raises `Problem`; `problem_response` turns it into ``application/problem+json``.  The pages say the same words
in HTML.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from buildyard.errors import BuildyardError

MEDIA_TYPE = "application/problem+json"


class Problem(BuildyardError):
    """An answer that is an error: its status, a word for scripts, and sentences for people."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        detail: str = "",
        next: str = "",
        facts: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.next = next
        self.facts = dict(facts or {})
        self.headers = dict(headers or {})

    def body(self) -> dict[str, object]:
        """Return the problem's JSON."""
        told = {"type": "about:blank", "title": self.title, "status": self.status, "code": self.code}
        more = {"detail": self.detail, "next": self.next, "facts": self.facts}
        return told | {key: value for key, value in more.items() if value}


def problem_response(request: Request, error: Exception) -> Response:
    """Return the answer that a `Problem` stands for (an exception handler of Starlette)."""
    assert isinstance(error, Problem)
    return Response(
        msgspec.json.encode(error.body()), status_code=error.status, headers=error.headers, media_type=MEDIA_TYPE
    )
