"""Addresses on this hub that work without credentials for a while, because the hub signed them.

As an S3 bucket's would be: method, path and whatever was agreed on are signed, and nothing is stored.  `objects_http`
and `s3_http` give them out and check them.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

from msgspec import Struct

from buildyard.farm.tasks.errors import AuthenticationFailed
from buildyard.farm.tasks.wire import Call, root_url


class Address(Struct, frozen=True):
    """A signed address, and when it ends (seconds since 1970)."""

    url: str
    expires: int


def signed_address(call: Call, method: str, path: str, facts: Mapping[str, str], seconds: float) -> Address:
    """Return the address of this path, good for one method and so many seconds; ``facts`` are part of its query."""
    expires = int(call.rooms.clock() + seconds)
    signed = {**facts, "expires": str(expires)}
    query = urlencode({**signed, "signature": call.rooms.auth.sign(_text(method, path, signed))})
    return Address(f"{root_url(call.rooms, call.request)}{path}?{query}", expires)


def check_address(call: Call, method: str, path: str) -> None:
    """Return if the call came to an address of this path that this hub signed.  Raises `AuthenticationFailed`."""
    facts = {key: value for key, value in call.query.items() if key != "signature"}
    expected = call.rooms.auth.sign(_text(method, path, facts))
    if not hmac.compare_digest(expected, call.query.get("signature", "")):
        raise AuthenticationFailed("this address was not signed by this hub, or was changed")
    if int(facts["expires"]) <= call.rooms.clock():
        raise AuthenticationFailed("this address has expired; ask for another")


def _text(method: str, path: str, facts: Mapping[str, str]) -> str:
    return "\n".join([method, path, *(f"{key}:{facts[key]}" for key in sorted(facts))])
