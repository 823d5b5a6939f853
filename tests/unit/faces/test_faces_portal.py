"""A portal runs coroutines on a loop of its own, and ends cleanly."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from buildyard.errors import PortalClosed
from buildyard.faces.portal import Portal


@pytest.fixture
def portal() -> Iterator[Portal]:
    with Portal() as portal:
        yield portal


def portal_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "buildyard-portal"]


async def double(number: int, *, plus: int = 0) -> int:
    await asyncio.sleep(0)
    return number * 2 + plus


async def fail() -> None:
    raise LookupError("no")


def test_call_returns_the_result(portal: Portal) -> None:
    assert portal.call(double, 4, plus=1) == 9


def test_call_raises_what_the_coroutine_raised_with_its_traceback(portal: Portal) -> None:
    with pytest.raises(LookupError, match="no") as caught:
        portal.call(fail)
    assert any(entry.name == "fail" for entry in caught.traceback)


def test_coroutines_run_on_another_thread_while_the_caller_works(portal: Portal) -> None:
    beats: list[int] = []

    async def beat() -> None:
        for _ in range(5):
            beats.append(threading.get_ident())
            await asyncio.sleep(0.001)

    running = portal.start(beat)
    time.sleep(0.1)
    running.result(5)
    assert len(beats) == 5
    assert threading.get_ident() not in beats


def test_thread_starts_with_the_first_call() -> None:
    before = len(portal_threads())
    with Portal() as portal:
        assert len(portal_threads()) == before
        portal.call(double, 1)
        assert len(portal_threads()) == before + 1


def test_close_ends_the_thread_and_runs_clean_up() -> None:
    events: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            events.append("cleaned up")

    before = len(portal_threads())
    portal = Portal()
    portal.start(work)
    portal.call(double, 1)
    portal.close()
    assert events == ["cleaned up"]
    assert len(portal_threads()) == before


def test_close_twice_is_fine(portal: Portal) -> None:
    portal.call(double, 1)
    portal.close()
    portal.close()


def test_call_after_close_is_refused(portal: Portal) -> None:
    portal.close()
    with pytest.raises(PortalClosed):
        portal.call(double, 1)


def test_call_that_is_under_way_when_the_portal_closes_ends(portal: Portal) -> None:
    errors: list[BaseException] = []
    begun = threading.Event()

    async def wait() -> None:
        begun.set()
        await asyncio.sleep(60)

    def call() -> None:
        try:
            portal.call(wait)
        except PortalClosed as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    begun.wait(5)
    portal.close()
    thread.join(5)
    assert len(errors) == 1


def test_call_from_the_portals_own_loop_is_refused(portal: Portal) -> None:
    async def call_itself() -> int:
        return portal.call(double, 1)

    with pytest.raises(PortalClosed, match="own loop"):
        portal.call(call_itself)


def test_cancelling_a_future_cancels_its_coroutine(portal: Portal) -> None:
    cancelled = threading.Event()
    begun = threading.Event()

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    future = portal.start(wait)
    begun.wait(5)
    future.cancel()
    assert cancelled.wait(5)


def test_forgotten_portal_ends_its_thread() -> None:
    before = len(portal_threads())
    portal = Portal()
    portal.call(double, 1)
    del portal
    gc.collect()
    assert len(portal_threads()) == before


def test_portal_whose_loop_died_starts_another(portal: Portal) -> None:
    async def die() -> None:
        asyncio.get_running_loop().stop()

    portal.start(die)
    for thread in portal_threads():
        thread.join(5)
    assert portal.call(double, 2) == 4


# Iterations


class Source:
    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.count = count
        self.error = error
        self.sent = 0
        self.has_ended = threading.Event()

    async def items(self) -> AsyncIterator[int]:
        try:
            for number in range(self.count):
                self.sent += 1
                yield number
            if self.error is not None:
                raise self.error
        finally:
            await asyncio.sleep(0)
            self.has_ended.set()


def test_iteration_yields_each_item(portal: Portal) -> None:
    assert list(portal.iterate(Source(100).items, ahead=7)) == list(range(100))


def test_iteration_raises_after_the_items_that_came(portal: Portal) -> None:
    items = portal.iterate(Source(2, LookupError("no")).items, ahead=9)
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(LookupError):
        next(items)


def test_source_is_never_further_ahead_than_allowed(portal: Portal) -> None:
    source = Source(100)
    items = portal.iterate(source.items, ahead=3)
    next(items)
    time.sleep(0.1)
    assert source.sent <= 1 + 3
    items.close()


def test_iteration_that_is_left_early_closes_its_source(portal: Portal) -> None:
    source = Source(100)
    for _ in portal.iterate(source.items):
        break
    assert source.has_ended.wait(5)


def test_iteration_ends_when_the_portal_closes(portal: Portal) -> None:
    async def never() -> AsyncIterator[int]:
        await asyncio.sleep(60)
        yield 1

    items = portal.iterate(never)
    threading.Timer(0.1, portal.close).start()
    with pytest.raises(PortalClosed):
        next(items)


def test_iteration_goes_on_while_the_caller_works(portal: Portal) -> None:
    source = Source(10)
    items = portal.iterate(source.items, ahead=5)
    next(items)
    time.sleep(0.1)
    assert source.sent > 3
    items.close()


def test_future_is_waited_for_without_a_coroutine():
    with Portal() as portal:

        def begin():
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            loop.call_later(0.01, future.set_result, 5)
            return future

        assert portal.wait(begin) == 5


def test_what_begins_a_future_may_raise():
    def begin():
        raise KeyError("no")

    with Portal() as portal, pytest.raises(KeyError):
        portal.wait(begin)


def test_future_that_is_not_there_at_the_end_is_a_closed_portal():
    portal = Portal()
    threading.Timer(0.1, portal.close).start()
    with pytest.raises(PortalClosed):
        portal.wait(lambda: asyncio.get_running_loop().create_future())
