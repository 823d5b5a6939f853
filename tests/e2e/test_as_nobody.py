"""What root has gone through, gone through by an ordinary user: the same tests, with the same interpreters."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from buildyard.farm.builder.interpreters import Interpreter
from support.as_nobody import pytest_as_nobody, pytest_with_small_disk

_HERE = Path(__file__).parent
_FILES = [_HERE / name for name in ("test_bad_input.py", "test_hub_away.py", "test_full_disk.py")]

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

        _check(done)

else:
    # He cannot become another one, and runs the rest as himself; for this he needs a disk that he may mount.
    @pytest.mark.timeout(120)
    def test_full_disk_is_dealt_with_as_an_ordinary_user(tmp_path: Path) -> None:
        _check(pytest_with_small_disk([_HERE / "test_full_disk.py"], tmp_path, within=110))


def _check(done: subprocess.CompletedProcess[str]) -> None:
    last = done.stdout.strip().splitlines()[-1:]
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
    assert re.search(r"\d+ passed", str(last)), last
    assert "skipped" not in str(last), done.stdout[-8000:]
