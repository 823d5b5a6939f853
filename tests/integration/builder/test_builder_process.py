"""Commands under watch: their output, their ends, their descendants, what they cost."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from buildyard.farm.builder import process, sampler
from buildyard.farm.builder.budget import Budget, Hit
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.process import Ended, Running
from buildyard.farm.wire import Limits
from support.building import wait_until

ENVIRONMENT = {"PATH": os.defpath}


def start(log: Log, *command: str, budget: Budget | None = None, **options: object) -> Running:
    return process.start(command, budget=budget or Budget(), log=log, env=ENVIRONMENT, **options)


def run(log: Log, *command: str, budget: Budget | None = None) -> Ended:
    with start(log, *command, budget=budget) as running:
        return running.wait()


def test_output_and_errors_go_to_the_log_in_order(log):
    assert run(log, "sh", "-c", "echo one; echo two >&2; printf three").is_good
    assert log.snapshot() == b"one\ntwo\nthree"


@pytest.mark.parametrize(
    ("code", "status", "number"), [("exit 3", 3, None), ("kill -9 $$", -9, 9), ("exit 137", 137, 9)]
)
def test_end_is_told(log, code, status, number):
    ended = run(log, "sh", "-c", code)
    assert (ended.status, ended.signal, ended.hit, ended.is_good) == (status, number, None, False)


def test_program_that_is_not_there_raises(log):
    with pytest.raises(FileNotFoundError):
        start(log, "no-such-program")


def test_standard_input_is_empty(log):
    assert run(log, "cat").is_good


def test_environment_is_what_is_given(log):
    run(log, "/usr/bin/env")
    assert log.snapshot() == f"PATH={os.defpath}\n".encode()


def test_no_descriptor_of_the_builder_is_inherited(log, tmp_path):
    with (tmp_path / "secret").open("w"):
        run(log, "sh", "-c", "ls -l /proc/$$/fd")
    assert b"secret" not in log.snapshot()


def test_time_and_cpu_are_told(log):
    ended = run(log, sys.executable, "-c", "sum(range(5_000_000))")
    assert 0.02 < ended.cpu_s <= ended.elapsed_s * os.cpu_count() + 0.1


def test_memory_of_children_counts(log):
    """Peaks are sampled, so that the child has to hold it for a moment."""
    child = "x = bytearray(200_000_000); import time; time.sleep(0.6)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert run(log, sys.executable, "-c", code).peak_memory_bytes > 200_000_000


def test_meters_add_up_over_the_commands_of_a_run(log):
    budget = Budget()
    for _ in range(2):
        run(log, "sh", "-c", "echo 12345", budget=budget)
    assert budget.output_bytes == 12


def test_output_limit_holds_over_the_commands_of_a_run(log):
    budget = Budget(limits=Limits(output_bytes=1000))
    assert run(log, "sh", "-c", "head -c 900 /dev/zero", budget=budget).is_good
    assert run(log, "sh", "-c", "head -c 900 /dev/zero; sleep 60", budget=budget).hit is Hit.OUTPUT


def test_stop_from_another_thread_ends_it_at_once(log):
    with start(log, "sleep", "60") as running:
        threading.Timer(0.1, running.stop).start()
        ended = running.wait()
    assert (ended.hit, ended.status) == (Hit.STOPPED, -signal.SIGKILL)
    assert ended.elapsed_s < 3


def test_stop_after_the_end_does_nothing(log):
    with start(log, "true") as running:
        running.wait()
        running.stop()
    assert running.wait().is_good


def test_event_of_the_run_ends_it_soon(log):
    budget = Budget()
    threading.Timer(0.1, budget.stop.set).start()
    assert run(log, "sleep", "60", budget=budget).hit is Hit.STOPPED


def test_run_that_is_over_ends_a_command_at_once(log):
    budget = Budget()
    budget.stop.set()
    assert run(log, "sleep", "60", budget=budget).elapsed_s < 3


def test_leaving_early_kills(log):
    with start(log, "sleep", "60") as running:
        pid = running.pid
    assert not Path(f"/proc/{pid}").exists()


def test_children_in_the_same_group_end_with_it(log, tmp_path):
    code = f"sleep 300 & echo $! > {tmp_path / 'pid'}; exit 0"
    assert run(log, "sh", "-c", code).is_good
    pid = int((tmp_path / "pid").read_text())
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists())


def test_log_that_cannot_be_written_ends_the_command(log, monkeypatch):
    """A full disk, say: nothing may run on unwatched."""

    def full(data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "write", full)
    with pytest.raises(OSError, match="No space left"), start(log, "sh", "-c", "echo x; sleep 60") as running:
        running.wait()
    assert not Path(f"/proc/{running.pid}").exists()


def test_no_descriptor_is_left_open(log):
    run(log, "true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        run(log, "true")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_idle_limit_counts_from_the_last_output(log):
    budget = Budget(limits=Limits(idle_s=1))
    began = time.monotonic()
    ended = run(log, "sh", "-c", "for i in 1 2 3 4; do echo $i; sleep 0.4; done; sleep 60", budget=budget)
    assert ended.hit is Hit.IDLE
    assert time.monotonic() - began > 2.0


def test_build_is_offered_to_the_kernel_when_memory_runs_out(log):
    run(log, "sh", "-c", "sleep 0.4; cat /proc/self/oom_score_adj")
    assert log.snapshot() == b"500\n"


def test_disk_that_is_nearly_full_ends_a_build(log, tmp_path):
    budget = Budget(disk_floor_bytes=10**18)
    handles = process.Handles(directories=(tmp_path,))
    with start(log, "sleep", "60", budget=budget, handles=handles) as running:
        assert running.wait().hit is Hit.DISK_FLOOR


def test_build_that_holds_most_of_the_memory_ends_before_the_machine_does(log, monkeypatch):
    monkeypatch.setattr(sampler, "_available_memory", lambda: 100_000)
    budget = Budget(memory_floor_bytes=1_000_000)
    assert run(log, "sleep", "60", budget=budget).hit is Hit.MEMORY_FLOOR


def test_small_build_is_not_blamed_for_a_machine_without_memory(log):
    """Somebody else holds it: it is more than what this one has."""
    budget = Budget(memory_floor_bytes=10**18)
    assert run(log, "sleep", "0.5", budget=budget).is_good
