"""Settings of publishers and consumers: fedora-messaging's TOML file, unchanged.

`conf` is read at its first use from ``$FEDORA_MESSAGING_CONF``, else from ``/etc/fedora-messaging/config.toml``; where
there is no file it holds `DEFAULTS`.  Tables of the file are laid over the defaults key by key, save ``queues``,
``exchanges`` and ``log_config``, which say the whole.  What a program sets before the first read is kept.
"""

from __future__ import annotations

import copy
import logging
import logging.config
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from buildyard import __version__
from buildyard.messaging.exceptions import ConfigurationException

__all__ = ["DEFAULTS", "LazyConfig", "conf", "validate_bindings", "validate_client_properties", "validate_queues"]

log = logging.getLogger(__name__)

PATH_VARIABLE = "FEDORA_MESSAGING_CONF"
DEFAULT_PATH = "/etc/fedora-messaging/config.toml"

#: What identifies the library to the broker; a file may not set these.
_RESERVED = {
    "product": "buildyard",
    "information": "buildyard.messaging",
    "version": f"buildyard-{__version__}",
}

#: What holds where nothing is set.  Copy it with `copy.deepcopy` rather than change it.
DEFAULTS: dict[str, Any] = {
    "amqp_url": "amqp://?connection_attempts=3&retry_delay=5",
    #: the exchange that messages go to
    "publish_exchange": "amq.topic",
    #: put before each topic that is published, with a dot
    "topic_prefix": "",
    #: the priority of messages that have none of their own
    "publish_priority": None,
    #: ask only whether queues and exchanges are there
    "passive_declares": False,
    "exchanges": {"amq.topic": {"type": "topic", "durable": True, "auto_delete": False, "arguments": {}}},
    #: the empty name lets the broker name the queue
    "queues": {"": {"durable": False, "auto_delete": True, "exclusive": True, "arguments": {}}},
    "bindings": [{"queue": "", "exchange": "amq.topic", "routing_keys": ["#"]}],
    "qos": {"prefetch_size": 0, "prefetch_count": 10},
    #: ``module:object``
    "callback": None,
    #: the callback's own
    "consumer_config": {},
    "tls": {"ca_cert": None, "keyfile": None, "certfile": None},
    "client_properties": {"app": "Unknown", **_RESERVED},
    "monitoring": {},
    "log_config": {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"simple": {"format": "[%(name)s %(levelname)s] %(message)s"}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "simple", "stream": "ext://sys.stdout"}
        },
        "loggers": {"fedora_messaging": {"level": "INFO", "propagate": False, "handlers": ["console"]}},
        "root": {"level": "WARNING", "handlers": ["console"]},
    },
}

#: Tables that say the whole, so that nothing of the default stays beside them.
_WHOLE = frozenset({"queues", "exchanges", "log_config", "consumer_config"})
_QUEUE_KEYS = ("durable", "auto_delete", "exclusive", "arguments")


def validate_bindings(bindings: object) -> None:
    """Return where these are a list of tables with ``exchange`` and ``routing_keys``.

    Raises `ConfigurationException`.
    """
    if not isinstance(bindings, list | tuple):
        raise ConfigurationException("bindings must be a list or tuple of dictionaries")
    for number, binding in enumerate(bindings):
        _validate_binding(f"bindings[{number}]", binding)


def _validate_binding(where: str, binding: object) -> None:
    if not isinstance(binding, Mapping):
        raise ConfigurationException(f"{where} must be a table")
    lacking = [name for name in ("exchange", "routing_keys") if name not in binding]
    if lacking:
        raise ConfigurationException(f"{where} lacks {', '.join(lacking)}")
    if not isinstance(binding["routing_keys"], list | tuple):
        raise ConfigurationException(f"{where}.routing_keys must be a list or tuple")


def validate_queues(queues: object) -> None:
    """Return where this is a table of queues, each with its four keys.  Raises `ConfigurationException`."""
    if not isinstance(queues, Mapping):
        raise ConfigurationException("queues must be a table of queues")
    for name, queue in queues.items():
        if not isinstance(queue, Mapping):
            raise ConfigurationException(f"queues.{name or '(unnamed)'} must be a table")
        lacking = [key for key in _QUEUE_KEYS if key not in queue]
        if lacking:
            raise ConfigurationException(f"queues.{name or '(unnamed)'} lacks {', '.join(lacking)}")


def validate_client_properties(properties: object) -> None:
    """Return where this sets none of the library's own keys.  Raises `ConfigurationException`."""
    if not isinstance(properties, Mapping):
        raise ConfigurationException("client_properties must be a table")
    taken = [name for name, value in _RESERVED.items() if properties.get(name, value) != value]
    if taken:
        raise ConfigurationException(f"client_properties.{taken[0]} is the library's own and cannot be set")


