"""Run every tier of the tests in order, each within its budget of time, and say how each went.

``python -m tools.tiers [TIER...]``.  pytest's own output passes through; the last lines are a line a tier and, in
pytest's own form, the sum.  The exit code is 0 where all is green.  An end-to-end tier that failed for want of the
network alone is given one second chance.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".cache" / "tests"

#: What failures for want of the network look like; anything else is a failure of ours.
_NETWORK = re.compile(
    r"UpstreamUnreachable|does not answer|Temporary failure in name resolution|Name or service not known"
    r"|Network is unreachable|Connection reset by peer|Read timed out|Max retries exceeded"
)


class Tier(NamedTuple):
    """One tier: where its tests are, and how long it may take on two cores."""

    name: str
    folders: tuple[str, ...]
    budget_s: int
    workers: int = 0
    dist: str = "loadfile"  #: how pytest-xdist deals tests out to workers
    may_retry: bool = False


TIERS = (
    Tier("unit, wire", ("unit", "wire", "typing"), 240, workers=2),
    Tier("contract", ("contract",), 240, workers=2),
    Tier("integration", ("integration",), 540, workers=2, dist="loadgroup"),
    Tier("seed examples", ("seed_examples",), 120),
    Tier("end to end", ("e2e",), 660, workers=2, may_retry=True),
)


class Outcome(NamedTuple):
    """How a tier went."""

    code: int
    elapsed_s: float
    counts: Counter[str]  #: passed, failed, errors, skipped, xfailed
    is_late: bool = False
    is_only_network: bool = False

    @property
    def is_green(self) -> bool:
        """Tell whether everything passed."""
        return self.code == 0


def run(tier: Tier) -> Outcome:
    """Run one tier, and what failed of it once more where that was the network's fault."""
    outcome = _pytest(tier, ())
    if tier.may_retry and not outcome.is_green and outcome.is_only_network:
        print(f"● {tier.name}: the network failed; once more what failed", flush=True)
        again = _pytest(tier, ("--last-failed", "--last-failed-no-failures", "none"))
        counts = outcome.counts - Counter(failed=outcome.counts["failed"], errors=outcome.counts["errors"])
        return again._replace(elapsed_s=outcome.elapsed_s + again.elapsed_s, counts=counts + again.counts)
    return outcome


def _pytest(tier: Tier, more: Sequence[str]) -> Outcome:
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{re.sub('[^a-z0-9]+', '-', tier.name)}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", "-o", "junit_family=xunit1", *more]
    if tier.workers:
        command += ["-n", str(tier.workers), "--dist", tier.dist]
    command += [f"tests/{folder}" for folder in tier.folders]
    started = time.monotonic()
    code, is_late = bounded(command, tier.budget_s)
    counts, is_only_network = read_report(report)
    return Outcome(code, time.monotonic() - started, counts, is_late, is_only_network)


def bounded(command: Sequence[str], seconds: float) -> tuple[int, bool]:
    """Run a command in a process group of its own; at the end of its time interrupt it, then end the whole group."""
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        return process.wait(seconds), False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # pytest then still tells what it has
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            pass
        return 1, True
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def read_report(report: Path) -> tuple[Counter[str], bool]:
    """Return how many tests ended how, and whether every failure is the network's."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    if report.exists():
        # The report is pytest's own, written a moment ago.
        for suite in ET.parse(report).getroot().iter("testsuite"):
            told = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
            counts["failed"] += told["failures"]
            counts["errors"] += told["errors"]
            expected = sum(skipped.get("type") == "pytest.xfail" for skipped in suite.iter("skipped"))
            counts["xfailed"] += expected
            counts["skipped"] += told["skipped"] - expected
            counts["passed"] += told["tests"] - told["failures"] - told["errors"] - told["skipped"]
            failures += ["".join(found.itertext()) for kind in ("failure", "error") for found in suite.iter(kind)]
    return counts, bool(failures) and all(_NETWORK.search(text) for text in failures)


def _told(counts: Counter[str]) -> str:
    order = ("failed", "passed", "skipped", "xfailed", "errors")
    return ", ".join(f"{counts[name]} {name}" for name in order if counts[name]) or "no tests"


def _line(tier: Tier, outcome: Outcome) -> str:
    mark = "✓" if outcome.is_green else "✗"
    late = f", stopped after its {tier.budget_s} s" if outcome.is_late else ""
    return f"{mark} {tier.name:<14} {_told(outcome.counts) + late:<48} {outcome.elapsed_s:>6.1f} s"


def _has_tests(tier: Tier) -> bool:
    return any(next((ROOT / "tests" / folder).rglob("test_*.py"), None) for folder in tier.folders)


def main(names: Sequence[str]) -> int:
    """Run the tiers of these names, or all; return an exit code."""
    chosen = [tier for tier in TIERS if not names or any(name in (tier.name, *tier.folders) for name in names)]
    if not chosen:
        print(f"error: no tier is called {', '.join(names)}\n  there   {', '.join(one.name for one in TIERS)}")
        return 2
    outcomes = []
    for tier in chosen:
        if not _has_tests(tier):
            continue
        print(f"\n● {tier.name}", flush=True)
        outcomes.append((tier, run(tier)))
    print()
    for tier, outcome in outcomes:
        print(_line(tier, outcome))
    total = sum((outcome.counts for _, outcome in outcomes), Counter[str]())
    elapsed = sum(outcome.elapsed_s for _, outcome in outcomes)
    print(f" {_told(total)} in {elapsed:.2f}s ".center(80, "="))
    return 0 if all(outcome.is_green for _, outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
