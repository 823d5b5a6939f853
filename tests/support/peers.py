"""Official clients of other people, each in a virtual environment of its own below ``.cache/peers``.

An environment is made once for its list of requirements, with uv and the indexes of pip's configuration, and kept.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from buildyard.farm.upstream.pipconfig import pip_index

_CACHE = Path(__file__).parents[2] / ".cache" / "peers"


class PeerMissing(Exception):
    """The peer could not be installed; uv's words are in the message."""


def peer(*requirements: str) -> Path:
    """Return the Python of an environment that has these requirements.  Raises `PeerMissing`."""
    lock = hashlib.sha256("\n".join([sys.version, *sorted(requirements)]).encode()).hexdigest()[:16]
    home = _CACHE / lock
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{lock}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (home / "done").exists():
            _make(home, requirements)
            (home / "done").touch()
    return home / "bin" / "python"


def _make(home: Path, requirements: tuple[str, ...]) -> None:
    settings = pip_index().uv()
    python = home / "bin" / "python"
    for command in (
        ["venv", "--clear", "--python", sys.executable, str(home)],
        ["pip", "install", "--python", str(python), *settings.arguments, *requirements],
    ):
        done = subprocess.run(
            [find_uv_bin(), *command],
            env=settings.over(os.environ),
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        if done.returncode:
            raise PeerMissing(done.stderr.strip()[-1000:])
