"""Options that the commands of ``buildyard bus`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "--conf",
        metavar="FILE",
        help="fedora-messaging's TOML; else $FEDORA_MESSAGING_CONF, /etc/fedora-messaging/config.toml, or defaults.",
        show_default=False,
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url", metavar="AMQP_URL", help="The broker, over the configuration's amqp_url.", show_default=False
    ),
]
Exchange = Annotated[
    str | None,
    typer.Option("--exchange", metavar="NAME", help="This exchange, over the configuration's.", show_default=False),
]
RoutingKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--routing-key",
        metavar="PATTERN",
        help="Topics with * for a word and # for any, over those of every binding; may be repeated.",
        show_default=False,
    ),
]
QueueName = Annotated[
    str | None,
    typer.Option(
        "--queue-name", metavar="NAME", help="This queue, declared as the configured one is.", show_default=False
    ),
]
AppName = Annotated[
    str | None,
    typer.Option(
        "--app-name", metavar="NAME", help="What the broker's own pages call this program.", show_default=False
    ),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="End after so many messages.", show_default=False),
]
