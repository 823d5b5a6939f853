"""``buildyard hub``: a hub alone, for builders elsewhere."""

from __future__ import annotations

from buildyard.cli.options import State
from buildyard.cli.screen import Screen
from buildyard.cli.up import Host, Port

EXAMPLES = (
    "buildyard hub",
    "buildyard hub --host 0.0.0.0 --state /srv/wheels",
    "BUILDYARD_DATABASE=postgresql://yard@db/yard buildyard hub",
)


def hub(screen: Screen, *, host: Host = None, port: Port = None, state: State = None) -> int:
    """Run a hub without builders."""
    from buildyard.cli.settle import settled
    from buildyard.cli.story import HubStory
    from buildyard.cli.yard import Yard

    settings = settled(screen, {"host": host, "port": port, "state": state}, log="hub.log")
    return Yard.start(screen, settings, builders=0, story=HubStory(screen, settings).tell, again="buildyard hub")
