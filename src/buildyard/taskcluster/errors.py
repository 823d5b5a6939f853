"""What can go wrong with Taskcluster, as one tree below `buildyard.errors`.

* TaskclusterFailure             anything this package raises; by itself: the call was made wrongly, nothing was sent
  - TaskclusterAuthFailure       credentials are unusable, missing or refused
    - AuthenticationFailed       401 (with the same facts as a TaskclusterRestFailure)
  - TaskclusterRestFailure       the service answered, and refused
                                 (.status, .code, .message, .requestInfo, .method, .url, .body)
    - InputRejected              400: ask for something else
    - InsufficientScopes         403: the message names the missing scopes
    - ResourceNotFound           404
    - RequestConflict            409: something else holds that name or state
    - ResourceExpired            410
    - TooManyRequests            429: come again after .retry_after seconds
    - InternalServerError        500 and above, after the retries
  - TaskclusterConnectionError   no whole answer came, after the retries
                                 (.maybe_sent; the transport's own error is the cause)
  - TaskclusterAnswerError       the answer did not make sense (.excerpt)
  - TaskclusterArtifactError     the artifact is an error that its task left in place of content (.reason)
  - ObjectHashVerificationError  what was downloaded is not what was uploaded
  - TaskclusterTopicExchangeFailure  no pattern can be made of these routing keys

Each is also the class of `buildyard.errors` that means the same (`NotFound`, `Conflict`, `TransportError`, ...), so
code that speaks to several services can catch those.
"""

from __future__ import annotations

from typing import Any

import msgspec

from buildyard.errors import (
    BadRequest,
    BuildyardError,
    Conflict,
    Forbidden,
    Gone,
    NotFound,
    RemoteError,
    ServerFault,
    Throttled,
    TransportError,
    Unauthorized,
    WireError,
    excerpt,
)

__all__ = [
    "AuthenticationFailed",
    "InputRejected",
    "InsufficientScopes",
    "InternalServerError",
    "ObjectHashVerificationError",
    "RequestConflict",
    "ResourceExpired",
    "ResourceNotFound",
    "TaskclusterAnswerError",
    "TaskclusterAuthFailure",
    "TaskclusterConnectionError",
    "TaskclusterFailure",
    "TaskclusterRestFailure",
    "TaskclusterTopicExchangeFailure",
    "TooManyRequests",
    "rest_failure",
]


class TaskclusterFailure(BuildyardError):
    """Anything that goes wrong in this package.  Raised by itself for a call that cannot be sent as it is."""


class TaskclusterArtifactError(TaskclusterFailure):
    """The artifact is an error that its task left in place of content."""

    def __init__(self, message: str, reason: str) -> None:
        self.message = message
        self.reason = reason  #: ``file-missing-on-worker``, ...
        super().__init__(f"{reason}: {message}")


class ObjectHashVerificationError(TaskclusterFailure):
    """What was downloaded has other hashes than what was uploaded, or nothing vouches for it; throw it away."""


class TaskclusterTopicExchangeFailure(TaskclusterFailure):
    """No pattern can be made of these routing keys; mend the key that the message names."""


class TaskclusterAuthFailure(TaskclusterFailure):
    """The credentials are unusable, missing or refused; get others."""


class _Refusal(RemoteError):
    """The facts of an error answer: ``{code, message, requestInfo}``, or whatever else came."""

    def __init__(
        self, *, status: int, method: str, url: str, body: bytes = b"", retry_after: float | None = None
    ) -> None:
        facts = _facts(body)
        self.code: str = facts["code"]  #: Taskcluster's word for it, ``RequestConflict``; empty where none was given
        self.message: str = facts["message"]  #: the service's text (markdown), or the beginning of what came instead
        self.requestInfo: dict[str, Any] = facts["requestInfo"]  #: ``{method, params, payload, time}`` or empty
        reason = ": ".join(filter(None, (self.code, _first_part(self.message))))
        super().__init__(reason, status=status, method=method, url=url, body=body, retry_after=retry_after)

    @property
    def status_code(self) -> int:
        """The HTTP status, under the name that the official client gives it."""
        return self.status


class TaskclusterRestFailure(_Refusal, TaskclusterFailure):
    """The service answered, and refused."""


class AuthenticationFailed(_Refusal, TaskclusterAuthFailure, Unauthorized):
    """The service does not believe the signature, or knows no such client."""


class InputRejected(TaskclusterRestFailure, BadRequest):
    """The service does not accept the input; sending it again will not help."""


class InsufficientScopes(TaskclusterRestFailure, Forbidden):
    """The credentials are good, and lack scopes, which the message names."""


class ResourceNotFound(TaskclusterRestFailure, NotFound):
    """There is no such task, run, artifact, object or route."""


class RequestConflict(TaskclusterRestFailure, Conflict):
    """Something else holds that name, or the task is in another state; look at it before trying again."""


class ResourceExpired(TaskclusterRestFailure, Gone):
    """It was there, and has expired."""


class TooManyRequests(TaskclusterRestFailure, Throttled):
    """The service asks to be left alone for ``retry_after`` seconds."""


class InternalServerError(TaskclusterRestFailure, ServerFault):
    """The service failed each time; the same request may succeed later."""


class TaskclusterConnectionError(TaskclusterFailure, TransportError):
    """No whole answer came.  Where ``maybe_sent`` is true, the service may have acted."""

    @classmethod
    def of(cls, error: TransportError) -> TaskclusterConnectionError:
        """Return the same facts as one of this package's errors; raise it ``from`` the one given."""
        made = cls(error.reason, method=error.method, url=error.url, maybe_sent=error.maybe_sent)
        made._may_pass = error.may_pass
        return made

    _may_pass = True

    @property
    def may_pass(self) -> bool:
        """True where the same request may succeed a little later."""
        return self._may_pass


class TaskclusterAnswerError(TaskclusterFailure, WireError):
    """The answer did not make sense.  Is this a Taskcluster, and is the root URL right?"""


_BY_STATUS: dict[int, type[_Refusal]] = {
    400: InputRejected,
    401: AuthenticationFailed,
    403: InsufficientScopes,
    404: ResourceNotFound,
    409: RequestConflict,
    410: ResourceExpired,
    429: TooManyRequests,
}


def rest_failure(
    status: int, *, method: str, url: str, body: bytes = b"", retry_after: float | None = None
) -> TaskclusterRestFailure | AuthenticationFailed:
    """Return the error that belongs to an answer outside 2xx and 3xx, readable whatever its body is."""
    cls = _BY_STATUS.get(status, InternalServerError if status >= 500 else TaskclusterRestFailure)
    made = cls(status=status, method=method, url=url, body=body, retry_after=retry_after)
    assert isinstance(made, TaskclusterRestFailure | AuthenticationFailed)
    return made


def _facts(body: bytes) -> dict[str, Any]:
    """Return code, message and requestInfo of an error body, each with its own type, whatever the body is."""
    try:
        content = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        content = None
    found = content if isinstance(content, dict) else {}
    # An unknown route answers {"error": "Not found"}, another shape than everything else.
    message = found.get("message") or found.get("error")
    info = found.get("requestInfo")
    return {
        "code": _text(found.get("code")),
        "message": message if isinstance(message, str) else excerpt(body) or "without a word",
        "requestInfo": info if isinstance(info, dict) else {},
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _first_part(message: str) -> str:
    """Return a message without the rule and the list of facts that services put below it."""
    return message.partition("\n---\n")[0].strip()
