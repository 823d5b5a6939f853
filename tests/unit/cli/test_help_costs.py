"""What a help text costs: nothing is imported for it that only a command needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Each of these takes longer to import than all the rest of a help text.
DEAR = {
    "aiohttp",
    "asyncio",
    "buildyard.messaging",
    "jinja2",
    "jsonschema",
    "prometheus_client",
    "sqlalchemy",
    "starlette",
    "twisted",
    "urllib3",
}


@pytest.mark.parametrize("command", [[], ["client", "create"], ["bus", "consume"], ["request"]])
def test_help_imports_nothing_that_takes_long(command: list[str]) -> None:
    program = (
        f"import sys\nfrom buildyard.cli.app import run\nrun({[*command, '--help']})\n"
        f"print(sorted(sys.modules.keys() & {DEAR}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr.strip() == "[]"
