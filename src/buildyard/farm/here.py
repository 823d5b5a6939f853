"""Which calls come from this machine's own programs, and not from a page of some other site in its reader's browser.

Plain functions of header values.  Two rooms let callers in without credentials where the hub listens on loopback alone:
the door of the pages (`access`), and the Marconi server (`queue.http`); both ask here first.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=100)
def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on, or a host name as a client says it, is this machine alone."""
    bare = host.strip("[]")
    if bare.lower() == "localhost" or bare.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def is_foreign_host(host: str) -> bool:
    """Tell whether a ``Host`` header names another machine: another site's name may lead here (DNS rebinding)."""
    name, _, port = host.rpartition(":")
    return not is_loopback(name if port.isdecimal() else host)


def is_foreign_origin(origin: str | None, host: str) -> bool:
    """Tell whether a page of another site sent this."""
    return origin is not None and origin.partition("://")[2] != host
