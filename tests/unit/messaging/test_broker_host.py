"""The broker's heart against a model: nothing is lost, nothing is with two consumers, order is kept."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from pamqp import commands

from buildyard.messaging._properties import Properties
from buildyard.messaging.broker.errors import Refused
from buildyard.messaging.broker.host import Host
from buildyard.messaging.broker.messages import content_of
from buildyard.messaging.broker.session import Session

Basic, Queue = commands.Basic, commands.Queue
QUEUES = ("a", "b")


def content(key, body, **properties):
    return content_of("", key, Properties(**properties), body)


class Peer:
    """Writes down what it is told."""

    def __init__(self):
        self.deliveries, self.confirmations, self.cancelled_ones, self.answers = [], [], [], []

    def answered(self, channel, method):
        self.answers.append(method)

    def delivered(self, channel, consumer, tag, entry):
        self.deliveries.append((channel, tag, entry.content.body))

    def returned(self, channel, content, code, text):
        pass

    def confirmed(self, channel, tag, is_taken):
        self.confirmations.append((tag, is_taken))

    def cancelled(self, channel, consumer):
        self.cancelled_ones.append(consumer)

    def closed(self, code, text):
        pass


class Watching(Peer):
    """Tells a model of each delivery."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.held = {}  #: (channel, tag) to (queue, body)

    def delivered(self, channel, consumer, tag, entry):
        queue, body = entry.content.routing_key, entry.content.body
        self.model.deliver(queue, body)
        self.held[channel, tag] = (queue, body)


class Model:
    """Which messages wait, and which are held: each by its number."""

    def __init__(self):
        self.waiting = {queue: set() for queue in QUEUES}
        self.held = {queue: set() for queue in QUEUES}

    def deliver(self, queue, body):
        assert body not in self.held[queue], "it was with somebody already"
        assert body == min(self.waiting[queue]), "an older one was waiting"
        self.waiting[queue].remove(body)
        self.held[queue].add(body)

    def settle(self, queue, body, *, returns):
        self.held[queue].remove(body)
        if returns:
            self.waiting[queue].add(body)


