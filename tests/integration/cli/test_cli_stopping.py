"""How a farm ends and begins again, and what commands say where there is none."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from support.yard import Yard


def children_of(pid: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def held_open(url: str, path: str) -> threading.Thread:
    """Ask for something that the hub answers late or never, as an open page does."""

    def ask() -> None:
        try:
            with urllib.request.urlopen(url + path, timeout=30) as answer:
                answer.read()
        except (OSError, urllib.error.URLError):
            return

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def test_ctrl_c_ends_everything_within_three_seconds_with_readers_connected(yard: Yard) -> None:
    with yard.up("--no-demo") as program:
        builders = children_of(program.process.pid)
        assert len(builders) == 1
        held_open(program.url, "/events/stream")
        held_open(program.url, "/api/farm/v1/events?after=1000&wait=20")
        time.sleep(0.5)
        code, took = program.end()
        assert (code, took < 3.0) == (0, True), f"{code} after {took:.1f} s\n{program.output}"
        assert not any(Path(f"/proc/{pid}").exists() for pid in builders)
    assert re.search(
        r"● Stopping\n✓ Stopped, \d\.\d s\. Everything is kept in \.buildyard; start again", program.output
    )


def test_a_build_that_runs_goes_back_to_the_queue(yard: Yard) -> None:
    with yard.started("up", "--port", "0", "slow") as program:
        program.wait_for("Asked for slow")
        while '"building":1' not in yard.run("status", "--json").stdout:
            time.sleep(0.2)
        code, took = program.end(signal.SIGTERM)
    assert (code, took < 3.0) == (0, True), f"{code} after {took:.1f} s\n{program.output}"
    assert "● Stopping: 1 build goes back to the queue" in program.output


def test_a_second_up_finds_what_was_built(yard: Yard) -> None:
    with yard.up("tidy") as program:
        assert re.search(r"✓ 1 built, 0 failed", program.output)
        program.end()
    with yard.up("tidy") as program:
        assert "· state in .buildyard, 1 wheel of 1 package\n" in program.output
        assert "✓ Nothing to build: tidy is up to date" in program.output


def test_a_builder_ends_with_the_farm_that_was_killed(yard: Yard) -> None:
    with yard.up("--no-demo") as program:
        (builder,) = children_of(program.process.pid)
        program.process.kill()
        program.process.wait()
        deadline = time.monotonic() + 20
        while Path(f"/proc/{builder}/exe").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not Path(f"/proc/{builder}/exe").exists()


def test_a_builder_that_ends_by_itself_is_started_again(yard: Yard) -> None:
    with yard.up("--no-demo") as program:
        (builder,) = children_of(program.process.pid)
        os.kill(builder, signal.SIGKILL)
        program.wait_for(r"! the builder ended, exit code -9; started again in 1 s")
        deadline = time.monotonic() + 20
        while children_of(program.process.pid) in ([], [builder]) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(children_of(program.process.pid)) == 1


def test_a_builder_alone_works_for_a_hub_elsewhere(yard: Yard) -> None:
    with yard.started("hub", "--port", "0") as hub:
        hub.wait_for("Runs until Ctrl-C")
        with yard.started("builder", "--name", "yard-2", "--slots", "1") as builder:
            builder.wait_for(r"✓ Hub       127\.0\.0\.1:\d+ · as yard-2")
            told = yard.run("request", "tidy", "--wait")
            assert told.returncode == 0, told.stderr
            code, took = builder.end()
            assert (code, took < 5.0) == (0, True), builder.output
        assert re.search(r"Z built    tidy 1\.0 ", builder.output)


def test_waiting_ends_when_its_time_is_up(yard: Yard) -> None:
    with yard.started("hub", "--port", "0") as hub:
        hub.wait_for("Runs until Ctrl-C")
        told = yard.run("request", "tidy", "--wait", "--timeout", "1")
    assert told.returncode == 124
    assert "error: request 1 has not ended after 1 s\n" in told.stderr


def test_where_no_hub_runs_a_command_says_so(yard: Yard) -> None:
    told = yard.run("status")
    assert told.returncode == 3
    assert told.stderr.startswith("error: there is no state directory .buildyard\n")


def test_a_hub_that_is_gone_does_not_answer(yard: Yard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = yard.run("status", "--hub", f"http://127.0.0.1:{port}")
    assert told.returncode == 3
    assert told.stderr.startswith(f"error: the hub at http://127.0.0.1:{port} does not answer\n")


def test_a_state_directory_that_cannot_be_made_is_refused(yard: Yard) -> None:
    (yard.directory / "file").write_text("")
    told = yard.run("up", "--state", "file/state", "--port", "0")
    assert told.returncode == 1
    assert told.stderr.startswith("error: the state directory ")
