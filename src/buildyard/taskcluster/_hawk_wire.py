"""Hawk's wire forms: the text that is signed, the header, the signed address.

Plain functions from values to text and back; no I/O, no clock, no keys kept.  `_hawk` is next door:
it signs requests for the client and judges them for the hub with what is here (Hawk 1.1, the
``header`` and ``bewit`` kinds; SHA-256 only).
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import re
from typing import Literal, NamedTuple

from msgspec import Struct

#: No longer header is read.  A certificate with a few hundred scopes fits.
MAX_HEADER_CHARS = 16_384
#: No longer address is searched for a bewit.
MAX_RESOURCE_CHARS = 16_384
#: The hash that stands for "no body" (of an empty text of no type).
EMPTY_PAYLOAD_HASH = "B0weSUXsMcb5UhL41FZbrUJCAotzSI3HawE1NPLRUz8="

#: The attributes a header may have.  Hawk knows two more, ``app`` and ``dlg``, that Taskcluster never sends.
_NAMES = frozenset({"id", "ts", "nonce", "hash", "ext", "mac"})
_ATTRIBUTE = re.compile(r'(\w+)="([^"\\]*)"\s*(?:,\s*|\Z)', re.ASCII)
_VALUE = re.compile(r"[ !#-\[\]-~]+")
#: Scheme, authority, path with query.  Split by hand, for what is signed must be what is sent, character by character.
_URL = re.compile(r"(https?)://([^/?#]+)([^#]*)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SECONDS = re.compile(r"[0-9]{1,12}")
_STANDARD_ALPHABET = str.maketrans("-_", "+/")
_BEWIT_CHARS = re.compile(r"[A-Za-z0-9_-]+")


class BadHawk(Exception):
    """What the caller sent is no usable Hawk header or signed address; the message may be shown."""


class HawkHeader(Struct, frozen=True, kw_only=True):
    """The attributes of an ``Authorization: Hawk`` header, as sent."""

    id: str  #: the clientId
    ts: str  #: Unix time in seconds, when it was signed
    nonce: str
    mac: str
    hash: str = ""  #: of the payload; empty when the client did not hash it
    ext: str = ""  #: base64 of JSON: certificate and authorizedScopes


class Bewit(Struct, frozen=True, kw_only=True):
    """What a signed address carries in its ``bewit`` parameter."""

    id: str
    expiry: str  #: Unix time in seconds, after which the address is worthless
    mac: str
    ext: str
    resource: str  #: the path and query that were signed, without the bewit


class Target(NamedTuple):
    """The place a request goes to, as the client sees it; part of what is signed."""

    method: str
    resource: str  #: path and query, percent-encoded exactly as sent
    host: str
    port: int


def target_of(method: str, url: str) -> Target:
    """Return what is signed of a request to ``url``: its path and query exactly as written, its host and port."""
    match = _URL.match(url)
    if match is None:
        raise ValueError(f"not an absolute http address: {url!r}")
    scheme, netloc, resource = match.groups()
    host, port = _address(netloc.rpartition("@")[2], scheme)
    return Target(method.upper(), resource if resource.startswith("/") else f"/{resource}", host, port)


# A client asks a few hosts for very many addresses.
@functools.lru_cache(maxsize=256)
def _address(netloc: str, scheme: str) -> tuple[str, int]:
    return client_address(netloc, scheme=scheme)


def client_address(
    host_header: str, *, scheme: str = "http", forwarded_port: str | None = None, forwarded_proto: str | None = None
) -> tuple[str, int]:
    """Return host and port as the client wrote them.

    The port is that of the ``Host`` header, else of ``X-Forwarded-Port``, else 443 where
    ``X-Forwarded-Proto`` (or ``scheme``, that of the connection) is https, else 80.  Pass the
    forwarded headers only from a proxy that is trusted.
    """
    host, colon, port = host_header.strip().rpartition(":")
    if not colon or port.endswith("]"):
        host, port = host_header.strip(), ""
    port = port or (forwarded_port or "").strip()
    if _is_port(port):
        return host.lower(), int(port)
    return host.lower(), _DEFAULT_PORTS.get((forwarded_proto or scheme).lower(), 80)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5


def payload_hash(content_type: str, body: bytes) -> str:
    """Return the hash of a body under its type, standard base64 of SHA-256 (parameters of the type do not count)."""
    media_type = content_type.partition(";")[0].strip().lower()
    digest = hashlib.sha256(b"hawk.1.payload\n" + media_type.encode("utf-8", "surrogatepass") + b"\n")
    digest.update(body)
    digest.update(b"\n")
    return base64.b64encode(digest.digest()).decode("ascii")


def mac(kind: Literal["header", "bewit"], key: str, target: Target, *, ts: str, nonce: str, hash: str, ext: str) -> str:
    """Return the message authentication code of a request, standard base64."""
    lines = (f"hawk.1.{kind}", ts, nonce, target.method.upper(), target.resource, target.host.lower())
    text = "\n".join((*lines, str(target.port), hash, ext, ""))
    digest = hmac.digest(key.encode(), text.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b64encode(digest).decode("ascii")


def same(left: str, right: str) -> bool:
    """Tell whether two codes are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())


