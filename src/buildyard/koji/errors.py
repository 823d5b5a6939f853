"""What can go wrong with a Koji hub, as one tree; every error carries its facts as attributes.

* KojiException                 anything below
  * InvalidCall                 the call cannot be sent as it is; nothing was sent
  * KojiConnectionError         no whole answer came, after the retries (.maybe_sent)
  * KojiAnswerError             the answer is not Koji's XML-RPC (.excerpt)
  * KojiHttpError               the web server in front refused (.status, .body)
    - RequestRefused            400: too long, or not well-formed; sending it again will not help
    - HubUnavailable            500 and above, after the retries
  * MultiCallNotReady           a result was asked for before its multicall was sent
  * KojiFault                   the hub answered with a fault (.code, .message, .traceback)
    - ServerException           1: an exception in the hub itself
    - GenericError              1000, and each of the codes below
      - LockError 1001, TagError 1003, ActionNotAllowed 1004, FunctionDeprecated 1013, ServerOffline 1014,
        LiveCDError 1015, ApplianceError 1018, ParameterError 1019, ImportError 1020, ConfigurationError 1021,
        LiveMediaError 1022, NameValidationError 1024
      - BuildError 1005: PreBuildError 1010, PostBuildError 1011, BuildrootError 1012
      - PluginError 1016: CallbackError 1017
      - AuthError 1002: AuthLockError 1006, AuthExpired 1007, SequenceError 1008, RetryError 1009
        - AlreadyExecuted       1009 to a repeated write: it was done, and its answer is lost
        - KojiLoginException    a login failed; .reason says why
          - GSSAPIAuthError     1023: by Kerberos

The classes are named as Koji names them (``koji/__init__.py``); `fault` makes them from their numbers.
"""

# `ImportError` is Koji's name for it.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from buildyard.errors import (
    BadRequest,
    BuildyardError,
    InvalidRequest,
    RemoteError,
    ServerFault,
    TransportError,
    Unauthorized,
    WireError,
)


class KojiException(BuildyardError):
    """Anything that goes wrong in this package."""


class InvalidCall(KojiException, InvalidRequest):
    """The call cannot be sent as it is; nothing was sent.  Mend the argument that ``reason`` names."""


class KojiConnectionError(KojiException, TransportError):
    """No whole answer came.  Where ``maybe_sent`` is true, the hub may have acted."""

    _may_pass = True

    @classmethod
    def of(cls, error: TransportError) -> KojiConnectionError:
        """Return the same facts as one of this package's errors; raise it ``from`` the one given."""
        made = cls(error.reason, method=error.method, url=error.url, maybe_sent=error.maybe_sent)
        made._may_pass = error.may_pass
        return made

    @property
    def may_pass(self) -> bool:
        """True where the same call may succeed a little later."""
        return self._may_pass


class KojiAnswerError(KojiException, WireError):
    """The answer is not Koji's XML-RPC.  Is this a hub, and is ``server`` of the profile right?"""


class KojiHttpError(KojiException, RemoteError):
    """The web server in front of the hub, or the hub before it read the call, refused."""


class RequestRefused(KojiHttpError, BadRequest):
    """The request is too long for the hub, or it cannot parse it; sending it again will not help."""


class LoginRequired(KojiHttpError, Unauthorized):
    """The web server wants to know who asks."""


class HubUnavailable(KojiHttpError, ServerFault):
    """The web server failed each time; the same call may succeed later."""


def http_error(status: int, *, url: str, body: bytes = b"", retry_after: float | None = None) -> KojiHttpError:
    """Return the error of an answer that is not 200; faults travel with 200."""
    unavailable = HubUnavailable if status >= 500 else KojiHttpError
    cls = {400: RequestRefused, 413: RequestRefused, 401: LoginRequired}.get(status, unavailable)
    text = body.decode("utf-8", "replace").strip().partition("\n")[0][:200]
    reason = text if text and not text.startswith("<") else "without a word"
    return cls(reason, status=status, method="POST", url=url, body=body, retry_after=retry_after)


class MultiCallNotReady(KojiException):
    """A result of a multicall was asked for before the multicall was sent."""


