"""What an AMQP URL says, in the syntax that pika gave it."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from msgspec import Struct

from buildyard.messaging.exceptions import ConfigurationException

#: A message larger than this is neither sent nor taken; RabbitMQ's own limit is about twice that.
MAX_BODY = 64 << 20


class Parameters(Struct, frozen=True, kw_only=True):
    """How to reach a broker, and as whom."""

    memory: str | None = None  #: the name of a broker in this process; no host, user or password then
    host: str = "localhost"
    port: int = 5672
    is_tls: bool = False
    virtual_host: str = "/"
    user: str = "guest"
    password: str = "guest"  # noqa: S105 - what every broker of its own has
    is_external: bool = False  #: the client certificate says who we are (SASL EXTERNAL)
    channel_max: int = 2047
    frame_max: int = 131072  #: bytes
    heartbeat: int | None = None  #: seconds; 0 for none, None for what the broker proposes
    connection_attempts: int = 3
    retry_delay: float = 5.0  #: seconds between attempts
    socket_timeout: float = 10.0  #: seconds for connecting and for the handshake, each
    blocked_connection_timeout: float | None = None  #: seconds
    max_body: int = MAX_BODY  #: bytes
    client_properties: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Parameters({self.visible})"

    @property
    def visible(self) -> str:
        """The broker's address without password."""
        if self.memory is not None:
            return f"memory://{self.memory}"
        scheme = "amqps" if self.is_tls else "amqp"
        return f"{scheme}://{self.user}@{self.host}:{self.port}/{self.virtual_host}"


_NUMBERS = {
    "channel_max": int,
    "frame_max": int,
    "heartbeat": int,
    "connection_attempts": int,
    "retry_delay": float,
    "socket_timeout": float,
    "blocked_connection_timeout": float,
}


def parse_url(url: str, **more: Any) -> Parameters:
    """Return what a URL says; options that mean nothing here are ignored.  Raises `ConfigurationException`."""
    try:
        return _parse(url, more)
    except ValueError as error:
        raise ConfigurationException(f"amqp_url cannot be understood: {error}") from error


def _parse(url: str, more: dict[str, Any]) -> Parameters:
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return Parameters(memory=_memory_name(parts), **_options(parts.query), **more)
    if parts.scheme not in ("amqp", "amqps"):
        raise ValueError(f"its scheme is {parts.scheme!r}, not amqp, amqps or memory")
    is_tls = parts.scheme == "amqps"
    found: dict[str, Any] = {"is_tls": is_tls, "port": parts.port or (5671 if is_tls else 5672)}
    if parts.hostname:
        found["host"] = parts.hostname
    if parts.username is not None:
        found |= {"user": unquote(parts.username), "password": unquote(parts.password or "")}
    if len(parts.path) > 1:
        found["virtual_host"] = unquote(parts.path[1:])
    return Parameters(**found, **_options(parts.query), **more)


def _memory_name(parts: SplitResult) -> str:
    if parts.path or "@" in parts.netloc:
        raise ValueError("what follows memory:// is a name alone")
    return parts.netloc


def _options(query: str) -> dict[str, Any]:
    options = {name: values[-1] for name, values in parse_qs(query, strict_parsing=bool(query)).items()}
    found = {name: kind(options[name]) for name, kind in _NUMBERS.items() if name in options}
    if found.get("connection_attempts", 1) < 1 or any(value < 0 for value in found.values()):
        raise ValueError("its numbers cannot be negative, and at least one attempt is needed")
    return found
