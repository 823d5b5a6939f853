"""A token's text: who may do what in which project until when, signed by the hub.

Pure: from a `Token` to its text and back.  Nothing about a token is stored, so it is good in every hub of a store from
the moment it is made; `desk` knows what ends one before its time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

import msgspec
from msgspec import Struct

#: No token of ours is longer: a client id and a project have their bounds.
LONGEST: Final = 4096

_MAC_BYTES: Final = 32


class Token(Struct, frozen=True, kw_only=True, array_like=True):
    """What a token says."""

    audit: str  #: names this token in a list of those that were revoked
    client_id: str
    project: str | None  #: None: it opens no project yet, and can be exchanged for one that does
    issued: int  #: seconds since 1970
    expires: int  #: seconds since 1970
    methods: tuple[str, ...]  #: how its holder was known: ``password``, ``application_credential``, ``token``
    parent: str = ""  #: the audit name of the token that it was exchanged for
    stamp: bytes = b""  #: of the access token it was got with: a client that changes it ends its tokens


_decode: Final = msgspec.msgpack.Decoder(Token).decode


def sealed(key: bytes, token: Token) -> str:
    """Return the token's text."""
    told = msgspec.msgpack.encode(token)
    return base64.urlsafe_b64encode(told + _mac(key, told)).rstrip(b"=").decode()


def opened(key: bytes, text: str) -> Token | None:
    """Return the token that this text is; None for a text that no hub of this key has made."""
    if len(text) > LONGEST:
        return None
    try:
        whole = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    told, mac = whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, told)):
        return None
    return _decode(told)


def stamp_of(key: bytes, access_token: str) -> bytes:
    """Return what tells that a client still has the access token that it had."""
    return hmac.digest(key, b"stamp\n" + access_token.encode(), hashlib.sha256)[:12]


def _mac(key: bytes, told: bytes) -> bytes:
    return hmac.digest(key, b"token\n" + told, hashlib.sha256)
