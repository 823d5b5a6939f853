"""Verdicts on messages, acknowledgements that go out together, and delays between connections."""

import pytest

from buildyard.messaging import exceptions
from buildyard.messaging._session import delay
from buildyard.messaging._settling import DROPPED, REJECTED, Redelivery, Returns, Settler, verdict_on
from support.amqp_server import frames, opened, with_channel


class FakeLink:
    """A link without a loop."""

    def __init__(self):
        self.core = opened()
        self.is_over = False

    def flush_soon(self):
        pass


class FakeRuntime:
    def __init__(self):
        self.later = []

    def call_soon(self, function):
        self.later.append(function)

    def call_later(self, seconds, function):
        self.later.append(function)

    def run(self):
        while self.later:
            self.later.pop(0)()


@pytest.fixture
def settled():
    """Hold deliveries 1 to 5, do something, and return what was sent."""

    def run(act):
        link, runtime = FakeLink(), FakeRuntime()
        settler = Settler(link, with_channel(link.core), runtime)
        for tag in range(1, 6):
            settler.hold(tag)
        act(settler)
        runtime.run()
        return [
            (value.name[6:], value.delivery_tag, value.multiple) for _, value in frames(link.core.data_to_send(0.0))
        ]

    return run


def test_acknowledgements_of_one_turn_are_one_frame(settled):
    assert settled(lambda settler: [settler.ack(tag) for tag in (1, 2, 3)]) == [("Ack", 3, True)]


def test_single_acknowledgement_is_not_multiple(settled):
    assert settled(lambda settler: settler.ack(1)) == [("Ack", 1, False)]


def test_what_overtook_an_unfinished_message_goes_alone(settled):
    assert settled(lambda settler: [settler.ack(tag) for tag in (1, 3, 5)]) == [
        ("Ack", 1, False),
        ("Ack", 3, False),
        ("Ack", 5, False),
    ]


def test_acknowledgement_never_covers_an_unfinished_message(settled):
    sent = settled(lambda settler: [settler.ack(tag) for tag in (2, 3, 4, 5)])
    assert all(not multiple for _, _, multiple in sent)


def test_rejection_goes_at_once_and_later_ones_pass_it(settled):
    def act(settler):
        settler.nack(2, requeue=True)
        for tag in (1, 3):
            settler.ack(tag)

    assert settled(act) == [("Nack", 2, False), ("Ack", 3, True)]


def test_everything_is_given_back_after_what_was_acknowledged(settled):
    def act(settler):
        settler.ack(1)
        settler.give_all_back()

    assert settled(act) == [("Ack", 1, False), ("Nack", 0, True)]


def test_nothing_is_sent_on_a_channel_that_is_gone(settled):
    def act(settler):
        settler.ack(1)
        settler.end()
        settler.nack(2, requeue=True)
        settler.give_all_back()

    assert settled(act) == []


@pytest.mark.parametrize(
    "error, acked, requeued, last",
    [
        (exceptions.Nack(), False, True, False),
        (exceptions.Drop(), False, False, False),
        (exceptions.HaltConsumer(), True, False, True),
        (exceptions.HaltConsumer(requeue=True), False, True, True),
        (KeyError(), False, True, True),
    ],
)
def test_verdict_is_the_documented_one(error, acked, requeued, last):
    verdict = verdict_on(error)
    assert (verdict.is_acked, verdict.is_requeued, verdict.is_last) == (acked, requeued, last)


def test_returns_are_counted_a_message():
    returns = Returns(Redelivery(limit=2))
    assert [returns.verdict("a", {}) for _ in range(3)] == [REJECTED, REJECTED, DROPPED]
    assert returns.verdict("b", {}) == REJECTED


def test_count_of_a_quorum_queue_stands_over_ours():
    returns = Returns(Redelivery(limit=2))
    assert returns.verdict("a", {"x-delivery-count": 1}) == REJECTED
    assert returns.verdict("a", {"x-delivery-count": 2}) == DROPPED


def test_message_without_identity_does_not_loop():
    assert Returns(Redelivery(limit=2)).verdict(None, {}) == DROPPED


def test_delays_grow_to_a_minute_and_are_spread():
    assert delay(0, 0.5) == 0.5
    assert delay(3, 0.5) == 4.0
    assert max(delay(failures, luck) for failures in range(2000) for luck in (0.0, 0.999)) < 60
    assert delay(20, 0.0) < delay(20, 0.9)