class Delivering(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.host = Host()
        self.model = Model()
        self.number = 0
        self.sessions = []
        self.publisher = Session(self.host, Peer())
        self.out = self.publisher.open_channel(1)
        for queue in QUEUES:
            self.publisher.call(self.out, Queue.Declare(queue=queue), 0.0)

    def channels(self):
        return [channel for session in self.sessions for channel in session.channels.values()]

    def holding(self):
        return [channel for channel in self.channels() if channel.held]

    @rule(queue=st.sampled_from(QUEUES), count=st.integers(1, 3))
    def publish(self, queue, count):
        for _ in range(count):
            self.number += 1
            body = b"%06d" % self.number
            self.model.waiting[queue].add(body)
            self.publisher.publish(self.out, content(queue, body), is_mandatory=False, now=0.0)

    @precondition(lambda self: len(self.channels()) < 4)
    @rule(data=st.data(), prefetch=st.integers(0, 3), is_global=st.booleans())
    def open(self, data, prefetch, is_global):
        if not self.sessions or data.draw(st.booleans()):
            self.sessions.append(Session(self.host, Watching(self.model)))
        session = self.sessions[-1]
        channel = session.open_channel(max(session.channels, default=0) + 1)
        session.call(channel, Basic.Qos(0, prefetch, is_global), 0.0)

    @precondition(lambda self: self.channels())
    @rule(data=st.data(), queue=st.sampled_from(QUEUES))
    def consume(self, data, queue):
        channel = data.draw(st.sampled_from(self.channels()))
        # Named here: a name that the broker draws would sort differently in every run.
        self.number += 1
        tag = f"consumer-{self.number:06}"
        channel.session.call(channel, Basic.Consume(queue=queue, consumer_tag=tag), 0.0)

    @precondition(lambda self: any(channel.consumers for channel in self.channels()))
    @rule(data=st.data())
    def cancel(self, data):
        channel = data.draw(st.sampled_from([channel for channel in self.channels() if channel.consumers]))
        channel.session.call(channel, Basic.Cancel(data.draw(st.sampled_from(sorted(channel.consumers)))), 0.0)

    @precondition(lambda self: self.channels())
    @rule(data=st.data(), queue=st.sampled_from(QUEUES))
    def get(self, data, queue):
        channel = data.draw(st.sampled_from(self.channels()))
        got = channel.session.get(channel, queue, is_acking=True, now=0.0)
        assert (got is None) == (not self.model.waiting[queue])
        if got is not None:
            self.model.deliver(queue, got.entry.content.body)
            channel.session.peer.held[channel.number, got.tag] = (queue, got.entry.content.body)

    @precondition(lambda self: self.holding())
    @rule(data=st.data(), multiple=st.booleans(), requeue=st.sampled_from([None, True, False]))
    def settle(self, data, multiple, requeue):
        channel = data.draw(st.sampled_from(self.holding()))
        session, tags = channel.session, sorted(channel.held)
        tag = data.draw(st.sampled_from(tags))
        for one in tags[: tags.index(tag) + 1] if multiple else [tag]:
            self.model.settle(*session.peer.held.pop((channel.number, one)), returns=requeue is True)
        if requeue is None:
            session.ack(channel, tag, multiple=multiple, now=0.0)
        else:
            session.nack(channel, tag, requeue=requeue, multiple=multiple, now=0.0)

    @precondition(lambda self: self.channels())
    @rule(data=st.data(), whole=st.booleans())
    def leave(self, data, whole):
        channel = data.draw(st.sampled_from(self.channels()))
        session = channel.session
        leaving = list(session.channels.values()) if whole else [channel]
        # One after another: what the first gives back the others may be given.
        for one in leaving:
            for tag in sorted(one.held):
                self.model.settle(*session.peer.held.pop((one.number, tag)), returns=True)
            session.close_channel(one, 0.0)
        if whole:
            session.close(0.0)
            self.sessions.remove(session)

    @invariant()
    def what_waits_is_what_the_model_says(self):
        for queue in QUEUES:
            found = [entry.content.body for entry in self.host.queues[queue]]
            assert found == sorted(self.model.waiting[queue])
            assert self.host.queues[queue].count == len(found)

    @invariant()
    def nobody_holds_too_much_and_nobody_waits_in_vain(self):
        for channel in self.channels():
            assert (
                not channel.limit
                or len(channel.held) <= channel.limit
                or any(one.consumer is None for one in channel.held.values())
            )
            for consumer in channel.consumers.values():
                assert not consumer.limit or consumer.held <= consumer.limit
                assert not (consumer.queue.count and consumer.may_take())


TestDelivering = Delivering.TestCase
TestDelivering.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


# --- time -----------------------------------------------------------------------------------------


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def session(host):
    return Session(host, Peer())


@pytest.fixture
def channel(session):
    return session.open_channel(1)


def declare(session, channel, queue="q", now=0.0, **arguments):
    method = Queue.Declare(
        queue=queue, arguments={f"x-{name.replace('_', '-')}": one for name, one in arguments.items()}
    )
    session.call(channel, method, now)


def publish(session, channel, body=b"", queue="q", now=0.0, **properties):
    session.publish(channel, content(queue, body, **properties), is_mandatory=False, now=now)


def test_nothing_is_due_where_nothing_has_a_time(host, session, channel):
    declare(session, channel)
    publish(session, channel)
    assert host.next_deadline() is None


def test_first_message_says_when_the_broker_looks_again(host, session, channel):
    declare(session, channel, message_ttl=1000)
    publish(session, channel, now=5.0)
    publish(session, channel, now=5.5)
    assert host.next_deadline() == 6.0
    host.tick(5.9)
    assert host.queues["q"].count == 2
    host.tick(6.0)
    assert (host.queues["q"].count, host.next_deadline()) == (1, 6.5)


def test_expired_message_is_dead_lettered_at_its_time(host, session, channel):
    declare(session, channel, "dead")
    declare(session, channel, dead_letter_exchange="", dead_letter_routing_key="dead")
    publish(session, channel, b"x", expiration="250", now=1.0)
    host.tick(host.next_deadline())
    (letter,) = host.queues["dead"]
    assert letter.content.peek().headers["x-death"][0]["reason"] == "expired"
    assert host.next_deadline() is None


def test_dead_letter_s_time_is_the_calendar_s():
    host = Host(unix_offset=1_000_000.0)
    session = Session(host, Peer())
    channel = session.open_channel(1)
    declare(session, channel, "dead")
    declare(session, channel, max_length=0, dead_letter_exchange="", dead_letter_routing_key="dead")
    publish(session, channel, now=25.9)
    (letter,) = host.queues["dead"]
    assert letter.content.peek().headers["x-death"][0]["time"].timestamp() == 1_000_025


def test_unused_queue_lives_on_while_it_is_asked_for(host, session, channel):
    declare(session, channel, expires=1000)
    session.call(channel, Queue.Declare(queue="q", passive=True), 0.9)
    host.tick(1.0)
    assert "q" in host.queues
    host.tick(host.next_deadline())
    assert (host.queues, host.next_deadline()) == ({}, None)


def test_short_lives_behind_long_ones_do_not_pile_up_alarms(host, session, channel):
    declare(session, channel)
    for life in range(500, 0, -1):
        publish(session, channel, expiration=str(life * 1000))
        session.get(channel, "q", is_acking=False, now=0.0)
    for now in range(0, 600, 10):
        host.tick(float(now))
    assert host._alarms == []


def test_expiration_that_is_no_number_is_refused(host, session, channel):
    declare(session, channel)
    with pytest.raises(Refused, match=r"406.*invalid expiration 'soon'"):
        publish(session, channel, expiration="soon")


def test_paused_session_gets_nothing_and_then_everything(host, session, channel):
    declare(session, channel)
    session.call(channel, Basic.Consume(queue="q"), 0.0)
    session.pause(True, 0.0)
    for body in (b"1", b"2"):
        publish(session, channel, body)
    assert session.peer.deliveries == []
    session.pause(False, 0.0)
    assert [body for _, _, body in session.peer.deliveries] == [b"1", b"2"]


def test_first_messages_come_after_the_answer(host, session, channel):
    declare(session, channel)
    publish(session, channel)
    seen = []
    session.peer.answered = lambda channel, method: seen.append(method.name)
    session.peer.delivered = lambda *_: seen.append("delivery")
    session.call(channel, Basic.Consume(queue="q"), 0.0)
    assert seen == ["Basic.ConsumeOk", "delivery"]
