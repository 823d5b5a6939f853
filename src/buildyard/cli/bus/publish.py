"""``buildyard bus publish``: messages from a file, from stdin, or one from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from buildyard.cli.bus.options import AppName, Config, Exchange, Url
from buildyard.cli.options import Json
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode, Trouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from buildyard.messaging import Message

EXAMPLES = (
    "buildyard bus publish recorded.jsonl",
    "tail -f events.jsonl | buildyard bus publish -",
    'buildyard bus publish --topic org.example.hello --body \'{"who": "world"}\'',
    "buildyard bus publish recorded.jsonl --url amqp://guest:guest@127.0.0.1 --exchange amq.topic",
)

_File = Annotated[
    str | None,
    typer.Argument(metavar="FILE", help="Lines of messages, as `record` writes them; - for stdin.", show_default=False),
]
_Topic = Annotated[
    str | None, typer.Option("--topic", metavar="TOPIC", help="Publish one message to it.", show_default=False)
]
_Body = Annotated[str, typer.Option("--body", metavar="JSON", help="Its body, an object.", show_default=False)]
_Severity = Annotated[
    str, typer.Option("--severity", metavar="WORD", help="debug, info, warning or error.", show_default=False)
]
_Schema = Annotated[
    str,
    typer.Option(
        "--schema", metavar="NAME", help="The schema that it is checked by, if it has one.", show_default=False
    ),
]


def publish(
    screen: Screen,
    file: _File = None,
    *,
    topic: _Topic = None,
    body: _Body = "{}",
    severity: _Severity = "info",
    schema: _Schema = "",
    exchange: Exchange = None,
    app_name: AppName = None,
    config: Config = None,
    url: Url = None,
    json: Json = False,
) -> int:
    """Publish the messages of a file, or one.

    Each is checked by its schema before it is sent.  Ends when the broker has confirmed them all.
    """
    if (file is None) == (topic is None):
        raise Trouble(
            "say what to publish: a FILE of messages, or one --topic",
            code="wrong_use",
            exit_code=ExitCode.WRONG_USE,
            next=["buildyard bus publish --help"],
        )
    from buildyard.cli.bus.sending import messages_of
    from buildyard.cli.bus.session import configure

    configure(config, url, app_name, exchange=exchange)
    source = messages_of(file) if file is not None else _one(topic or "", body, severity, schema)
    count = sent(screen, source, "Publishing")
    if json:
        screen.json({"published": count})
    return ExitCode.DONE


def sent(screen: Screen, source: AsyncIterator[list[Message]], doing: str, *, as_they_are: bool = False) -> int:
    """Return how many messages were published, shown on the way.  Raises `Trouble`."""
    from buildyard.cli.bus.progress import Progress
    from buildyard.cli.bus.sending import counted, send
    from buildyard.cli.bus.session import run, told
    from buildyard.messaging.config import conf

    with Progress(screen, doing) as progress:
        try:
            with told(publishes=True):
                count = run(send(source, progress, as_they_are=as_they_are))
        except Trouble as trouble:
            raise counted(trouble, progress.done) from trouble
        except KeyboardInterrupt:
            screen.note(f"{screen.err.mark('busy')} {progress.done:,} published and confirmed")
            raise
    progress.finish(f"{count:,} published to {conf['publish_exchange']}")
    return count


async def _one(topic: str, body: str, severity: str, schema: str) -> AsyncIterator[list[Message]]:
    from buildyard.cli.bus.making import made

    yield [made(topic, body, severity, schema)]
