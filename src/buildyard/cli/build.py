"""``buildyard build``: wheels into a directory, without a hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buildyard.cli.options import Json, NoDeps, Python, Requirements
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode

if TYPE_CHECKING:
    from buildyard.farm.oneshot import Report

EXAMPLES = (
    "buildyard build markupsafe -o wheels",
    "buildyard build 'wrapt<2' msgpack -o wheels --python 3.12 3.13",
    "buildyard build numpy -o wheels --no-deps --json",
)

_Out = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the wheels go; made if need be.")]
_NoCheck = Annotated[bool, typer.Option("--no-check", help="Do not install and import each wheel.")]
_Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, help="Builds at one time; as many as cores.", show_default=False),
]


def build(
    screen: Screen,
    requirements: Requirements,
    *,
    output: _Out = Path("wheels"),
    python: Python = None,
    no_deps: NoDeps = False,
    no_check: _NoCheck = False,
    jobs: _Jobs = None,
    json: Json = False,
) -> int:
    """Build wheels into a directory, without a hub.

    For every Python of this machine, unless --python names some.
    """
    from buildyard.cli.oneshot import OneShot

    command = OneShot(screen, output, pythons=python, check=not no_check, jobs=jobs)
    report = command.run(requirements, deps=not no_deps)
    if json:
        screen.json(_as_json(report))
    else:
        command.tell()
    return ExitCode.FAILED if report.failed else ExitCode.DONE


def _as_json(report: Report) -> dict[str, object]:
    ends = [
        {
            "package": one.package,
            "version": one.version,
            "abi": one.abi,
            "state": one.kind,
            "elapsed_s": one.elapsed_s,
            "filename": one.filename or None,
            "phase": one.phase or None,
            "reason": one.reason,
            "next": one.next,
            "log": None if one.log is None else str(one.log),
        }
        for one in report.ends
    ]
    counts = {"built": len(report.built), "failed": len(report.failed)}
    return {"schema": 1, "output": str(report.out), "counts": counts, "elapsed_s": report.elapsed_s, "builds": ends}
