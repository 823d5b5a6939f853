"""What can go wrong with Marconi, as one tree below `buildyard.errors`.

* ErrorBase                      anything this package raises (.title, .description, .code, .method, .url, .excerpt)
  - UsageError                   the call was made wrongly, nothing was sent
    - NoAuthUrl                  no address of an identity service was given
    - NotInVersion               this version of the API has no such operation
  - CredentialsError             credentials are unusable, missing or refused
    - UnscopedToken              the token belongs to no project: name one
    - NoEndpoint                 the catalog has no such service
    - Unauthorized               401 of the service, after a new token where one could be had
      - BadCredentials           the identity service refuses them; asking again does not help
  - Refused                      the service answered, and refused (.status, .body, .retry_after)
    - BadRequest                 400: ask for something else
    - Forbidden                  403: the message is claimed by somebody, or a role is missing
    - NotFound, Gone             404, 410: no such queue, message, claim
    - MethodNotAllowed           405
    - NotAcceptable              406
    - Conflict                   409: something else holds that name or state
    - ContentTooLarge            413
    - UnsupportedMediaType       415
    - TooManyRequests            429: come again after .retry_after seconds
    - ServerError                500 and above: its fault, may be tried again
      - InternalServerError, BadGateway, ServiceUnavailable, GatewayTimeout     500, 502, 503, 504
  - ConnectionFailed             no whole answer came (.maybe_sent; the transport's own error is the cause)
  - AnswerError                  the answer did not make sense: is this a Marconi, is the endpoint right?

Each is also the class of `buildyard.errors` that means the same (`NotFound`, `Conflict`, `TransportError`, ...), so
code that speaks to several services can catch those.  ``code`` is what the service calls its error, or the HTTP
status where it gives none, as Zaqar does.
"""

from __future__ import annotations

import msgspec

from buildyard import errors as base
from buildyard.errors import (
    BuildyardError,
    InvalidRequest,
    RemoteError,
    TransportError,
    WireError,
    excerpt,
    visible_url,
)

__all__ = [
    "AnswerError",
    "BadCredentials",
    "BadGateway",
    "BadRequest",
    "Conflict",
    "ConnectionFailed",
    "ContentTooLarge",
    "CredentialsError",
    "ErrorBase",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "InternalServerError",
    "MethodNotAllowed",
    "NoAuthUrl",
    "NoEndpoint",
    "NotAcceptable",
    "NotFound",
    "NotInVersion",
    "Refused",
    "ServerError",
    "ServiceUnavailable",
    "TooManyRequests",
    "Unauthorized",
    "UnscopedToken",
    "UnsupportedMediaType",
    "UsageError",
    "refused",
]


class ErrorBase(BuildyardError):
    """Anything that goes wrong in this package."""

    #: Ids of messages that the same call of `post_messages` had posted before it failed.
    posted: tuple[str, ...] = ()

    def __init__(
        self,
        title: str = "",
        description: str = "",
        code: int | None = None,
        *,
        method: str = "",
        url: str = "",
        body: bytes = b"",
    ) -> None:
        self.title = title  #: one line, the service's own where it answered
        self.description = description  #: what exactly, and what to do about it
        self.code = code  #: the service's number for it, the HTTP status where it has none; None where none answered
        self.method = method  #: of the request, empty where there was none
        self.url = visible_url(url) if url else ""  #: without secrets
        self.excerpt = excerpt(body)  #: the beginning of the answer's body, escaped
        Exception.__init__(self, title, description, code)

    def __str__(self) -> str:
        code = "" if self.code is None else f" ({self.code})"
        head = f"{type(self).__name__}{code}: {self.title}"
        return f"{head}\n{self.description}" if self.description else head


class UsageError(ErrorBase, InvalidRequest):
    """The call cannot be sent as it is; nothing was sent."""

    def __init__(self, reason: str) -> None:
        ErrorBase.__init__(self, "The call cannot be sent", reason)
        self.reason = reason


class NoAuthUrl(UsageError):
    """Credentials were given, and no identity service to show them to: give ``auth_url``, or set ``OS_AUTH_URL``."""


class NotInVersion(UsageError):
    """The version of the API has no such operation; make the connection with another ``version``."""


class CredentialsError(ErrorBase):
    """The credentials are unusable, missing or refused; get others."""


class UnscopedToken(CredentialsError):
    """The identity service gave a token that belongs to no project: name a project with the credentials."""


class NoEndpoint(CredentialsError):
    """The token's catalog has no such service, interface or region: name others, or give ``endpoint``."""


