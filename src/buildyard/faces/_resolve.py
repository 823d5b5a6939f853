"""Sockets for the blocking transport: looked up and connected before a deadline, and interruptible all the while.

The system's resolver obeys neither time-outs nor Ctrl-C, so it runs on a thread that we stop waiting for.
`_urllib3` calls `connect`.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time
from typing import Any

_Address = tuple[Any, ...]
_Found = tuple[socket.AddressFamily, _Address]


def connect(host: str, port: int, seconds: float) -> socket.socket:
    """Return a socket connected to ``host``, whose time-out is what is left of ``seconds``.

    Raises `TimeoutError` after ``seconds``, `OSError` (`socket.gaierror`) where it cannot be looked up or reached.
    """
    deadline = time.monotonic() + seconds
    addresses = _lookup(host, port, seconds)
    for place, (family, address) in enumerate(addresses):
        left = max(deadline - time.monotonic(), 0.001)
        try:
            # Of several addresses the first may be a dead end, so each gets its share of the time.
            found = _connect_one(family, address, left / (len(addresses) - place))
        except OSError:
            if place == len(addresses) - 1:
                raise
        else:
            found.settimeout(max(deadline - time.monotonic(), 0.001))
            return found
    raise socket.gaierror(socket.EAI_NONAME, "the name has no address")


def _connect_one(family: socket.AddressFamily, address: _Address, seconds: float) -> socket.socket:
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found.settimeout(seconds)
        found.connect(address)
    except BaseException:
        found.close()
        raise
    return found


def _lookup(host: str, port: int, seconds: float) -> list[_Found]:
    if _is_literal(host):
        return _resolve(host, port)
    answer: queue.SimpleQueue[list[_Found] | OSError] = queue.SimpleQueue()
    threading.Thread(target=_resolve_into, args=(answer, host, port), name=f"resolve {host}", daemon=True).start()
    try:
        found = answer.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"{host} was not looked up within {seconds:g} s") from None
    if isinstance(found, OSError):
        raise found
    return found


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _resolve_into(answer: queue.SimpleQueue[list[_Found] | OSError], host: str, port: int) -> None:
    try:
        answer.put(_resolve(host, port))
    except OSError as error:
        answer.put(error)
    except UnicodeError as error:  # a label that is empty or too long
        answer.put(socket.gaierror(socket.EAI_NONAME, str(error)))


def _resolve(host: str, port: int) -> list[_Found]:
    return [(info[0], info[4]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
