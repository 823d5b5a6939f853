"""``buildyard logs``: the log of a build, to its end or as it grows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from buildyard.cli.options import Hub, State
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode

if TYPE_CHECKING:
    from buildyard.cli.answers import BuildAnswer

EXAMPLES = ("buildyard logs 48207", "buildyard logs 48207 -f", "buildyard logs 48207 | less")

_Build = Annotated[int, typer.Argument(metavar="BUILD", min=1, help="Its number.", show_default=False)]
_Follow = Annotated[bool, typer.Option("--follow", "-f", help="Stay until the build has ended; exit 1 if it failed.")]

#: Colours and cursor movements of a terminal (ECMA-48 section 5.4), and titles of its window.
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def logs(screen: Screen, build: _Build, *, follow: _Follow = False, state: State = None, hub: Hub = None) -> int:
    """Print the log of a build.

    Its colours are kept where stdout is a terminal.
    """
    from buildyard.cli.hubs import find_hub

    with find_hub(hub, state).connect() as farm:
        chunks: Iterable[bytes] = farm.log(build, follow=follow)
        for chunk in chunks if screen.stdout.isatty() else without_escapes(chunks):
            screen.bytes(chunk)
        if not follow:
            return ExitCode.DONE
        return _ending(screen, farm.build(build))


def without_escapes(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same text without escape sequences, line by line, so that none is cut in two."""
    rest = b""
    for chunk in chunks:
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        if newline:
            yield _ESCAPES.sub(b"", whole + newline)
    if rest:
        yield _ESCAPES.sub(b"", rest)


def _ending(screen: Screen, build: BuildAnswer) -> int:
    from buildyard.farm.builds.words import LOOKS, duration, machine

    name = f"{build.package} {build.version} {build.abi} {machine(build.platform)}"
    word = LOOKS[build.state].word if build.state in LOOKS else build.state
    time = f", {duration(build.elapsed_s, precise=True)}" if build.elapsed_s is not None else ""
    reason = "" if build.state == "built" or not build.reason else f": {build.reason}"
    screen.note(f"{screen.err.glyph(build.state)} {name} {word}{time}{reason}")
    return ExitCode.FAILED if build.state in ("failed", "will_retry") else ExitCode.DONE
