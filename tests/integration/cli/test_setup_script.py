"""`tools/setup.sh`: what it says where something is missing, and that it does nothing where all is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing but what the script reads."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "tools/setup.sh", tmp_path / "tools")
    shutil.copy(ROOT / "requirements/farm.txt", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def setup(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "tools/setup.sh", *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": str(checkout), "LANG": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def mark_as_installed(checkout: Path) -> None:
    """Make a virtual environment whose packages are those of the lock."""
    programs = checkout / ".venv/bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    locked = (checkout / "requirements/farm.txt").read_bytes()
    (checkout / ".venv/.installed-farm").write_bytes(locked + (checkout / "pyproject.toml").read_bytes())


def test_what_is_installed_already_is_left_alone(checkout: Path) -> None:
    mark_as_installed(checkout)
    told = setup(checkout, "up", PYTHON=sys.executable)
    assert told.returncode == 0, told.stderr
    assert "✓ Found     Python 3." in told.stdout
    assert "Installed buildyard" not in told.stdout


def test_without_a_python_that_is_new_enough_it_says_what_to_do(checkout: Path) -> None:
    old = checkout / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    told = setup(checkout, "up", PYTHON=str(old))
    assert told.returncode == 1
    assert told.stderr == (
        "error: no Python 3.11 or later was found\n"
        f"  looked  {old}\n"
        "  next    install one, or name it: make up PYTHON=/path/to/python3\n"
    )


def test_a_lock_that_cannot_be_installed_says_where_its_log_is(checkout: Path) -> None:
    (checkout / "requirements/farm.txt").write_text(f"six==1.0 --hash=sha256:{'0' * 64}\n")
    told = setup(checkout, "up", PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_CONFIG_FILE="/dev/null")
    assert told.returncode == 1
    assert told.stderr.startswith("error: pip could not install requirements/farm.txt\n  log     .cache/setup.log\n")


def test_an_unknown_stage_is_refused(checkout: Path) -> None:
    told = setup(checkout, "everything", PYTHON=sys.executable)
    assert told.returncode == 1
    assert 'error: there is no stage "everything"\n' in told.stderr


def test_a_locale_that_is_not_utf8_gets_plain_signs(checkout: Path) -> None:
    mark_as_installed(checkout)
    told = setup(checkout, "up", PYTHON=sys.executable, LANG="de_DE.ISO-8859-1")
    assert "+ Found     Python 3." in told.stdout
