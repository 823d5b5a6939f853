"""Options that several commands share, as types of their parameters, and what their values mean."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from buildyard.cli.trouble import ExitCode, Trouble
from buildyard.farm.abi import Abi, sorted_abis

State = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="The state directory; .buildyard here unless set.", show_default=False),
]
Hub = Annotated[
    str | None,
    typer.Option("--hub", metavar="URL", help="The hub, signed for with TASKCLUSTER_*.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else there.")]
Python = Annotated[
    list[str] | None,
    typer.Option(
        "--python",
        metavar="VERSION...",
        help="Build for these alone: 3.12, 3.13t, pp39; several may follow.",
        show_default=False,
    ),
]
NoDeps = Annotated[bool, typer.Option("--no-deps", help="Leave out what the packages need at run time.")]
Requirements = Annotated[
    list[str], typer.Argument(metavar="REQUIREMENT", help="As pip takes them: numpy, 'wrapt<2'.", show_default=False)
]
Slots = Annotated[
    int | None,
    typer.Option("--slots", metavar="N", min=1, help="Builds at one time; as many as cores.", show_default=False),
]

_VERSION = re.compile(r"(?P<pypy>pypy)?(?P<major>\d)\.(?P<minor>\d+)(?P<threads>t?)")

#: What may follow ``--python`` as one more of its values; no requirement looks like this.
_PYTHON = re.compile(r"(pypy)?\d\.\d+t?|(cp|pp)\d\d+t?")


def abi_of(text: str) -> str:
    """Return the ABI that a person means: cp312 for ``3.12`` or ``cp312``, pp39 for ``pypy3.9``.  Raises `Trouble`."""
    version = _VERSION.fullmatch(text)
    if version is not None:
        return f"{'pp' if version['pypy'] else 'cp'}{version['major']}{version['minor']}{version['threads']}"
    try:
        return str(Abi.parse(text))
    except ValueError:
        raise Trouble(
            f'"{text}" is no version of Python',
            code="bad_python",
            exit_code=ExitCode.WRONG_USE,
            next=["write it as in: --python 3.12 3.13t pypy3.9"],
        ) from None


def abis_of(texts: list[str] | None) -> tuple[str, ...]:
    """Return the ABIs that ``--python`` names, each once, in numeric order."""
    given = [text for joined in texts or () for text in joined.split(",") if text]
    return tuple(sorted_abis({abi_of(text) for text in given}))


def spread_pythons(arguments: list[str]) -> list[str]:
    """Return the arguments with ``--python 3.9 3.11`` written as an option for each of its values."""
    spread: list[str] = []
    is_python = False
    for argument in arguments:
        if is_python and _PYTHON.fullmatch(argument) and spread[-1] != "--python":
            spread.append("--python")
        elif argument == "--python" or argument.startswith("--python="):
            is_python = True
        elif not (is_python and spread[-1] == "--python"):
            is_python = False
        spread.append(argument)
    return spread
