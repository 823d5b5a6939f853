"""``buildyard credentials``: what to sign requests with, for other programs that talk to this hub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from buildyard.cli.options import Json, State
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode, Trouble

EXAMPLES = ('eval "$(buildyard credentials --export)"', "buildyard credentials --state .buildyard")

Export = Annotated[bool, typer.Option("--export", help="Print lines for a shell, the secret included.")]


def credentials(screen: Screen, *, export: Export = False, state: State = None, json: Json = False) -> None:
    """Tell who you are at the hub.

    With --export in the variables that Taskcluster's clients read.
    """
    from buildyard.cli.causes import shown_path
    from buildyard.farm.settings import load
    from buildyard.farm.state import StateDirectory

    directory = load({"state": state}).settings.state
    known = StateDirectory(directory).credentials()
    if known is None:
        raise Trouble(
            f"there is no credential in {shown_path(directory)}",
            code="no_credentials",
            exit_code=ExitCode.NOT_ALLOWED,
            facts={"looked": str(directory / "credentials.json")},
            next=["start its hub once: buildyard up", "name another one with --state DIR"],
        )
    if not export:
        told = {"root_url": known.root_url, "client_id": known.client_id}
        if json:
            screen.json(told)
        else:
            screen.result("\n".join(f"{name:<9}  {value}" for name, value in told.items()))
        return
    variables = {
        "TASKCLUSTER_ROOT_URL": known.root_url,
        "TASKCLUSTER_CLIENT_ID": known.client_id,
        "TASKCLUSTER_ACCESS_TOKEN": known.access_token,
    }
    if json:
        screen.json(variables)
    else:
        screen.result(shell_lines(variables))
    if screen.stderr.isatty():
        screen.warn("This is a secret: whoever has it may do everything at this hub.")


def shell_lines(variables: Mapping[str, str]) -> str:
    """Return lines for a shell that set these variables."""
    quoted = {name: value.replace("'", "'\\''") for name, value in variables.items()}
    return "\n".join(f"export {name}='{value}'" for name, value in quoted.items())
