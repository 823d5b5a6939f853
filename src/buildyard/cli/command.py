"""What every command has in common: ``-q``, ``-v``, ``--color``, the screen, and how errors end it.

`command` turns a body that takes a `Screen` and options into what typer calls.  A body returns an exit code, or None
for 0.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any

import typer

from buildyard.cli.causes import trouble_of
from buildyard.cli.screen import ColorChoice, Screen
from buildyard.cli.trouble import ExitCode

_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")]
_Verbose = Annotated[
    int, typer.Option("--verbose", "-v", count=True, help="Tell steps; -vv requests too.", show_default=False)
]
_Color = Annotated[ColorChoice, typer.Option("--color", help="Colours; auto where the stream is a terminal.")]

_COMMON: dict[str, tuple[Any, object]] = {"quiet": (_Quiet, False), "verbose": (_Verbose, 0), "color": (_Color, "auto")}


def command(body: Callable[..., int | None]) -> Callable[..., int]:
    """Return the callback of a command whose first parameter is its `Screen`."""

    @functools.wraps(body)
    def call(**given: Any) -> int:
        quiet, verbose, color = (given.pop(name) for name in _COMMON)
        screen = Screen(sys.stdout, sys.stderr, color=color, verbosity=-1 if quiet else verbose)
        if verbose:
            logging.basicConfig(level=logging.DEBUG if verbose > 1 else logging.INFO, format="%(name)s %(message)s")
        return ended(screen, functools.partial(body, screen, **given), as_json=bool(given.get("json")))

    own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in _COMMON.items()
    ]
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + common
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    # typer would read the wrapped function's signature, which has a screen and not our options.
    del call.__wrapped__
    return call


def ended(screen: Screen, body: Callable[[], int | None], *, as_json: bool) -> int:
    """Return the exit code of a body; an error is told in the one form."""
    try:
        return body() or ExitCode.DONE
    except KeyboardInterrupt:
        screen.note(f"{screen.err.mark('warn')} interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; the interpreter would complain when it flushes stdout at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:
        return _told(screen, error, as_json=as_json)


def _told(screen: Screen, error: Exception, *, as_json: bool) -> int:
    trouble = trouble_of(error)
    if screen.verbosity >= 2:
        screen.error("".join(traceback.format_exception(error)).rstrip())
    if as_json:
        screen.json(trouble.body())
    else:
        screen.error("\n".join(trouble.lines(screen.err)))
    return trouble.exit_code
