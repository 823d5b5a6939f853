"""``buildyard bus consume``: call a function with each message, as a service does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from buildyard.cli.bus.options import AppName, Config, Exchange, QueueName, RoutingKeys, Url
from buildyard.cli.options import Json
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode, Trouble

if TYPE_CHECKING:
    from buildyard.cli.bus.callbacks import Witness
    from buildyard.messaging.aio import Consumer

EXAMPLES = (
    "buildyard bus consume --callback mybot.handlers:on_build",
    "buildyard bus consume --callback-file watcher.py:Watcher --routing-key 'org.example.#'",
    "buildyard bus consume --config /etc/fedora-messaging/watcher.toml --monitor 9115",
)

_Callback = Annotated[
    str | None,
    typer.Option(
        "--callback",
        metavar="MODULE:OBJECT",
        help="A function, coroutine function or class with __call__; over the configuration's.",
        show_default=False,
    ),
]
_CallbackFile = Annotated[
    str | None,
    typer.Option("--callback-file", metavar="PATH:OBJECT", help="The same, in a file of Python.", show_default=False),
]
_Monitor = Annotated[
    str | None,
    typer.Option(
        "--monitor",
        metavar="[ADDRESS:]PORT",
        help="Serve /live, /ready and /metrics there; 127.0.0.1 unless an address is given.",
        show_default=False,
    ),
]


def consume(
    screen: Screen,
    *,
    callback: _Callback = None,
    callback_file: _CallbackFile = None,
    routing_key: RoutingKeys = None,
    queue_name: QueueName = None,
    exchange: Exchange = None,
    monitor: _Monitor = None,
    app_name: AppName = None,
    config: Config = None,
    url: Url = None,
    json: Json = False,
) -> int:
    """Call a function with each message.

    Until it raises HaltConsumer, which chooses the exit code, or the process is told to end: TERM lets it finish the
    message under way (exit code 0), Ctrl-C does not, and that message goes back to its queue.  13 means that the
    function failed.

    """
    from buildyard.cli.bus.callbacks import Witness, callback_of
    from buildyard.cli.bus.session import configure, invalid_told, places, set_up_logging, watched
    from buildyard.messaging.config import conf

    configure(config, url, app_name)
    set_up_logging()
    if monitor is not None:
        conf["monitoring"] = monitoring(monitor)
    bindings, queues = places(routing_key, queue_name, exchange)
    spec = callback_file or callback or str(conf["callback"])
    witness = Witness(callback_of(callback, callback_file, conf["callback"]))
    running = _Running(screen)
    with watched(screen), invalid_told(screen):
        code, reason = _run(witness, spec, bindings, queues, running)
    running.told_end(code, reason, as_json=json)
    return code


def monitoring(text: str) -> dict[str, Any]:
    """Return the configuration's ``monitoring`` for ``[ADDRESS:]PORT``.  Raises `Trouble`."""
    address, colon, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535 or (colon and not address):
        raise Trouble(
            f'"{text}" is no place to listen',
            code="bad_monitor",
            exit_code=ExitCode.WRONG_USE,
            next=["write it as in: --monitor 9115, or --monitor 0.0.0.0:9115"],
        )
    return {"address": address.strip("[]") or "127.0.0.1", "port": int(port)}


class _Running:
    """What is told of a consumer: when it has begun, and what it has done in the end."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._consumers: Sequence[Consumer] = ()

    @property
    def has_begun(self) -> bool:
        """Whether messages could come."""
        return bool(self._consumers)

    def started(self, consumers: Sequence[Consumer]) -> None:
        """Tell it; called on the loop of the consumers."""
        from buildyard.cli.bus.notify import notify
        from buildyard.messaging._settings import settings_of
        from buildyard.messaging.config import conf

        self._consumers = consumers
        mark, settings = self._screen.err.mark("done"), settings_of()
        queues = ", ".join(one.queue for one in consumers)
        self._screen.note(f"{mark} Consuming {queues} · {settings.parameters.visible}")
        if conf["monitoring"]:
            place = "{address}:{port}".format(**{"address": "", **conf["monitoring"]})
            self._screen.note(f"{mark} Monitor   http://{place}/ready, /live, /metrics")
        notify("READY=1")

    def told_end(self, code: int, reason: str, *, as_json: bool) -> None:
        """Tell how it ended."""
        from buildyard.messaging._settling import totals

        done = totals(one.stats for one in self._consumers)
        if as_json:
            self._screen.json({"exit_code": code, "reason": reason, "consumed": done})
        mark = self._screen.err.mark("bad" if code else "done")
        said = f"{done['received']:,} received, {done['processed']:,} processed"
        self._screen.note(f"{mark} Stopped{f': {reason}' if reason else ''} · {said}")


def _run(
    witness: Witness, spec: str, bindings: list[dict[str, Any]], queues: dict[str, Any], running: _Running
) -> tuple[int, str]:
    """Return the exit code, and the reason that a callback gave for it.  Raises `Trouble`."""
    from buildyard.messaging import _blocking

    try:
        _blocking.consume(witness.call, bindings, queues, {}, running.started)
    except Exception as error:
        return _ended(error, witness, spec, has_begun=running.has_begun)
    return ExitCode.DONE, ""


def _ended(error: Exception, witness: Witness, spec: str, *, has_begun: bool) -> tuple[int, str]:
    from buildyard.cli.bus.callbacks import raised_trouble
    from buildyard.cli.bus.exits import BusExit, trouble
    from buildyard.messaging import HaltConsumer, exceptions

    if isinstance(error, HaltConsumer):
        return error.exit_code, error.reason or ""
    if error is witness.raised:
        raise raised_trouble(error, spec) from error
    if isinstance(error, ValueError) and not has_begun:
        error = exceptions.ConfigurationException(str(error))
    if isinstance(error, exceptions.BaseException):
        raise trouble(error) from error
    if has_begun:
        raise error
    raise Trouble(
        "consuming did not begin",
        code="not_registered",
        exit_code=BusExit.NOT_REGISTERED,
        facts={"found": f"{type(error).__name__}: {error}"},
    ) from error