class KojiFault(KojiException):
    """The hub answered with a fault.  ``str()`` of it is the hub's text."""

    CODE: ClassVar[int] = 0  #: of the class; a fault of a number that Koji has no class for is a plain `KojiFault`

    def __init__(self, message: str = "", *, code: int | None = None, traceback: Sequence[str] = ()) -> None:
        self.message = message
        self.code = self.CODE if code is None else code  #: the hub's number
        self.traceback = tuple(traceback)  #: the hub's own, which it sends for calls within a multicall
        super().__init__(message)

    @property
    def faultCode(self) -> int:  # noqa: N802 - XML-RPC's name
        """The number, under XML-RPC's name."""
        return self.code

    @property
    def faultString(self) -> str:  # noqa: N802 - XML-RPC's name
        """The text, under XML-RPC's name."""
        return self.message


class ServerException(KojiFault):
    """An exception within the hub that it did not foresee."""

    CODE = 1


class GenericError(KojiFault):
    """The hub's plain no: no such thing, no such method, not a name."""

    CODE = 1000


class LockError(GenericError):
    """Somebody else holds the lock."""

    CODE = 1001


class AuthError(GenericError):
    """The session or the credentials are not valid."""

    CODE = 1002


class TagError(GenericError):
    """A tag does not allow this."""

    CODE = 1003


class ActionNotAllowed(GenericError):
    """The user, or nobody in particular, may not do that."""

    CODE = 1004


class BuildError(GenericError):
    """A build failed."""

    CODE = 1005


class AuthLockError(AuthError):
    """Another exclusive session is open."""

    CODE = 1006


class AuthExpired(AuthError):
    """The session has expired, and could not be renewed."""

    CODE = 1007


class SequenceError(AuthError):
    """Call numbers came out of order: does another program use this session?"""

    CODE = 1008


class RetryError(AuthError):
    """A call of this number was executed before."""

    CODE = 1009


class AlreadyExecuted(RetryError):
    """The write was executed at an earlier attempt, whose answer is lost.  Never repeat it; look at what it did."""


class PreBuildError(BuildError):
    """A build failed before it began."""

    CODE = 1010


class PostBuildError(BuildError):
    """A build failed after its end."""

    CODE = 1011


class BuildrootError(BuildError):
    """A buildroot could not be made."""

    CODE = 1012


class FunctionDeprecated(GenericError):
    """The hub has let go of that function."""

    CODE = 1013


class ServerOffline(GenericError):
    """The hub, or its database, is away for maintenance; come again."""

    CODE = 1014


class LiveCDError(GenericError):
    """A live CD failed."""

    CODE = 1015


class PluginError(GenericError):
    """A plug-in of the hub failed."""

    CODE = 1016


class CallbackError(PluginError):
    """A callback of a plug-in failed."""

    CODE = 1017


class ApplianceError(GenericError):
    """An appliance failed."""

    CODE = 1018


class ParameterError(GenericError):
    """The arguments do not fit the method; the hub may be older, or newer, than the call."""

    CODE = 1019


class ImportError(GenericError):
    """An import failed."""

    CODE = 1020


class ConfigurationError(GenericError, ValueError):
    """A profile is missing or wrong; nothing was sent."""

    CODE = 1021


class LiveMediaError(GenericError):
    """A live medium failed."""

    CODE = 1022


#: Why a login failed: there is no ticket, certificate or way to log in; it has expired; the hub, or the KDC, does not
#: allow it; there is no way to the KDC or the hub; something else.
LoginReason = Literal["missing", "expired", "not-allowed", "unreachable", "other"]


class KojiLoginException(AuthError):
    """A login failed, for ``reason``."""

    def __init__(
        self,
        message: str = "",
        *,
        reason: LoginReason = "other",
        code: int | None = None,
        traceback: Sequence[str] = (),
    ) -> None:
        self.reason: LoginReason = reason
        super().__init__(message, code=code, traceback=traceback)


class GSSAPIAuthError(KojiLoginException):
    """A login by Kerberos failed, for ``reason``."""

    CODE = 1023


class NameValidationError(GenericError):
    """A name has characters that the hub does not allow."""

    CODE = 1024


def _all_below(cls: type[KojiFault]) -> list[type[KojiFault]]:
    return [cls, *(found for below in cls.__subclasses__() for found in _all_below(below))]


# A class that shares its parent's number is this package's own refinement, which the hub cannot name.
_BY_CODE: dict[int, type[KojiFault]] = {
    cls.CODE: cls for cls in _all_below(KojiFault) if "CODE" in vars(cls) and cls is not KojiFault
}


def fault(code: int, message: str, traceback: Sequence[str] = ()) -> KojiFault:
    """Return the fault of that number, as the class that Koji has for it."""
    cls: Any = _BY_CODE.get(code, KojiFault)
    made: KojiFault = cls(message, code=code, traceback=traceback)
    return made
