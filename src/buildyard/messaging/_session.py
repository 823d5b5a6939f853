"""Connecting, and connecting again: how often, and after which delays."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Protocol

from buildyard.messaging._link import Link
from buildyard.messaging._runtime import Runtime, sleep
from buildyard.messaging._settings import Settings
from buildyard.messaging.exceptions import ConnectionException, ProtocolError
from buildyard.messaging.signals import connection_state_signal

log = logging.getLogger(__name__)

#: Who is told of states: connecting, connected, ...
Told = Callable[..., None]

#: Seconds before the first new attempt, and at most between two.
FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
_FACTOR = 2.0
_JITTER = 0.25


def delay(failures: int, luck: float) -> float:
    """Return the seconds to wait after so many failures in a row; ``luck`` in [0, 1) places it within its jitter."""
    # Far beyond the cap the power would be no number.
    middle = min(LONGEST_DELAY / (1 + _JITTER), FIRST_DELAY * _FACTOR ** min(failures, 32))
    return middle * (1 - _JITTER + 2 * _JITTER * luck)


async def pause(runtime: Runtime, failures: int) -> None:
    """Wait before connecting again."""
    await sleep(runtime, delay(failures, random.random()))  # noqa: S311 - spreads clients, hides nothing


def may_pass(error: ConnectionException) -> bool:
    """Tell whether trying again may help: not where we are refused, nor where the peer is no broker."""
    return not (isinstance(error, ProtocolError) or getattr(error, "is_refused", False))


async def connect(settings: Settings, runtime: Runtime, told: Told) -> Link:
    """Return an open link, after as many attempts as the URL allows.  Raises `ConnectionException`."""
    parameters = settings.parameters
    attempt = 1
    while True:
        try:
            return await connect_once(settings, runtime, told)
        except ConnectionException as error:
            if attempt >= parameters.connection_attempts or not may_pass(error):
                raise
            log.warning("Connecting failed, attempt %d of %d: %s", attempt, parameters.connection_attempts, error)
        attempt += 1
        await sleep(runtime, parameters.retry_delay)


async def connect_once(settings: Settings, runtime: Runtime, told: Told) -> Link:
    """Return an open link.  Raises `ConnectionException`."""
    told("connecting")
    link = Link(settings.parameters, runtime)
    link.on_state.append(told)
    try:
        await link.open(settings.tls)
    except ConnectionException as error:
        told("disconnected", error)
        raise
    told("connected")
    return link


class Source(Protocol):
    """Where links come from: a connection of one's own, or one that is shared."""

    async def first(self, told: Told, /) -> Link:
        """Return an open link, after as many attempts as the URL allows.  Raises `ConnectionException`."""

    async def again(self, told: Told, /) -> Link:
        """Return an open link after one attempt.  Raises `ConnectionException`."""

    def release(self, link: Link, /) -> None:
        """Be told that a link is not needed any longer."""


class Own:
    """Makes connections for one user, who is alone on them."""

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        self._settings = settings
        self._runtime = runtime

    async def first(self, told: Told) -> Link:
        """Return an open link, after as many attempts as the URL allows."""
        return await connect(self._settings, self._runtime, told)

    async def again(self, told: Told) -> Link:
        """Return an open link after one attempt."""
        return await connect_once(self._settings, self._runtime, told)

    def release(self, link: Link) -> None:
        """Close it."""
        link.close()


class States:
    """The state of one publisher's or consumer's connection, told to who listens to the signal."""

    def __init__(self, sender: object) -> None:
        self._sender = sender
        self.state = "closed"  #: connecting, connected, blocked, unblocked, disconnected or closed

    def __call__(self, state: str, error: object = None) -> None:
        if state == self.state:
            return
        self.state = state
        for handler in connection_state_signal.receivers_for(self._sender):
            try:
                handler(self._sender, state=state, error=error)
            except Exception:
                log.exception("A handler of the connection's state failed")
