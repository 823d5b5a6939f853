"""A client's options, read once from the dict that callers give.

The dict is Taskcluster's own (``rootUrl``, ``credentials``, ``maxRetries``, ...) and stays as it was
given.  `_service` keeps what is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from buildyard.errors import InvalidRequest
from buildyard.faces.urls import parse_target
from buildyard.retry import Retry
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.errors import TaskclusterFailure
from buildyard.taskcluster.scopes import is_valid_scope
from buildyard.taskcluster.urls import normalise_root

_KNOWN = (
    "rootUrl",
    "credentials",
    "authorizedScopes",
    "maxRetries",
    "retryNonIdempotent",
    "signedUrlExpiration",
    "exchangePrefix",
)

#: Answers that may be better next time: all of the server's own faults, and the two that ask to come again.
_RETRIED = frozenset({408, 429, *range(500, 600)})
#: Of these, the ones that say that nothing was done.
_UNTOUCHED = frozenset({408, 429})


class ClientOptions(Struct, frozen=True, kw_only=True, dict=True):
    """What one client was made with; what follows from it is found once."""

    root_url: str  #: without slashes at its end
    credentials: Credentials = Credentials()
    authorized_scopes: tuple[str, ...] | None = None  #: what requests narrow themselves to; ``None``: to nothing
    max_retries: int = 5  #: attempts after the first
    #: Send again, too, what may have arrived and would be done twice: who claims work with it must bear lost claims.
    retry_non_idempotent: bool = False
    signed_url_expiration: float = 900.0  #: seconds

    @cached_property
    def retry(self) -> Retry:
        """When a request is sent again."""
        return Retry(attempts=self.max_retries + 1, statuses=_RETRIED, untouched=_UNTOUCHED)

    @cached_property
    def ext(self) -> str:
        """The ``ext`` of each signed request."""
        return self.credentials.ext(self.authorized_scopes)


def read_options(given: Mapping[str, Any]) -> ClientOptions:
    """Return the options in a dict; `TaskclusterFailure` names what is missing, wrong or unknown."""
    if "baseUrl" in given:
        raise TaskclusterFailure("baseUrl is not supported any more: give rootUrl")
    if unknown := sorted(given.keys() - set(_KNOWN)):
        raise TaskclusterFailure(f"{', '.join(unknown)}: no such option (known are {', '.join(_KNOWN)})")
    return ClientOptions(
        root_url=_root_url(given.get("rootUrl")),
        credentials=Credentials.from_options(given.get("credentials")),
        authorized_scopes=_scopes(given.get("authorizedScopes")),
        max_retries=_retries(given.get("maxRetries", 5)),
        retry_non_idempotent=bool(given.get("retryNonIdempotent", False)),
        signed_url_expiration=_seconds(given.get("signedUrlExpiration", 900)),
    )


def read_event_options(given: Mapping[str, Any]) -> str:
    """Return the prefix of exchanges that options name, empty for the service's own; raises as `read_options` does."""
    if given:
        read_options(given)
    prefix = given.get("exchangePrefix") or ""
    if not isinstance(prefix, str):
        raise TaskclusterFailure(f"exchangePrefix is text, not {prefix!r}")
    return prefix


def _root_url(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TaskclusterFailure("give the option rootUrl, such as https://tc.example.com")
    try:
        parse_target(value)
    except InvalidRequest as error:
        raise TaskclusterFailure(f"rootUrl: {error.reason}") from error
    if "?" in value:
        raise TaskclusterFailure("rootUrl cannot have a query string")
    return normalise_root(value)


def _scopes(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(map(is_valid_scope, value)):
        raise TaskclusterFailure("authorizedScopes must be a list of scopes, each printable ASCII")
    return tuple(value)


def _retries(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TaskclusterFailure(f"maxRetries must be a whole number from 0 on, not {value!r}")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TaskclusterFailure(f"signedUrlExpiration must be a number of seconds, not {value!r}")
    return float(value)
