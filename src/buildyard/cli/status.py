"""``buildyard status``: what runs, what waits and what needs somebody."""

from __future__ import annotations

from buildyard.cli.options import Hub, Json, State
from buildyard.cli.screen import Screen

EXAMPLES = ("buildyard status", "buildyard status --json | jq .counts", "buildyard status --hub http://yard:8765")


def status(screen: Screen, *, state: State = None, hub: Hub = None, json: Json = False) -> None:
    """Tell what runs, waits and needs somebody."""
    from buildyard.cli.hubs import find_hub
    from buildyard.cli.tables import status_lines

    with find_hub(hub, state).connect() as farm:
        if json:
            screen.result(farm.raw("/status").decode())
        else:
            screen.result("\n".join(status_lines(farm.status(), screen.out)))
