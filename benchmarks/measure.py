"""Whole commands measured in turn, A B A B ..., so that a machine whose speed drifts is as unfair to both.

Wall time, and the CPU of the command and its children as the kernel accounts them: without what ran in a PID namespace,
which bubblewrap makes and nobody outside reaps.  So the CPU of two commands compares only where neither is confined.
Medians, and the median of the ratios pair by pair.  Nothing here judges.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Command:
    """A command to time; ``prepare`` runs before each time, unmeasured."""

    name: str
    argv: Sequence[str]
    prepare: Callable[[], None] = lambda: None
    env: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Sample:
    """One run."""

    wall_s: float
    cpu_s: float


def run(command: Command) -> Sample:
    """Run the command once; raises `SystemExit` with what it printed where it fails."""
    command.prepare()
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command.argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=command.env
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            raise SystemExit(f"{command.name} failed:\n{output.read().decode(errors='replace')[-4000:]}")
    return Sample(wall, usage.ru_utime + usage.ru_stime)


def compare(ours: Command, peer: Command, *, runs: int, warm: bool = True) -> None:
    """Run both in turn and print what each took and how they compare."""
    if warm:
        run(ours)
        run(peer)
    pairs = [(run(ours), run(peer)) for _ in range(runs)]
    for name, samples in ((ours.name, [a for a, _ in pairs]), (peer.name, [b for _, b in pairs])):
        walls = sorted(sample.wall_s for sample in samples)
        cpu = median(sample.cpu_s for sample in samples)
        print(f"  {name:<44} {median(walls):7.2f} s  ({walls[0]:.2f} to {walls[-1]:.2f})   CPU {cpu:6.2f} s")
    faster = median(b.wall_s / a.wall_s for a, b in pairs)
    print(f"  {'ratio, peer to ours (above 1: ours is faster)':<44} {faster:7.2f}")


def emptied(path: Path) -> Callable[[], None]:
    """Return what empties a directory."""

    def empty() -> None:
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)

    return empty


def conditions() -> None:
    """Print what the numbers depend on."""
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    print(f"{platform.python_implementation()} {platform.python_version()}, {cores} cores, load {load:.1f}")
