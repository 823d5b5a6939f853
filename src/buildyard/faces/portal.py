"""A loop on a thread of its own, for blocking callers of what must go on while they work.

A claim or a heartbeat falls due while the caller's own code runs, so the drivers of streams are asyncio's, and a
blocking face calls them through a `Portal`.  Requests and responses do not need one: see `blocking`.

    with Portal() as portal:
        consumer = portal.call(connect, url)
        for message in portal.iterate(consumer.messages, ahead=10):
            ...                                         # heartbeats go on meanwhile

Errors are raised in the caller's thread as they were raised on the loop's.  Ctrl-C cancels what is under way.  A
child process that was forked gets a new loop at its first call; what lived on the old one is the parent's.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import queue
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar

from buildyard.errors import PortalClosed

P = ParamSpec("P")
T = TypeVar("T")

#: How long an interrupted call waits for its coroutine to clean up; Ctrl-C must feel immediate.
_GRACE_SECONDS = 0.1
#: How long closing waits for the coroutines that are left.
CLOSE_SECONDS = 5.0

# Closing a loop that was forked would unregister its sockets from an epoll that the parent still uses, so loops of
# a parent are kept here, unclosed.
_parents_loops: list[asyncio.AbstractEventLoop] = []


class _Runner:
    """One loop on one thread of one process."""

    def __init__(self, name: str) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.awaited: set[asyncio.Future[Any]] = set()  #: futures that a thread waits for
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self._finish())
            self.loop.close()

    async def _finish(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=CLOSE_SECONDS)
        for future in list(self.awaited):
            future.cancel()
        await asyncio.sleep(0)
        await self.loop.shutdown_asyncgens()
        await self.loop.shutdown_default_executor()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(CLOSE_SECONDS + 1)

    @staticmethod
    def end(runner: _Runner) -> None:
        """Stop, wherever we are; a child process only lets go of what is its parent's."""
        if runner.pid != os.getpid():
            _parents_loops.append(runner.loop)
        elif runner.thread.is_alive() and threading.current_thread() is not runner.thread:
            runner.stop()


