"""Twisted's reactor for tests: it runs once in a process, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def reactor_thread() -> Iterator[None]:
    """The reactor, running; for a conftest to import."""
    from twisted.internet import reactor

    running: Any = reactor
    thread = threading.Thread(target=running.run, kwargs={"installSignalHandlers": False}, daemon=True)
    thread.start()
    yield
    running.callFromThread(running.stop)
    thread.join(10)


def in_reactor(function: Callable[[], Any]) -> Any:
    """Run a coroutine function, or one that returns a Deferred, on the reactor; return what comes of it."""
    from twisted.internet import reactor, threads
    from twisted.internet.defer import Deferred

    def run() -> Any:
        made = function()
        made = made if isinstance(made, Deferred) else Deferred.fromCoroutine(made)
        return made.addTimeout(20, reactor)

    return threads.blockingCallFromThread(reactor, run)
