"""Credentials: from options or the environment, and temporary ones made without asking anybody.

`Credentials` is what the client's core signs with; it never shows its secrets.  A caller's options
stay as they were given.  The rules of certificates are in `_certificate`, next door.
"""

# Functions and arguments are Taskcluster's own names.
# ruff: noqa: N802, N803

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

import msgspec
from msgspec import Struct, structs

from buildyard.taskcluster import _certificate
from buildyard.taskcluster._certificate import Certificate
from buildyard.taskcluster._hawk import make_ext
from buildyard.taskcluster.errors import TaskclusterAuthFailure, TaskclusterFailure
from buildyard.taskcluster.slugid import slugId

__all__ = [
    "Credentials",
    "CredentialsDict",
    "createTemporaryCredentials",
    "isExpired",
    "optionsFromEnvironment",
    "optionsFromFile",
]

_HEADER_TEXT = re.compile(r"[ !#-\[\]-~]*")
_MAX_LIFETIME = timedelta(milliseconds=_certificate.MAX_LIFETIME_MS)


class CredentialsDict(TypedDict, total=False):
    """Credentials as options and services spell them."""

    clientId: str
    accessToken: str
    certificate: str  #: JSON, of temporary credentials only


class Credentials(Struct, frozen=True, kw_only=True):
    """What a client signs with.  Without both id and token, requests go unsigned."""

    client_id: str = ""
    access_token: str = ""
    certificate: dict[str, Any] | None = None  #: decoded, as it travels in every request

    @classmethod
    def from_options(cls, given: Mapping[str, Any] | None) -> Credentials:
        """Return the credentials in an options dict: text or bytes; the certificate as JSON or already decoded.

        Raises `TaskclusterAuthFailure` for what is no printable ASCII, or a certificate that is no JSON object.
        """
        if given is None:
            return cls()
        if not isinstance(given, Mapping):
            raise TaskclusterAuthFailure(f"credentials are a dict, not {type(given).__name__}")
        return cls(
            client_id=_ascii(given.get("clientId"), "clientId"),
            access_token=_ascii(given.get("accessToken"), "accessToken"),
            certificate=_read_certificate(given.get("certificate")),
        )

    def __bool__(self) -> bool:
        return bool(self.client_id and self.access_token)

    def __repr__(self) -> str:
        kind = "temporary" if self.certificate else "permanent"
        return f"Credentials({self.client_id!r}, {kind})" if self else "Credentials(none)"

    __str__ = __repr__

    def ext(self, authorized_scopes: Sequence[str] | None = None) -> str:
        """Return the ``ext`` attribute of a request signed with these, narrowed to ``authorized_scopes`` if given."""
        return make_ext(self.certificate, authorized_scopes)


def _ascii(value: object, name: str) -> str:
    if value is None:
        return ""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    # Both travel between quotes in a header, or decide what does.
    if not isinstance(text, str) or not _HEADER_TEXT.fullmatch(text):
        raise TaskclusterAuthFailure(f"the credentials' {name} must be printable ASCII without quote or backslash")
    return text


