"""What a farm costs that has nothing to do: hub and builder together, at their defaults."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_SETTLE_S = 10.0


def main(*, quick: bool) -> None:
    """Print CPU and memory of ``buildyard up --no-demo``."""
    seconds = 20.0 if quick else 60.0
    with tempfile.TemporaryDirectory(prefix="buildyard-idle-") as state:
        argv = [sys.executable, "-m", "buildyard.cli", "up", "--no-demo", "--port", "0", "--state", f"{state}/s"]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(_SETTLE_S)
            pids = [process.pid, *_children(process.pid)]
            before = {pid: _cpu_s(pid) for pid in pids}
            time.sleep(seconds)
            used = sum(_cpu_s(pid) - before[pid] for pid in pids)
            memory = sum(_pss(pid) for pid in pids)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=15)
    print(
        f"  {len(pids)} processes, {seconds:.0f} s idle: {100 * used / seconds:.2f} % of a core, "
        f"{memory / 1e6:.0f} MB (sum of PSS)"
    )


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found] + [grand for child in found for grand in _children(int(child))]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
