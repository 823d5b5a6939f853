"""What each command of ``buildyard bus`` begins with: the configuration, and what options lay over it.

Commands import this inside their body; it is the first import of `buildyard.messaging`.
"""

from __future__ import annotations

import asyncio
import logging
import logging.config
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from buildyard.cli.bus.exits import BusExit, trouble
from buildyard.cli.bus.lines import printable
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import Trouble
from buildyard.messaging import exceptions
from buildyard.messaging.config import DEFAULTS, conf
from buildyard.messaging.signals import connection_state_signal, invalid_message_signal

T = TypeVar("T")


def configure(
    config: Path | None, url: str | None = None, app_name: str | None = None, *, exchange: str | None = None
) -> None:
    """Read the configuration and lay over it what was given.  Raises `Trouble`."""
    if config is not None and not config.exists():
        raise Trouble(
            f"there is no file {config}",
            code="no_configuration",
            exit_code=BusExit.WRONG_USE,
            next=["give the path of a TOML file, or leave out --config for the defaults"],
        )
    with told():
        conf.load_config(config)
    if url is not None:
        conf["amqp_url"] = url
    if app_name is not None:
        conf["client_properties"] = {**conf["client_properties"], "app": app_name}
    if exchange is not None:
        conf["publish_exchange"] = exchange


def set_up_logging() -> None:
    """Apply the configuration's ``log_config``, where its file has one; else warnings go to stderr, as ever."""
    if conf["log_config"] == DEFAULTS["log_config"]:
        return
    try:
        conf.setup_logging()
    except (ValueError, TypeError, AttributeError, ImportError) as error:
        raise Trouble(
            "log_config cannot be used",
            code="bad_configuration",
            exit_code=BusExit.WRONG_USE,
            facts={"found": str(error)},
        ) from error


def places(
    routing_keys: list[str] | None, queue_name: str | None, exchange: str | None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the configuration's bindings and queues, with what was given laid over all of them.  Raises `Trouble`."""
    queues: dict[str, Any] = dict(conf["queues"])
    bindings = [dict(one) for one in conf["bindings"]]
    if queue_name is not None:
        queues = {queue_name: _only(queues)}
        for one in bindings:
            one["queue"] = queue_name
    for one in bindings:
        one["routing_keys"] = routing_keys or one["routing_keys"]
        one["exchange"] = exchange or one["exchange"]
    return bindings, queues


def _only(queues: Mapping[str, Any]) -> Any:
    """Return how the one queue is declared that ``--queue-name`` stands for."""
    if len(queues) == 1:
        return next(iter(queues.values()))
    if "" in queues:
        return queues[""]
    raise Trouble(
        "--queue-name stands for one queue, and the configuration has several",
        code="several_queues",
        exit_code=BusExit.WRONG_USE,
        facts={"found": ", ".join(queues)},
        next=["leave it out, or give a --config with one queue"],
    )


@contextmanager
def told(*, publishes: bool = False) -> Iterator[None]:
    """Let errors of messaging be told in the one form, with fedora-messaging's exit codes."""
    try:
        yield
    except exceptions.BaseException as error:
        raise trouble(error, publishes=publishes) from error
    except ValueError as error:
        # What arguments of `consume` raise: bindings or queues that are none.
        raise trouble(exceptions.ConfigurationException(str(error))) from error


@contextmanager
def watched(screen: Screen) -> Iterator[None]:
    """Tell of a connection that ended and of the next one; what the library logs of it is not told twice."""
    is_away = False

    def changed(sender: object, state: str, error: object = None) -> None:
        nonlocal is_away
        if state == "disconnected" and not is_away:
            is_away = True
            screen.warn(f"no connection: {error}")
        elif state == "connected" and is_away:
            is_away = False
            screen.note(f"{screen.err.mark('done')} connected again")

    log, quiet = logging.getLogger("buildyard"), logging.NullHandler()
    log.addHandler(quiet)
    try:
        with connection_state_signal.connected_to(changed):
            yield
    finally:
        log.removeHandler(quiet)


@contextmanager
def invalid_told(tell: Callable[[str, exceptions.ValidationError], object] | Screen) -> Iterator[None]:
    """Tell of each delivery that is no valid message; as a warning where a screen is given."""

    def invalid(sender: object, topic: str, error: exceptions.ValidationError, **_: object) -> None:
        if isinstance(tell, Screen):
            tell.warn(f"invalid, and dropped: {printable(topic)}: {printable(error.summary[:200])}")
        else:
            tell(topic, error)

    with invalid_message_signal.connected_to(invalid):
        yield


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return what the coroutine returns; Ctrl-C cancels it, lets it clean up, and is raised."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    return asyncio.run(work)
