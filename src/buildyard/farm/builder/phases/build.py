"""Build: let the backend make the wheel, confined and without network, and take it from where it was put.

Takes a `Backend`; gives the path of the wheel in the output directory.  What is there was written by whoever wrote the
source, so that nothing about it is believed: `check` reads it, here it is only made sure that it is one plain file.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.hooks import Backend
from buildyard.farm.builder.job import Job
from buildyard.farm.builder.units import readable_size
from buildyard.farm.wire import FailureKind


def build(job: Job, backend: Backend) -> str:
    """Return the name of the wheel that the backend made.  Raises `PhaseFailed`."""
    name = backend.build_wheel()
    if name != os.path.basename(name) or not name.endswith(".whl") or name.startswith("."):  # noqa: PTH119 - a name
        raise PhaseFailed(FailureKind.BAD_WHEEL, f"its build backend made {name[:100]!r}, which is no wheel's name")
    return name


def take(job: Job, name: str, directory: Path) -> Path:
    """Move the wheel out of the build's reach, and return where it is now; the build must have ended.

    Raises `PhaseFailed` where there is no such file.
    """
    made = job.rooms.output / name
    try:
        descriptor = os.open(made, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        reason = f"its build backend says that it made {name}, and there is no such file"
        raise PhaseFailed(FailureKind.BAD_WHEEL, reason) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise PhaseFailed(FailureKind.BAD_WHEEL, f"{name} is not a plain file")
        # It was the slot's user's.
        os.fchown(descriptor, os.geteuid(), os.getegid())
        os.fchmod(descriptor, 0o644)
    finally:
        os.close(descriptor)
    directory.mkdir(parents=True, exist_ok=True)
    taken = directory / name
    made.replace(taken)
    job.log.line(f"{name}  {readable_size(status.st_size)}")
    return taken
