"""A program in a terminal of its own, as a person has it: what it shows, and Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]|\r")
_CTRL_C = b"\x03"


class Terminal:
    """A program that runs in a terminal of 100 columns.  `text` is what it has shown so far, without escapes."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        self.raw = b""
        self.pid, self._master = pty.fork()
        if not self.pid:
            _become(command, environment, directory)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self._code: int | None = None

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self.raw.decode("utf-8", "replace"))

    def await_text(self, pattern: str, *, within: float) -> re.Match[str]:
        """Return the first match in what it shows."""
        end = time.monotonic() + within
        while True:
            found = re.search(pattern, self.text)
            if found:
                return found
            if time.monotonic() > end or not self._read(min(0.2, end - time.monotonic())):
                raise AssertionError(f"{pattern!r} was not shown within {within:g} s:\n{self.text}")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._master, _CTRL_C)

    def wait(self, within: float) -> int:
        """Return its exit code once it has ended."""
        end = time.monotonic() + within
        while self._code is None:
            self._read(0.02)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self._code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError(f"it has not ended within {within:g} s:\n{self.text}")
        while self._read(0.05):
            pass
        return self._code

    def close(self) -> None:
        if self._code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        os.close(self._master)

    def _read(self, seconds: float) -> bool:
        """Take what there is to read; return False once nothing will ever come."""
        readable, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        if not readable:
            return self._code is None
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: nobody has the other end any more
            return False
        self.raw += data
        return bool(data)


def _become(command: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
    """Become the command, in the child; never return."""
    try:
        os.chdir(directory)
        os.execve(command[0], list(command), dict(environment))
    finally:
        os._exit(127)


@contextmanager
def terminal(command: Sequence[str], environment: Mapping[str, str], directory: Path) -> Iterator[Terminal]:
    """Yield a program in a terminal; kill it at the end where it still runs."""
    made = Terminal(command, environment, directory)
    try:
        yield made
    finally:
        print(f"--- terminal\n{made.text[-6000:]}")
        made.close()
