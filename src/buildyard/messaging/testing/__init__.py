"""For the tests of programs that publish and consume: stand-ins for the broker, and a broker.

    with mock_sends(Message(topic="a.b"), UpdateMessage) as sent:
        program_under_test()

    with embedded_broker() as broker:           # publishing and consuming, in this process
        program_under_test()

All of it works for every face: blocking, asyncio and Twisted.  The signals are sent as ever.  `fixtures` has the same
for pytest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from buildyard.messaging import _sending, api
from buildyard.messaging.broker import Broker
from buildyard.messaging.config import conf
from buildyard.messaging.message import Message

__all__ = ["UnexpectedPublish", "capture_sends", "embedded_broker", "forbid_sends", "mock_sends"]


class UnexpectedPublish(AssertionError):
    """Something was published in a test that expected nothing."""


@contextmanager
def mock_sends(*expected_messages: Message | type[Message]) -> Iterator[list[Message]]:
    """Publish nothing within; yield the list of what would have been, which fills as it happens.

    At the end exactly the expected messages must have been published, in order: a class stands for any valid message
    of it, a message for an equal one.  Raises `AssertionError`.
    """
    with capture_sends() as sent:
        yield sent
    _compare(sent, expected_messages)


@contextmanager
def capture_sends() -> Iterator[list[Message]]:
    """Publish nothing within; yield the list of what would have been, which fills as it happens."""
    sent: list[Message] = []

    def keep(message: Message, exchange: str | None) -> None:
        sent.append(message)

    _sending.interceptors.append(keep)
    try:
        yield sent
    finally:
        _sending.interceptors.remove(keep)


def _compare(sent: list[Message], expected: tuple[Message | type[Message], ...]) -> None:
    if len(sent) != len(expected):
        raise AssertionError(f"{len(expected)} messages were expected, and {len(sent)} published: {sent}")
    for number, (message, one) in enumerate(zip(sent, expected, strict=True), start=1):
        if isinstance(one, type):
            if not isinstance(message, one):
                raise AssertionError(f"message {number} is no {one.__name__}: {message!r}")
        elif message.topic != one.topic or message.body != one.body or message != one:
            raise AssertionError(f"message {number} is not as expected:\n{message}\nexpected:\n{one}")


@contextmanager
def forbid_sends() -> Iterator[None]:
    """Let every publish within raise `UnexpectedPublish`, rather than wait for a broker that is not there."""

    def refuse(message: Message, exchange: str | None) -> None:
        raise UnexpectedPublish(f"{message!r} was published; expect it with mock_sends()")

    _sending.interceptors.append(refuse)
    try:
        yield
    finally:
        _sending.interceptors.remove(refuse)


@contextmanager
def embedded_broker(name: str = "testing") -> Iterator[Broker]:
    """Let the configuration name a broker of this process within, which is empty at first and gone afterwards.

    It takes the place of ``amqp_url``; what publishers and consumers were given of their own stays.
    """
    Broker.named(name).close()
    broker = Broker.named(name)
    before = conf["amqp_url"]
    conf["amqp_url"] = broker.url
    api.close()
    try:
        yield broker
    finally:
        api.close()
        broker.close()
        conf["amqp_url"] = before
