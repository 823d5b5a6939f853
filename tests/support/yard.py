"""The command line as programs: a place to run `python -m buildyard.cli` in, on an index of the tests' own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.local_index import LocalIndex

#: A cold start on a busy machine; most take a second.
PATIENCE_S = 40.0


class Yard:
    """A place to run commands in: a working directory, an environment, an index."""

    def __init__(self, directory: Path, index: LocalIndex) -> None:
        self.directory = directory
        self.index = index
        self.environment = {
            # Few interpreters are enough here: those of the system.
            "PATH": "/usr/bin:/bin",
            "HOME": str(directory / "home"),
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": index.url,
            "COLUMNS": "80",
        }

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "buildyard.cli", *arguments],
            cwd=self.directory,
            env=self.environment | dict(environment or {}),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Program]:
        """Start a command, and end it at the end of the context if it still runs."""
        program = Program(self, arguments)
        try:
            yield program
        finally:
            program.kill()

    @contextmanager
    def up(self, *arguments: str) -> Iterator[Program]:
        """Run a farm on any free port until the end of the context."""
        with self.started("up", "--port", "0", *arguments) as program:
            program.wait_for(r"Runs until Ctrl-C")
            yield program


class Program:
    """A command that runs."""

    def __init__(self, yard: Yard, arguments: tuple[str, ...]) -> None:
        self._out = yard.directory / f"out-{time.monotonic_ns()}"
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "buildyard.cli", *arguments],
                cwd=yard.directory,
                env=yard.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """Everything it wrote so far."""
        return self._out.read_text()

    @property
    def url(self) -> str:
        """Where its hub listens."""
        return self.wait_for(r"http://127\.0\.0\.1:\d+")[0]

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return the first match in its output, once there is one."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.output):
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        pytest.fail(f"no {pattern!r} in what it wrote:\n{self.output}")

    def end(self, number: int = signal.SIGINT) -> tuple[int, float]:
        """Signal it; return its exit code and how long it took to end."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        return code, time.monotonic() - began

    def kill(self) -> None:
        """End it in any case, first as a person would, so that its builders end too."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
