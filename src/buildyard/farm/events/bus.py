"""The connection to the bus, as the settings say it: for the relay, and for who consumes.

Exchanges that the farm publishes to are declared, durable and of topics; the broker's own (``amq.``) are there already.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import structs
from pamqp import commands

from buildyard import __version__
from buildyard.farm.bus_settings import BusSettings
from buildyard.messaging._amqp.parameters import parse_url
from buildyard.messaging._asyncio import AsyncioRuntime
from buildyard.messaging._link import ChannelFailed
from buildyard.messaging._session import connect_once
from buildyard.messaging._settings import Settings, Tls
from buildyard.messaging.exceptions import BadDeclaration

#: What the broker shows of us to its operator.
_CLIENT = {"product": "buildyard", "app": "buildyard", "version": __version__}


def bus_connection(bus: BusSettings) -> Settings:
    """Return how to reach the bus; one attempt at a time.  Raises `ConfigurationException`."""
    tls = Tls(ca_cert=bus.ca_cert or None, certfile=bus.certfile or None, keyfile=bus.keyfile or None)
    parameters = parse_url(bus.url, is_external=tls.certfile is not None, client_properties=dict(_CLIENT))
    return Settings(
        parameters=structs.replace(parameters, connection_attempts=1),
        tls=tls if parameters.is_tls else None,
        publish_exchange=bus.exchange,
        topic_prefix=bus.topic_prefix,
    )


async def declare_exchanges(settings: Settings, names: Iterable[str]) -> None:
    """Return when the bus answers and these exchanges are there.

    Raises `ConnectionException`, and `BadDeclaration` where one is there as another kind, or may not be made.
    """
    link = await connect_once(settings, AsyncioRuntime(), _told)
    try:
        channel = await link.channel(_User())
        for name in names:
            if not name.startswith("amq."):
                await _declare(link, channel, name)
    finally:
        link.close()
        await link.wait_closed()


async def _declare(link: Any, channel: int, name: str) -> None:
    try:
        await link.call(channel, commands.Exchange.Declare(exchange=name, exchange_type="topic", durable=True))
    except ChannelFailed as error:
        raise BadDeclaration("exchange", {"exchange": name, "type": "topic"}, error.reason) from error


class _User:
    """Nothing happens on a channel that only declares."""

    def on_event(self, event: Any, /) -> None:
        """Take nothing."""


def _told(*_: object) -> None:
    """Nobody asks for the state of so short a connection."""
