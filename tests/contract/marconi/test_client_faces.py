"""What differs between the faces when a handler fails, on the hub: loops that nobody closes, and Twisted's handlers."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from buildyard.marconi import Client, Connection, aio


class Broken(Exception):
    pass


@pytest.fixture
def queue(hub_url, request):
    """A queue with three messages, seen by a client that only looks."""
    with Connection(endpoint=hub_url, project_id=request.node.name[:60]) as connection:
        queue = Client(connection).create_queue("work")
        queue.post_messages([{"body": n} for n in range(3)])
        yield queue


@pytest.fixture
def options(hub_url, request):
    return {"endpoint": hub_url, "project_id": request.node.name[:60]}


def left(queue):
    stats = queue.stats
    return stats.free, stats.claimed


CLAIM = {"limit": 2, "ttl": 60, "grace": 60, "poll": None}


def test_blocking_loop_that_raises_releases_at_once(queue):
    def work():
        for message in queue.consume(**CLAIM):
            if message.body == 1:
                raise Broken

    with pytest.raises(Broken):
        work()
    assert left(queue) == (2, 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "marconi-claim"]


def test_blocking_loop_that_is_interrupted_releases_at_once(queue):
    def work():
        for _ in queue.consume(**CLAIM):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert left(queue) == (3, 0)


def test_blocking_handler_is_held_for_by_a_thread(queue):
    for message in queue.consume(limit=3, ttl=1, grace=10, poll=None):
        if message.body == 0:
            time.sleep(2.2)
            assert left(queue) == (0, 3)
    assert left(queue) == (0, 0)


PROGRAM = """
import asyncio, sys
from buildyard.marconi import aio

async def main():
    client = aio.Client(aio.Connection(endpoint=sys.argv[1], project_id=sys.argv[2]))
    async for message in client.queue("work").consume(limit=2, ttl=60, grace=60, poll=None):
        if message.body == 1:
            raise SystemExit("broken")

asyncio.run(main())
"""


def test_program_that_ends_by_an_error_releases(queue, options):
    """Nothing is closed in it: the end of the loop has to do."""
    command = [sys.executable, "-c", PROGRAM, *options.values()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "broken" in done.stderr
    assert left(queue) == (2, 0)


def test_loop_that_is_cancelled_releases(queue, options):
    async def main():
        async with aio.Connection(**options) as connection:

            async def work():
                async for _ in aio.Client(connection).queue("work").consume(**CLAIM):
                    await asyncio.sleep(60)

            with pytest.raises(TimeoutError):
                await asyncio.wait_for(work(), 0.5)

    asyncio.run(main())
    assert left(queue) == (3, 0)


def on_a_reactor(options, scenario):
    """Run ``scenario(queue)``, which returns a Deferred, on Twisted's thread."""
    from twisted.internet import reactor, threads

    from buildyard.marconi import tx

    def start():
        connection = tx.Connection(**options)
        done = scenario(tx.Client(connection).queue("work"))
        return done.addBoth(lambda result: connection.close().addCallback(lambda _: result))

    return threads.blockingCallFromThread(reactor, start)


def test_twisted_handler_that_is_done_deletes_its_message(queue, options, reactor_thread):
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    seen = []

    def handle(message):
        return deferLater(reactor, 0.01, seen.append, message.body)

    on_a_reactor(options, lambda work: work.consume(**CLAIM).each(handle))
    assert seen == [0, 1, 2]
    assert left(queue) == (0, 0)


def test_twisted_handler_that_fails_releases_before_the_deferred_fires(queue, options, reactor_thread):
    def handle(message):
        if message.body == 1:
            raise Broken

    with pytest.raises(Broken):
        on_a_reactor(options, lambda work: work.consume(**CLAIM).each(handle))
    assert left(queue) == (2, 0)


def test_twisted_consumer_that_is_cancelled_releases(queue, options, reactor_thread):
    from twisted.internet import reactor
    from twisted.internet.defer import CancelledError, Deferred

    def scenario(work):
        running = work.consume(**CLAIM).each(lambda message: Deferred())
        reactor.callLater(0.5, running.cancel)
        return running

    with pytest.raises(CancelledError):
        on_a_reactor(options, scenario)
    assert left(queue) == (3, 0)


def test_twisted_handler_is_held_for(queue, options, reactor_thread):
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    held = []

    def handle(message):
        if message.body == 0:
            return deferLater(reactor, 2.2, lambda: held.append(message.body))
        return None

    on_a_reactor(options, lambda work: work.consume(limit=3, ttl=1, grace=10, poll=None).each(handle))
    assert held == [0]
    assert left(queue) == (0, 0)
