"""Helpers for the Python side of message schemas: the addresses of avatars."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import urlencode

__all__ = ["libravatar_url", "user_avatar_url"]


def libravatar_url(email: str | None = None, openid: str | None = None, size: int = 64, default: str = "retro") -> str:
    """Return the address of a picture at Libravatar: ``size`` pixels square, ``default`` for who has none.

    Raises `ValueError` where neither ``email`` nor ``openid`` is given.
    """
    identity = email or openid
    if not identity:
        raise ValueError("either an email or an openid is needed to find a picture")
    digest = sha256(identity.encode()).hexdigest()
    return f"https://seccdn.libravatar.org/avatar/{digest}?{urlencode({'s': size, 'd': default})}"


def user_avatar_url(username: str, size: int = 64, default: str = "retro") -> str:
    """Return the address of the picture of a user of the Fedora project."""
    return libravatar_url(openid=f"http://{username}.id.fedoraproject.org/", size=size, default=default)
