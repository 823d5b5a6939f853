"""Run one command to its end, watched: its output, its time, its memory, its disk, and all of its descendants.

Takes an argument vector and a `Budget`; gives a `Running`, whose output goes to a `Log` and which ends as an `Ended`.
Whatever ends it early ends its whole tree.  `sandbox` next door makes the argument vectors of confined commands; uv is
run from here as it is.  One thread drives a `Running`; any thread may `stop` it.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from buildyard.farm.builder import proctree
from buildyard.farm.builder.budget import Budget, Hit
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.sampler import Sampler

_READ = 64 * 1024
#: How many reads of output may belong to one answer.
_DRAINED = 64
#: The longest line that is taken over a control channel.
_LONGEST_ANSWER = 1024 * 1024
#: How long a command may leave a question unread, seconds.
_DEAF = 10.0
#: How often the clock and the stop event are looked at, seconds.
_TICK = 0.2
#: How long a killed tree has before it is killed again, and before we give up on it, seconds.
_AGAIN = 1.0
_GIVE_UP = 20.0
#: How long output and namespace may outlive the command, seconds: only unconfined ones ever do.
_GRACE = 5.0


class Unkillable(OSError):
    """A process survives SIGKILL, which happens in the kernel alone.  Look at the machine."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int  #: exit code, or minus the signal that killed it
    hit: Hit | None  #: why it was killed, if we did it
    elapsed_s: float
    cpu_s: float  #: of the command and its descendants
    peak_memory_bytes: int  #: resident, of the command and its descendants together

    @property
    def signal(self) -> int | None:
        """The signal that killed it; shells and bubblewrap tell it as 128 plus its number."""
        if self.status < 0:
            return -self.status
        return self.status - 128 if 128 < self.status < 128 + signal.NSIG else None

    @property
    def is_good(self) -> bool:
        """True where it ended by itself, with exit code 0."""
        return self.status == 0 and self.hit is None


@dataclass(frozen=True, kw_only=True)
class Handles:
    """What a started command is held by, beside its process."""

    control: socket.socket | None = None  #: our end of its control channel
    info: int | None = None  #: where bubblewrap writes the id of its namespace's first process
    directories: tuple[Path, ...] = ()  #: what `Limits.disk_bytes` bounds
    kill_signal: int = signal.SIGKILL  #: SIGTERM for a supervisor, which then kills its tree and ends
    sample_s: float = 1.0  #: between two samples; shorter where no kernel limit holds the number of processes


def start(
    command: Sequence[str],
    *,
    budget: Budget,
    log: Log,
    env: Mapping[str, str],
    cwd: Path | None = None,
    pass_fds: Sequence[int] = (),
    handles: Handles | None = None,
) -> Running:
    """Start a command and return it, running.

    It gets an empty standard input and a process group of its own.  Raises `OSError` where it cannot be started.
    """
    ours, theirs = os.pipe()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env=dict(env),
            cwd=cwd,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
            # What uv installs must be readable to the users of slots, whatever the builder's own is.
            umask=0o022,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return Running(process, ours, budget=budget, log=log, handles=handles or Handles())


