"""``buildyard bus tail``: messages as they come, for a person to read."""

from __future__ import annotations

from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from buildyard.cli.bus.options import Config, Exchange, Limit, Url
from buildyard.cli.options import Json
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode

if TYPE_CHECKING:
    from buildyard.cli.bus.lines import Lines
    from buildyard.messaging import Message

EXAMPLES = (
    "buildyard bus tail",
    "buildyard bus tail 'org.example.buildyard.#' -v",
    "buildyard bus tail '*.*.build.#' --limit 5 --json | jq .body",
    "buildyard bus tail 'primary.#' --exchange exchange/taskcluster-queue/v1/task-completed --url amqp://pulse.example",
)

_Topics = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATTERN",
        help="Topics, with * for a word and # for any; the configuration's unless given.",
        show_default=False,
    ),
]

#: Nobody else waits for these messages, and a terminal is quicker than one by one.
_PREFETCH = 100


def tail(
    screen: Screen,
    topics: _Topics = None,
    *,
    exchange: Exchange = None,
    limit: Limit = None,
    config: Config = None,
    url: Url = None,
    json: Json = False,
) -> int:
    """Show messages as they come.

    When it was sent, topic, severity, what it says, id.  They come from a queue of the broker's own, so that nobody
    else misses them.  -v adds headers and body; --json prints lines as `record` keeps them.

    """
    from buildyard.cli.bus.session import configure, places, run, told, watched

    configure(config, url)
    bindings, _ = places(topics, None, exchange)
    for one in bindings:
        one["queue"] = ""
    # It has no end but this one, unless there is a limit.
    with suppress(*(() if limit else (KeyboardInterrupt,))), watched(screen), told():
        run(_tail(screen, bindings, limit, as_json=json))
    return ExitCode.DONE


async def _tail(screen: Screen, bindings: list[dict[str, Any]], limit: int | None, *, as_json: bool) -> None:
    from buildyard.cli.bus.lines import Lines
    from buildyard.cli.bus.session import invalid_told
    from buildyard.messaging import aio

    lines, shown = Lines(screen.out, is_terminal=screen.stdout.isatty()), 0
    # With --json stdout holds messages alone.
    tell = screen.note if as_json else screen.result
    with invalid_told(lambda topic, error: tell(lines.invalid(topic, error, datetime.now(UTC)))):
        async with aclosing(aio.messages(bindings=bindings, prefetch=_PREFETCH)) as stream:
            async for message in stream:
                _show(screen, lines, message, as_json=as_json)
                shown += 1
                if shown == limit:
                    return


def _show(screen: Screen, lines: Lines, message: Message, *, as_json: bool) -> None:
    from buildyard.cli.bus.lines import details
    from buildyard.messaging import dumps

    if as_json:
        screen.stdout.write(dumps(message))
        screen.stdout.flush()
        return
    screen.result(lines.of(message, _event_summary(message), datetime.now(UTC)))
    if screen.verbosity >= 1:
        screen.result("\n".join(details(message, screen.out)))


def _event_summary(message: Message) -> str | None:
    """Return what a typed event says of itself, where the message is known as one."""
    from buildyard.messaging.events import event_of
    from buildyard.messaging.exceptions import ValidationError

    try:
        summary = getattr(event_of(message), "summary", None)
    except ValidationError:
        return None
    return summary if isinstance(summary, str) else None
