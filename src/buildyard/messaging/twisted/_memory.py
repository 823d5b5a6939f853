"""What Twisted's factories see of a broker in this process: a connector, and a transport that carries nothing."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from buildyard.messaging.broker.memory import MemoryConnection, MemoryWire


class MemoryConnector:
    """Connects a factory to the broker of this process that its parameters name."""

    def __init__(self, reactor: Any, factory: Any) -> None:
        self._reactor = reactor
        self._factory = factory
        self._transport: MemoryTransport | None = None

    def connect(self) -> None:
        """Make a protocol of the factory's, connected."""
        self._factory.doStart()
        self._factory.startedConnecting(self)
        protocol = self._factory.buildProtocol(None)
        self._transport = MemoryTransport(self._reactor, protocol, self)
        protocol.makeConnection(self._transport)

    def disconnect(self) -> None:
        """End the connection that there is."""
        if self._transport is not None:
            self._transport.loseConnection()

    def stopConnecting(self) -> None:  # noqa: N802
        """Do nothing: connecting takes no time."""

    def lost(self, reason: Failure) -> None:
        """The connection has ended."""
        self._transport = None
        self._factory.clientConnectionLost(self, reason)
        self._factory.doStop()


class MemoryTransport:
    """The transport of one protocol."""

    disconnecting = False

    def __init__(self, reactor: Any, protocol: Any, connector: MemoryConnector) -> None:
        core = protocol.link.core
        assert isinstance(core, MemoryConnection)
        self._reactor = reactor
        self._protocol = protocol
        self._connector = connector
        self._wire = MemoryWire(core, self._lose_soon)

    def write(self, data: bytes) -> None:
        """Send nothing."""

    def loseConnection(self) -> None:  # noqa: N802
        """Be gone."""
        self.disconnecting = True
        self._wire.abort()

    abortConnection = loseConnection  # noqa: N815

    def _lose_soon(self) -> None:
        self._reactor.callLater(0, self._lose)

    def _lose(self) -> None:
        reason = Failure(ConnectionDone())
        self._protocol.connectionLost(reason)
        self._connector.lost(reason)