def _read_certificate(value: object) -> dict[str, Any] | None:
    if not value:
        return None
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, str | bytes):
        raise TaskclusterAuthFailure(f"a certificate is JSON text or a dict, not {type(value).__name__}")
    try:
        return msgspec.json.decode(value, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise TaskclusterAuthFailure("the credentials' certificate is not a JSON object") from error


def createTemporaryCredentials(
    clientId: str,
    accessToken: str | bytes,
    start: datetime,
    expiry: datetime,
    scopes: Sequence[str],
    name: str | None = None,
) -> CredentialsDict:
    """Return credentials that hold from ``start`` to ``expiry`` with these scopes, signed by the given client.

    No service is asked.  With a ``name`` they act under that clientId, which the issuer's scope
    ``auth:create-client:<name>`` must allow.  Times count in whole seconds; those without a zone are
    taken as UTC.  All three values are text, so they go through JSON.

    Raises `TaskclusterFailure` for a scope that is no string, a span over 31 days, or one that ends
    before it starts.
    """
    seed = slugId() + slugId()
    return _temporary(clientId, _ascii(accessToken, "accessToken"), start, expiry, scopes, name, seed)


def _temporary(
    client_id: str,
    token: str,
    start: datetime,
    expiry: datetime,
    scopes: Sequence[str],
    name: str | None,
    seed: str,
) -> CredentialsDict:
    start, expiry = _utc(start), _utc(expiry)
    _check_request(start, expiry, scopes)
    unsigned = Certificate(
        version=1,
        scopes=tuple(scopes),
        start=int(start.timestamp()) * 1000,
        expiry=int(expiry.timestamp()) * 1000,
        seed=seed,
        issuer=client_id if name else None,
    )
    acting = name or client_id
    signed = structs.replace(unsigned, signature=_certificate.sign(unsigned, acting, token))
    certificate = msgspec.json.encode(signed).decode()
    derived = _certificate.derived_token(token, seed)
    return {"clientId": acting, "accessToken": derived, "certificate": certificate}


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _check_request(start: datetime, expiry: datetime, scopes: Sequence[str]) -> None:
    if isinstance(scopes, str | bytes) or not all(isinstance(scope, str) for scope in scopes):
        raise TaskclusterFailure("Scope must be string")
    if expiry - start > _MAX_LIFETIME:
        raise TaskclusterFailure("Only 31 days allowed")
    if expiry < start:
        raise TaskclusterFailure("the credentials would expire before they start")


#: Where a task finds its proxy unless its environment says otherwise.
PROXY_URL = "http://taskcluster"
#: How long before their end temporary credentials count as expired.
_SOON_SECONDS = 20 * 60

#: Environment variable, and the key of ``credentials`` that it gives.
_CREDENTIAL_VARIABLES = {
    "TASKCLUSTER_CLIENT_ID": "clientId",
    "TASKCLUSTER_ACCESS_TOKEN": "accessToken",
    "TASKCLUSTER_CERTIFICATE": "certificate",
}


def optionsFromEnvironment(
    defaults: Mapping[str, Any] | None = None, *, proxy: bool = False, environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Return client options from the ``TASKCLUSTER_*`` environment over ``defaults``, which stay as they are.

    Reads ``TASKCLUSTER_ROOT_URL``, ``_CLIENT_ID``, ``_ACCESS_TOKEN`` and ``_CERTIFICATE``.  With ``proxy``, for
    a program inside a task, requests go to ``TASKCLUSTER_PROXY_URL`` (``http://taskcluster`` if that is not set)
    and are not signed, as the proxy signs them.
    """
    options: dict[str, Any] = dict(defaults or {})
    if proxy:
        options.pop("credentials", None)
        return {**options, "rootUrl": (environ.get("TASKCLUSTER_PROXY_URL") or PROXY_URL).rstrip("/")}
    if root := environ.get("TASKCLUSTER_ROOT_URL"):
        options["rootUrl"] = root.rstrip("/")
    found = {key: environ[variable] for variable, key in _CREDENTIAL_VARIABLES.items() if environ.get(variable)}
    if found:
        options["credentials"] = {**(options.get("credentials") or {}), **found}
    return options


def optionsFromFile(path: str | os.PathLike[str], defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return client options from a JSON file over ``defaults``: whole options, or credentials alone.

    Credentials alone are ``{"clientId", "accessToken", "certificate"?}``, as `createTemporaryCredentials` gives them.
    Raises `TaskclusterFailure` for a file that cannot be read or holds neither.
    """
    try:
        content = msgspec.json.decode(Path(path).read_bytes(), type=dict[str, Any])
    except (OSError, ValueError, RecursionError) as error:
        raise TaskclusterFailure(f"{os.fspath(path)} is no file of options: {error}") from error
    if "clientId" in content:
        return {**(defaults or {}), "credentials": content}
    if not {"rootUrl", "credentials"} & content.keys():
        raise TaskclusterFailure(f"{os.fspath(path)} has neither rootUrl and credentials nor clientId and accessToken")
    return {**(defaults or {}), **content}


def isExpired(certificate: Mapping[str, Any] | str, *, now: float | None = None) -> bool:
    """Tell whether temporary credentials end within the next twenty minutes, or have ended.

    ``now`` is in seconds since 1970.  Raises `TaskclusterAuthFailure` for what is no certificate.
    """
    content = _read_certificate(certificate) or {}
    expiry = content.get("expiry")
    if not isinstance(expiry, int | float):
        raise TaskclusterAuthFailure("the certificate does not say when it ends")
    moment = datetime.now(UTC).timestamp() if now is None else now
    return expiry / 1000 < moment + _SOON_SECONDS
