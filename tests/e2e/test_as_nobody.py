"""What root has gone through, gone through by an ordinary user: the same tests, with the same interpreters."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from buildyard.farm.builder.interpreters import Interpreter
from support.as_nobody import pytest_as_nobody

_HERE = Path(__file__).parent
_FILES = [_HERE / name for name in ("test_bad_input.py", "test_hub_away.py", "test_full_disk.py")]

# An ordinary user cannot become another one, and has run those tests as himself.
if os.geteuid() == 0:

    @pytest.mark.timeout(280)
    def test_bad_input_is_dealt_with_as_an_ordinary_user_too(interpreters: Sequence[Interpreter]) -> None:
        # pytest's own directories are root's alone.
        scratch = Path(tempfile.mkdtemp(prefix="buildyard-nobody-"))
        scratch.chmod(0o711)
        try:
            prefixes = {path for one in interpreters for path in one.directories}
            done = pytest_as_nobody(_FILES, scratch, prefixes, within=270)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

        last = done.stdout.strip().splitlines()[-1:]
        assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
        assert re.search(r"\d+ passed", str(last)), last
        assert "skipped" not in str(last), done.stdout[-8000:]
