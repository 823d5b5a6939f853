"""``buildyard up`` in a terminal: from the command to a pasted install line, and its end on Ctrl-C."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from buildyard.farm.builder import proctree
from buildyard.farm.builder.interpreters import Interpreter
from support.farmyard import Yard, bare_environment, free_port, until, yard
from support.ledger import check
from support.local_index import LocalIndex, Recipe
from support.terminal import Terminal, terminal

#: Promised is 3 s; a busy machine has three times as long.
ENDS_WITHIN_S = 9.0

SLOW = "import time; print('waits', flush=True); time.sleep(600)"

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def farm(tmp_path: Path, index: LocalIndex) -> Iterator[Yard]:
    """A place for a farm; `up` is what starts it."""
    with yard(tmp_path / "farm", index.url, claim_timeout_s=20) as made:
        yield made


@contextmanager
def _up(farm: Yard, *arguments: str) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "buildyard.cli", "up", *arguments]
    shown = {"TERM": "xterm-256color", "COLUMNS": "100"}
    with terminal(command, farm.environment | shown, farm.root) as screen:
        yield screen


def _install_line(screen: Terminal, *, within: float = 90) -> str:
    """Return the line that `up` prints at its end, once it runs on."""
    screen.await_text(r"Runs until Ctrl-C", within=within)
    return screen.await_text(r"Install +(pip install [^\n]+)", within=1)[1].strip()


def _pasted(line: str, interpreter: Path, place: Path) -> Path:
    """Run a line in a shell with a fresh environment on its path; return that environment's Python."""
    subprocess.run([str(interpreter), "-m", "venv", str(place)], check=True, timeout=60)
    told = bare_environment(place, "") | {"PATH": f"{place / 'bin'}:{os.defpath}"}
    del told["PIP_INDEX_URL"]
    done = subprocess.run(line, shell=True, env=told, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "bin" / "python"


def test_up_shows_progress_and_its_install_line_works_when_pasted(
    farm: Yard, index: LocalIndex, interpreters: Sequence[Interpreter], tmp_path: Path
) -> None:
    index.add(Recipe(name="up-pure"), Recipe(name="up-native", extension="abi"))
    with _up(farm, "up-pure", "up-native") as screen:
        line = _install_line(screen)
        dashboard = screen.await_text(r"Dashboard +(http://127\.0\.0\.1:\d+/)", within=1)[1]

        assert re.search(r"Hub +http://127\.0\.0\.1:\d+ · SQLite", screen.text)
        assert re.search(r"Builder +\d+ slots?", screen.text)
        for interpreter in interpreters:
            assert re.search(rf"Pythons .*\b{interpreter.abi}\b", screen.text)
        assert re.search(r"Asked for +up-pure, up-native · \d+ builds", screen.text)
        assert re.search(r"up-native +1\.0", screen.text)
        assert b"\x1b[" in screen.raw, "progress is drawn over itself"
        assert urllib3.request("GET", dashboard).status == 200
        assert line.startswith(f"pip install --index-url {dashboard}simple/ ")
        assert set(line.split()[-2:]) == {"up-pure", "up-native"}
        python = _pasted(line, interpreters[-1].path, tmp_path / "venv")
        told = subprocess.run([str(python), "-c", "import up_pure, up_native; print(up_native.answer())"], check=True)
        assert told.returncode == 0
        check(farm)
        screen.interrupt()
        assert screen.wait(ENDS_WITHIN_S) == 0


def test_ctrl_c_ends_everything_with_a_dashboard_and_a_long_poll_open(farm: Yard, index: LocalIndex) -> None:
    index.add(Recipe(name="up-slow", script=SLOW))
    with _up(farm, "up-slow") as screen:
        screen.await_text(r"Asked for +up-slow", within=60)
        until("it builds", lambda: farm.farm.status().counts.building or None)
        with _open(farm.url + "/events/stream"), _open(farm.url + "/api/farm/v1/events?after=1000000&wait=30"):
            tree = proctree.tree(screen.pid).pids
            began = time.monotonic()
            screen.interrupt()
            code = screen.wait(ENDS_WITHIN_S)
            elapsed = time.monotonic() - began

        assert code == 0
        assert len(tree) >= 4, "hub, builder, sandbox, build"
        until("no process is left", lambda: not _alive(tree), within=2)
        assert re.search(r"Stopping: \d+ builds? go(es)? back to the queue", screen.text)
        assert re.search(
            r"Stopped, \d+\.\d s\. Everything is kept in state; start again with: buildyard up", screen.text
        )
        print(f"ended after {elapsed:.1f} s")


def test_second_up_finds_what_was_built(farm: Yard, index: LocalIndex) -> None:
    index.add(Recipe(name="up-again"))
    for run in ("first", "second"):
        with _up(farm, "up-again") as screen:
            line = _install_line(screen)
            assert line.endswith(" up-again")
            assert ("Nothing to build: up-again is up to date" in screen.text) == (run == "second")
            runs = sum(one.topic == "task.running" for one in farm.events())
            screen.interrupt()
            assert screen.wait(ENDS_WITHIN_S) == 0
    assert runs == 1
    assert "1 wheel of 1 package" in screen.text


def test_up_goes_on_with_what_an_earlier_one_left_queued(farm: Yard, index: LocalIndex) -> None:
    flag = "import os, time\ntime.sleep(3)"
    index.add(Recipe(name="up-left", script=flag))
    with _up(farm, "up-left") as screen:
        screen.await_text(r"Asked for +up-left", within=60)
        until("it builds", lambda: farm.farm.status().counts.building or None)
        screen.interrupt()
        assert screen.wait(ENDS_WITHIN_S) == 0
    with _up(farm, "--no-demo") as screen:
        _install_line(screen)
        built = until("it is built after all", lambda: farm.farm.status().counts.built or None, within=60)
        assert built
        assert {one.body["reason"] for one in farm.events() if one.topic == "task.exception"} <= {
            "worker-shutdown",
            "canceled",
        }
        screen.interrupt()
        assert screen.wait(ENDS_WITHIN_S) == 0


def test_busy_port_fails_at_once_and_names_its_holder(farm: Yard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        told = farm.command("up", "--no-demo", "--port", str(port))
    assert told.returncode == 1
    assert f"error: port {port} is taken" in told.stderr
    assert f"pid {os.getpid()}" in told.stderr
    assert "buildyard up --port 0" in told.stderr


def test_busy_state_directory_fails_at_once_and_names_its_holder(farm: Yard) -> None:
    hub = farm.start_hub()
    told = farm.command("up", "--no-demo", "--port", str(free_port()))
    assert told.returncode == 1
    assert "error: the state directory state is in use" in told.stderr
    assert f"pid {hub.pid}" in told.stderr
    assert farm.url in told.stderr
    assert farm.farm.ping().alive, "the hub that was there goes on"


def test_second_up_on_the_port_of_a_farm_names_that_farm(farm: Yard, tmp_path: Path) -> None:
    farm.start_hub()
    other = tmp_path / "other-state"
    told = farm.command("up", "--no-demo", "--state", str(other))
    assert told.returncode == 1
    assert "is taken" in told.stderr
    assert f"open {farm.url}/" in told.stderr


class TestOneShot:
    """``buildyard build``: the exit code tells."""

    def test_build_that_gives_its_wheel_ends_with_0(self, farm: Yard, index: LocalIndex) -> None:
        index.add(Recipe(name="shot-good"))
        told = farm.command("build", "shot-good", "-o", "wheels")
        assert told.returncode == 0, told.stderr
        assert [path.name for path in (farm.root / "wheels").glob("*.whl")] == ["shot_good-1.0-py3-none-any.whl"]
        assert "shot_good-1.0-py3-none-any.whl" in told.stdout or "shot-good" in told.stdout

    def test_build_that_fails_ends_with_1_and_the_reason(self, farm: Yard, index: LocalIndex) -> None:
        index.add(Recipe(name="shot-bad", script="raise ValueError('not today')"))
        told = farm.command("build", "shot-bad", "-o", "wheels")
        assert told.returncode == 1
        assert "ValueError: not today" in told.stdout + told.stderr
        assert not list((farm.root / "wheels").glob("*.whl"))

    def test_unknown_package_ends_with_2(self, farm: Yard) -> None:
        told = farm.command("build", "shot-unknown")
        assert told.returncode == 2
        assert 'no package is called "shot-unknown"' in told.stderr

    def test_unknown_python_ends_with_2(self, farm: Yard, index: LocalIndex) -> None:
        index.add(Recipe(name="shot-python"))
        told = farm.command("build", "shot-python", "--python", "3.99")
        assert told.returncode == 2
        assert "3.99" in told.stderr

    def test_index_that_does_not_answer_ends_with_3(self, farm: Yard) -> None:
        nobody = f"http://127.0.0.1:{free_port()}/simple/"
        command = [sys.executable, "-m", "buildyard.cli", "build", "shot-lonely"]
        told = subprocess.run(
            command,
            env=farm.environment | {"PIP_INDEX_URL": nobody},
            cwd=farm.root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert told.returncode == 3
        assert "does not answer" in told.stderr

    def test_ctrl_c_ends_a_build_and_all_its_processes_with_130(self, farm: Yard, index: LocalIndex) -> None:
        index.add(Recipe(name="shot-slow", script=SLOW))
        command = [sys.executable, "-m", "buildyard.cli", "build", "shot-slow"]
        with terminal(command, farm.environment | {"TERM": "xterm", "COLUMNS": "100"}, farm.root) as screen:
            tree = until("the sandbox runs", lambda: _with_sandbox(screen.pid))
            screen.interrupt()
            assert screen.wait(ENDS_WITHIN_S) == 130
            until("no process is left", lambda: not _alive(tree), within=2)


def _with_sandbox(pid: int) -> list[int] | None:
    """Return the process ids of a tree once a build's own Python is among them."""
    tree = proctree.tree(pid).pids
    return tree if len(tree) >= 4 else None


@contextmanager
def _open(url: str) -> Iterator[None]:
    """Hold an answer that does not end, read by a thread."""
    pool = urllib3.PoolManager(retries=False)
    begun = threading.Event()

    def read() -> None:
        answer = pool.request("GET", url, preload_content=False, timeout=60)
        begun.set()
        for _ in _pieces(answer):
            pass

    thread = threading.Thread(target=_ignoring(read), daemon=True)
    thread.start()
    begun.wait(1.0)  # a long poll answers nothing at first
    yield
    thread.join(10)
    pool.clear()
    assert not thread.is_alive(), f"{url} is still open"


def _pieces(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    while piece := answer.read(1):
        yield piece


def _ignoring(body: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            body()
        except (urllib3.exceptions.HTTPError, OSError):
            return

    return run


def _alive(pids: Sequence[int]) -> list[int]:
    return [pid for pid in pids if proctree.tree(pid).pids and _state(pid) not in ("Z", "")]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except OSError:
        return ""
