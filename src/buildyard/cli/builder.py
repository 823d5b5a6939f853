"""``buildyard builder``: a builder alone, for a hub anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from buildyard.cli.options import Hub, Slots, State
from buildyard.cli.screen import Screen

EXAMPLES = (
    "buildyard builder",
    "buildyard builder --hub https://wheels.example.org --slots 4",
    "buildyard builder --state /srv/wheels --name yard-2",
)

_Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="What it calls itself; the host's name.", show_default=False),
]
_Parent = Annotated[int | None, typer.Option("--parent", hidden=True)]
_Log = Annotated[Path | None, typer.Option("--log", hidden=True)]


def builder(
    screen: Screen,
    *,
    hub: Hub = None,
    state: State = None,
    slots: Slots = None,
    name: _Name = None,
    parent: _Parent = None,
    log: _Log = None,
) -> int:
    """Run a builder for a hub anywhere.

    Ctrl-C lets it end what it builds; a second one gives that back at once.
    """
    from buildyard.cli.hubs import find_hub
    from buildyard.cli.settle import settled
    from buildyard.cli.working import Working

    settings = settled(screen, {"state": state, "slots": slots, "builder_name": name}, log=log or "builder.log")
    return Working(screen, settings, find_hub(hub, settings.state), parent=parent).run()
