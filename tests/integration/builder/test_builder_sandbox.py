"""The sandbox by itself: what starts in it, where, and how fast."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import pytest

from buildyard.farm.builder.budget import Budget
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.process import Ended
from buildyard.farm.builder.sandbox import Kind, Sandbox, SandboxConfig, View


def run(sandbox: Sandbox, log: Log, *command: str, view: View | None = None, slot: int = 0) -> Ended:
    view = view or View()
    env = sandbox.variables(view, epoch=1)
    with sandbox.start(command, view, slot=slot, budget=Budget(), log=log, env=env) as running:
        return running.wait()


def test_strongest_kind_is_found(sandbox):
    assert sandbox.kind is (Kind.OWN_UID if os.geteuid() == 0 else Kind.USER_NAMESPACE)
    assert sandbox.warning == ""


def test_exit_code_is_the_commands(sandbox, log):
    assert run(sandbox, log, "sh", "-c", "exit 7").status == 7


def test_signal_is_the_commands(sandbox, log):
    assert run(sandbox, log, "sh", "-c", "kill -11 $$").signal == 11


def test_command_that_is_not_there_says_so(sandbox, log):
    assert not run(sandbox, log, "no-such-program").is_good
    assert b"no-such-program" in log.snapshot()


def test_source_and_output_are_at_their_places_and_writable(sandbox, log, tmp_path):
    source, output = tmp_path / "source", tmp_path / "output"
    for path in (source, output):
        path.mkdir()
        sandbox.give(path, 0)
    view = View(source=source, output=output)
    assert run(sandbox, log, "sh", "-c", "pwd; touch /tmp/b/made /tmp/o/made", view=view).is_good
    assert log.snapshot() == b"/tmp/b\n"
    assert (source / "made").exists()
    assert (output / "made").exists()


def test_interpreter_runs_from_its_own_place_with_its_own_library(sandbox, log, interpreters: list[Interpreter]):
    """Elsewhere it would pick up another libpython silently, or not start (reference, 3.6)."""
    for interpreter in interpreters:
        code = "import sys, sysconfig; print(sys.version.split()[0], sys.base_prefix)"
        assert run(sandbox, log, str(interpreter.path), "-c", code, view=View(interpreter=interpreter)).is_good
    told = [line for _, line in log.lines()]
    assert told == [f"{one.version} {one.base_prefix}" for one in interpreters]


def test_interpreters_neighbours_are_not_seen(sandbox, log, interpreters: list[Interpreter]):
    elsewhere = [one for one in interpreters if not one.prefix.is_relative_to("/usr")]
    if len(elsewhere) < 2:
        pytest.skip("there are no two interpreters outside of /usr")
    view = View(interpreter=elsewhere[0])
    assert run(sandbox, log, "sh", "-c", f"test ! -e {elsewhere[1].prefix}", view=view).is_good


def test_more_of_the_system_can_be_shown(tmp_path, log):
    toolchain = tmp_path / "toolchain"
    toolchain.mkdir()
    (toolchain / "cc").write_text("x")
    sandbox = Sandbox.detect(SandboxConfig(directory=tmp_path / "sandbox", readable=(toolchain,)))
    assert run(sandbox, log, "sh", "-c", f"cat {toolchain}/cc && ! touch {toolchain}/new 2>/dev/null").is_good


def test_capabilities_are_gone(sandbox, log):
    run(sandbox, log, "sh", "-c", "grep -E '^(CapEff|CapPrm|NoNewPrivs)' /proc/self/status")
    assert [line.split() for _, line in log.lines()] == [
        ["CapPrm:", "0000000000000000"],
        ["CapEff:", "0000000000000000"],
        ["NoNewPrivs:", "1"],
    ]


def test_programs_of_the_environment_cannot_stand_in_for_the_sandboxs_own(sandbox, log, tmp_path):
    """A build requirement may bring a ``setpriv``; before the real one ran, it would run as root."""
    planted = tmp_path / "environment" / "bin"
    planted.mkdir(parents=True)
    for name in ("setpriv", "prlimit", "bwrap"):
        (planted / name).write_text("#!/bin/sh\necho planted\n")
        (planted / name).chmod(0o755)
    assert run(sandbox, log, "sh", "-c", "echo fine", view=View(environment=tmp_path / "environment")).is_good
    assert log.snapshot() == b"fine\n"


def test_give_changes_links_and_not_what_they_lead_to(sandbox, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    target = tmp_path / "target"
    target.touch()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(target)
    sandbox.give(tree, 3)
    assert target.stat().st_uid == 0
    assert (tree / "link").lstat().st_uid == 64003


def test_sandbox_costs_little(sandbox, log):
    """About 12 ms over a plain command (reference, 3.3); the bound allows for a busy machine."""

    def seconds() -> float:
        began = time.perf_counter()
        assert run(sandbox, log, "/usr/bin/true").is_good
        return time.perf_counter() - began

    assert statistics.median(seconds() for _ in range(9)) < 0.25


def test_detection_costs_little(tmp_path):
    began = time.perf_counter()
    Sandbox.detect(SandboxConfig(directory=tmp_path / "sandbox"))
    assert time.perf_counter() - began < 2.0


def test_relative_directories_are_fine(monkeypatch, tmp_path, log):
    monkeypatch.chdir(tmp_path)
    sandbox = Sandbox.detect(SandboxConfig(directory=Path("state")))
    assert run(sandbox, log, "true").is_good
