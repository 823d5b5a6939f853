"""``buildyard client delete``: a credential opens nothing any more."""

from __future__ import annotations

from buildyard.cli.clients.asking import Name, auth_of
from buildyard.cli.options import Hub, Json, State
from buildyard.cli.screen import Screen

EXAMPLES = ("buildyard client delete team/mira",)


def delete(screen: Screen, name: Name, *, hub: Hub = None, state: State = None, json: Json = False) -> None:
    """Delete a client, if it is there."""
    from buildyard.cli.hubs import find_hub

    with auth_of(find_hub(hub, state)) as auth:
        auth.deleteClient(name)
    if json:
        screen.json({"deleted": name})
    else:
        screen.result(f"deleted {name}")