def _validate_qos(qos: object) -> None:
    if not isinstance(qos, Mapping):
        raise ConfigurationException("qos must be a table")
    for name in ("prefetch_size", "prefetch_count"):
        value = qos.get(name, 0)
        if type(value) is not int or value < 0:
            raise ConfigurationException(f"qos.{name} must be a number of at least 0, not {value!r}")


def _validate_monitoring(monitoring: object) -> None:
    if not isinstance(monitoring, Mapping):
        raise ConfigurationException("monitoring must be a table")
    if not monitoring:
        return
    port, address = monitoring.get("port"), monitoring.get("address", "")
    if unknown := sorted(monitoring.keys() - {"port", "address"}):
        raise ConfigurationException(f"monitoring.{unknown[0]} is no setting; it has port and address")
    if "port" not in monitoring:
        raise ConfigurationException("monitoring lacks port")
    if type(port) is not int or not 0 <= port < 65536:
        raise ConfigurationException(f"monitoring.port must be a number up to 65535, not {port!r}")
    if not isinstance(address, str):
        raise ConfigurationException(f"monitoring.address must be text, not {address!r}")


def _validate_text(name: str) -> Callable[[object], None]:
    def validate(value: object) -> None:
        if not isinstance(value, str):
            raise ConfigurationException(f"{name} must be text, not {value!r}")

    return validate


_VALIDATORS: dict[str, Callable[[object], None]] = {
    "amqp_url": _validate_text("amqp_url"),
    "publish_exchange": _validate_text("publish_exchange"),
    "topic_prefix": _validate_text("topic_prefix"),
    "bindings": validate_bindings,
    "queues": validate_queues,
    "client_properties": validate_client_properties,
    "qos": _validate_qos,
    "monitoring": _validate_monitoring,
}


class LazyConfig(dict[str, Any]):
    """A dictionary that reads its file at the first look into it."""

    def __init__(self) -> None:
        super().__init__()
        self._is_loaded = False
        self._early: dict[str, Any] = {}

    def load_config(self, config_path: str | Path | None = None) -> dict[str, Any]:
        """Read the file anew, or another one, and return the settings.  Raises `ConfigurationException`."""
        loaded = load(config_path)
        self._is_loaded = True
        super().clear()
        super().update({**loaded, **self._early})
        return self

    def setup_logging(self) -> None:
        """Apply ``log_config``."""
        logging.config.dictConfig(self["log_config"])

    def _load_once(self) -> None:
        if not self._is_loaded:
            self.load_config()

    def __getitem__(self, key: str) -> Any:
        self._load_once()
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not self._is_loaded:
            self._early[key] = value
        super().__setitem__(key, value)

    def __iter__(self) -> Iterator[str]:
        self._load_once()
        return super().__iter__()

    def __len__(self) -> int:
        self._load_once()
        return super().__len__()

    def __contains__(self, key: object) -> bool:
        self._load_once()
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a setting, or ``default``."""
        self._load_once()
        return super().get(key, default)

    def copy(self) -> dict[str, Any]:
        """Return the settings as a plain dictionary."""
        self._load_once()
        return super().copy()

    def keys(self) -> Any:
        """Return the settings' names."""
        self._load_once()
        return super().keys()

    def values(self) -> Any:
        """Return the settings' values."""
        self._load_once()
        return super().values()

    def items(self) -> Any:
        """Return names and values."""
        self._load_once()
        return super().items()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several at one time."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a setting, after setting it where it is not there."""
        self._load_once()
        return super().setdefault(key, default)

    def pop(self, *_: Any) -> Any:
        """Refuse: a setting cannot be taken away.  Raises `ConfigurationException`."""
        raise ConfigurationException("settings cannot be removed")

    def __eq__(self, other: object) -> bool:
        self._load_once()
        return super().__eq__(other)

    __hash__ = None


def load(config_path: str | Path | None = None) -> dict[str, Any]:
    """Return `DEFAULTS` with a file laid over them.

    Raises `ConfigurationException` where the file named here or in the environment cannot be used, whatever the key.
    """
    path = Path(config_path or os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)
    settings = copy.deepcopy(DEFAULTS)
    if not path.exists():
        log.info("There is no %s, so the default settings hold", path)
        return settings
    return _over(settings, _read(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        return {name.lower(): value for name, value in tomllib.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError) as error:
        raise ConfigurationException(f"{path} cannot be read: {error}") from error


def _over(settings: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(given.keys() - settings.keys())
    if unknown:
        raise ConfigurationException(f"there is no setting {', '.join(unknown)}; valid ones are {', '.join(settings)}")
    for name, value in given.items():
        validate = _VALIDATORS.get(name)
        if validate is not None:
            validate(value)
        settings[name] = value if name in _WHOLE else _merged(settings[name], value)
    return settings


def _merged(base: object, value: object) -> object:
    if not isinstance(base, dict) or not isinstance(value, dict):
        return value
    return {**base, **{name: _merged(base.get(name), one) for name, one in value.items()}}


#: The settings of this process.
conf = LazyConfig()
