"""The commands together, and what happens to arguments that fit none of them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Annotated, NoReturn

import typer

from buildyard import __version__
from buildyard.cli import build, builder, config, credentials, explain, hub, logs, request, status, up, watch
from buildyard.cli.bus import consume, publish, record, replay, tail
from buildyard.cli.clients import create, delete, listing
from buildyard.cli.command import command, ended
from buildyard.cli.options import spread_pythons
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode, Trouble

#: Name, body and examples of each command, in the order of the help.
COMMANDS: tuple[tuple[str, Callable[..., int | None], ModuleType], ...] = (
    ("up", up.up, up),
    ("build", build.build, build),
    ("request", request.request, request),
    ("status", status.status, status),
    ("explain", explain.explain, explain),
    ("watch", watch.watch, watch),
    ("logs", logs.logs, logs),
    ("builder", builder.builder, builder),
    ("hub", hub.hub, hub),
    ("credentials", credentials.credentials, credentials),
)

#: The same of those that follow ``buildyard bus``.
BUS: tuple[tuple[str, Callable[..., int | None], ModuleType], ...] = (
    ("publish", publish.publish, publish),
    ("consume", consume.consume, consume),
    ("record", record.record, record),
    ("replay", replay.replay, replay),
    ("tail", tail.tail, tail),
)

#: The same of those that follow ``buildyard client``.
CLIENT: tuple[tuple[str, Callable[..., int | None], ModuleType], ...] = (
    ("create", create.create, create),
    ("list", listing.listing, listing),
    ("delete", delete.delete, delete),
)

_CONTEXT = {"help_option_names": ["--help", "-h"], "max_content_width": 100}


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"buildyard {__version__}\n")
        raise typer.Exit


def application() -> typer.Typer:
    """Return the whole program, its commands not yet run."""
    program = _group("Build wheels for every Python you have, and serve them on an index of your own.")
    program.callback()(_root)
    for name, body, module in COMMANDS:
        _add(program, name, body, module)
    bus = _group("Publish, consume, record and watch messages of an AMQP bus.")
    for name, body, module in BUS:
        _add(bus, name, body, module)
    program.add_typer(bus, name="bus")
    clients = _group("Who may sign requests at a hub, and what they may do.")
    for name, body, module in CLIENT:
        _add(clients, name, body, module)
    program.add_typer(clients, name="client")
    settings = _group("What is set, and where.")
    _add(settings, "show", config.show, config)
    program.add_typer(settings, name="config")
    return program


def _group(text: str) -> typer.Typer:
    return typer.Typer(
        help=text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_CONTEXT,
    )


def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Build wheels for every Python you have, and serve them on an index of your own."""


def _add(program: typer.Typer, name: str, body: Callable[..., int | None], module: ModuleType) -> None:
    # \b keeps the lines of the examples apart, where the help would fill a paragraph of them.
    examples = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES)
    program.command(name, epilog=examples, context_settings=_CONTEXT)(command(body))


def run(arguments: list[str]) -> int:
    """Return the exit code of the command that the arguments name."""
    screen = Screen(sys.stdout, sys.stderr)
    return ended(screen, functools.partial(_run, arguments), as_json="--json" in arguments)


def _run(arguments: list[str]) -> int:
    click_command = typer.main.get_command(application())
    try:
        code = click_command.main(spread_pythons(arguments), prog_name="buildyard", standalone_mode=False)
    except typer.TyperException as error:
        _wrong_use(error)
    return int(code or 0)


def command_names() -> list[str]:
    """Return every command as it is typed after ``buildyard``."""
    grouped = [*(f"bus {name}" for name, _, _ in BUS), *(f"client {name}" for name, _, _ in CLIENT)]
    return [*(name for name, _, _ in COMMANDS), *grouped, "config show"]


def help_of(path: Sequence[str]) -> str:
    """Return the help of a command, as ``--help`` prints it on 100 columns without colour."""
    click_command = typer.main.get_command(application())
    context = click_command.make_context("buildyard", [], resilient_parsing=True, terminal_width=100)
    for name in path:
        assert isinstance(click_command, typer.core.TyperGroup)
        click_command = click_command.commands[name]
        context = typer.Context(click_command, info_name=name, parent=context, terminal_width=100)
    return str(click_command.get_help(context))


def _wrong_use(error: typer.TyperException) -> NoReturn:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "buildyard"
    text = error.format_message().rstrip(".")
    if not text or text.startswith("Usage:"):  # a command that was given nothing shows its help instead
        assert context is not None
        sys.stderr.write(context.get_help() + "\n")
        raise SystemExit(ExitCode.WRONG_USE)
    what = text[:1].lower() + text[1:]
    raise Trouble(what, code="wrong_use", exit_code=ExitCode.WRONG_USE, next=[f"{path} --help"])
