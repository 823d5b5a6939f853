"""The command line: ``buildyard``, one module a command.

`app` lists the commands; `command` is what they have in common.  A command module imports what it needs inside its
body, so that ``buildyard --help`` costs nothing of the farm.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name and exit with its code (`trouble.ExitCode`)."""
    from buildyard.cli.app import run

    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))
