"""What publishers and consumers take from the configuration, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from buildyard.messaging._amqp.parameters import Parameters, parse_url
from buildyard.messaging.config import conf
from buildyard.messaging.exceptions import ConfigurationException


class Tls(Struct, frozen=True, kw_only=True):
    """Files for TLS; without a CA the platform's are trusted."""

    ca_cert: str | None = None
    keyfile: str | None = None
    certfile: str | None = None


class Settings(Struct, frozen=True, kw_only=True):
    """How to reach the broker, and how to publish and consume there."""

    parameters: Parameters
    tls: Tls | None = None
    publish_exchange: str = "amq.topic"
    topic_prefix: str = ""
    publish_priority: int | None = None
    passive_declares: bool = False
    prefetch_count: int = 10


def settings_of(url: str | None = None, config: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of the configuration, `conf` unless given; ``url`` stands over its ``amqp_url``.

    Raises `ConfigurationException`.
    """
    found = conf if config is None else config
    tls = Tls(**{name: found["tls"].get(name) for name in Tls.__struct_fields__})
    if (tls.certfile is None) != (tls.keyfile is None):
        raise ConfigurationException("tls.certfile and tls.keyfile are needed both, or neither")
    parameters = parse_url(
        url or found["amqp_url"],
        is_external=tls.certfile is not None,
        client_properties=dict(found["client_properties"]),
    )
    return Settings(
        parameters=parameters,
        tls=tls if parameters.is_tls else None,
        publish_exchange=found["publish_exchange"],
        topic_prefix=found["topic_prefix"],
        publish_priority=found["publish_priority"],
        passive_declares=found["passive_declares"],
        prefetch_count=found["qos"]["prefetch_count"],
    )