class _Call(Generic[T]):
    """One coroutine on its way, and whether it has finished, clean-up included."""

    def __init__(self, runner: _Runner, operation: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self.is_finished = threading.Event()
        self.future = asyncio.run_coroutine_threadsafe(self._run(operation), runner.loop)

    async def _run(self, operation: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            return await operation()
        finally:
            self.is_finished.set()

    def result(self) -> T:
        try:
            return self.future.result()
        except concurrent.futures.CancelledError:
            raise PortalClosed("the portal was closed while a call was under way") from None
        finally:
            # Not done means that something struck us while we waited: KeyboardInterrupt.
            self.abandon()

    def abandon(self) -> None:
        """Cancel, and give the coroutine a moment to clean up."""
        if not self.future.done():
            self.future.cancel()
            self.is_finished.wait(_GRACE_SECONDS)


class _Wait(Generic[T]):
    """One future on its way, which a thread waits for; much less work than a coroutine."""

    def __init__(self, runner: _Runner, begin: Callable[[], asyncio.Future[T]]) -> None:
        self._runner = runner
        self._begin_with = begin
        self._future: asyncio.Future[T] | None = None
        self._error: BaseException | None = None
        self._arrived = threading.Lock()
        self._arrived.acquire()
        runner.loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        try:
            self._future = self._begin_with()
        except Exception as error:
            self._error = error
            self._arrived.release()
            return
        self._runner.awaited.add(self._future)
        self._future.add_done_callback(self._end)

    def _end(self, future: asyncio.Future[T]) -> None:
        self._runner.awaited.discard(future)
        self._arrived.release()

    def result(self) -> T:
        try:
            self._arrived.acquire()
        except BaseException:
            # Ctrl-C: whoever fulfils the future finds it cancelled.
            self._runner.loop.call_soon_threadsafe(lambda: self._future is not None and self._future.cancel())
            raise
        if self._error is not None:
            raise self._error
        assert self._future is not None
        if self._future.cancelled():
            raise _closed()
        return self._future.result()


class _End:
    """The last thing an iteration hands over; with the error that ended it, if one did."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


class Portal:
    """Runs coroutines on a loop of its own and waits for them.  A context manager; any thread may call."""

    def __init__(self, name: str = "buildyard-portal") -> None:
        self._name = name
        self._runner: _Runner | None = None
        self._finalizer: Callable[[], object] = _nothing
        self._is_closed = False
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def call(self, operation: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the coroutine's result, or raise what it raised.

        Ctrl-C cancels the coroutine.  Raises `PortalClosed` after `close`, and within the portal's own loop.
        """
        return self._start(lambda: operation(*args, **kwargs)).result()

    def wait(self, begin: Callable[[], asyncio.Future[T]], /) -> T:
        """Return the result of the future that ``begin``, called on the loop, returns; or raise what either raised.

        Costs less than `call`, for what has no coroutine of its own.  Raises `PortalClosed` as `call` does.
        """
        with self._forkable_lock():
            runner = self._running()
            if threading.current_thread() is runner.thread:
                raise PortalClosed("a portal was called from its own loop, where waiting for it would never end")
            waiting = _Wait(runner, begin)
        return waiting.result()

    def start(
        self, operation: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> concurrent.futures.Future[T]:
        """Return a future of the coroutine's result at once; cancelling it cancels the coroutine."""
        return self._start(lambda: operation(*args, **kwargs)).future

    def _start(self, operation: Callable[[], Coroutine[Any, Any, T]]) -> _Call[T]:
        # Within the lock, so that whatever was started is there to be cancelled when the portal closes.
        with self._forkable_lock():
            runner = self._running()
            if threading.current_thread() is runner.thread:
                raise PortalClosed("a portal was called from its own loop, where waiting for it would never end")
            return _Call(runner, operation)

    def iterate(self, source: Callable[[], AsyncIterator[T]], *, ahead: int = 1) -> Generator[T, None, None]:
        """Yield each item of an asynchronous iterator; at most ``ahead`` of them wait for the caller.

        Leaving early closes the iterator.
        """
        ready: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
        taken = _Room(ahead)
        pump = self._start(lambda: _pump(source, ready, taken))
        pump.future.add_done_callback(lambda done: ready.put(_End(_closed())) if done.cancelled() else None)
        try:
            while not isinstance(item := ready.get(), _End):
                taken.release()
                yield item
            if item.error is not None:
                raise item.error
        finally:
            pump.abandon()

    def close(self) -> None:
        """Cancel what is under way, run its clean-up, and end the thread.  Closing twice is fine."""
        with self._forkable_lock():
            self._is_closed = True
            finalizer, self._finalizer = self._finalizer, _nothing
        finalizer()

    def _running(self) -> _Runner:
        if self._is_closed:
            raise _closed()
        if self._runner is None or self._runner.pid != os.getpid() or not self._runner.thread.is_alive():
            self._finalizer()
            self._runner = _Runner(self._name)
            # Runs when the portal is closed, forgotten, or the program ends, whatever comes first.
            self._finalizer = weakref.finalize(self, _Runner.end, self._runner)
        return self._runner

    def _forkable_lock(self) -> threading.Lock:
        # Another thread may have held the lock when we were forked; it does not exist here.
        if self._pid != os.getpid():
            self._lock, self._pid = threading.Lock(), os.getpid()
        return self._lock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _Room:
    """A semaphore that the loop acquires and any thread releases."""

    def __init__(self, size: int) -> None:
        self._semaphore = asyncio.Semaphore(size)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def acquire(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._semaphore.acquire()

    def release(self) -> None:
        # A loop that is closed takes no more calls, and has nobody left who waits for room.
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._semaphore.release)


async def _pump(source: Callable[[], AsyncIterator[T]], ready: queue.SimpleQueue[T | _End], room: _Room) -> None:
    items = source()
    try:
        while True:
            # Room first: an item that was taken from the source and not handed over would be lost to the caller.
            await room.acquire()
            ready.put(await anext(items))
    except StopAsyncIteration:
        ready.put(_End())
    except Exception as error:
        ready.put(_End(error))
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


def _closed() -> PortalClosed:
    return PortalClosed("the portal was closed")


def _nothing() -> None:
    """What there is to do for a portal without a loop."""
