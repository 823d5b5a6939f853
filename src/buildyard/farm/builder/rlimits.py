"""The kernel's limits on one process of a build (setrlimit(2)), and how a command is put under them.

`sandbox` puts what it runs under them with prlimit(1), or hands them to the supervisor.
"""

from __future__ import annotations

import resource
from collections.abc import Sequence

from buildyard.farm.wire import Limits

_OPEN_FILES = 65_536


def process_limits(limits: Limits) -> dict[int, tuple[int, int]]:
    """Return soft and hard limits by their RLIMIT numbers, but for the number of processes."""
    wanted = {
        resource.RLIMIT_AS: (limits.address_space_bytes,) * 2,
        # SIGXCPU says what happened; SIGKILL follows for who ignores it.
        resource.RLIMIT_CPU: (limits.cpu_s, limits.cpu_s + 5),
        resource.RLIMIT_FSIZE: (limits.disk_bytes,) * 2,
        resource.RLIMIT_NOFILE: (_OPEN_FILES,) * 2,
        resource.RLIMIT_CORE: (0, 0),
    }
    return {number: _within_hard(number, *pair) for number, pair in wanted.items()}


_PRLIMIT_OPTIONS = {
    resource.RLIMIT_AS: "as",
    resource.RLIMIT_CPU: "cpu",
    resource.RLIMIT_FSIZE: "fsize",
    resource.RLIMIT_NOFILE: "nofile",
    resource.RLIMIT_CORE: "core",
    resource.RLIMIT_NPROC: "nproc",
}


def bounded(prlimit: str, limits: Limits, command: Sequence[str]) -> list[str]:
    """Return the command with all these limits around it; ``prlimit`` is the program's path."""
    processes = _within_hard(resource.RLIMIT_NPROC, limits.processes, limits.processes)
    bounds = process_limits(limits) | {resource.RLIMIT_NPROC: processes}
    options = [f"--{_PRLIMIT_OPTIONS[number]}={soft}:{hard}" for number, (soft, hard) in bounds.items()]
    return [prlimit, *options, "--", *command]


def _within_hard(number: int, soft: int, hard: int) -> tuple[int, int]:
    # Only root may raise a hard limit, and the builder's own may be lower.
    most = resource.getrlimit(number)[1]
    if most == resource.RLIM_INFINITY:
        return soft, hard
    return min(soft, most), min(hard, most)
