"""``buildyard explain``: why each build of a package is as it is."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from buildyard.cli.options import Hub, Json, State
from buildyard.cli.screen import Screen

EXAMPLES = ("buildyard explain numpy", "buildyard explain numpy --all", "buildyard explain numpy --json")

_Package = Annotated[str, typer.Argument(metavar="PACKAGE", help="Its name.", show_default=False)]
_All = Annotated[bool, typer.Option("--all", help="Older versions too.")]


def explain(
    screen: Screen,
    package: _Package,
    *,
    everything: _All = False,
    state: State = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """Tell why each build is as it is."""
    from buildyard.cli.hubs import find_hub
    from buildyard.cli.tables import explain_lines

    with find_hub(hub, state).connect() as farm:
        if json:
            screen.result(farm.raw(f"/packages/{quote(package, safe='')}/explain").decode())
        else:
            screen.result("\n".join(explain_lines(farm.explain(package), screen.out, everything=everything)))
