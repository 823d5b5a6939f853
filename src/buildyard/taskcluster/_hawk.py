"""Signed requests: sign one as a client, judge one as a service.

Pure functions.  Time, nonce, keys and the request are arguments, so nothing here waits, stores or
looks anything up.  The client's core signs with `sign_request` and `sign_url`; the hub's HTTP layer
asks `authenticate` for each request.  `_hawk_wire` holds the text forms, `_certificate` the rules of
temporary credentials.  A nonce is not remembered: whoever can read a request may repeat it for
fifteen minutes, as with Taskcluster itself, so carry it over TLS.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from buildyard.taskcluster import _certificate
from buildyard.taskcluster._certificate import BadCertificate, Certificate
from buildyard.taskcluster._hawk_wire import (
    EMPTY_PAYLOAD_HASH,
    BadHawk,
    HawkHeader,
    Target,
    client_address,
    decode_base64,
    format_bewit,
    format_header,
    has_bewit,
    mac,
    parse_bewit,
    parse_header,
    payload_hash,
    same,
    target_of,
)
from buildyard.taskcluster.scopes import ScopeSet

__all__ = [
    "ANONYMOUS",
    "EMPTY_PAYLOAD_HASH",
    "MAX_SKEW_SECONDS",
    "AuthFailed",
    "Authenticated",
    "Client",
    "SignedRequest",
    "authenticate",
    "client_address",
    "make_ext",
    "payload_hash",
    "sign_request",
    "sign_url",
    "target_of",
]

#: A header signed longer ago, or further ahead, is stale.
MAX_SKEW_SECONDS = 15 * 60
#: Everybody has this role, with credentials or without.
ANONYMOUS = "assume:anonymous"

_CLIENT_ID_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!@/:.+|_-")


# --- the client's side ---------------------------------------------------------------------------


def make_ext(certificate: Mapping[str, Any] | None = None, authorized_scopes: Sequence[str] | None = None) -> str:
    """Return the ``ext`` of a request: URL-safe base64 of compact JSON with what is in use (else of ``{}``).

    ``certificate`` is that of temporary credentials; ``authorized_scopes`` narrow what the request may do.
    """
    content: dict[str, object] = {}
    if certificate is not None:
        content["certificate"] = certificate
    if authorized_scopes is not None:
        content["authorizedScopes"] = list(authorized_scopes)
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).decode("ascii")


def sign_request(
    method: str,
    url: str,
    *,
    client_id: str,
    access_token: str,
    now: float,
    nonce: str,
    ext: str = "",
    hashed: str = EMPTY_PAYLOAD_HASH,
) -> str:
    """Return the ``Authorization`` header of one attempt at a request.

    ``now`` is Unix time in seconds; ``hashed`` is the `payload_hash` of the body.  Sign each attempt
    anew: a header grows stale.
    """
    ts = str(int(now))
    code = mac("header", access_token, target_of(method, url), ts=ts, nonce=nonce, hash=hashed, ext=ext)
    return format_header(HawkHeader(id=client_id, ts=ts, nonce=nonce, mac=code, hash=hashed, ext=ext))


def sign_url(url: str, *, client_id: str, access_token: str, expiry: float, ext: str = "") -> str:
    """Return ``url`` with a ``bewit``: whoever has it may GET it until ``expiry`` (Unix time in seconds)."""
    exp = str(int(expiry))
    url = url.removesuffix("?")
    code = mac("bewit", access_token, target_of("GET", url), ts=exp, nonce="", hash="", ext=ext)
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}bewit={format_bewit(id=client_id, expiry=exp, mac=code, ext=ext)}"


# --- the service's side --------------------------------------------------------------------------


class SignedRequest(Struct, frozen=True, kw_only=True):
    """The facts of a request that its signature covers, as the *client* saw them."""

    method: str
    resource: str  #: path and query, percent-encoded as received (with the bewit, if there is one)
    host: str  #: see `client_address`
    port: int
    authorization: str | None = None  #: the header's text
    content_type: str = ""
    body: bytes | None = None  #: ``None`` where it was not read: its hash is then left to the caller


class Client(Struct, frozen=True, kw_only=True):
    """What a service knows of a client that may sign."""

    client_id: str
    access_token: str
    scopes: tuple[str, ...]  #: expanded
    expires: datetime  #: aware

    def __repr__(self) -> str:
        return f"Client(client_id={self.client_id!r}, access_token=..., expires={self.expires})"


class Authenticated(Struct, frozen=True, kw_only=True):
    """Who sent the request and what it may do.

    Without credentials ``client_id`` is ``None``: whoever it is has the scopes of ``anonymous``.
    """

    client_id: str | None
    scopes: tuple[str, ...]  #: expanded, and always with those of ``anonymous``
    expires: datetime  #: aware; the answer may be kept until then
    scheme: Literal["hawk", "bewit", "none"]
    hash: str | None = None  #: of the payload, where the client sent one


class AuthFailed(Struct, frozen=True):
    """The request is not to be believed: answer 401 with this message."""

    message: str


#: From a clientId to the client; ``None`` for one that does not exist or is disabled.
Lookup: TypeAlias = Callable[[str], Client | None]
#: From scopes to all scopes they imply (roles).
Expand: TypeAlias = Callable[[Sequence[str]], Sequence[str]]


def authenticate(
    request: SignedRequest, lookup: Lookup, *, now: datetime, expand: Expand = tuple
) -> Authenticated | AuthFailed:
    """Return who sent this request and what they may do, or why it is not believed.

    Accepts a Hawk header, a bewit on GET and HEAD, or neither, never both; permanent and temporary
    credentials; ``authorizedScopes``.  ``now`` is aware.  Raises nothing, whatever was sent.
    """
    try:
        if request.authorization is not None:
            return _by_header(request, request.authorization, lookup, now, expand)
        if has_bewit(request.resource):
            return _by_bewit(request, lookup, now, expand)
    except (BadHawk, BadCertificate) as error:
        return AuthFailed(str(error))
    scopes = tuple(expand((ANONYMOUS,)))
    return Authenticated(client_id=None, scopes=scopes, expires=now + timedelta(minutes=15), scheme="none")


def _by_header(request: SignedRequest, text: str, lookup: Lookup, now: datetime, expand: Expand) -> Authenticated:
    if has_bewit(request.resource):
        raise BadHawk("Cannot use two authentication methods at once: an Authorization header and a bewit")
    header = parse_header(text)
    grant = _grant(header.id, header.ext, lookup, now)
    target = Target(request.method, request.resource, request.host, request.port)
    code = mac("header", grant.key, target, ts=header.ts, nonce=header.nonce, hash=header.hash, ext=header.ext)
    if not same(code, header.mac):
        raise BadHawk("Unauthorized: Bad mac")
    if abs(int(header.ts) - now.timestamp()) > MAX_SKEW_SECONDS:
        raise BadHawk("Unauthorized: Stale timestamp")
    if header.hash and request.body is not None:
        _check_hash(header.hash, request.content_type, request.body)
    return _authenticated(header.id, grant, expand, scheme="hawk", hashed=header.hash or None)


def _check_hash(claimed: str, content_type: str, body: bytes) -> None:
    is_json = content_type.partition(";")[0].strip().lower() == "application/json"
    computed = payload_hash(content_type, body if is_json else b"")
    if not same(computed, claimed):
        raise BadHawk(
            f"Invalid payload hash: the request was signed with {claimed}, but its body and content type give "
            f"{computed}. Something changed the body on its way, or the client hashed something else."
        )


def _by_bewit(request: SignedRequest, lookup: Lookup, now: datetime, expand: Expand) -> Authenticated:
    if request.method.upper() not in ("GET", "HEAD"):
        raise BadHawk("Unauthorized: Invalid method")
    bewit = parse_bewit(request.resource)
    if int(bewit.expiry) <= now.timestamp():
        raise BadHawk("Unauthorized: Access expired")
    grant = _grant(bewit.id, bewit.ext, lookup, now)
    target = Target("GET", bewit.resource, request.host, request.port)
    if not same(mac("bewit", grant.key, target, ts=bewit.expiry, nonce="", hash="", ext=bewit.ext), bewit.mac):
        raise BadHawk("Unauthorized: Bad mac")
    return _authenticated(bewit.id, grant, expand, scheme="bewit", hashed=None)


class _Grant(Struct, frozen=True):
    """What the credentials named in a request are worth, once it is known that the request was signed with `key`."""

    key: str
    scopes: tuple[str, ...]
    expires: datetime
    authorized_scopes: object  #: what the caller narrows itself to, not yet checked; ``None`` if to nothing


def _authenticated(
    client_id: str, grant: _Grant, expand: Expand, *, scheme: Literal["hawk", "bewit"], hashed: str | None
) -> Authenticated:
    # Only after the signature was found good: the refusal tells the credentials' scopes.
    scopes = grant.scopes if grant.authorized_scopes is None else _narrowed(grant, expand)
    held = _with_anonymous(scopes, expand)
    return Authenticated(client_id=client_id, scopes=held, expires=grant.expires, scheme=scheme, hash=hashed)


def _grant(client_id: str, ext: str, lookup: Lookup, now: datetime) -> _Grant:
    content = _read_ext(ext)
    given = content.get("certificate")
    certificate = None if given is None else _certificate.read(given)
    issuer = _known(_issuer_of(certificate, client_id), lookup, now)
    authorized = content.get("authorizedScopes")
    if certificate is None:
        return _Grant(issuer.access_token, issuer.scopes, issuer.expires, authorized)
    _check_certificate(certificate, client_id, issuer, now)
    key = _certificate.derived_token(issuer.access_token, certificate.seed)
    ends = min(issuer.expires, datetime.fromtimestamp(certificate.expiry / 1000, UTC))
    return _Grant(key, certificate.scopes, ends, authorized)


def _read_ext(ext: str) -> Mapping[str, Any]:
    if not ext:
        return {}
    raw = decode_base64(ext, "Failed to parse ext")
    try:
        content = msgspec.json.decode(raw)
    except (ValueError, RecursionError) as error:
        raise BadHawk("Failed to parse ext") from error
    if not isinstance(content, dict):
        raise BadHawk("ext must be a JSON object")
    return content


def _issuer_of(certificate: Certificate | None, client_id: str) -> str:
    if certificate is None or certificate.issuer is None:
        return client_id
    if certificate.issuer == client_id:
        raise BadCertificate("ext.certificate.issuer must differ from the supplied clientId")
    return certificate.issuer


def _known(client_id: str, lookup: Lookup, now: datetime) -> Client:
    client = lookup(client_id) if _CLIENT_ID_CHARS.issuperset(client_id) else None
    if client is None:
        raise BadHawk(f"Client with clientId {client_id!r} not found")
    if client.expires <= now:
        raise BadHawk(f"Client with clientId {client_id!r} has expired")
    return client


def _check_certificate(certificate: Certificate, client_id: str, issuer: Client, now: datetime) -> None:
    now_ms = now.timestamp() * 1000
    token, scopes = issuer.access_token, issuer.scopes
    _certificate.check(certificate, client_id, issuer_token=token, issuer_scopes=scopes, now_ms=now_ms)


def _narrowed(grant: _Grant, expand: Expand) -> tuple[str, ...]:
    authorized = _certificate.read_scopes(grant.authorized_scopes, "ext.authorizedScopes")
    held = _with_anonymous(grant.scopes, expand)
    if not all(map(ScopeSet(held).covers, authorized)):
        raise BadHawk(
            f"Supplied credentials do not satisfy authorizedScopes; credentials have scopes:\n\n{_listing(held)}"
            f"\n\nauthorizedScopes are:\n\n{_listing(authorized)}"
        )
    return authorized


def _listing(scopes: Sequence[str]) -> str:
    return "\n".join(["```", *scopes, "```"])


def _with_anonymous(scopes: tuple[str, ...], expand: Expand) -> tuple[str, ...]:
    return tuple(expand(scopes if ScopeSet(scopes).covers(ANONYMOUS) else (*scopes, ANONYMOUS)))
