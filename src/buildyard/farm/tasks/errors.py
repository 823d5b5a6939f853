"""What the tasks floor refuses, one class for each code of Taskcluster's error answers.

* TaskError                  (.code, .status, .message)
  * InputError               400: the values cannot be used as they are
    - InputValidationError   400: a body that does not fit its form
    - InvalidArguments       400: a path or query parameter that does not fit its form
    - MalformedPayload       400: not JSON
  * AuthenticationFailed     401: the signature is not believed
  * InsufficientScopes       403: signed, but not allowed (.required, .missing)
  * ResourceNotFound         404
  * NoMatchingMethod         406: none of the offered ways of transfer is known here
  * RequestConflict          409: something else is already so
  * ResourceExpired          410
  * InputTooLarge            413 (.limit)
  * TryLater                 503: the hub cannot do it now (.retry_after)
* LogGap                     log bytes are missing before these (.known)
* TaskclusterAway            the Taskcluster that the farm's tasks run on does not answer (.root_url)
* TaskclusterRefuses         it does not let the farm do what it must (.root_url)

Messages may be shown to the caller (Taskcluster: lib-api, its error codes).
"""

from __future__ import annotations

from typing import ClassVar

from buildyard.errors import BuildyardError
from buildyard.taskcluster.scopes import ScopeExpression


class TaskError(BuildyardError):
    """A request that was refused; ``message`` is for its caller."""

    code: ClassVar[str] = "InternalServerError"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InputError(TaskError):
    """The request is well formed, but its values cannot be used; send others."""

    code = "InputError"
    status = 400


class InputValidationError(InputError):
    """The body does not fit its form; the message names each field that does not."""

    code = "InputValidationError"


class InvalidArguments(InputError):
    """A parameter of path or query does not fit its form."""

    code = "InvalidRequestArguments"


class MalformedPayload(InputError):
    """The body is not JSON, or says that it isn't."""

    code = "MalformedPayload"


class AuthenticationFailed(TaskError):
    """The signature is not believed; check credentials and clock."""

    code = "AuthenticationFailed"
    status = 401


class InsufficientScopes(TaskError):
    """The caller may not do this; ``missing`` is what a scope must be had for."""

    code = "InsufficientScopes"
    status = 403

    def __init__(self, message: str, *, required: ScopeExpression, missing: ScopeExpression) -> None:
        super().__init__(message)
        self.required = required
        self.missing = missing


class ResourceNotFound(TaskError):
    """There is no such task, run, artifact or object."""

    code = "ResourceNotFound"
    status = 404


class NoMatchingMethod(TaskError):
    """None of the ways of transfer that the caller offered is known here."""

    code = "NoMatchingMethod"
    status = 406


class RequestConflict(TaskError):
    """Something else is already so: another definition, another uploader, a run that has ended.  Do not repeat it."""

    code = "RequestConflict"
    status = 409


class ResourceExpired(TaskError):
    """It was there, and its time is over."""

    code = "ResourceExpired"
    status = 410


class InputTooLarge(TaskError):
    """The body is larger than ``limit`` bytes."""

    code = "InputTooLarge"
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than the {limit} bytes that are allowed here")
        self.limit = limit


class TryLater(TaskError):
    """The hub cannot do this now, and nothing of it was done; try again after ``retry_after`` seconds."""

    code = "ServiceUnavailable"
    status = 503

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LogGap(BuildyardError):
    """Bytes of the log are missing before these: send again from ``known`` on."""

    def __init__(self, known: int, offset: int) -> None:
        super().__init__(f"the log holds {known} bytes, so bytes from {offset} on would leave a gap")
        self.known = known
        self.offset = offset


class TaskclusterAway(BuildyardError):
    """The Taskcluster does not answer; it is asked again.  See that it runs, and that its root URL is right."""

    def __init__(self, root_url: str, why: BaseException) -> None:
        super().__init__(f"the Taskcluster at {root_url} does not answer: {str(why).partition(chr(10))[0]}")
        self.root_url = root_url


class TaskclusterRefuses(BuildyardError):
    """The Taskcluster does not believe the farm's credentials, or they lack scopes.  Nothing is lost meanwhile."""

    def __init__(self, root_url: str, why: str) -> None:
        super().__init__(f"the Taskcluster at {root_url} refuses the farm: {why}")
        self.root_url = root_url
