"""``buildyard client create``: a credential for somebody else, which may do what you say."""

from __future__ import annotations

from typing import Annotated

import typer

from buildyard.cli.clients.asking import Name, auth_of
from buildyard.cli.credentials import Export, shell_lines
from buildyard.cli.options import Hub, Json, State
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode, Trouble

EXAMPLES = (
    "buildyard client create team/mira --scope 'queue:get-task:*' --scope 'queue:status:*'",
    "buildyard client create builder/far --scope 'queue:claim-work:buildyard/*' --expires '30 days' --export",
)

_Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", metavar="SCOPE", help="What it may do; several may be given.", show_default=False),
]
_Description = Annotated[str, typer.Option("--description", metavar="TEXT", help="Whose it is, and what for.")]
_Expires = Annotated[str, typer.Option("--expires", metavar="TIME", help="When it ends: '30 days', '1 year'.")]


def create(
    screen: Screen,
    name: Name,
    *,
    scope: _Scopes = None,
    description: _Description = "",
    expires: _Expires = "1 year",
    export: Export = False,
    hub: Hub = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Make a client, and show its access token: this once.

    You need each scope that you give.
    """
    from buildyard.cli.hubs import find_hub

    wanted = {"description": description, "expires": _moment(expires), "scopes": list(dict.fromkeys(scope or ()))}
    address = find_hub(hub, state)
    with auth_of(address) as auth:
        made = auth.createClient(name, wanted)
    variables = {
        "TASKCLUSTER_ROOT_URL": address.url,
        "TASKCLUSTER_CLIENT_ID": made["clientId"],
        "TASKCLUSTER_ACCESS_TOKEN": made["accessToken"],
    }
    if json:
        screen.json(variables if export else made)
    elif export:
        screen.result(shell_lines(variables))
    else:
        told = {"root_url": address.url, "client_id": made["clientId"], "access_token": made["accessToken"]}
        screen.result("\n".join(f"{key:<12}  {value}" for key, value in (told | {"expires": made["expires"]}).items()))
    if screen.stderr.isatty():
        screen.warn("The access token is a secret, and is not shown again.")


def _moment(text: str) -> str:
    from buildyard.taskcluster import fromNowJSON

    try:
        return fromNowJSON(text)
    except ValueError:
        raise Trouble(
            f'"{text}" is no time from now',
            code="bad_time",
            exit_code=ExitCode.WRONG_USE,
            next=["write it as in: --expires '30 days'"],
        ) from None
