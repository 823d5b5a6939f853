"""Run a build's commands confined: what they see, who they are, what they may use.

Takes an argument vector and a `View` of the build's directories; gives a `process.Running`.  How it confines is found
out once, by trying (`Sandbox.detect`): bubblewrap with an own user number for each slot where the builder is root,
bubblewrap in a user namespace where it is not, and a supervisor with resource limits where bubblewrap does not work.
`mounts` says what is seen of the system; `process` watches what runs.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from buildyard.farm.builder import process
from buildyard.farm.builder.budget import Budget
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.mounts import Mounts, system_mounts, write_made_up_files
from buildyard.farm.wire import Limits

#: Where a build's directories are seen: the same for every build, so that the same source gives the same wheel.
SOURCE, OUTPUT, ENVIRONMENT, HOME = Path("/tmp/b"), Path("/tmp/o"), Path("/tmp/e"), Path("/tmp/home")  # noqa: S108
_TMP = Path("/tmp")  # noqa: S108

_SUPERVISOR = Path(__file__).with_name("_supervisor.py")
#: Where no kernel limit holds the number of processes, they are counted so often, seconds.
_COUNT_EVERY = 0.1
_OPEN_FILES = 65_536
_INSTALL = "apt-get install bubblewrap"
#: The variable that names the descriptor of a command's control channel.
CONTROL = "BUILDYARD_CONTROL"


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


@dataclass(frozen=True, kw_only=True)
class View:
    """What a command sees of its build.  ``None`` is not seen."""

    source: Path | None = None  #: writable; where the command starts
    output: Path | None = None  #: writable
    environment: Path | None = None  #: a virtual environment, read-only
    scratch: Path | None = None  #: writable; temporary files and home, where there is no bubblewrap to make them
    interpreter: Interpreter | None = None  #: read-only, at its original path: its RUNPATH names it
    files: tuple[Path, ...] = ()  #: read-only, at their original paths

    @property
    def writable(self) -> tuple[Path, ...]:
        """The directories that a limit on disk use bounds."""
        return tuple(path for path in (self.source, self.output, self.scratch) if path)


@dataclass(frozen=True, kw_only=True)
class SandboxConfig:
    """What a sandbox is made of."""

    directory: Path  #: a directory of its own, for the files that a build sees in place of the system's
    bubblewrap: str = "bwrap"  #: the program; empty: do without
    uid_base: int = 64000  #: as root, slot N is the user with this number plus N
    tmp_bytes: int = 1_000_000_000  #: the size of the private /tmp, which is memory
    readable: tuple[Path, ...] = ()  #: more of the system to show, read-only: a toolchain in /opt
    jobs: int = 1  #: how many compilers a build may run at one time


class Sandbox:
    """Runs commands confined.  Made by `detect`; used by all slots at one time."""

    def __init__(self, config: SandboxConfig, kind: Kind, warning: str = "") -> None:
        self.kind = kind
        self.warning = warning  #: what an operator should know, once; empty where all is well
        self._config = config
        self._systems: dict[int, Mounts] = {}

    @classmethod
    def detect(cls, config: SandboxConfig) -> Sandbox:
        """Return the strongest sandbox that works here, found by running ``true`` in each."""
        config.directory.mkdir(parents=True, exist_ok=True)
        kinds = [Kind.OWN_UID, Kind.USER_NAMESPACE] if os.geteuid() == 0 else [Kind.USER_NAMESPACE]
        problem = ""
        for kind in kinds if config.bubblewrap else []:
            sandbox = cls(config, kind)
            failure = sandbox._try()
            if failure is None:
                return sandbox
            problem = problem or failure
        return cls(config, Kind.BARE_UID if os.geteuid() == 0 else Kind.BARE, _warning(problem))

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
        if not self.kind.is_bubblewrap:
            return view
        return replace(
            view,
            source=view.source and SOURCE,
            output=view.output and OUTPUT,
            environment=view.environment and ENVIRONMENT,
            scratch=_TMP,
        )

    def variables(self, view: View, *, epoch: int) -> dict[str, str]:
        """Return the whole environment of a command that sees this."""
        seen = self.inside(view)
        paths = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"]
        home, temporary = (HOME, _TMP) if self.kind.is_bubblewrap else (seen.scratch, seen.scratch)
        jobs = str(self._config.jobs)
        variables = {
            "HOME": str(home or "/nonexistent"),
            "TMPDIR": str(temporary or _TMP),
            "LANG": "C.UTF-8",
            "SOURCE_DATE_EPOCH": str(epoch),
            # Sets are written out in the order of their hashes by some generators of code.
            "PYTHONHASHSEED": "0",
            "PYTHONNOUSERSITE": "1",
            "PYTHONUNBUFFERED": "1",
            # What looks for the network fails at once rather than after its time-outs.
            "PIP_NO_INDEX": "1",
            "CARGO_NET_OFFLINE": "true",
            "GIT_ALLOW_PROTOCOL": "file",
            "MAX_JOBS": jobs,
            "MAKEFLAGS": f"-j{jobs}",
            "CMAKE_BUILD_PARALLEL_LEVEL": jobs,
            "CARGO_BUILD_JOBS": jobs,
        }
        if seen.environment:
            paths.insert(0, str(seen.environment / "bin"))
            variables["VIRTUAL_ENV"] = str(seen.environment)
        return variables | {"PATH": ":".join(paths)}

    def start(
        self,
        command: Sequence[str],
        view: View,
        *,
        slot: int,
        budget: Budget,
        log: Log,
        env: Variables,
        control: bool = False,
    ) -> process.Running:
        """Start a command, confined, and return it.

        The command is as seen from inside (`inside`).  With ``control`` it gets one end of a socket, whose descriptor
        the variable `CONTROL` names, and the result can `ask`.  Raises `OSError` where nothing starts.
        """
        ends = _Ends(control=control, info=self.kind.is_bubblewrap)
        try:
            start = self._start_in_bubblewrap if self.kind.is_bubblewrap else self._start_supervised
            return start(command, view, ends, slot=slot, budget=budget, log=log, env=env)
        except BaseException:
            ends.close_ours()
            raise
        finally:
            ends.close_theirs()

    def _start_in_bubblewrap(
        self, command: Sequence[str], view: View, ends: _Ends, *, slot: int, budget: Budget, log: Log, env: Variables
    ) -> process.Running:
        info = ["--info-fd", str(ends.their_info)]
        return process.start(
            [*self._bubblewrap(view, slot, info), *_bounded(budget.limits, command)],
            budget=budget,
            log=log,
            env=env | ends.variables,
            pass_fds=ends.theirs,
            handles=process.Handles(
                control=ends.control,
                info=ends.info,
                directories=view.writable,
                # The kernel holds root to no number of processes, whatever namespace it is in.
                sample_s=_COUNT_EVERY if os.geteuid() == 0 and not self.kind.has_own_uid else 1.0,
            ),
        )

    def _start_supervised(
        self, command: Sequence[str], view: View, ends: _Ends, *, slot: int, budget: Budget, log: Log, env: Variables
    ) -> process.Running:
        uid = self.uid(slot)
        obstacle = uid and _obstacle(uid, view)
        if obstacle:
            log.line(f"not as user {uid}, who may not enter {obstacle}")
        order = {
            "command": list(command),
            "cwd": str(view.source or view.scratch or "/"),
            "limits": {number: _within_hard(number, *values) for number, values in _limits(budget.limits).items()},
            "processes": budget.limits.processes,
            "uid": None if obstacle else uid,
        }
        return process.start(
            [sys.executable, "-I", "-S", str(_SUPERVISOR), json.dumps(order)],
            budget=budget,
            log=log,
            env=env | ends.variables,
            pass_fds=ends.theirs,
            handles=process.Handles(
                control=ends.control,
                directories=view.writable,
                kill_signal=signal.SIGTERM,
                sample_s=_COUNT_EVERY,
            ),
        )

    def _bubblewrap(self, view: View, slot: int, more: Sequence[str] = ()) -> list[str]:
        """Return the vector that runs what is appended to it inside."""
        arguments = [self._config.bubblewrap, *_NAMESPACES, *more]
        if self.kind is Kind.USER_NAMESPACE:
            arguments.append("--unshare-user")
        else:
            # For setpriv alone, which gives up both with the user.
            arguments += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        arguments += self._mounts(view, slot).arguments
        # The root itself is memory of no bounded size.
        arguments += ["--remount-ro", "/", "--chdir", str(SOURCE if view.source else _TMP), "--"]
        uid = self.uid(slot)
        if uid is not None:
            arguments += ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all"]
            arguments += ["--no-new-privs", "--"]
        return arguments

    def _mounts(self, view: View, slot: int) -> Mounts:
        mounts = self._system(slot).copy()
        mounts.directory(HOME, perms="0777")
        for path, at in ((view.source, SOURCE), (view.output, OUTPUT)):
            if path:
                mounts.writable(path, at)
        if view.environment:
            mounts.read_only(view.environment, ENVIRONMENT)
        for path in (*(view.interpreter.directories if view.interpreter else ()), *view.files):
            mounts.read_only(path)
        return mounts

    def _system(self, slot: int) -> Mounts:
        uid = self.uid(slot)
        number = os.getuid() if uid is None else uid
        if number not in self._systems:
            made_up = self._config.directory / f"etc-{number}"
            write_made_up_files(made_up, number)
            self._systems[number] = system_mounts(self._config.readable, made_up, self._config.tmp_bytes)
        return self._systems[number]

    def _try(self) -> str | None:
        """Return why this kind does not work here, or None."""
        command = [*self._bubblewrap(View(), 0), *_bounded(Limits(), ["true"])]
        try:
            done = subprocess.run(command, env={"PATH": os.defpath}, capture_output=True, timeout=10, check=False)
        except FileNotFoundError:
            return "it is not there"
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode == 0:
            return None
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[0] if lines else f"exit code {done.returncode}"


Variables = dict[str, str]

_NAMESPACES = (
    "--unshare-pid",
    "--unshare-net",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--hostname",
    "buildyard",
    "--die-with-parent",
    "--new-session",
)


class _Ends:
    """Both ends of what connects us with a command, while it is started."""

    def __init__(self, *, control: bool, info: bool) -> None:
        self.control: socket.socket | None = None
        self._their_control: socket.socket | None = None
        self.info: int | None = None
        self.their_info: int | None = None
        if control:
            self.control, self._their_control = socket.socketpair()
        if info:
            self.info, self.their_info = os.pipe()

    @property
    def theirs(self) -> tuple[int, ...]:
        control = self._their_control.fileno() if self._their_control else None
        return tuple(number for number in (control, self.their_info) if number is not None)

    @property
    def variables(self) -> Variables:
        return {CONTROL: str(self._their_control.fileno())} if self._their_control else {}

    def close_theirs(self) -> None:
        if self._their_control:
            self._their_control.close()
        if self.their_info is not None:
            os.close(self.their_info)

    def close_ours(self) -> None:
        if self.control:
            self.control.close()
        if self.info is not None:
            os.close(self.info)


def _limits(limits: Limits) -> dict[int, tuple[int, int]]:
    """Return the kernel's limits on one process, soft and hard, but for the number of processes."""
    return {
        resource.RLIMIT_AS: (limits.address_space_bytes,) * 2,
        # SIGXCPU says what happened; SIGKILL follows for who ignores it.
        resource.RLIMIT_CPU: (limits.cpu_s, limits.cpu_s + 5),
        resource.RLIMIT_FSIZE: (limits.disk_bytes,) * 2,
        resource.RLIMIT_NOFILE: (_OPEN_FILES,) * 2,
        resource.RLIMIT_CORE: (0, 0),
    }


