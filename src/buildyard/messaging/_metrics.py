"""What a consumer process has done, as values: for ``/ready``, and as Prometheus' text for ``/metrics``.

The numbers are read from the consumers when somebody asks; what is published and how connections fare is counted from
the signals.  `monitoring` serves it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from buildyard.messaging._settling import Stats, totals
from buildyard.messaging.signals import connection_state_signal, publish_failed_signal, publish_signal

CONTENT_TYPE = CONTENT_TYPE_LATEST

#: What became of messages, in the words of `Stats`.
_OUTCOMES = ("processed", "dropped", "rejected", "failed", "invalid")

#: Queues that the broker names have a new name after each connection; to a time series they are one.
_SERVER_NAMED = "amq.gen-"


class Watched(Protocol):
    """What is watched of a consumer."""

    @property
    def queue(self) -> str | None:
        """The queue's name."""

    @property
    def running(self) -> bool:
        """Whether messages come."""

    @property
    def stats(self) -> Stats:
        """What it has done."""


class Counts:
    """What the signals of this process have told since `listen`."""

    def __init__(self) -> None:
        self.published = 0
        self.failed = 0
        self.states: defaultdict[str, int] = defaultdict(int)  #: how often a connection came into a state

    def listen(self) -> None:
        """Begin to count."""
        publish_signal.connect(self._on_published)
        publish_failed_signal.connect(self._on_failed)
        connection_state_signal.connect(self._on_state)

    def close(self) -> None:
        """Count no more."""
        publish_signal.disconnect(self._on_published)
        publish_failed_signal.disconnect(self._on_failed)
        connection_state_signal.disconnect(self._on_state)

    def _on_published(self, sender: object, **_: object) -> None:
        self.published += 1

    def _on_failed(self, sender: object, **_: object) -> None:
        self.failed += 1

    def _on_state(self, sender: object, state: str, **_: object) -> None:
        self.states[state] += 1


def is_consuming(consumers: Sequence[Watched]) -> bool:
    """Tell whether every consumer gets messages, and there is one."""
    return bool(consumers) and all(one.running for one in consumers)


def readiness(consumers: Sequence[Watched], counts: Counts) -> dict[str, Any]:
    """Return what ``/ready`` answers: fedora-messaging's keys, and how many messages were invalid."""
    consumed = totals(one.stats for one in consumers)
    return {"consuming": is_consuming(consumers), "published": counts.published, "consumed": consumed}


def exposition(consumers: Sequence[Watched], counts: Counts) -> bytes:
    """Return the numbers in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Numbers(consumers, counts))
    return generate_latest(registry)


class _Numbers(Collector):
    """The numbers of one moment."""

    def __init__(self, consumers: Sequence[Watched], counts: Counts) -> None:
        self._queues: dict[str, list[Watched]] = {}
        for one in consumers:
            name = one.queue or ""
            label = "server-named" if not name or name.startswith(_SERVER_NAMED) else name
            self._queues.setdefault(label, []).append(one)
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        consuming = GaugeMetricFamily("buildyard_bus_consuming", "1 while messages come.", labels=["queue"])
        received = CounterMetricFamily("buildyard_bus_received", "Messages delivered.", labels=["queue"])
        settled = CounterMetricFamily("buildyard_bus_settled", "What became of them.", labels=["queue", "outcome"])
        for label, several in self._queues.items():
            consuming.add_metric([label], float(is_consuming(several)))
            received.add_metric([label], _sum(several, "received"))
            for outcome in _OUTCOMES:
                settled.add_metric([label, outcome], _sum(several, outcome))
        yield from (consuming, received, settled)
        yield _counter("buildyard_bus_published", "Messages that the broker has confirmed.", self._counts.published)
        yield _counter("buildyard_bus_publish_failures", "Messages that were not published.", self._counts.failed)
        states = CounterMetricFamily(
            "buildyard_bus_connection_changes", "How often a connection came into a state.", labels=["state"]
        )
        for state, times in self._counts.states.items():
            states.add_metric([state], times)
        yield states


def _sum(consumers: Iterable[Watched], name: str) -> float:
    return float(sum(getattr(one.stats, name) for one in consumers))


def _counter(name: str, documentation: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, documentation, value=value)