def format_header(header: HawkHeader) -> str:
    """Return the header's text.  Empty attributes are left out."""
    pairs = [("mac", header.mac), ("hash", header.hash), ("id", header.id), ("ts", header.ts)]
    pairs += [("nonce", header.nonce), ("ext", header.ext)]
    return "Hawk " + ", ".join(f'{name}="{value}"' for name, value in pairs if value)


def parse_header(text: str) -> HawkHeader:
    """Return the attributes of an ``Authorization`` header; `BadHawk` if it is no Hawk header or a wrong one."""
    if len(text) > MAX_HEADER_CHARS:
        raise BadHawk("Bad Request: Header length too long")
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "hawk":
        raise BadHawk("Unauthorized: Unauthorized")
    found = _attributes(rest.strip())
    if not all(found.get(name) for name in ("id", "ts", "nonce", "mac")):
        raise BadHawk("Bad Request: Missing attributes")
    if not _SECONDS.fullmatch(found["ts"]):
        raise BadHawk("Bad Request: Bad attribute value: ts")
    return HawkHeader(**found)


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _ATTRIBUTE.match(text, position)
        if match is None:
            raise BadHawk("Bad Request: Bad header format")
        _add(found, match[1], match[2])
        position = match.end()
    return found


def _add(found: dict[str, str], name: str, value: str) -> None:
    if name not in _NAMES:
        raise BadHawk(f"Bad Request: Unknown attribute: {name}")
    if not _VALUE.fullmatch(value):
        raise BadHawk(f"Bad Request: Bad attribute value: {name}")
    if name in found:
        raise BadHawk(f"Bad Request: Duplicate attribute: {name}")
    found[name] = value


def has_bewit(resource: str) -> bool:
    """Tell whether a path with query carries a ``bewit`` parameter."""
    _, _, query = resource.partition("?")
    return any(pair.startswith("bewit=") for pair in query.split("&"))


def format_bewit(*, id: str, expiry: str, mac: str, ext: str) -> str:
    """Return the value of a ``bewit`` parameter."""
    text = "\\".join((id, expiry, mac, ext))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")


def parse_bewit(resource: str) -> Bewit:
    """Return what the ``bewit`` of this path and query says; `BadHawk` if it cannot be read."""
    if len(resource) > MAX_RESOURCE_CHARS:
        raise BadHawk("Bad Request: Resource path exceeds max length")
    path, _, query = resource.partition("?")
    pairs = query.split("&")
    values = [pair.removeprefix("bewit=") for pair in pairs if pair.startswith("bewit=")]
    if len(values) != 1:
        raise BadHawk("Bad Request: Multiple authentications")
    rest = "&".join(pair for pair in pairs if not pair.startswith("bewit="))
    return _read_bewit(values[0], f"{path}?{rest}" if rest else path)


def _read_bewit(value: str, resource: str) -> Bewit:
    if not value:
        raise BadHawk("Unauthorized: Empty bewit")
    if not _BEWIT_CHARS.fullmatch(value):
        raise BadHawk("Bad Request: Invalid bewit encoding")
    parts = decode_base64(value, "Bad Request: Invalid bewit encoding").decode("latin-1").split("\\")
    if len(parts) != 4:
        raise BadHawk("Bad Request: Invalid bewit structure")
    if not (parts[0] and _SECONDS.fullmatch(parts[1]) and parts[2]):
        raise BadHawk("Bad Request: Missing bewit attributes")
    if not _VALUE.fullmatch(parts[0]):
        raise BadHawk("Bad Request: Bad attribute value: id")
    return Bewit(id=parts[0], expiry=parts[1], mac=parts[2], ext=parts[3], resource=resource)


def decode_base64(text: str, complaint: str) -> bytes:
    """Return the bytes of base64 in either alphabet, padded or not; `BadHawk` with ``complaint`` otherwise."""
    plain = text.translate(_STANDARD_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadHawk(complaint) from error
