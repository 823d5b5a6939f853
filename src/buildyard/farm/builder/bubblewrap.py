"""How bubblewrap is called: namespaces, mounts, user, limits, as an argument vector.

Takes a `View`; gives the vector that runs a command in it (bwrap(1)).  With a user number of its own a slot's command
is that user, really, and not only in a namespace: the kernel then holds it to a number of processes of its own.
`mounts` says what is seen of the system; `sandbox` decides which way to take and starts it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from buildyard.farm.builder.mounts import Mounts, system_mounts, write_made_up_files
from buildyard.farm.builder.rlimits import bounded
from buildyard.farm.builder.view import ENVIRONMENT, HOME, OUTPUT, SOURCE, TMP, View
from buildyard.farm.wire import Limits

#: Where its helpers are looked for: never on a PATH that begins with what a build requirement has installed.
_SYSTEM = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"

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
# Two capabilities for setpriv alone, which gives them up together with root.
_FOR_SETPRIV = ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")


@dataclass(frozen=True, kw_only=True)
class SandboxConfig:
    """What a sandbox is made of."""

    directory: Path  #: a directory of its own, for the files that a build sees in place of the system's
    bubblewrap: str = "bwrap"  #: the program, or its name; empty: do without
    uid_base: int = 64000  #: as root, slot N is the user with this number plus N
    tmp_bytes: int = 1_000_000_000  #: the size of the private /tmp, which is memory
    readable: tuple[Path, ...] = ()  #: more of the system to show, read-only: a toolchain in /opt
    jobs: int = 1  #: how many compilers a build may run at one time


class NoBubblewrap(OSError):
    """Bubblewrap is not there, or does not work here, for the reason it gives.  Builds can do without."""

    def __init__(self, reason: str, *, is_there: bool) -> None:
        super().__init__(reason)
        self.is_there = is_there


class Bubblewrap:
    """Makes argument vectors.  ``own_uid``: of commands that run as another user than the builder.

    Raises `NoBubblewrap` where a program that it needs is not there.
    """

    def __init__(self, config: SandboxConfig, *, own_uid: bool) -> None:
        self._config = config
        self._own_uid = own_uid
        self._bwrap = _found(shutil.which(config.bubblewrap), "bubblewrap")
        self._prlimit = _found(shutil.which("prlimit", path=_SYSTEM), "prlimit")
        self._setpriv = _found(shutil.which("setpriv", path=_SYSTEM), "setpriv") if own_uid else ""
        self._systems: dict[int, Mounts] = {}

    def command(
        self, command: Sequence[str], view: View, limits: Limits, *, uid: int | None, options: Sequence[str] = ()
    ) -> list[str]:
        """Return the vector that runs a command, as seen from inside, in a view and under limits.

        ``uid`` is the user it runs as, or None for the builder's; ``options`` are more of bubblewrap's.
        """
        user = [] if self._own_uid else ["--unshare-user"]
        return [
            self._bwrap,
            *_NAMESPACES,
            *user,
            *(_FOR_SETPRIV if self._own_uid else ()),
            *options,
            *self._mounts(view, os.getuid() if uid is None else uid).arguments,
            # The root itself is memory of no bounded size.
            *("--remount-ro", "/", "--chdir", str(SOURCE if view.source else TMP), "--"),
            *self._as_user(uid),
            *bounded(self._prlimit, limits, command),
        ]

    def try_out(self) -> None:
        """Run ``true`` this way.  Raises `NoBubblewrap` where that does not work."""
        uid = self._config.uid_base if self._own_uid else None
        command = self.command(["/usr/bin/true"], View(), Limits(), uid=uid)
        try:
            done = subprocess.run(command, env={}, capture_output=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoBubblewrap(str(error), is_there=True) from error
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise NoBubblewrap(lines[0] if lines else f"exit code {done.returncode}", is_there=True)

    def _as_user(self, uid: int | None) -> list[str]:
        if uid is None or not self._own_uid:
            return []
        user = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all", "--no-new-privs"]
        return [self._setpriv, *user, "--"]

    def _mounts(self, view: View, uid: int) -> Mounts:
        mounts = self._system(uid).copy()
        mounts.directory(HOME, perms="0777")
        for path, at in ((view.source, SOURCE), (view.output, OUTPUT)):
            if path:
                mounts.writable(path, at)
        if view.environment:
            mounts.read_only(view.environment, ENVIRONMENT)
        for path in view.interpreter.directories if view.interpreter else ():
            mounts.read_only(path)
        return mounts

    def _system(self, uid: int) -> Mounts:
        if uid not in self._systems:
            made_up = self._config.directory / f"etc-{uid}"
            write_made_up_files(made_up, uid)
            self._systems[uid] = system_mounts(self._config.readable, made_up, self._config.tmp_bytes)
        return self._systems[uid]


def _found(path: str | None, name: str) -> str:
    if path is None:
        raise NoBubblewrap(f"{name} is not there", is_there=name != "bubblewrap")
    return path
