"""Look at a running command now and then: its memory, its processes, its disk; say which limit it has reached.

What the kernel bounds by itself (CPU time, address space and file size of one process) is not looked at here, and
neither is time or output, which `process` sees pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from buildyard.farm.builder import disk, proctree
from buildyard.farm.builder.budget import Budget, Hit

#: When a command is looked at for the first time, seconds after its start.
_FIRST = 0.1
#: A short command is looked at more often than a long one: after so much of its age.
_GROWTH = 0.5
#: The share of the time that looking may take.
_SHARE = 0.05
#: So near to `Limits.processes`, a fork bomb cannot be told from its kernel limit: its processes come and go.
_CROWDED = 0.95
#: Makes the kernel end a build, not the hub, when memory runs out (proc_pid_oom_score_adj(5)).
_OOM_SCORE = b"500"


class Sampler:
    """Samples one command; ``memory`` and ``cpu_s`` keep the most that was seen."""

    def __init__(self, pid: int, budget: Budget, directories: Sequence[Path], *, every: float) -> None:
        self.memory = 0  #: resident bytes of the command and its descendants together
        self.cpu_s = 0.0
        self._pid = pid
        self._budget = budget
        self._directories = directories
        self._every = every
        self._crowded = False
        self._begun = budget.clock()
        self.due = self._begun + min(_FIRST, every)  #: when `look` wants to be called next

    def look(self) -> Hit | None:
        """Take one sample and return the limit it shows to be reached, if one is."""
        began = self._budget.clock()
        tree = proctree.tree(self._pid)
        if not self.memory:
            self._offer_to_the_kernel(tree)
        self.note(tree)
        hit = self._too_many(tree) or self._too_much_memory(tree) or self._too_much_disk(tree)
        now = self._budget.clock()
        usual = min(self._every, (now - self._begun) * _GROWTH)
        self.due = now + max(usual, (now - began) / _SHARE)
        return hit

    def note(self, tree: proctree.Tree) -> None:
        """Keep what a tree uses, if it is the most so far."""
        self.memory = max(self.memory, tree.memory)
        self.cpu_s = max(self.cpu_s, tree.cpu_s)

    def _offer_to_the_kernel(self, tree: proctree.Tree) -> None:
        for pid in tree.pids:  # whatever they start later inherits it
            try:
                Path(f"/proc/{pid}/oom_score_adj").write_bytes(_OOM_SCORE)
            except OSError:
                continue

    def _too_many(self, tree: proctree.Tree) -> Hit | None:
        limit = self._budget.limits.processes
        was_crowded, self._crowded = self._crowded, tree.tasks >= limit * _CROWDED
        # Bubblewrap's own two are not the build's.
        return Hit.PROCESSES if tree.tasks > limit + 2 or (was_crowded and self._crowded) else None

    def _too_much_memory(self, tree: proctree.Tree) -> Hit | None:
        floor = self._budget.memory_floor_bytes
        available = _available_memory() if floor else None
        if available is None or available >= floor or tree.memory < available:
            return None
        return Hit.MEMORY_FLOOR

    def _too_much_disk(self, tree: proctree.Tree) -> Hit | None:
        if not self._directories:
            return None
        try:
            device = self._directories[0].stat().st_dev
            free = disk.free_bytes(self._directories[0])
        except FileNotFoundError:  # an unconfined build may remove its own directory
            return None
        used = disk.used_bytes(self._directories) + proctree.deleted_bytes(tree.pids, device)
        if used > self._budget.limits.disk_bytes:
            return Hit.DISK
        return Hit.DISK_FLOOR if free < self._budget.disk_floor_bytes else None


def _available_memory() -> int | None:
    with open("/proc/meminfo", "rb") as file:  # noqa: PTH123 - as everywhere in /proc
        for line in file:
            if line.startswith(b"MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None