class Running:
    """A command that runs.  A context manager: leaving it kills what still lives."""

    def __init__(
        self, process: subprocess.Popen[bytes], output: int, *, budget: Budget, log: Log, handles: Handles
    ) -> None:
        self._process = process
        self._budget = budget
        self._log: Log | None = log
        self._handles = handles
        self._begun = self._heard = budget.clock()
        self._sampler = Sampler(process.pid, budget, handles.directories, every=handles.sample_s)
        self._answers = bytearray()
        self._info = b""
        self._first: int | None = None  # a descriptor of the first process of bubblewrap's namespace
        self._hit: Hit | None = None
        self._killed_at = self._killed_last = 0.0
        self._ended: Ended | None = None
        self._status = 0
        self._reaped_at: float | None = None
        self._rusage_cpu_s = 0.0
        self._rusage_memory = 0
        self._wake_lock = threading.Lock()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        #: What is called when a descriptor has something to say.
        self._readers: dict[int, Callable[[int], None]] = {}
        #: Of these, the ones that must fall silent before the command has ended.
        self._alive: set[int] = set()
        self._watch(self._wake, self._read_wake)
        self._output = output
        self._output_poll = select.poll()
        self._output_poll.register(output, select.POLLIN)
        self._watch(output, self._read_output, is_alive=True)
        self._watch(os.pidfd_open(process.pid), self._reap, is_alive=True)
        if handles.info is not None:
            self._watch(handles.info, self._read_info, is_alive=True)
        if handles.control is not None:
            handles.control.settimeout(_DEAF)
            self._watch(handles.control.fileno(), self._read_answer)

    @property
    def pid(self) -> int:
        """The process id of the command."""
        return self._process.pid

    def ask(self, question: bytes) -> bytes | None:
        """Send one line over the control channel and return the line that answers it, or None if the command ends.

        The output goes to the log meanwhile, and the limits hold.
        """
        assert self._handles.control is not None
        with suppress(OSError):
            self._handles.control.sendall(question + b"\n")
        while b"\n" not in self._answers and self._alive:
            self._turn()
        answer, newline, rest = bytes(self._answers).partition(b"\n")
        if not newline:
            return None
        self._answers[:] = rest
        self._drain()
        # Whom it has waited for by now is lost with it: bubblewrap does not tell what its namespace has used.
        self._sampler.note(proctree.tree(self.pid))
        return answer

    def _drain(self) -> None:
        """Log what was printed before the answer was given, as far as it has arrived."""
        for _ in range(_DRAINED):
            if self._output not in self._alive or not self._output_poll.poll(0):
                return
            self._read_output(self._output)

    def wait(self, patience_s: float | None = None) -> Ended:
        """Return how the command ended, once it and all its descendants have; its control channel is closed first.

        What has not ended after ``patience_s`` is killed.  Raises `Unkillable` for what does not end then, and
        `OSError` where the log cannot be written.
        """
        if self._ended is None:
            until = None if patience_s is None else self._budget.clock() + patience_s
            if self._handles.control is not None:
                with suppress(OSError):
                    self._handles.control.shutdown(socket.SHUT_WR)
            while self._alive:
                self._turn()
                if until is not None and self._budget.clock() > until:
                    self._kill(Hit.STOPPED)
            self._ended = self._charge()
            self._close()
        return self._ended

    def stop(self) -> None:
        """Kill it at once, from any thread; whoever waits for it learns `Hit.STOPPED`."""
        with self._wake_lock:
            if self._wake >= 0:
                os.eventfd_write(self._wake, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._ended is None:
            # The log may be what failed, so the rest of the output is not written.
            self._log = None
            self._kill(Hit.STOPPED)
            self.wait()

    def _watch(self, descriptor: int, reader: Callable[[int], None], *, is_alive: bool = False) -> None:
        self._readers[descriptor] = reader
        self._poll.register(descriptor, select.POLLIN)
        if is_alive:
            self._alive.add(descriptor)

    def _forget(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        del self._readers[descriptor]
        self._alive.discard(descriptor)
        if self._handles.control is None or descriptor != self._handles.control.fileno():
            os.close(descriptor)

    def _turn(self) -> None:
        now = self._budget.clock()
        patience = max(0.0, min(_TICK, self._sampler.due - now))
        for descriptor, _ in self._poll.poll(patience * 1000):
            if descriptor in self._readers:
                self._readers[descriptor](descriptor)
        self._check()

    def _check(self) -> None:
        now = self._budget.clock()
        if self._reaped_at is not None:
            self._see_the_rest_end(now, self._reaped_at)
            return
        if self._hit is not None:
            self._kill_again(now)
            return
        hit = self._budget.hit()
        if hit is None and now - self._heard > self._budget.limits.idle_s:
            hit = Hit.IDLE
        if hit is None and now >= self._sampler.due:
            hit = self._sampler.look()
        if hit is not None:
            self._kill(hit)

    def _kill(self, hit: Hit) -> None:
        if self._hit is None:
            self._hit = hit
            self._killed_at = self._killed_last = self._budget.clock()
            self._kill_tree(self._handles.kill_signal)

    def _kill_again(self, now: float) -> None:
        if now - self._killed_at > _GIVE_UP:
            raise Unkillable(f"process {self.pid} does not end")
        if now - self._killed_last > _AGAIN:
            self._killed_last = now
            self._kill_tree(signal.SIGKILL)

    def _see_the_rest_end(self, now: float, reaped_at: float) -> None:
        """Wait for what outlives the command, which has no number any more, and end it if it stays too long."""
        if now - reaped_at < _AGAIN:
            return
        if self._first is not None and self._first in self._alive:
            if now - reaped_at > _GIVE_UP:
                raise Unkillable("the namespace of a build does not end")
            signal.pidfd_send_signal(self._first, signal.SIGKILL)
        elif now - reaped_at > _GRACE:
            # Somebody unconfined has escaped and holds the output open.
            self._alive.clear()

    def _kill_tree(self, number: int) -> None:
        # A supervisor knows its tree best; anything else is killed from the top, so that nobody is left to fork.
        tree = proctree.tree(self.pid)
        self._sampler.note(tree)
        proctree.kill(tree.pids if number == signal.SIGKILL else [self.pid], number)
        if number == signal.SIGKILL:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def _read_wake(self, _: int) -> None:
        os.eventfd_read(self._wake)
        self._kill(Hit.STOPPED)

    def _read_output(self, descriptor: int) -> None:
        data = os.read(descriptor, _READ)
        if not data:
            self._forget(descriptor)
            return
        self._heard = self._budget.clock()
        self._budget.output_bytes += len(data)
        if self._log is not None:
            self._log.write(data)

    def _read_answer(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _READ)
        except OSError:
            data = b""
        if not data:
            self._forget(descriptor)
            return
        self._answers += data
        if len(self._answers) > _LONGEST_ANSWER:
            self._answers.clear()
            self._kill(Hit.BABBLE)

    def _read_info(self, descriptor: int) -> None:
        data = os.read(descriptor, _READ)
        self._info += data
        # It comes in pieces; bubblewrap dies of the first that nobody reads.
        if data and not self._info.endswith(b"}\n"):
            return
        self._forget(descriptor)
        # The first process of a PID namespace outlives all others in it (pid_namespaces(7)), and bubblewrap's own
        # process may end before it: a directory is not free before the namespace is gone.
        with suppress(ValueError, KeyError, ProcessLookupError):
            self._first = os.pidfd_open(json.loads(self._info)["child-pid"])
            self._watch(self._first, self._forget, is_alive=True)

    def _reap(self, descriptor: int) -> None:
        # What the command has left behind in its process group would hold the output open.  It is killed before the
        # command is reaped, as its number could be anybody's afterwards.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        self._reaped_at = self._budget.clock()
        self._process.returncode = self._status = os.waitstatus_to_exitcode(status)
        self._rusage_cpu_s = usage.ru_utime + usage.ru_stime
        # Before its exec the command was a copy of the builder, whose own size counts as its peak (getrusage(2)).
        if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
            self._rusage_memory = usage.ru_maxrss * 1024
        self._forget(descriptor)

    def _charge(self) -> Ended:
        ended = Ended(
            status=self._status,
            hit=self._hit,
            elapsed_s=self._budget.clock() - self._begun,
            cpu_s=max(self._rusage_cpu_s, self._sampler.cpu_s),
            peak_memory_bytes=max(self._rusage_memory, self._sampler.memory),
        )
        self._budget.cpu_s += ended.cpu_s
        self._budget.peak_memory_bytes = max(self._budget.peak_memory_bytes, ended.peak_memory_bytes)
        return ended

    def _close(self) -> None:
        with self._wake_lock:
            self._forget(self._wake)
            self._wake = -1
        for descriptor in list(self._readers):
            self._forget(descriptor)
        if self._handles.control is not None:
            self._handles.control.close()
