"""Names that callers say: of queues, claims, projects and clients.

Whatever cannot be one stops here, so that no text that a database would choke on gets further.
"""

from __future__ import annotations

import re
import uuid
from typing import Final

QUEUE_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}").fullmatch

#: Characters of a project's name, or a user's, at most.
NAME_LENGTH: Final = 256

_CLAIM_ID: Final = re.compile(r"[0-9a-f]{32}").fullmatch
_NO_CLAIM: Final = "-"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]").search
_MOST_KNOWN: Final = 10_000

_clients: dict[bytes, str] = {}


def known_claim(claim_id: str) -> str:
    """Return a claim's id as the store may be asked for it; for a text that can be none, one that no claim has."""
    return claim_id if _CLAIM_ID(claim_id) else _NO_CLAIM


def is_name(name: str) -> bool:
    """Tell whether a project, or a user, may be called so."""
    return 0 < len(name) <= NAME_LENGTH and _CONTROL(name) is None


def client_id(header: bytes) -> str:
    """Return the caller's id in its one spelling.  Raises `ValueError` for what is no UUID."""
    known = _clients.get(header)
    if known is None:
        known = uuid.UUID(header.decode("latin-1")).hex
        if len(_clients) >= _MOST_KNOWN:
            _clients.clear()
        _clients[header] = known
    return known
