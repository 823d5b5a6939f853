"""The types of the public interface are a tested feature."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Files of calls.
CALLS = ("faces_api.py", "koji_api.py", "marconi_api.py", "messaging_api.py", "taskcluster_api.py")


@pytest.mark.parametrize("page", CALLS)
def test_public_calls_have_the_types_they_are_documented_with(page: str, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    pytest.importorskip("twisted")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), str(Path(__file__).with_name(page))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=55)
    assert done.returncode == 0, done.stdout + done.stderr
