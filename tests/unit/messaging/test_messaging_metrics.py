"""What is told of consumers, as numbers."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from buildyard.messaging import _metrics
from buildyard.messaging._settling import Stats
from buildyard.messaging.api import publish
from buildyard.messaging.message import Message
from buildyard.messaging.signals import connection_state_signal, publish_failed_signal, publish_signal


class Consumer:
    def __init__(self, queue, *, running=True, **numbers):
        self.queue = queue
        self.running = running
        self.stats = Stats(**numbers)


@pytest.fixture
def counts():
    made = _metrics.Counts()
    made.listen()
    yield made
    made.close()


def samples(consumers, counts):
    text = _metrics.exposition(consumers, counts).decode()
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_ready_is_every_consumer_that_gets_messages(counts):
    good, bad = Consumer("a"), Consumer("b", running=False)
    assert _metrics.readiness([good, good], counts)["consuming"] is True
    assert _metrics.readiness([good, bad], counts)["consuming"] is False
    assert _metrics.readiness([], counts)["consuming"] is False


def test_ready_has_the_sums_of_all_queues(counts):
    told = _metrics.readiness([Consumer("a", received=3, processed=2, invalid=1), Consumer("b", received=4)], counts)
    assert told["consumed"] == {
        "received": 7, "processed": 2, "dropped": 0, "rejected": 0, "failed": 0, "invalid": 1
    }  # fmt: skip


def test_metrics_tell_of_each_queue_what_became_of_its_messages(counts):
    found = samples([Consumer("a", received=3, processed=2), Consumer("b", running=False, dropped=5)], counts)
    assert found["buildyard_bus_consuming", "a"] == 1
    assert found["buildyard_bus_consuming", "b"] == 0
    assert found["buildyard_bus_received_total", "a"] == 3
    assert found["buildyard_bus_settled_total", "a", "processed"] == 2
    assert found["buildyard_bus_settled_total", "b", "dropped"] == 5


def test_queues_that_the_broker_names_are_one_series(counts):
    found = samples([Consumer("amq.gen-1", received=1), Consumer("amq.gen-2", received=2)], counts)
    assert found["buildyard_bus_received_total", "server-named"] == 3


def test_signals_are_counted(counts):
    message = Message(topic="x")
    publish_signal.send(publish, message=message)
    publish_failed_signal.send(publish, message=message, error=OSError(), reason=OSError())
    connection_state_signal.send(publish, state="connected", error=None)
    found = samples([], counts)
    assert found["buildyard_bus_published_total",] == 1
    assert found["buildyard_bus_publish_failures_total",] == 1
    assert found["buildyard_bus_connection_changes_total", "connected"] == 1


def test_nothing_is_counted_after_the_end(counts):
    counts.close()
    publish_signal.send(publish, message=Message(topic="x"))
    assert counts.published == 0
