"""pip and uv install from the index, and take of it what the PEPs promise."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from buildyard.farm.index.publish import publish
from buildyard.farm.store.tables import dirty_pages, files


def run(*command: str, cwd: Path, **environment: str) -> str:
    """Run a program to its end and return what it said; its configuration is empty."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
    told = {**clean, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(cwd / "uv"), **environment}
    done = subprocess.run(command, cwd=cwd, env=told, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def pip(cwd: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--cache-dir", str(cwd / "c")]
    return run(*command, *arguments, cwd=cwd)


@pytest.fixture
def packages(index: Any) -> Any:
    """alpha needs beta; the newest beta is not for this Python."""
    index.add("alpha", "1.0", requires="beta>=1")
    index.add("beta", "1.5")
    index.add("beta", "2.0", requires_python=">=3.99")
    return index


def test_pip_downloads_the_wheel(packages: Any, tmp_path: Path) -> None:
    pip(tmp_path, "download", "--no-deps", "--index-url", f"{packages.url}/simple/", "-d", "got", "alpha")
    assert [one.name for one in (tmp_path / "got").iterdir()] == ["alpha-1.0-py3-none-any.whl"]


def test_pip_installs_with_dependencies_that_fit(packages: Any, tmp_path: Path) -> None:
    pip(tmp_path, "install", "--index-url", f"{packages.url}/simple/", "--target", "site", "alpha")
    assert (tmp_path / "site" / "beta-1.5.dist-info").is_dir()


def test_pip_reads_metadata_instead_of_the_wheel(packages: Any, tmp_path: Path) -> None:
    said = pip(tmp_path, "-vv", "download", "--index-url", f"{packages.url}/simple/", "-d", "got", "alpha")
    assert "alpha-1.0-py3-none-any.whl.metadata" in said


def test_uv_installs_with_dependencies_that_fit(packages: Any, tmp_path: Path) -> None:
    uv = str(Path(sys.executable).parent / "uv")
    run(
        uv,
        "pip",
        "install",
        "--python",
        sys.executable,
        "--index-url",
        f"{packages.url}/simple/",
        "--target",
        "site",
        "alpha",
        cwd=tmp_path,
    )
    assert (tmp_path / "site" / "alpha.py").read_text() == "version = '1.0'\n"
    assert (tmp_path / "site" / "beta-1.5.dist-info").is_dir()


def test_a_hash_in_a_requirements_file_is_checked(packages: Any, tmp_path: Path) -> None:
    _, content = packages.add("gamma", "1.0")
    (tmp_path / "requirements.txt").write_text(f"gamma==1.0 --hash=sha256:{sha256(content).hexdigest()}\n")
    index = ("--index-url", f"{packages.url}/simple/")
    pip(tmp_path, "install", *index, "--target", "site", "--require-hashes", "-r", "requirements.txt")
    assert (tmp_path / "site" / "gamma.py").is_file()


def test_a_yanked_version_is_passed_over(packages: Any, tmp_path: Path) -> None:
    packages.add("delta", "1.0")
    packages.add("delta", "1.1")

    def yank(connection: Any) -> None:
        connection.execute(update(files).where(files.c.filename.like("delta-1.1%")).values(yanked="it is broken"))
        connection.execute(insert(dirty_pages).values(package="delta", since=1.0))
        publish(connection, 2.0)

    packages.write(yank)
    pip(tmp_path, "download", "--index-url", f"{packages.url}/simple/", "-d", "got", "delta")
    assert [one.name for one in (tmp_path / "got").iterdir()] == ["delta-1.0-py3-none-any.whl"]
