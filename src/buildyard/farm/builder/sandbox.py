"""Run a build's commands confined: what they see, who they are, what they may use.

Takes an argument vector and a `View` of the build's directories; gives a `process.Running`.  How it confines is found
out once, by trying (`Sandbox.detect`): bubblewrap with an own user number for each slot where the builder is root,
bubblewrap in a user namespace where it is not, and a supervisor with resource limits where bubblewrap does not work.
`bubblewrap` makes its argument vectors; `process` watches what runs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path

from buildyard.farm.builder import process
from buildyard.farm.builder.bubblewrap import Bubblewrap, NoBubblewrap, SandboxConfig
from buildyard.farm.builder.budget import Budget
from buildyard.farm.builder.ends import Ends
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.rlimits import process_limits
from buildyard.farm.builder.view import HOME, TMP, View, variables

__all__ = ["Kind", "Sandbox", "SandboxConfig", "View"]

_SUPERVISOR = Path(__file__).with_name("_supervisor.py")
#: Where no kernel limit holds the number of processes, they are counted so often, seconds.
_COUNT_EVERY = 0.1


class Kind(Enum):
    """A way to confine, with the words it is known by."""

    OWN_UID = "bubblewrap, own uid a slot"
    USER_NAMESPACE = "bubblewrap"
    BARE_UID = "own uid a slot, no bubblewrap"
    BARE = "none"

    @property
    def is_bubblewrap(self) -> bool:
        """True where the system is hidden and the network is off."""
        return self in (Kind.OWN_UID, Kind.USER_NAMESPACE)

    @property
    def has_own_uid(self) -> bool:
        """True where each slot is a user of its own."""
        return self in (Kind.OWN_UID, Kind.BARE_UID)


class Sandbox:
    """Runs commands confined.  Made by `detect`; used by all slots at one time."""

    def __init__(self, config: SandboxConfig, kind: Kind, bubblewrap: Bubblewrap | None, warning: str = "") -> None:
        self.kind = kind
        self.warning = warning  #: what an operator should know, once; empty where all is well
        self._config = config
        self._bubblewrap = bubblewrap

    @classmethod
    def detect(cls, config: SandboxConfig) -> Sandbox:
        """Return the strongest sandbox that works here, found by running ``true`` in each."""
        config = replace(config, directory=config.directory.absolute())
        config.directory.mkdir(parents=True, exist_ok=True)
        is_root = os.geteuid() == 0
        problem: NoBubblewrap | None = None
        for kind in (Kind.OWN_UID, Kind.USER_NAMESPACE)[0 if is_root else 1 :] if config.bubblewrap else ():
            try:
                bubblewrap = Bubblewrap(config, own_uid=kind.has_own_uid)
                bubblewrap.try_out()
            except NoBubblewrap as error:
                problem = problem or error
                continue
            return cls(config, kind, bubblewrap)
        return cls(config, Kind.BARE_UID if is_root else Kind.BARE, None, _warning(problem))

    def describe(self) -> str:
        """Return what it is, in a few words: ``bubblewrap, own uid a slot``, ``bubblewrap``, ``none``."""
        return self.kind.value

    def uid(self, slot: int) -> int | None:
        """Return the user number of a slot, or None where builds run as the builder's user."""
        return self._config.uid_base + slot if self.kind.has_own_uid else None

    def give(self, path: Path, slot: int) -> None:
        """Make a tree belong to the user of a slot, links as links."""
        uid = self.uid(slot)
        if uid is None:
            return
        os.chown(path, uid, uid, follow_symlinks=False)
        for parent, directories, files in os.walk(path):
            for name in (*directories, *files):
                os.chown(os.path.join(parent, name), uid, uid, follow_symlinks=False)  # noqa: PTH118 - many of them

    def inside(self, view: View) -> View:
        """Return the view with its directories as the command sees them."""
        return view.inside() if self.kind.is_bubblewrap else view

    def variables(self, view: View, *, epoch: int) -> dict[str, str]:
        """Return the whole environment of a command that sees this."""
        home = HOME if self.kind.is_bubblewrap else view.scratch or TMP
        return variables(self.inside(view), home, epoch=epoch, jobs=self._config.jobs)

    def start(
        self,
        command: Sequence[str],
        view: View,
        *,
        slot: int,
        budget: Budget,
        log: Log,
        env: dict[str, str],
        control: bool = False,
    ) -> process.Running:
        """Start a command, confined, and return it.

        The command is as seen from inside (`inside`).  With ``control`` it gets one end of a socket, whose descriptor
        the variable `ends.CONTROL` names, and the result can `ask`.  Only the thread that starts it may wait for it:
        bubblewrap ends with that thread.  Raises `OSError` where nothing starts.
        """
        ends = Ends(control=control, info=self._bubblewrap is not None)
        handles = process.Handles(
            control=ends.control,
            info=ends.info,
            directories=view.writable,
            kill_signal=signal.SIGTERM if self._bubblewrap is None else signal.SIGKILL,
            sample_s=1.0 if self._holds_processes else _COUNT_EVERY,
        )
        try:
            if self._bubblewrap is None:
                vector = self._supervised(command, view, slot, budget, log)
            else:
                options = ["--info-fd", str(ends.their_info)]
                vector = self._bubblewrap.command(command, view, budget.limits, uid=self.uid(slot), options=options)
            env = env | ends.variables
            return process.start(vector, budget=budget, log=log, env=env, pass_fds=ends.theirs, handles=handles)
        except BaseException:
            ends.close_ours()
            raise
        finally:
            ends.close_theirs()

    @property
    def _holds_processes(self) -> bool:
        """Whether the kernel holds builds to their number of processes; it never does so with root (getrlimit(2))."""
        return self.kind is Kind.OWN_UID or (self.kind is Kind.USER_NAMESPACE and os.geteuid() != 0)

    def _supervised(self, command: Sequence[str], view: View, slot: int, budget: Budget, log: Log) -> list[str]:
        uid = self.uid(slot)
        obstacle = None if uid is None else _obstacle(uid, view)
        if obstacle is not None:
            log.line(f"not as user {uid}, who may not enter {obstacle}")
        order = {
            "command": list(command),
            "cwd": str(view.source or view.scratch or "/"),
            "limits": process_limits(budget.limits),
            "processes": budget.limits.processes,
            "uid": uid if obstacle is None else None,
        }
        return [sys.executable, "-I", "-S", str(_SUPERVISOR), json.dumps(order)]


def _obstacle(uid: int, view: View) -> Path | None:
    """Return the first directory on the way to what a command needs that this user may not enter."""
    needed = [view.source, view.output, view.environment, view.scratch]
    if view.interpreter:
        needed.append(view.interpreter.path)
    for path in filter(None, needed):
        for parent in reversed(path.parents):
            status = parent.stat()
            if not (status.st_mode & 0o001 or (status.st_uid == uid and status.st_mode & 0o100)):
                return parent
    return None


def _warning(problem: NoBubblewrap | None) -> str:
    if problem is not None and problem.is_there:
        return f"Bubblewrap does not work here ({problem}): builds run unconfined, with the network on."
    return "No bubblewrap: builds run unconfined, with the network on. To confine them: apt-get install bubblewrap"
