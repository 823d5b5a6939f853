"""The Taskcluster client against the official one and ``curl``: calls a second, import, a large content.

Both drive the same trivial server on loopback in turn, A B A B.  Where the official client cannot be installed, ours is
measured alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import trustme

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from support.peers import PeerMissing, locked_peer

SCRIPT = Path(__file__).with_name("taskcluster_calls.py")
OURS, THEIRS = "buildyard.taskcluster", "taskcluster"
GIB = 1024**3


def main(*, quick: bool) -> None:
    """Print how both compare."""
    try:
        official = str(locked_peer("taskcluster"))
    except PeerMissing as reason:
        official = ""
        print(f"  the official client cannot be installed: {reason}")
    clients = {OURS: sys.executable, **({THEIRS: official} if official else {})}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        content = Path(folder, "content")
        _fill(content, GIB // (8 if quick else 1))
        certificate, ca_file = _certificate(Path(folder))
        plain = stack.enter_context(_server(content))
        tls = stack.enter_context(_server(content, certificate))
        os.environ["REQUESTS_CA_BUNDLE"] = str(ca_file)
        _calls(clients, f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", quick=quick)
        _imports(clients, runs=3 if quick else 9)
        _transfers(clients, f"http://127.0.0.1:{plain}", content, runs=1 if quick else 3)


def _fill(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for _ in range(size // 2**20):
            file.write(os.urandom(2**20))


def _certificate(folder: Path) -> tuple[Path, Path]:
    authority = trustme.CA()
    certificate, ca_file = folder / "server.pem", folder / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(ca_file))
    return certificate, ca_file


@contextmanager
def _server(content: Path, certificate: Path | None = None) -> Iterator[int]:
    argv = [
        sys.executable,
        "-m",
        "benchmarks.taskcluster_server",
        str(content),
        *([str(certificate)] if certificate else []),
    ]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


def _measured(clients: dict[str, str], module: str, *arguments: str) -> dict[str, Any]:
    argv = [clients[module], "-P", str(SCRIPT), module, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _calls(clients: dict[str, str], plain: str, tls: str, *, quick: bool) -> None:
    cases = (
        ("status, blocking", "status", plain, 1000),
        ("createTask of 2.4 kB, blocking", "create", plain, 1000),
        ("status, blocking, TLS", "status", tls, 500),
        ("status, asyncio, 50 at once", "at_once", plain, 5000),
    )
    print(f"  {'signed calls':<34} {'ours':>18} {'official':>18} {'ratio':>7} {'of CPU':>7}")
    for title, case, root, number in cases:
        count = str(number // 5 if quick else number)
        rows = [{m: _measured(clients, m, case, root, count) for m in clients} for _ in range(1 if quick else 5)]
        _print(title, rows, "calls_s", "cpu_ms", lambda ours, theirs: ours / theirs)


def _imports(clients: dict[str, str], *, runs: int) -> None:
    print(f"  {'import, ms of CPU':<34} {'ours':>18} {'official':>18} {'ratio':>7}")
    for suffix in ("", ".aio"):
        rows = [{m: _measured(clients, m, "import", m + suffix) for m in clients} for _ in range(runs)]
        _print(f"import ...taskcluster{suffix}", rows, "cpu_ms", None, lambda ours, theirs: theirs / ours)
    rows = [{m: _measured(clients, m, "client", "http://localhost") for m in clients} for _ in range(runs)]
    _print("import and make a blocking client", rows, "cpu_ms", None, lambda ours, theirs: theirs / ours)


def _print(title: str, rows: list[dict[str, Any]], key: str, more: str | None, ratio: Any) -> None:
    shown = []
    for module in (OURS, THEIRS):
        found = [row[module] for row in rows if module in row]
        text = f"{median(each[key] for each in found):,.1f}" if found else "-"
        cpu = f" ({median(each[more] for each in found):.2f} ms)" if more and found else ""
        shown.append(f"{text}{cpu}")
    pairs = [row for row in rows if THEIRS in row]
    ratios = [ratio(row[OURS][key], row[THEIRS][key]) for row in pairs]
    cpu = [row[THEIRS][more] / row[OURS][more] for row in pairs] if more else []
    of_cpu = f" {median(cpu):>7.2f}" if cpu else ""
    print(f"  {title:<34} {shown[0]:>18} {shown[1]:>18} {median(ratios) if ratios else 0:>7.2f}{of_cpu}")


def _transfers(clients: dict[str, str], root: str, content: Path, *, runs: int) -> None:
    size = content.stat().st_size / 2**20
    print(f"  {f'{size:,.0f} MiB, MiB/s (peak MiB)':<34} {'ours':>18} {'official':>18} {'curl':>10} {'ours/curl':>10}")
    for case in ("upload", "download"):
        rows = []
        for _ in range(runs):
            row = {module: _measured(clients, module, case, root, str(content)) for module in clients}
            rows.append({**row, "curl": _curl(case, root, content)})
        cells = []
        for module in (OURS, THEIRS):
            found = [row[module] for row in rows if module in row]
            speed = size / median(each["seconds"] for each in found) if found else 0
            cells.append(f"{speed:,.0f} ({max((each['rss_mib'] for each in found), default=0):.0f})")
        curl = size / median(row["curl"] for row in rows)
        ratio = median(row["curl"] / row[OURS]["seconds"] for row in rows)
        print(f"  {case:<34} {cells[0]:>18} {cells[1]:>18} {curl:>10,.0f} {ratio:>10.2f}")


def _curl(case: str, root: str, content: Path) -> float:
    program = shutil.which("curl")
    if program is None:
        raise SystemExit("curl is not installed")
    target = content.with_name("curl.down")
    what = ["-T", str(content)] if case == "upload" else ["-o", str(target)]
    started = time.perf_counter()
    subprocess.run([program, "-sf", "-H", "Expect:", *what, f"{root}/store"], check=True, timeout=600)
    seconds = time.perf_counter() - started
    target.unlink(missing_ok=True)
    return seconds
