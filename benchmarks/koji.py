"""The Koji client against the official one, at one server (`koji_server`), in turn: A B A B.

Where the official client cannot be installed, ours is measured alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from support.peers import PeerMissing, locked_peer

SCRIPT = Path(__file__).with_name("koji_calls.py")
OURS, THEIRS = "buildyard.koji", "koji"

#: Title, our case, the official client's, and what is compared; of 1,000 ``getTaskInfo`` each unless said otherwise.
ROWS = (
    ("one at a time, blocking", "one_by_one", "one_by_one", "seconds"),
    ("multicall of 100", "multicall", "multicall", "seconds"),
    ("awaited together / one at a time", "at_once", "one_by_one", "seconds"),
    ("awaited together / multicall of 100", "at_once", "multicall", "seconds"),
    ("listBuilds of 5,000 rows, CPU", "builds", "builds", "cpu"),
    ("reading that / xmlrpc.client, CPU", "decoding", "decoding", "cpu"),
    ("import, CPU", "imported", "imported", "cpu"),
)


def main(*, quick: bool) -> None:
    """Print how both compare."""
    clients = {OURS: sys.executable, **_official()}
    runs, count = (1, 200) if quick else (5, 1000)
    with _server() as url:
        print(f"  {'seconds':<38} {'ours':>9} {'official':>9} {'ratio':>7}")
        for title, ours, theirs, key in ROWS:
            _row(title, [_pair(clients, ours, theirs, url, count, key) for _ in range(runs)])
        silence = [_measured(clients, OURS, "loop_silence", url, 1)["cpu"] for _ in range(runs)]
        print(f"  {'a loop stands still for, at most':<38} {median(silence):>9.3f}")


def _official() -> dict[str, str]:
    try:
        return {THEIRS: str(locked_peer("koji"))}
    except PeerMissing as reason:
        print(f"  the official client cannot be installed: {reason}")
        return {}


@contextmanager
def _server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.koji_server"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/kojihub"
    finally:
        process.terminate()
        process.wait(10)


def _pair(
    clients: dict[str, str], ours: str, theirs: str, url: str, count: int, key: str
) -> tuple[float, float | None]:
    runs = 5 if ours == "decoding" else count
    first = _measured(clients, OURS, ours, url, runs)[key]
    return first, _measured(clients, THEIRS, theirs, url, runs)[key] if THEIRS in clients else None


def _measured(clients: dict[str, str], module: str, case: str, url: str, count: int) -> dict[str, float]:
    argv = [clients[module], "-P", str(SCRIPT), module, case, url, str(count)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _row(title: str, pairs: list[tuple[float, float | None]]) -> None:
    both = [(ours, theirs) for ours, theirs in pairs if theirs is not None]
    theirs = f"{median(theirs for _, theirs in both):>9.3f} {median(b / a for a, b in both):>7.2f}" if both else ""
    print(f"  {title:<38} {median(ours for ours, _ in pairs):>9.3f} {theirs}")
