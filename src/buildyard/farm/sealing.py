"""Secrets as they lie in the store: sealed with a key that does not lie there.

AES-256-GCM; the secret's name is sealed along, so that a row cannot pass for another.  The key is a file of the state
directory, or one that the settings name.  What this protects is a database without its key: a backup, a PostgreSQL of
somebody else.  Who has the state directory has both.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from buildyard.errors import BuildyardError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
#: The first byte of what was sealed so.
_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12


class BadKey(BuildyardError):
    """There is no usable key in this file.  Bring back the one that was there, or name another file."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"no key for secrets in {path}: {why}")
        self.path = path


class CannotOpen(BuildyardError):
    """What lies in the store was sealed with another key, or was changed.  Bring back the key it was sealed with."""


class Sealing:
    """Seals and opens with one key, of `KEY_BYTES`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, name: str, secret: bytes) -> bytes:
        """Return the secret, sealed under its name."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher().encrypt(nonce, secret, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return what was sealed under this name.  Raises `CannotOpen`."""
        from cryptography.exceptions import InvalidTag

        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _VERSION:
                raise InvalidTag
            return self._cipher().decrypt(nonce, rest, name.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotOpen(f"the secret `{name}` was sealed with another key, or was changed") from error

    def _cipher(self) -> AESGCM:
        # Imported by who has secrets alone: it takes longer than the rest of a hub's start.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)


def new_key() -> str:
    """Return a new key, as a file holds it."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode() + "\n"


def read_key(path: Path) -> bytes:
    """Return the key in this file.  Raises `BadKey`."""
    try:
        key = base64.urlsafe_b64decode(path.read_bytes().strip())
    except OSError as error:
        raise BadKey(path, error.strerror or str(error)) from error
    except binascii.Error as error:
        raise BadKey(path, "it is not base64") from error
    if len(key) != KEY_BYTES:
        raise BadKey(path, f"it has {len(key)} bytes instead of {KEY_BYTES}")
    return key
