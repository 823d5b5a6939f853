"""The seam between cores and the network: `Request` and `Response`, and what a `Transport` does with them.

A core builds a `Request`, awaits ``transport.send`` or ``transport.stream``, and reads the `Response`; it never
opens a file, a socket or a clock.  What is here is data and a protocol, without I/O.  `_exchange` holds what all
transports share, `http`, `twisted` and `scripted` the transports themselves, `urls` the rules for addresses.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import KW_ONLY, dataclass, field
from typing import Protocol, overload

from buildyard.errors import InvalidRequest, visible_url
from buildyard.faces.urls import Target, parse_target

#: How many bytes `Transport.send` takes of one answer unless told otherwise.
MAX_BODY = 64 * 1024 * 1024

#: Header fields whose values are never printed.
SECRET_FIELDS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-auth-token", "x-subject-token"}
)

# RFC 9110 section 5.6.2 (token) and 5.5 (field values, which are latin-1 where they are not ASCII).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
_METHOD = re.compile(r"[A-Z][A-Z0-9\-]*\Z")

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long a peer may be silent, in seconds.  Neither bounds the whole exchange."""

    connect: float = 10.0  #: to look up, to connect and to shake hands, proxies included
    read: float = 60.0  #: between two signs of progress while sending and receiving

    def __post_init__(self) -> None:
        if not (0 < self.connect < float("inf") and 0 < self.read < float("inf")):
            raise InvalidRequest(f"a timeout is a number of seconds above 0, not {self.connect} and {self.read}")


DEFAULT_TIMEOUT = Timeout()


@dataclass(frozen=True, slots=True)
class Part:
    """``size`` bytes of a file from ``offset`` on, as a body.  The transport reads it, in constant memory."""

    path: str
    offset: int
    size: int

    def __post_init__(self) -> None:
        if self.offset < 0 or self.size < 0:
            raise InvalidRequest(f"a part begins at {self.offset} and has {self.size} bytes: both must be 0 or more")


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request, checked when it is made and sent exactly as it is.

    Raises `InvalidRequest` for a URL that would have to be mended (`urls.parse_target`), a method that is not
    an upper-case token, and header fields that could not be sent or would contradict the body.
    """

    method: str
    url: str
    headers: Fields = ()
    body: bytes | Part = b""
    _: KW_ONLY
    timeout: Timeout = DEFAULT_TIMEOUT
    idempotent: bool = True  #: done twice is as good as done once; else it is never sent twice
    #: Called with the number of bytes of the body that were read to be sent, on whatever thread reads them.
    progress: Callable[[int], object] | None = field(default=None, compare=False)
    follow_redirects: bool = False  #: at most `redirects.MAX_HOPS`; credentials stay with their origin
    target: Target = field(init=False, compare=False)  #: the URL taken apart

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", parse_target(self.url))
        if not _METHOD.match(self.method):
            raise InvalidRequest(f"{self.method!r} is not a method")
        for name, value in self.headers:
            self._check_field(name, value)

    def _check_field(self, name: str, value: str) -> None:
        if not _TOKEN.match(name):
            raise InvalidRequest(f"{name!r} is not the name of a header field")
        if not _VALUE.match(value):
            raise InvalidRequest(f"the header field {name!r} holds what latin-1 or HTTP cannot carry")
        lower = name.lower()
        if lower in ("transfer-encoding", "connection") or (lower == "content-length" and value != str(self.size)):
            raise InvalidRequest(f"the header field {name}: {value} is the transport's to say")

    @property
    def size(self) -> int:
        """The number of bytes of the body."""
        return self.body.size if isinstance(self.body, Part) else len(self.body)

    @property
    def is_part(self) -> bool:
        """True where the body is in a file."""
        return isinstance(self.body, Part)

    def __repr__(self) -> str:
        return f"<Request {self.method} {visible_url(self.url)}>"


class Headers:
    """The header fields of an answer: as many of a name as came, in their order, names of any case, latin-1."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    def get(self, name: str, default: str | None = None, /) -> str | None:
        """Return the first value of the field, or ``default``."""
        wanted = name.lower()
        return next((value for key, value in self._pairs if key.lower() == wanted), default)

    def get_all(self, name: str, /) -> tuple[str, ...]:
        """Return each value of the field in the order of arrival."""
        wanted = name.lower()
        return tuple(value for key, value in self._pairs if key.lower() == wanted)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return [(name.lower(), value) for name, value in self] == [(name.lower(), value) for name, value in other]

    def __hash__(self) -> int:
        return hash(tuple((name.lower(), value) for name, value in self._pairs))

    def __repr__(self) -> str:
        shown = [(name, "..." if name.lower() in SECRET_FIELDS else value) for name, value in self._pairs]
        return f"Headers({shown!r})"


_NO_HEADERS = Headers()


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer.  The body is as it was sent: a ``Content-Encoding`` is for the core to undo."""

    status: int
    headers: Headers = _NO_HEADERS
    body: bytes = b""
    url: str = ""  #: where it came from, which differs from the request's after a redirect

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.body)} bytes>"


class StreamResponse(Protocol):
    """An answer whose body is still on its way."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Headers:
        """The header fields."""

    @property
    def url(self) -> str:
        """Where it came from, which differs from the request's after a redirect."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, in pieces of any size above 0; once only.

        Raises `Cut` where it ends before its announced end, `TimedOut` where it stops coming.
        """

    async def read(self, limit: int = MAX_BODY) -> bytes:
        """Return the rest of the body; raises `BodyTooLarge` where that is more than ``limit`` bytes."""


class Transport(Protocol):
    """All that a core may await.  Each method is for one core's own loop, thread or reactor."""

    async def send(self, request: Request, *, max_body: int = MAX_BODY) -> Response:
        """Return the answer to one request, sent once.

        Raises `TransportError` where no whole answer came (its ``maybe_sent`` tells whether the service may have
        acted), `WireError` where the answer is no HTTP or has a body above ``max_body`` bytes, `InvalidRequest`
        where the file of a `Part` is not as said.
        """

    def stream(self, request: Request) -> AbstractAsyncContextManager[StreamResponse]:
        """Return a context in which the answer's body can be read bit by bit; leaving it early is fine.

        Raises as `send` does, on entering and while reading.
        """

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""

    def now(self) -> float:
        """Return the time in seconds since 1970, as signatures need it."""

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Return a new lock, to be entered as often as wanted, by one operation at a time."""

    async def close(self) -> None:
        """Close the kept connections.  The next request opens new ones."""
