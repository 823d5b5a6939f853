"""``buildyard up``: a hub and its builders, and the first wheels."""

from __future__ import annotations

from typing import Annotated

import typer

from buildyard.cli.options import Slots, State
from buildyard.cli.screen import Screen

EXAMPLES = (
    "buildyard up",
    "buildyard up numpy 'wrapt<2'",
    "buildyard up --no-demo --port 9000 --state /srv/wheels",
)

#: Pure, with a C extension, larger, and with another backend than setuptools.
DEMO = ("six", "markupsafe", "msgpack", "blinker")

Host = Annotated[
    str | None,
    typer.Option(
        "--host",
        metavar="ADDRESS",
        help="Listen here; 127.0.0.1 unless set. Others need credentials.",
        show_default=False,
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port", metavar="N", min=0, max=65535, help="Listen here; 8765 unless set, 0 any.", show_default=False
    ),
]
Called = Annotated[str, typer.Option("--called", hidden=True)]
_Packages = Annotated[
    list[str] | None,
    typer.Argument(metavar="PACKAGE", help=f"Ask for these; unless given, for {', '.join(DEMO)}.", show_default=False),
]
_Builders = Annotated[int, typer.Option("--builders", metavar="N", min=0, max=64, help="Builder processes.")]
_NoDemo = Annotated[bool, typer.Option("--no-demo", help="Ask for nothing at the start.")]


def up(
    screen: Screen,
    packages: _Packages = None,
    *,
    host: Host = None,
    port: Port = None,
    state: State = None,
    builders: _Builders = 1,
    slots: Slots = None,
    no_demo: _NoDemo = False,
    called: Called = "buildyard up",
) -> int:
    """Run a farm here: hub, builders, first wheels.

    Serves what was built until Ctrl-C; the next `up` finds it again.
    """
    from buildyard.cli.settle import settled
    from buildyard.cli.story import UpStory
    from buildyard.cli.yard import Yard

    settings = settled(screen, {"host": host, "port": port, "state": state, "slots": slots}, log="hub.log")
    names = tuple(packages or ()) or (() if no_demo else DEMO)
    story = UpStory(screen, settings, names, builders=builders)
    return Yard.start(screen, settings, builders=builders, story=story.tell, again=called)