_PRLIMIT_OPTIONS = {
    resource.RLIMIT_AS: "as",
    resource.RLIMIT_CPU: "cpu",
    resource.RLIMIT_FSIZE: "fsize",
    resource.RLIMIT_NOFILE: "nofile",
    resource.RLIMIT_CORE: "core",
    resource.RLIMIT_NPROC: "nproc",
}


def _bounded(limits: Limits, command: Sequence[str]) -> list[str]:
    """Return the command with the kernel's limits around it."""
    values = _limits(limits) | {resource.RLIMIT_NPROC: (limits.processes,) * 2}
    bounds = {number: _within_hard(number, *pair) for number, pair in values.items()}
    options = [f"--{_PRLIMIT_OPTIONS[number]}={soft}:{hard}" for number, (soft, hard) in bounds.items()]
    return ["prlimit", *options, "--", *command]


def _within_hard(number: int, soft: int, hard: int) -> tuple[int, int]:
    # Only root may raise a hard limit, and the builder's own may be lower.
    most = resource.getrlimit(number)[1]
    if most == resource.RLIM_INFINITY:
        return soft, hard
    return min(soft, most), min(hard, most)


def _obstacle(uid: int, view: View) -> Path | None:
    """Return the first directory on the way to what a command needs that this user may not enter."""
    needed = [view.source, view.output, view.environment, view.scratch, *view.files]
    if view.interpreter:
        needed.append(view.interpreter.path)
    for path in filter(None, needed):
        for parent in reversed(path.parents):
            status = parent.stat()
            if not (status.st_mode & 0o001 or (status.st_uid == uid and status.st_mode & 0o100)):
                return parent
    return None


def _warning(problem: str) -> str:
    start = "No bubblewrap" if problem in ("", "it is not there") else f"Bubblewrap does not work here ({problem})"
    remedy = f" To confine them: {_INSTALL}" if start == "No bubblewrap" else ""
    return f"{start}: builds run unconfined, with the network on.{remedy}"
