"""Programs of other people, each in a virtual environment of its own below ``.cache/peers``.

`locked_peer` finds the environment of a hashed lock, ``requirements/peer-NAME.txt`` (`tools/lock.py` writes them).
``tools/setup.sh test`` has made it by running this file, with uv and from the indexes of pip's configuration.
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

ROOT = Path(__file__).resolve().parents[2]
_CACHE = ROOT / ".cache" / "peers"

#: The peers that have a lock.
LOCKED = ("fedora-messaging", "keystone", "koji", "scriptworker", "taskcluster", "zaqar", "zaqarclient")


class PeerMissing(Exception):
    """The peer could not be installed, in uv's words, or has not been yet."""


def locked_peer(name: str) -> Path:
    """Return the Python of the environment of ``requirements/peer-NAME.txt``.  Raises `PeerMissing`."""
    home = _locked_home(name)
    if not (home / "done").exists():
        raise PeerMissing(f"no environment for {name} here (tools/setup.sh test makes it)")
    return home / "bin" / "python"


def make_locked(name: str) -> bool:
    """Make that environment; return whether it was not there before.  Raises `PeerMissing`."""
    # A lock is whole, save for what it leaves out on purpose (`tools/lock.py`).
    return _make_once(_locked_home(name), ("--no-deps", "--require-hashes", "--requirement", str(_lock(name))))


def _lock(name: str) -> Path:
    return ROOT / "requirements" / f"peer-{name}.txt"


def _locked_home(name: str) -> Path:
    return _CACHE / f"{name}-{_digest(_lock(name).read_text())}"


def _digest(wanted: str) -> str:
    return hashlib.sha256(f"{sys.version}\n{wanted}".encode()).hexdigest()[:16]


def _make_once(home: Path, wanted: tuple[str, ...]) -> bool:
    _CACHE.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if (home / "done").exists():
            return False
        _make(home, wanted)
        (home / "done").touch()
        return True


def _make(home: Path, wanted: tuple[str, ...]) -> None:
    settings = pip_index().uv()
    python = home / "bin" / "python"
    for command in (
        ["venv", "--clear", "--python", sys.executable, str(home)],
        ["pip", "install", "--python", str(python), *settings.arguments, *wanted],
    ):
        done = subprocess.run(
            [find_uv_bin(), *command],
            env=settings.over(os.environ),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise PeerMissing(done.stderr.strip()[-1000:])


def main() -> int:
    """Make the environments of all locks, and print the names of those that were not there; return an exit code."""
    try:
        made = [name for name in LOCKED if make_locked(name)]
    except (PeerMissing, subprocess.TimeoutExpired) as reason:
        print(reason, file=sys.stderr)
        return 1
    if made:
        print(", ".join(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
