"""``buildyard bus replay``: publish again what was recorded, or what an archive keeps under an id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from buildyard.cli.bus.options import AppName, Config, Exchange, Url
from buildyard.cli.bus.publish import sent
from buildyard.cli.options import Json
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from buildyard.messaging import Message

EXAMPLES = (
    "buildyard bus replay recorded.jsonl --exchange test",
    "buildyard bus replay recorded.jsonl --speed 60",
    "buildyard bus replay 3b1c2f6e-2f2c-4a58-9a52-6c2b1c1f9d10",
    "buildyard bus replay 3b1c2f6e-2f2c-4a58-9a52-6c2b1c1f9d10 --datagrepper-url https://datagrepper.example.org",
)

_Source = Annotated[
    str,
    typer.Argument(metavar="FILE|ID", help="Lines of messages, - for stdin, or a message's UUID.", show_default=False),
]
_Speed = Annotated[
    float | None,
    typer.Option(
        "--speed",
        metavar="X",
        min=0.001,
        help="Keep the pace at which they were sent, so many times as fast; else all at once.",
        show_default=False,
    ),
]
_Datagrepper = Annotated[str, typer.Option("--datagrepper-url", metavar="URL", help="The archive that knows the id.")]

#: Fedora's archive, as its own program has it.
_ARCHIVE = "https://apps.fedoraproject.org/datagrepper"


def replay(
    screen: Screen,
    source: _Source,
    *,
    speed: _Speed = None,
    datagrepper_url: _Datagrepper = _ARCHIVE,
    exchange: Exchange = None,
    app_name: AppName = None,
    config: Config = None,
    url: Url = None,
    json: Json = False,
) -> int:
    """Publish messages again, as they were.

    With their ids, times and topics; no prefix is put before these.
    """
    from buildyard.cli.bus.archive import fetched, is_id
    from buildyard.cli.bus.pacing import paced
    from buildyard.cli.bus.sending import messages_of
    from buildyard.cli.bus.session import configure

    configure(config, url, app_name, exchange=exchange)
    messages = _given([fetched(source, datagrepper_url)]) if is_id(source) else messages_of(source)
    count = sent(screen, messages if speed is None else paced(messages, speed), "Replaying", as_they_are=True)
    if json:
        screen.json({"published": count})
    return ExitCode.DONE


async def _given(messages: list[Message]) -> AsyncIterator[list[Message]]:
    yield messages
