"""The certificate of temporary credentials: how it is signed, and when a service believes it.

A client that holds an access token may hand out temporary credentials without asking anyone: a
certificate names scopes and a time window, is signed with the client's own token, and the temporary
token is derived from that token and a seed.  Pure functions, the time is an argument.  `credentials`
makes certificates here and `_hawk` checks them (Taskcluster: ``services/auth``, signature validator).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence

from msgspec import Struct

from buildyard.taskcluster.scopes import ScopeSet, is_valid_scope

#: A certificate may not last longer than this.
MAX_LIFETIME_MS = 31 * 24 * 3600 * 1000
#: Clocks differ: a certificate holds this long before its start and after its expiry.
CLOCK_SLACK_MS = 5 * 60 * 1000
#: Two slugs one after the other.
SEED_LENGTH = 44
#: Times beyond this are no exact integers in JavaScript, which signs them on the other side.
_MAX_EXACT = 2**53


class Certificate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What temporary credentials carry beside their token."""

    version: int  #: always 1
    scopes: tuple[str, ...]  #: all that the credentials may do
    start: int  #: Unix time in milliseconds
    expiry: int  #: Unix time in milliseconds
    seed: str  #: 44 characters, from which the temporary token is derived
    issuer: str | None = None  #: the client that signed, when the credentials have a name of their own
    signature: str = ""  #: standard base64 of the HMAC over `signed_text`


class BadCertificate(Exception):
    """The certificate is not to be believed; the message says why and may be shown to the caller."""


def signed_text(certificate: Certificate, client_id: str) -> str:
    """Return the text the issuer signs.  ``client_id`` counts only where there is an issuer beside it."""
    named = [f"clientId:{client_id}", f"issuer:{certificate.issuer}"] if certificate.issuer else []
    times = [f"start:{certificate.start}", f"expiry:{certificate.expiry}"]
    return "\n".join(["version:1", *named, f"seed:{certificate.seed}", *times, "scopes:", *certificate.scopes])


def sign(certificate: Certificate, client_id: str, access_token: str) -> str:
    """Return the signature of the certificate under the issuer's access token."""
    return base64.b64encode(_hmac(access_token, signed_text(certificate, client_id))).decode("ascii")


def derived_token(access_token: str, seed: str) -> str:
    """Return the access token of temporary credentials made by a client with this token and seed."""
    return base64.urlsafe_b64encode(_hmac(access_token, seed)).rstrip(b"=").decode("ascii")


def _hmac(key: str, text: str) -> bytes:
    return hmac.digest(key.encode(), text.encode(), "sha256")


def read(value: object) -> Certificate:
    """Return the certificate in a decoded JSON value; `BadCertificate` names the first wrong field."""
    if not isinstance(value, Mapping):
        raise BadCertificate("ext.certificate must be a JSON object")
    _need(value.get("version") == 1 and value["version"] is not True, "ext.certificate.version must be 1")
    issuer = value.get("issuer")
    _need(isinstance(value.get("seed"), str), "ext.certificate.seed must be a string")
    _need(len(value["seed"]) == SEED_LENGTH, f"ext.certificate.seed must be {SEED_LENGTH} characters")
    _need(_is_time(value.get("start")), "ext.certificate.start must be a number")
    _need(_is_time(value.get("expiry")), "ext.certificate.expiry must be a number")
    _need(not issuer or isinstance(issuer, str), "ext.certificate.issuer must be a string")
    _need(issuer or "clientId" not in value, "ext.certificate.clientId must only be used with ext.certificate.issuer")
    _need(isinstance(value.get("signature"), str), "ext.certificate.signature is not valid")
    return Certificate(
        version=1,
        scopes=read_scopes(value.get("scopes"), "ext.certificate.scopes"),
        start=value["start"],
        expiry=value["expiry"],
        seed=value["seed"],
        issuer=issuer or None,
        signature=value["signature"],
    )


def read_scopes(value: object, where: str) -> tuple[str, ...]:
    """Return the scopes in a decoded JSON value; `BadCertificate` names ``where`` if they are none."""
    if not isinstance(value, list):
        raise BadCertificate(f"{where} must be an array")
    _need(all(is_valid_scope(scope) for scope in value), f"{where} must be an array of valid scopes")
    return tuple(value)


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_EXACT


def _need(holds: object, message: str) -> None:
    if not holds:
        raise BadCertificate(message)


def check(
    certificate: Certificate, client_id: str, *, issuer_token: str, issuer_scopes: Sequence[str], now_ms: float
) -> None:
    """Return if ``client_id`` may act under this certificate now; `BadCertificate` says why not.

    The issuer is the client named in the certificate, or ``client_id`` itself where none is named;
    its scopes must be expanded.
    """
    _check_window(certificate, now_ms)
    # Before the scopes: who cannot sign shall not learn what the issuer may do.
    _check_signature(certificate, client_id, issuer_token)
    _check_scopes(certificate, client_id, ScopeSet(issuer_scopes))


def _check_window(certificate: Certificate, now_ms: float) -> None:
    _need(certificate.start <= now_ms + CLOCK_SLACK_MS, "ext.certificate.start > now")
    _need(certificate.expiry >= now_ms - CLOCK_SLACK_MS, "ext.certificate.expiry < now")
    lasts = certificate.expiry - certificate.start
    _need(lasts <= MAX_LIFETIME_MS, "ext.certificate cannot last longer than 31 days!")


def _check_signature(certificate: Certificate, client_id: str, issuer_token: str) -> None:
    expected = sign(certificate, client_id, issuer_token)
    if not hmac.compare_digest(certificate.signature.encode(), expected.encode()):
        hint = ", or wrong clientId provided" if certificate.issuer else ""
        raise BadCertificate(f"ext.certificate.signature is not valid{hint}")


def _check_scopes(certificate: Certificate, client_id: str, issuer_scopes: ScopeSet) -> None:
    issuer = certificate.issuer or client_id
    create = f"auth:create-client:{client_id}"
    if certificate.issuer and not issuer_scopes.covers(create):
        raise BadCertificate(f"ext.certificate issuer `{issuer}` doesn't have `{create}` for supplied clientId.")
    if not all(map(issuer_scopes.covers, certificate.scopes)):
        named = ", ".join(certificate.scopes)
        raise BadCertificate(
            f"ext.certificate issuer `{issuer}` doesn't satisfy all certificate scopes {named}.  "
            "The temporary credentials were not generated correctly."
        )
