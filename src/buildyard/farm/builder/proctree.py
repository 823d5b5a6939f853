"""What `/proc` tells about a running command and its descendants: who they are, and what they use.

Takes a process id and gives a `Tree`: the command, its children and theirs, as they are at this moment.  `process`
samples it about once a second and asks it whom to kill.  Linux only (proc(5)).
"""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Sample(NamedTuple):
    """One process, as /proc/PID/stat has it."""

    pid: int
    parent: int
    cpu_s: float  #: of itself and of the children it has waited for
    threads: int
    memory: int  #: resident, bytes


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A command and its descendants."""

    samples: tuple[Sample, ...] = ()

    @property
    def pids(self) -> list[int]:
        """The process ids, parents before children."""
        return [sample.pid for sample in self.samples]

    @property
    def tasks(self) -> int:
        """Processes and threads, as RLIMIT_NPROC counts them."""
        return sum(sample.threads for sample in self.samples)

    @property
    def memory(self) -> int:
        """Resident bytes in all; pages that are shared count for each of their users."""
        return sum(sample.memory for sample in self.samples)

    @property
    def cpu_s(self) -> float:
        """CPU seconds used so far, by those that live and those they have waited for."""
        return sum(sample.cpu_s for sample in self.samples)


def tree(root: int) -> Tree:
    """Return the process and all its descendants; nothing once it is gone."""
    children: dict[int, list[Sample]] = {}
    found: list[Sample] = []
    for sample in _all_samples():
        children.setdefault(sample.parent, []).append(sample)
        if sample.pid == root:
            found.append(sample)
    for sample in found:  # grows while it is walked
        found.extend(children.get(sample.pid, ()))
    return Tree(samples=tuple(found))


def _all_samples() -> Iterable[Sample]:
    for name in os.listdir("/proc"):  # noqa: PTH208 - once a second, for each process
        if name.isdigit():
            sample = _sample(int(name))
            if sample:
                yield sample


def _sample(pid: int) -> Sample | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - once a second, for each process
            text = file.read()
    except OSError:
        return None
    # The name, in parentheses, may hold anything; the fields after it are numbered from 3 (proc_pid_stat(5)).
    fields = text[text.rfind(b")") + 2 :].split()
    if len(fields) < 22:
        return None
    ticks = sum(int(fields[number - 3]) for number in (14, 15, 16, 17))
    return Sample(pid, int(fields[1]), ticks / _TICKS, int(fields[17]), int(fields[21]) * _PAGE)


def kill(pids: Iterable[int], number: int = signal.SIGKILL) -> None:
    """Send a signal to each of these, as far as they are there and ours."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def deleted_bytes(pids: Iterable[int], device: int) -> int:
    """Return the size of the files on a device that these processes hold open and that have no name any more.

    They fill a disk without being in any directory.
    """
    seen: dict[int, int] = {}
    for pid in pids:
        for status in _open_files(pid):
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0 and status.st_dev == device:
                seen[status.st_ino] = status.st_blocks * 512
    return sum(seen.values())


def _open_files(pid: int) -> Iterable[os.stat_result]:
    try:
        names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - once a second, for each process
    except OSError:
        return
    for name in names:
        try:
            yield os.stat(f"/proc/{pid}/fd/{name}")  # noqa: PTH116 - once a second, for each open file
        except OSError:
            continue
