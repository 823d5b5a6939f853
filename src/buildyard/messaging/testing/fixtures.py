"""Fixtures for pytest: a ``conftest.py`` asks for them by ``pytest_plugins = ["buildyard.messaging.testing.fixtures"]``

| fixture | is |
|---|---|
| `embedded_broker` | a broker of this process, empty, as the configuration's ``amqp_url`` |
| `amqp_broker` | the same, let in by TCP on the loopback: ``.url`` is for any client of AMQP, in any process |
| `sent_messages` | the list of what would have been published; nothing is |
| `no_sends` | nothing; every publish raises `UnexpectedPublish` |

To make tests fail loudly unless they say what they publish, let a fixture of yours with ``autouse`` ask for `no_sends`;
`sent_messages` and `mock_sends` stand over it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from buildyard.messaging import testing
from buildyard.messaging.broker import Broker, Server, serve_in_thread
from buildyard.messaging.message import Message

__all__ = ["amqp_broker", "embedded_broker", "no_sends", "sent_messages"]


@pytest.fixture
def embedded_broker() -> Iterator[Broker]:
    """Return a broker of this process, which the configuration names meanwhile."""
    with testing.embedded_broker() as broker:
        yield broker


@pytest.fixture
def amqp_broker(embedded_broker: Broker) -> Iterator[Server]:
    """Return where the embedded broker listens meanwhile."""
    with serve_in_thread(embedded_broker) as server:
        yield server


@pytest.fixture
def sent_messages() -> Iterator[list[Message]]:
    """Return the list of what would have been published; nothing is."""
    with testing.capture_sends() as sent:
        yield sent


@pytest.fixture
def no_sends() -> Iterator[None]:
    """Let every publish raise `UnexpectedPublish`."""
    with testing.forbid_sends():
        yield
