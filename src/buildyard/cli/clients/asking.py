"""What the commands of ``buildyard client`` share: the hub's auth service, and the name of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from buildyard.cli.hubs import HubAddress
    from buildyard.taskcluster import Auth

Name = Annotated[str, typer.Argument(metavar="CLIENT_ID", help="Its id, like team/mira.", show_default=False)]


def auth_of(address: HubAddress) -> Auth:
    """Return the auth service of a hub."""
    from buildyard.taskcluster import Auth

    return Auth({"rootUrl": address.url, "credentials": address.options()})
