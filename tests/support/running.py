"""A program that a test starts: its output in a file, ended by its own pid."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class NotStarted(Exception):
    """The program ended, or did not answer in time; the end of its log is in the message."""


class Running:
    """One program in a session of its own, so that a Ctrl-C for the tests is not one for it."""

    def __init__(self, argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=env, cwd=cwd, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_for_port(self, port: int, seconds: float = 30) -> None:
        """Return once somebody listens there.  Raises `NotStarted`."""
        self._wait(lambda: _listens(port), seconds)

    def wait_for_answer(self, url: str, seconds: float = 30) -> None:
        """Return once an address answers, whatever it says.  Raises `NotStarted`."""
        self._wait(lambda: _answers(url), seconds)

    def wait_for_text(self, pattern: str, seconds: float = 30) -> str:
        """Return what it printed that matches this.  Raises `NotStarted`."""
        self._wait(lambda: self._printed(pattern) is not None, seconds)
        found = self._printed(pattern)
        assert found is not None
        return found[0]

    def _printed(self, pattern: str) -> re.Match[str] | None:
        return re.search(pattern, self.log.read_text(errors="replace"))

    def _wait(self, is_ready: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if is_ready():
                return
            time.sleep(0.05)
        self.end()
        raise NotStarted(self.log.read_text(errors="replace")[-3000:])

    def end(self) -> None:
        """Ask it to end, and see that it does."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def environment_of(home: Path) -> dict[str, str]:
    """Return what a program of other people is told: this directory for its home, and no proxy to 127.0.0.1.

    It may keep what it compiled: these programs are large, and most of their start is that.
    """
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, "HOME": str(home), "NO_PROXY": "127.0.0.1"}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(url, timeout=5).close()
    except urllib.error.HTTPError as refused:
        refused.close()
    except OSError:
        return False
    return True
