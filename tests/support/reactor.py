"""Twisted's reactor in a thread of its own.  It starts only once in a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def running_reactor() -> Iterator[Any]:
    """Run the reactor, and yield it."""
    from twisted.internet import reactor

    running: Any = reactor
    thread = threading.Thread(target=running.run, kwargs={"installSignalHandlers": False}, daemon=True)
    thread.start()
    yield running
    running.callFromThread(running.stop)
    thread.join(10)
