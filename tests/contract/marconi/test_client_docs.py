"""The programs on the client's pages run as they are printed, against the hub."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("reference/marconi.md", "explanation/claims.md")
PROGRAMS = [
    (f"{page}-{n}", program)
    for page in PAGES
    for n, program in enumerate(
        re.findall(r"^```python\n(.+?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.parametrize(("name", "program"), PROGRAMS, ids=[name for name, _ in PROGRAMS])
def test_printed_program_runs(hub_url, name, program):
    here = program.replace("http://127.0.0.1:8765", hub_url).replace('"demo"', repr(re.sub(r"\W", "-", name)))
    assert hub_url in here
    done = subprocess.run([sys.executable, "-c", here], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout
