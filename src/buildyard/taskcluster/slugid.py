"""Taskcluster's ids: a random UUID in 22 characters that are safe in an address.

A slug is the URL-safe base64 of a version 4 UUID without its padding.  A *nice* slug has the first
bit cleared, so it begins with a letter from ``A`` to ``f`` and is never taken for a command line
option.  `slugId` makes nice ones; services accept both.
"""

# Names are Taskcluster's own.
# ruff: noqa: N802

from __future__ import annotations

import base64
import os
import re
import uuid
from collections.abc import Callable

__all__ = ["decode", "encode", "is_slug", "nice", "slugId", "stableSlugId", "v4"]

#: What every slug looks like (the fixed characters are the UUID's version and variant).
SLUG_PATTERN = r"[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]"

_SLUG = re.compile(SLUG_PATTERN)


def encode(value: uuid.UUID) -> str:
    """Return the slug that stands for this UUID."""
    return base64.urlsafe_b64encode(value.bytes).rstrip(b"=").decode("ascii")


def decode(slug: str) -> uuid.UUID:
    """Return the UUID that this slug stands for; `ValueError` if it is not a slug."""
    if not is_slug(slug):
        raise ValueError(f"not a slug: {slug!r}")
    return uuid.UUID(bytes=base64.urlsafe_b64decode(slug + "=="))


def is_slug(text: str) -> bool:
    """Tell whether the text is a slug, nice or not."""
    return _SLUG.fullmatch(text) is not None


def v4() -> str:
    """Return a new random slug with any first character, ``-`` included."""
    return encode(uuid.uuid4())


def nice() -> str:
    """Return a new random slug that begins with a letter."""
    raw = bytearray(os.urandom(16))
    raw[0] &= 0x7F
    # Version 4, variant 1 (RFC 9562 section 5.4), as `uuid.uuid4` says it at three times the cost.
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    return base64.urlsafe_b64encode(raw)[:22].decode("ascii")


def slugId() -> str:
    """Return a new unique id, a `nice` slug, as services ask for task ids and upload ids."""
    return nice()


def stableSlugId() -> Callable[[str], str]:
    """Return a function from names to slugs that gives the same slug whenever it gets the same name.

    Each call of `stableSlugId` makes a function with a memory of its own.
    """
    known: dict[str, str] = {}

    def slug_of(name: str) -> str:
        if name not in known:
            known[name] = slugId()
        return known[name]

    return slug_of
