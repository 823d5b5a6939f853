"""What can go wrong, as one tree; every error carries its facts as attributes and can be pickled.

* BuildyardError
  * TransportError           no whole answer came (.method, .url, .maybe_sent)
    - ConnectFailed          never sent; may be tried again
      - TlsFailed            the peer is not whom we trust; trying again does not help
      - ProxyFailed          the proxy would not let us through (.status)
    - TimedOut               .phase is "connect" (never sent) or "read" (may have been sent), after .seconds
    - Cut                    the connection ended early; the request may have been sent
  * RemoteError              the service answered, and refused (.status, .method, .url, .body, .retry_after)
    - BadRequest             400: ask for something else
    - Unauthorized           401: credentials are missing or wrong
    - Forbidden              403: these credentials may not
    - NotFound, Gone         404, 410
    - Conflict               409: something else holds that name or state
    - Throttled              429: try again after .retry_after seconds
    - ServerFault            500 and above: its fault, may be tried again
  * WireError                the answer did not make sense (.excerpt)
    - BodyTooLarge           more than the caller allows (.limit)
    - BadRedirect            to nowhere, in circles, or from https to http (.location)
  * InvalidRequest           ours cannot be sent as it is (.reason); also a ValueError
    - PartUnreadable         a file to upload is missing, or shorter than was said (.path)
  * NotInstalled             a library for this is not there (.package, .extra)
  * CoreSuspended            a core awaited something other than its transport; a fault of its author
  * PortalClosed             a portal was used after its end, or from its own thread

Clients add their own classes below `RemoteError` and `WireError`.  ``.url`` is always without secrets
(`visible_url`), so that an error may be logged whole.  `faces` raises the transport errors; `retry` asks
``.maybe_sent`` before it sends anything twice.
"""

from __future__ import annotations

import re
from typing import Literal, TypeVar
from urllib.parse import urlsplit, urlunsplit

#: How much of a body an error shows and keeps as ``.excerpt``.
EXCERPT_BYTES = 200

# Whatever ends like this in a query string is hidden: bewits, pre-signed URLs, Koji's session-key.
_SECRET_PARAMETER = re.compile(
    r"(key|keyid|token|sig|signature|secret|password|passwd|bewit|credentials?|auth|authorization|code)\Z",
    re.IGNORECASE,
)

ErrorT = TypeVar("ErrorT", bound="BuildyardError")


