"""One timer for many times."""

import heapq

import pytest

from buildyard.messaging._deadlines import Deadlines


class Future:
    def __init__(self):
        self.is_done = False

    def done(self):
        return self.is_done


class Runtime:
    """A loop whose time passes when it is told to."""

    def __init__(self):
        self.time = 0.0
        self.timers = []
        self.made = 0

    def now(self):
        return self.time

    def call_later(self, seconds, function):
        timer = Timer(self.time + seconds, self.made, function)
        self.made += 1
        heapq.heappush(self.timers, timer)
        return timer

    def run_to(self, time):
        while self.timers and self.timers[0].when <= time:
            timer = heapq.heappop(self.timers)
            self.time = max(self.time, timer.when)
            if not timer.is_cancelled:
                timer.function()
        self.time = time


class Timer:
    def __init__(self, when, number, function):
        self.when, self.number, self.function, self.is_cancelled = when, number, function, False

    def __lt__(self, other):
        return (self.when, self.number) < (other.when, other.number)

    def cancel(self):
        self.is_cancelled = True


@pytest.fixture
def runtime():
    return Runtime()


@pytest.fixture
def passed():
    return []


@pytest.fixture
def deadlines(runtime, passed):
    def late(future, seconds):
        future.is_done = True
        passed.append((runtime.time, seconds))

    return Deadlines(runtime, late)


def test_each_passes_at_its_own_time(runtime, deadlines, passed):
    for seconds in (5.0, 1.0, 3.0, 1.0):
        deadlines.add(Future(), seconds)
    runtime.run_to(4.0)
    assert passed == [(1.0, 1.0), (1.0, 1.0), (3.0, 3.0)]
    runtime.run_to(9.0)
    assert passed[3:] == [(5.0, 5.0)]


def test_what_is_done_does_not_pass(runtime, deadlines, passed):
    first, second = Future(), Future()
    deadlines.add(first, 1.0)
    deadlines.add(second, 2.0)
    first.is_done = True
    runtime.run_to(3.0)
    assert passed == [(2.0, 2.0)]


def test_many_that_are_done_in_time_need_one_timer_and_are_not_kept(runtime, deadlines, passed):
    for _ in range(1000):
        future = Future()
        deadlines.add(future, 30.0)
        future.is_done = True
    assert (runtime.made, len(deadlines._heap)) == (1, 1)
    runtime.run_to(60.0)
    assert (passed, runtime.timers, deadlines._heap) == ([], [], [])


def test_closed_ones_do_not_pass(runtime, deadlines, passed):
    deadlines.add(Future(), 1.0)
    deadlines.close()
    runtime.run_to(2.0)
    assert passed == []
