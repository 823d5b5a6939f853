"""Kerberos: the tokens of a login (RFC 4559), from the library `gssapi`, which the extra of that name brings.

`_login` sends them.  The credentials are those of the ticket cache, or of a keytab; both are named to the library
for one call alone, where others set variables of the whole process.  What it raises becomes a `GSSAPIAuthError` that
says why.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from buildyard.errors import NotInstalled
from buildyard.koji.errors import GSSAPIAuthError, LoginReason

#: RFC 2743 section 1.2.1.1: the routine errors, in the third byte of a major status.
_MISSING = {7 << 16, 13 << 16}
_EXPIRED = {11 << 16, 12 << 16}
_REFUSED = {9 << 16, 15 << 16}
# MIT Kerberos: KRB5_KDC_UNREACH, KRB5_REALM_CANT_RESOLVE; KRB5KRB_AP_ERR_TKT_EXPIRED; KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN.
_UNREACHABLE_MINOR = {-1765328228, -1765328230}
_EXPIRED_MINOR = {-1765328352}


def load() -> Any:
    """Return the library.  Raises `NotInstalled`."""
    try:
        import gssapi
    except ImportError as error:
        raise NotInstalled("gssapi", extra="gssapi", purpose="a login by Kerberos") from error
    return gssapi


class Negotiation:
    """One login: a token for each request, from the token of the answer before.  Its methods may wait for a KDC."""

    def __init__(self, host: str, *, principal: str = "", keytab: str = "", library: Any = None) -> None:
        self._gssapi = library or load()
        self._host = host
        self._principal = principal
        self._keytab = keytab
        self._context: Any = None

    def authorization(self, challenge: str = "") -> str:
        """Return the value of ``Authorization``, given what ``WWW-Authenticate`` said.  Raises `GSSAPIAuthError`."""
        try:
            if self._context is None:
                self._context = self._new_context()
            token = self._context.step(_token(challenge))
        except self._gssapi.exceptions.GSSError as error:
            raise _failure(error) from error
        return f"Negotiate {base64.b64encode(token or b'').decode('ascii')}"

    def _new_context(self) -> Any:
        gssapi = self._gssapi
        name = gssapi.Name(f"HTTP@{self._host}", gssapi.NameType.hostbased_service)
        return gssapi.SecurityContext(name=name, creds=self._credentials(), usage="initiate")

    def _credentials(self) -> Any:
        gssapi = self._gssapi
        name = gssapi.Name(self._principal, gssapi.NameType.kerberos_principal) if self._principal else None
        if not self._keytab:
            return gssapi.Credentials(name=name, usage="initiate") if name else None
        return gssapi.Credentials(name=name, usage="initiate", store={"client_keytab": self._keytab})


def _token(challenge: str) -> bytes | None:
    scheme, _, text = challenge.partition(" ")
    if scheme.lower() != "negotiate" or not text:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise GSSAPIAuthError("the hub's Kerberos token is no base64") from error


_WORDS: dict[LoginReason, str] = {
    "missing": "there is no Kerberos ticket (kinit gets one)",
    "expired": "the Kerberos ticket has expired (kinit gets another)",
    "not-allowed": "the KDC does not let us",
    "unreachable": "no KDC can be reached",
    "other": "Kerberos failed",
}


def _failure(error: Any) -> GSSAPIAuthError:
    reason = _reason(getattr(error, "maj_code", 0) & 0xFF0000, getattr(error, "min_code", 0))
    return GSSAPIAuthError(f"unable to obtain a session: {_WORDS[reason]}: {error}", reason=reason)


def _reason(major: int, minor: int) -> LoginReason:
    minor = minor - 2**32 if minor >= 2**31 else minor
    if minor in _UNREACHABLE_MINOR:
        return "unreachable"
    if major in _EXPIRED or minor in _EXPIRED_MINOR:
        return "expired"
    if major in _REFUSED:
        return "not-allowed"
    return "missing" if major in _MISSING else "other"