def visible_url(url: str) -> str:
    """Return ``url`` without user, password, fragment and the values of secret query parameters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not a URL)"
    query = "&".join(_visible_parameter(pair) for pair in parts.query.split("&")) if parts.query else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _visible_parameter(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}=..." if equals and _SECRET_PARAMETER.search(name) else pair


def excerpt(data: bytes | str) -> str:
    """Return the beginning of ``data`` in printable ASCII, for a message; bytes are read as UTF-8 where they are."""
    begin = data[:EXCERPT_BYTES]
    text = begin.decode("utf-8", "backslashreplace") if isinstance(begin, bytes) else begin
    return text.encode("unicode_escape").decode("ascii")


def _restore(cls: type[ErrorT], args: tuple[object, ...]) -> ErrorT:
    # Pickle calls the class with ``args`` by default, which loses keyword-only facts.
    return cls.__new__(cls, *args)


class BuildyardError(Exception):
    """The root of all errors that buildyard raises by intention."""

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.args), self.__dict__


class TransportError(BuildyardError):
    """No whole answer came.  Where ``maybe_sent`` is true, the service may have acted upon the request."""

    def __init__(self, reason: str, *, method: str, url: str, maybe_sent: bool) -> None:
        self.reason = reason  #: one clause, ``connection refused``
        self.method = method
        self.url = visible_url(url)
        self.maybe_sent = maybe_sent  #: at least one byte of the request may have left
        super().__init__(f"{method} {self.url}: {reason}")

    @property
    def may_pass(self) -> bool:
        """True where the same request may succeed a little later."""
        return True


class ConnectFailed(TransportError):
    """No connection could be made, so nothing was sent.  It may be tried again."""

    def __init__(self, reason: str, *, method: str, url: str) -> None:
        super().__init__(reason, method=method, url=url, maybe_sent=False)


class TlsFailed(ConnectFailed):
    """The TLS handshake failed: check the CA, the client certificate and the name in the address."""

    @property
    def may_pass(self) -> bool:
        """False: certificates do not mend themselves."""
        return False


class ProxyFailed(ConnectFailed):
    """The proxy answered, and made no connection.  Check its address and credentials."""

    def __init__(self, reason: str, *, method: str, url: str, status: int) -> None:
        super().__init__(reason, method=method, url=url)
        self.status = status  #: the proxy's HTTP status, ``407``

    @property
    def may_pass(self) -> bool:
        """True where the proxy reports trouble of its own or of the host behind it."""
        return self.status >= 500


class TimedOut(TransportError):
    """The peer was silent for ``seconds`` while we were connecting to it, or waiting for its bytes."""

    def __init__(self, phase: Literal["connect", "read"], seconds: float, *, method: str, url: str) -> None:
        self.phase = phase  #: ``connect``: nothing was sent; ``read``: sent wholly or in part
        self.seconds = seconds
        reason = f"no connection within {seconds:g} s" if phase == "connect" else f"silent for {seconds:g} s"
        super().__init__(reason, method=method, url=url, maybe_sent=phase == "read")


class Cut(TransportError):
    """The connection ended before the answer did."""

    def __init__(self, reason: str, *, method: str, url: str, maybe_sent: bool = True) -> None:
        super().__init__(reason, method=method, url=url, maybe_sent=maybe_sent)


class RemoteError(BuildyardError):
    """The service answered, and refused."""

    def __init__(
        self,
        reason: str,
        *,
        status: int,
        method: str,
        url: str,
        body: bytes = b"",
        retry_after: float | None = None,
    ) -> None:
        self.reason = reason
        self.status = status
        self.method = method
        self.url = visible_url(url)
        self.body = body
        self.retry_after = retry_after  #: seconds, where the service said when to come again
        super().__init__(f"{method} {self.url}: {status} {reason}")


class BadRequest(RemoteError):
    """The service does not understand the request; sending it again will not help."""


class Unauthorized(RemoteError):
    """Credentials are missing, wrong or expired; get new ones."""


class Forbidden(RemoteError):
    """The credentials are good, and do not allow this."""


class NotFound(RemoteError):
    """There is no such thing, or these credentials may not know of it."""


class Conflict(RemoteError):
    """Something else holds that name or state; look at it before trying again."""


class Gone(RemoteError):
    """It was there, and will not come back."""


class Throttled(RemoteError):
    """Too many requests; try again after ``retry_after`` seconds."""


class ServerFault(RemoteError):
    """The service failed; the same request may succeed later."""


_BY_STATUS: dict[int, type[RemoteError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    429: Throttled,
}


def remote_error(
    status: int, reason: str, *, method: str, url: str, body: bytes = b"", retry_after: float | None = None
) -> RemoteError:
    """Return the `RemoteError` that belongs to an HTTP status (RFC 9110 section 15)."""
    cls = _BY_STATUS.get(status, ServerFault if status >= 500 else RemoteError)
    return cls(reason, status=status, method=method, url=url, body=body, retry_after=retry_after)


class WireError(BuildyardError):
    """The answer did not make sense.  Is this the service we take it for?"""

    def __init__(self, reason: str, *, data: bytes | str = b"", method: str = "", url: str = "") -> None:
        self.reason = reason
        self.excerpt = excerpt(data)  #: the beginning of what came, escaped
        self.method = method
        self.url = visible_url(url) if url else ""
        place = f"{method} {self.url}: " if url else ""
        super().__init__(f"{place}{reason}" + (f" (got {self.excerpt})" if self.excerpt else ""))


class BodyTooLarge(WireError):
    """The answer is larger than the caller allows.  Raise ``max_body``, or stream it."""

    def __init__(self, limit: int, *, method: str, url: str) -> None:
        self.limit = limit  #: bytes
        super().__init__(f"the body has more than {limit} bytes", method=method, url=url)


class BadRedirect(WireError):
    """The service sends us to an address where we will not go."""

    def __init__(self, reason: str, *, location: str, method: str, url: str) -> None:
        self.location = visible_url(location)
        super().__init__(f"{reason}: {self.location}", method=method, url=url)


class InvalidRequest(BuildyardError, ValueError):
    """The request cannot be sent as it is; nothing was sent.  Mend the argument that ``reason`` names."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class PartUnreadable(InvalidRequest):
    """A file to upload is missing, or shorter than was said.  What was sent of it, the service cannot use."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")


class NotInstalled(BuildyardError):
    """A library that this needs is not there.  Install buildyard with the named extra."""

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f"{purpose} needs {package}: install buildyard[{extra}]")


class CoreSuspended(BuildyardError, RuntimeError):
    """A core awaited something other than its transport, which a blocking face cannot wait for."""


class PortalClosed(BuildyardError, RuntimeError):
    """A portal was used after its end, or from its own thread, where waiting would never end."""
