"""The reference page of the Taskcluster client's functions and exchanges, from their table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.taskcluster_client import is_paged, iterator_name, names_of, scopes_text
from tools.taskcluster_table import read_table

_HEAD = """\
What each class of the [Taskcluster client](taskcluster.md) has, as release {release} of Taskcluster has it. Words in
parentheses are values of the route; a payload, where there is one, comes after them. What is paged names its iteration.
"""


def functions_page(note: str) -> str:
    """Return the page."""
    table = read_table()
    services = "\n".join(map(_service, table["services"]))
    events = "\n".join(map(_events, table["events"]))
    return f"# Taskcluster functions\n\n{note}\n{_HEAD.format(release=table['release'])}\n{services}\n{events}"


def _service(service: Mapping[str, Any]) -> str:
    rows = "\n".join(_function(service["class"], function) for function in service["functions"])
    return f"## `{service['class']}`\n\n| function | does | route, scopes |\n|---|---|---|\n{rows}\n"


def _function(service: str, function: Mapping[str, Any]) -> str:
    values = ", ".join((*names_of(function), *(["payload"] if "input" in function else [])))
    name = f"`{function['name']}({values})`"
    if is_paged(function):
        name += f", `{iterator_name(service, function['name'])}`"
    facts = f"`{function['method']} {function['route']}`"
    if "scopes" in function:
        facts += f"; {scopes_text(function['scopes'])}"
    if "stability" in function:
        facts += f"; {function['stability']}"
    return f"| {name} | {_plain(function['summary'])} | {_plain(facts)} |"


def _events(group: Mapping[str, Any]) -> str:
    rows = "\n".join(
        f"| `{entry['name']}` | {_plain(entry['summary'])} | `{entry['exchange']}` |" for entry in group["exchanges"]
    )
    head = f"## `{group['class']}`\n\nPrefix `{group['prefix']}`.\n\n| method | message | exchange |\n|---|---|---|\n"
    return f"{head}{rows}\n"


def _plain(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")
