"""A service of Twisted's that starts a factory and stops it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred

from buildyard.messaging._settings import Settings, Tls, settings_of
from buildyard.messaging.twisted import protocol
from buildyard.messaging.twisted._memory import MemoryConnector
from buildyard.messaging.twisted.factory import FedoraMessagingFactory, FedoraMessagingFactoryV2

__all__ = ["FedoraMessagingService", "FedoraMessagingServiceV2"]


class FedoraMessagingServiceV2(Service):
    """Connects while it runs.  ``amqp_url`` stands over the configuration's; ``factory`` publishes and consumes."""

    name = "fedora-messaging"
    factoryClass: Any = FedoraMessagingFactoryV2  # noqa: N815

    def __init__(self, amqp_url: str | None = None, publish_confirms: bool = True) -> None:
        self._settings = settings_of(amqp_url)
        self.factory = self._new_factory(publish_confirms)
        self._connector: Any = None

    def _new_factory(self, confirms: bool) -> Any:
        return self.factoryClass(self._settings.parameters, confirms)

    def startService(self) -> None:  # noqa: N802
        """Connect."""
        super().startService()
        self._connector = _connect(self._settings, self.factory)

    def stopService(self) -> Deferred[Any]:  # noqa: N802
        """Return a Deferred that fires when consumers have finished and the connection has ended."""
        super().stopService()
        return maybeDeferred(self.factory.stop).addBoth(self._disconnect)

    def _disconnect(self, result: Any) -> Any:
        if self._connector is not None:
            self._connector.disconnect()
        return result

    @property
    def consuming(self) -> bool:
        """Tell whether every consumer gets messages."""
        return bool(self.factory.consuming)


def _connect(settings: Settings, factory: Any) -> Any:
    from twisted.internet import reactor as found

    reactor: Any = found
    parameters = settings.parameters
    if parameters.memory is not None:
        connector = MemoryConnector(reactor, factory)
        connector.connect()
        return connector
    if settings.tls is None:
        return reactor.connectTCP(parameters.host, parameters.port, factory, timeout=parameters.socket_timeout)
    context = _context(parameters.host, settings.tls)
    return reactor.connectSSL(parameters.host, parameters.port, factory, context, timeout=parameters.socket_timeout)


def _context(host: str, tls: Tls) -> Any:
    from pathlib import Path

    from twisted.internet import ssl

    authority = ssl.platformTrust()
    if tls.ca_cert is not None:
        authority = ssl.Certificate.loadPEM(Path(tls.ca_cert).read_bytes())
    own = None
    if tls.certfile is not None and tls.keyfile is not None:
        own = ssl.PrivateCertificate.loadPEM(Path(tls.keyfile).read_bytes() + Path(tls.certfile).read_bytes())
    return ssl.optionsForClientTLS(host, trustRoot=authority, clientCertificate=own)


class FedoraMessagingService(FedoraMessagingServiceV2):
    """The deprecated service.  Use `FedoraMessagingServiceV2`.

    ``consumers`` maps queues to callbacks; ``exchanges``, ``queues`` and ``bindings`` are declared on each connection.
    """

    factoryClass = FedoraMessagingFactory  # noqa: N815

    def __init__(
        self,
        amqp_url: str | None = None,
        exchanges: protocol.Tables | None = None,
        queues: protocol.Tables | None = None,
        bindings: protocol.Tables | None = None,
        consumers: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        protocol.warn_deprecated(self, FedoraMessagingService)
        self._declared = (exchanges, queues, bindings)
        super().__init__(amqp_url)
        for queue, callback in (consumers or {}).items():
            self.factory.consume(callback, queue)

    def _new_factory(self, confirms: bool) -> Any:
        return self.factoryClass(self._settings.parameters, confirms, *self._declared)
