"""Run tests as an ordinary user, by root: the same checkout, the same interpreters, none of root's rights.

What the user needs may lie below a directory that only root may enter, root's home for one.  So the tests run in a
mount namespace of their own, where such a directory is an empty one with nothing in it but what is needed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

NOBODY = 65534
SMALL_DISK = "BUILDYARD_TEST_SMALL_DISK"

_ROOT = Path(__file__).resolve().parents[2]


def pytest_as_nobody(
    tests: Sequence[Path], scratch: Path, prefixes: Iterable[Path], *, within: float
) -> subprocess.CompletedProcess[str]:
    """Run these tests as uid 65534, and return how that went; ``prefixes`` are where interpreters lie.

    ``scratch`` is an empty directory of root's: the user's own files go there, and a small disk that is mounted in it.
    """
    for name in ("home", "disk", "tmp"):
        (scratch / name).mkdir()
        os.chown(scratch / name, NOBODY, NOBODY)
    needed = {_ROOT, Path(sys.prefix), Path(sys.base_prefix), *prefixes, scratch}
    script = "\n".join(
        ["set -e", *_reachable(needed, scratch), _small_disk(scratch / "disk"), _as_nobody(tests, scratch)]
    )
    unshare = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    return subprocess.run(unshare, cwd=_ROOT, text=True, capture_output=True, timeout=within, check=False)


def pytest_with_small_disk(tests: Sequence[Path], scratch: Path, *, within: float) -> subprocess.CompletedProcess[str]:
    """Run these tests as an ordinary user who mounts a small disk himself, in a user namespace of his own."""
    disk = scratch / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size={SMALL_DISK_BYTES},mode=755 tmpfs {_q(disk)}"
    powerless = ["setpriv", "--inh-caps=-all", "--ambient-caps=-all"]
    options = ["-q", "-p", "no:cacheprovider", f"--basetemp={scratch / 'pytest'}"]
    pytest = ["env", f"{SMALL_DISK}={disk}", sys.executable, "-m", "pytest", *map(str, tests), *options]
    script = f"set -e\n{mount}\nexec {shlex.join([*powerless, *pytest])}"
    unshare = ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount", "sh", "-c", script]
    return subprocess.run(unshare, cwd=_ROOT, text=True, capture_output=True, timeout=within, check=False)


def _reachable(needed: Iterable[Path], scratch: Path) -> list[str]:
    """Return the commands that put an open directory in the place of each that others may not enter."""
    hidden: dict[Path, list[Path]] = {}
    for path in sorted(needed):
        blocked = next((parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001), None)
        if blocked is not None:
            hidden.setdefault(blocked, []).append(path)
    commands = []
    for blocked, paths in hidden.items():
        aside = scratch / f"aside{len(commands)}"
        kept = [(aside / str(number), path) for number, path in enumerate(_outermost(paths))]
        for place, path in kept:
            commands += [f"mkdir -p {_q(place)}", f"mount --rbind {_q(path)} {_q(place)}"]
        commands.append(f"mount -t tmpfs -o mode=755 tmpfs {_q(blocked)}")
        for place, path in kept:
            commands += [f"mkdir -p {_q(path)}", f"mount --rbind {_q(place)} {_q(path)}"]
    return commands


def _outermost(paths: Sequence[Path]) -> list[Path]:
    return [path for path in paths if not any(path != other and path.is_relative_to(other) for other in paths)]


def _small_disk(path: Path) -> str:
    return f"mount -t tmpfs -o size={SMALL_DISK_BYTES},mode=755,uid={NOBODY},gid={NOBODY} tmpfs {_q(path)}"


def _as_nobody(tests: Sequence[Path], scratch: Path) -> str:
    environment = {
        "HOME": scratch / "home",
        "TMPDIR": scratch / "tmp",
        "PYENV_ROOT": os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv",
        "PYTHONDONTWRITEBYTECODE": "1",
        SMALL_DISK: scratch / "disk",
    }
    told = [f"{name}={value}" for name, value in environment.items()]
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
    options = ["-q", "-p", "no:cacheprovider", f"--basetemp={scratch / 'tmp' / 'pytest'}"]
    return shlex.join(["exec", *user, "env", *told, sys.executable, "-m", "pytest", *map(str, tests), *options])


#: Enough for a hub's database and a few wheels, and soon full.
SMALL_DISK_BYTES = 16_000_000


def mount_small_disk(path: Path) -> None:
    """Mount a small disk on an empty directory, as root."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "tmpfs", str(path)], check=True)


def unmount(path: Path) -> None:
    """Take it away again."""
    subprocess.run(["umount", str(path)], check=True)
    shutil.rmtree(path, ignore_errors=True)


def _q(path: Path) -> str:
    return shlex.quote(str(path))