class _Answered(ErrorBase, RemoteError):
    """The facts of an error answer."""

    def __init__(
        self, *, status: int, method: str, url: str, body: bytes = b"", retry_after: float | None = None
    ) -> None:
        title, description, code = _facts(body)
        reason = ": ".join(filter(None, (title, description))) or "without a word"
        RemoteError.__init__(self, reason, status=status, method=method, url=url, body=body, retry_after=retry_after)
        ErrorBase.__init__(
            self,
            title or "The service refused without a word",
            description,
            status if code is None else code,
            method=method,
            url=url,
            body=body,
        )


class Unauthorized(_Answered, CredentialsError, base.Unauthorized):
    """The service does not take the token, or there is none."""


class BadCredentials(Unauthorized):
    """The identity service refuses the credentials: wrong, expired, deleted, or without a role on the project."""


class Refused(_Answered):
    """The service answered, and refused."""


class BadRequest(Refused, base.BadRequest):
    """The service does not accept the request; sending it again will not help."""


class Forbidden(Refused, base.Forbidden):
    """Somebody has claimed the message, or these credentials may not do this."""


class NotFound(Refused, base.NotFound):
    """There is no such queue, message, claim or route; or the signed URL is not for this."""


class MethodNotAllowed(Refused):
    """What is there does not answer this method."""


class NotAcceptable(Refused):
    """The service cannot answer in the form that was asked for."""


class Conflict(Refused, base.Conflict):
    """Something else holds that name or state; look at it before trying again."""


class Gone(Refused, base.Gone):
    """It was there, and will not come back."""


class ContentTooLarge(Refused):
    """The request is larger than the service takes."""


class UnsupportedMediaType(Refused):
    """The service does not read such a body."""


class TooManyRequests(Refused, base.Throttled):
    """The service asks to be left alone for ``retry_after`` seconds."""


class ServerError(Refused, base.ServerFault):
    """The service failed each time; the same request may succeed later."""


class InternalServerError(ServerError):
    """The service failed within."""


class BadGateway(ServerError):
    """What stands before the service had no sensible answer from it."""


class ServiceUnavailable(ServerError):
    """The service, its storage or its identity service is away; Zaqar asks to try again in a few seconds."""


class GatewayTimeout(ServerError):
    """What stands before the service had no answer from it in time."""


class ConnectionFailed(ErrorBase, TransportError):
    """No whole answer came.  Where ``maybe_sent`` is true, the service may have acted."""

    def __init__(self, error: TransportError) -> None:
        TransportError.__init__(self, error.reason, method=error.method, url=error.url, maybe_sent=error.maybe_sent)
        description = f"{error.method} {error.url}: {error.reason}"
        ErrorBase.__init__(self, "No whole answer came", description, method=error.method, url=error.url)
        self._may_pass = error.may_pass

    @property
    def may_pass(self) -> bool:
        """True where the same request may succeed a little later."""
        return self._may_pass


class AnswerError(ErrorBase, WireError):
    """The answer did not make sense.  Is this a Marconi, and is the endpoint right?"""

    def __init__(self, reason: str, *, method: str = "", url: str = "", data: bytes = b"") -> None:
        place = f"{method} {visible_url(url)}: " if url else ""
        ErrorBase.__init__(self, "The answer did not make sense", f"{place}{reason}", method=method, url=url, body=data)
        self.reason = reason


_BY_STATUS: dict[int, type[_Answered]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    406: NotAcceptable,
    409: Conflict,
    410: Gone,
    413: ContentTooLarge,
    415: UnsupportedMediaType,
    429: TooManyRequests,
    500: InternalServerError,
    502: BadGateway,
    503: ServiceUnavailable,
    504: GatewayTimeout,
}


def refused(
    status: int, *, method: str, url: str, body: bytes = b"", retry_after: float | None = None
) -> Refused | Unauthorized:
    """Return the error that belongs to an answer of 400 or above, readable whatever its body is."""
    cls = _BY_STATUS.get(status, ServerError if status >= 500 else Refused)
    made = cls(status=status, method=method, url=url, body=body, retry_after=retry_after)
    assert isinstance(made, Refused | Unauthorized)
    return made


def _facts(body: bytes) -> tuple[str, str, int | None]:
    """Return title, description and code of an error body, whoever wrote it.

    Zaqar says ``{"title", "description"}``, Keystone and the middleware before Zaqar ``{"error": {"title",
    "message", "code"}}`` or the same without ``error``.
    """
    try:
        content = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        content = None
    found = content if isinstance(content, dict) else {}
    inner = found.get("error")
    if isinstance(inner, dict):
        found = inner
    code = found.get("code")
    return (
        _text(found.get("title")),
        _text(found.get("description")) or _text(found.get("message")),
        code if isinstance(code, int) and not isinstance(code, bool) else None,
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
