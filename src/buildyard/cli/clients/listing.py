"""``buildyard client list``: who may sign requests, until when, and what they may do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from buildyard.cli.clients.asking import auth_of
from buildyard.cli.options import Hub, Json, State
from buildyard.cli.screen import Screen

EXAMPLES = ("buildyard client list", "buildyard client list team/ --json")

_Prefix = Annotated[str, typer.Argument(metavar="[PREFIX]", help="How their ids begin.", show_default=False)]


def listing(screen: Screen, prefix: _Prefix = "", *, hub: Hub = None, state: State = None, json: Json = False) -> None:
    """List clients, without their access tokens."""
    from buildyard.cli.hubs import find_hub
    from buildyard.cli.tables import columns

    with auth_of(find_hub(hub, state)) as auth:
        found = list(auth.iterClients(query={"prefix": prefix} if prefix else {}))
    if json:
        screen.json({"clients": found})
        return
    if found:
        screen.result("\n".join(columns(_row(each) for each in found)))


def _row(client: Mapping[str, Any]) -> tuple[str, str, str, str]:
    used = f"used {client['lastDateUsed'][:10]}"
    return client["clientId"], _standing(client), used, " ".join(client["scopes"])


def _standing(client: Mapping[str, Any]) -> str:
    if client["disabled"]:
        return "disabled"
    over = datetime.fromisoformat(client["expires"]).timestamp() <= time.time()
    return f"{'expired' if over else 'until'} {client['expires'][:10]}"
