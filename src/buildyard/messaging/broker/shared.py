"""The broker of this process, shared by its threads: a lock puts steps in a row, a timer makes those that are due.

`memory` has connections of this process to it, `serving` those of sockets.  Each takes what happened to it on a loop of
its own.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import ClassVar, Protocol
from weakref import WeakSet

from msgspec import Struct

from buildyard.messaging.broker.host import Host
from buildyard.messaging.broker.session import Peer, Session


class QueueState(Struct, frozen=True, kw_only=True):
    """What is in a queue."""

    name: str
    ready: int  #: messages that wait
    unacknowledged: int  #: messages that consumers have
    consumers: int


class Sleeper(Peer, Protocol):
    """A peer that is woken when something has happened to it."""

    def wake(self) -> None:
        """Look what it is; called in any thread, once until it was looked at."""


class _Step:
    """One step of a broker, for ``with``; it gives the step's time."""

    def __init__(self, lock: threading.Lock, end: Callable[[], object]) -> None:
        self._begin = lock.acquire
        self._end = end

    def __enter__(self) -> float:
        self._begin()
        return time.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()


class Broker:
    """Exchanges and queues in this process's memory; they end with it, or with `close`.

    Clients reach it as ``memory://NAME``, which makes it at the first use.
    """

    _known: ClassVar[dict[str, Broker]] = {}
    _naming: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self.step = _Step(self._lock, self._end_step)  #: what connections do is done within one
        self._host = _new_host()
        # One whose loop has ended without a good-bye goes with it.
        self._sessions: WeakSet[Session] = WeakSet()
        self._woken: list[Sleeper] = []
        self._timer: threading.Timer | None = None
        self._rings_at: float | None = None

    @classmethod
    def named(cls, name: str = "") -> Broker:
        """Return this process's broker of that name, a new one where there is none."""
        with cls._naming:
            found = cls._known.get(name)
            if found is None:
                found = cls._known[name] = cls(name)
            return found

    @classmethod
    def _forget_all(cls) -> None:
        # A child process that was forked has none of the threads that use them.
        cls._naming = threading.Lock()
        cls._known.clear()

    @property
    def url(self) -> str:
        """The address for ``amqp_url``."""
        return f"memory://{self.name}"

    def close(self) -> None:
        """End every connection, and forget what there is; the next one to that address finds a new broker."""
        with self._naming:
            if self._known.get(self.name) is self:
                del self._known[self.name]
        self.disconnect("the broker was closed")
        with self.step:
            self._host = _new_host()
            if self._timer is not None:
                self._timer.cancel()

    def disconnect(self, reason: str = "closed for a reason of the broker's own") -> None:
        """End every connection, as an operator would; queues and messages stay."""
        with self.step as now:
            for session in list(self._sessions):
                session.peer.closed(320, f"CONNECTION_FORCED - {reason}")
                self.end(session, now)

    def queues(self) -> list[QueueState]:
        """Return what is in each queue, by name."""
        with self.step:
            held: dict[str, int] = {}
            for session in self._sessions:
                for channel in session.channels.values():
                    for one in channel.held.values():
                        held[one.queue.name] = held.get(one.queue.name, 0) + 1
            return [
                QueueState(
                    name=name,
                    ready=queue.count,
                    unacknowledged=held.get(name, 0),
                    consumers=len(queue.consumers),
                )
                for name, queue in sorted(self._host.queues.items())
            ]

    # --- for connections --------------------------------------------------------------------------

    def _end_step(self) -> None:
        """End a step: whoever has something to look at is woken."""
        woken = self._woken
        if woken:
            self._woken = []
        try:
            deadline = self._host.next_deadline()
            if deadline is not None and (self._rings_at is None or deadline < self._rings_at):
                self._set_timer(deadline)
        finally:
            self._lock.release()
        for one in woken:
            one.wake()

    def begin(self, peer: Sleeper, user: str) -> Session:
        """Return a new session; within a step, as all that follows."""
        session = Session(self._host, peer, user=user)
        self._sessions.add(session)
        return session

    def end(self, session: Session, now: float) -> None:
        """End a session."""
        self._sessions.discard(session)
        session.close(now)

    def to_wake(self, peer: Sleeper) -> None:
        """Wake a peer when the step has ended."""
        self._woken.append(peer)

    # --- time -------------------------------------------------------------------------------------

    def _set_timer(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = deadline
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._ring)
        self._timer.daemon = True
        self._timer.start()

    def _ring(self) -> None:
        with self.step as now:
            self._rings_at = None
            self._host.tick(now)


def _new_host() -> Host:
    return Host(unix_offset=time.time() - time.monotonic())


os.register_at_fork(after_in_child=Broker._forget_all)
