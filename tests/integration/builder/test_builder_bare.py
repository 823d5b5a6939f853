"""Builds without bubblewrap: what can still be promised there, and that it is said."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from buildyard.farm.builder.sandbox import Sandbox, SandboxConfig
from buildyard.farm.wire import FailureKind, Limits
from support.building import Order, payload_of, processes_of, start_elsewhere, wait_until
from support.local_index import Recipe

PURE = Recipe(name="plain")
DAEMON = (
    "import subprocess, sys\n"
    "code = 'import os, time\\nif os.fork(): os._exit(0)\\nos.setsid()\\nif os.fork(): os._exit(0)\\n"
    "os.closerange(0, 100)\\ntime.sleep(300)'\n"
    "subprocess.run([sys.executable, '-c', code])\n"
)
BOMB = "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(0.01)"


def bad(script: str) -> Recipe:
    """Return a package whose build runs this first."""
    return Recipe(name="victim", script=script)


def test_missing_bubblewrap_is_said_with_the_remedy(tmp_path: Path):
    sandbox = Sandbox.detect(SandboxConfig(directory=tmp_path, bubblewrap="no-such-program"))
    assert sandbox.warning == (
        "No bubblewrap: builds run unconfined, with the network on. To confine them: apt-get install bubblewrap"
    )
    assert sandbox.describe() == ("own uid a slot, no bubblewrap" if os.geteuid() == 0 else "none")


def test_bubblewrap_that_does_not_work_is_told_from_one_that_is_missing(tmp_path: Path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    sandbox = Sandbox.detect(SandboxConfig(directory=tmp_path / "sandbox", bubblewrap=str(broken)))
    assert not sandbox.kind.is_bubblewrap
    assert "does not work here (bwrap: No permissions to create new namespace)" in sandbox.warning


def test_package_is_built_and_checked_all_the_same(build):
    answer = build(PURE, bubblewrap="", check=True)
    assert answer.result.failure is None
    assert answer.result.sandbox in ("own uid a slot, no bubblewrap", "none")


def test_environment_is_not_shared_where_a_build_could_alter_it(build, yard: Path):
    build(PURE, bubblewrap="")
    assert not (yard / "cache" / "environments").exists()


def test_daemon_with_a_session_of_its_own_is_ended(build, yard: Path):
    answer = build(bad(DAEMON), bubblewrap="")
    assert answer.result.failure is None
    assert processes_of(yard) == []


def test_daemon_is_ended_together_with_a_build_that_hangs(build, yard: Path):
    answer = build(bad(DAEMON + "import time; time.sleep(600)"), bubblewrap="", limits=Limits(idle_s=1))
    assert answer.result.failure.kind is FailureKind.NO_OUTPUT
    assert processes_of(yard) == []


def test_fork_bomb_is_ended(build, yard: Path):
    answer = build(bad(BOMB), bubblewrap="", limits=Limits(processes=60, idle_s=15))
    assert answer.result.failure.kind is FailureKind.TOO_MANY_PROCESSES
    assert processes_of(yard) == []


def test_limits_of_the_kernel_hold(build):
    script = "held = bytearray(4 * 10**9)"
    answer = build(bad(script), bubblewrap="", limits=Limits(address_space_bytes=1_000_000_000))
    assert answer.result.failure.kind is FailureKind.OUT_OF_MEMORY


@pytest.mark.parametrize("bubblewrap", ["bwrap", ""])
def test_build_ends_when_its_builder_is_killed(bubblewrap: str, yard: Path, ordinary: str):
    order = Order(
        directory=str(yard),
        payload=payload_of(bad(DAEMON + "import time; time.sleep(600)"), yard),
        bubblewrap=bubblewrap,
    )
    with start_elsewhere(order, ordinary) as builder:
        try:
            assert wait_until(lambda: len(processes_of(yard)) >= 3, 20)
        finally:
            builder.send_signal(signal.SIGKILL)
    assert wait_until(lambda: processes_of(yard) == [], 10)
