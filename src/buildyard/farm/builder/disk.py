"""How much a build's directory holds, and how much its disk has left.

Gives numbers to `process`, which compares them with the limits, and removes what a build leaves behind, whatever that
is: a build may leave trees too deep for recursion and directories without any permission.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path


def used_bytes(directories: Iterable[Path]) -> int:
    """Return what these directories take on their disk; a file with several names counts once.

    What vanishes or cannot be read meanwhile is left out.
    """
    total = 0
    linked: set[int] = set()
    pending = [os.fspath(directory) for directory in directories]
    while pending:
        for entry in _entries(pending.pop()):
            status = _status(entry)
            if status is None or (status.st_nlink > 1 and status.st_ino in linked):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            elif status.st_nlink > 1:
                linked.add(status.st_ino)
            total += status.st_blocks * 512
    return total


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def free_bytes(directory: Path) -> int:
    """Return what an ordinary user may still write to the disk that a directory is on."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


def remove_tree(directory: Path) -> None:
    """Remove a directory with all that is in it, symbolic links as links; one that is not there is fine.

    Raises `OSError` where that cannot be done even after its permissions were mended.
    """
    try:
        shutil.rmtree(directory)
    except (OSError, RecursionError):
        if os.path.lexists(directory):
            _remove_stubborn(directory)


def _remove_stubborn(directory: Path) -> None:
    # GNU and BusyBox tools walk a tree of any depth, which `shutil` does not.
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        subprocess.run([*command, "--", str(directory)], check=False, stdin=subprocess.DEVNULL, capture_output=True)
    if directory.exists():
        raise OSError(f"{directory} cannot be removed")
