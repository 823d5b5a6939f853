"""The names of HTTP's methods, and an answer as `Connection.request` gives it."""

from __future__ import annotations

import enum
from typing import Any

from buildyard.faces import transport
from buildyard.faces.transport import Headers
from buildyard.marconi._wire import decode
from buildyard.marconi.errors import refused


class Http(enum.Enum):
    """A method; `Http.Get` is `Http.GET`."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"

    Get = GET
    Head = HEAD
    Post = POST
    Put = PUT
    Patch = PATCH
    Delete = DELETE
    Options = OPTIONS


class Response:
    """A whole answer, whatever its status."""

    __slots__ = ("_answer", "_method")

    def __init__(self, answer: transport.Response, method: str) -> None:
        self._answer = answer
        self._method = method

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._answer.status

    @property
    def ok(self) -> bool:
        """True below 400."""
        return self._answer.status < 400

    @property
    def headers(self) -> Headers:
        """The header fields."""
        return self._answer.headers

    @property
    def content(self) -> bytes:
        """The body."""
        return self._answer.body

    @property
    def url(self) -> str:
        """Where the answer came from."""
        return self._answer.url

    def json(self) -> Any:
        """Return the body's value, None for an empty body; `AnswerError` where it is no JSON."""
        return decode(self._answer.body, Any, method=self._method, url=self.url) if self._answer.body else None

    def raise_for_status(self) -> None:
        """Raise the error of this package that belongs to a status of 400 or above."""
        if not self.ok:
            raise refused(self.status_code, method=self._method, url=self.url, body=self.content)

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"
