"""Words to a service manager: systemd's protocol of ``sd_notify``, for units of ``Type=notify``."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

_VARIABLE = "NOTIFY_SOCKET"


def notify(state: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell the service manager a state, such as ``READY=1``; return whether there was one to tell (sd_notify(3))."""
    address = environment.get(_VARIABLE, "")
    if not address.startswith(("/", "@")):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaking:
        try:
            # An abstract address begins with a zero byte, which is written @.
            speaking.sendto(state.encode(), f"\0{address[1:]}" if address[0] == "@" else address)
        except OSError:
            return False
    return True
