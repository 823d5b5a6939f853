"""Run one command without bubblewrap and end its descendants with it.  A program of its own, standard library only.

Run as ``python -I -S _supervisor.py JSON``.  The JSON holds ``command``, ``cwd``, ``limits`` (RLIMIT numbers to soft
and hard values), ``processes`` (how many more than the user has now) and ``uid`` (or null).  Orphans of the command
become this program's children (PR_SET_CHILD_SUBREAPER), so none escapes by a session of its own; all are killed when
the command ends, on SIGTERM, and when the builder dies.  Exit code: the command's, or 128 plus its signal.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class _Told(Exception):
    pass


def _tell(number: int, frame: object) -> None:
    raise _Told


def _main() -> int:
    parent = os.getppid()
    order = json.loads(sys.argv[1])
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGTERM, _tell)
    status = 128 + signal.SIGTERM
    try:
        if os.getppid() != parent:
            return status
        status = _wait_for(_fork(order))
    except _Told:
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _kill_descendants()
    return status


def _fork(order: dict) -> int:  # type: ignore[type-arg]
    child = os.fork()
    if child:
        return child
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _become(order)
        command = order["command"]
        os.execvp(command[0], command)  # noqa: S606 - an argument list, no shell
    except BaseException as error:
        print(f"cannot run {order['command']}: {error}", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(127)


def _become(order: dict) -> None:  # type: ignore[type-arg]
    # The user is changed before the number of its processes is counted and bounded.
    if order["uid"] is not None:
        os.setgroups([])
        os.setgid(order["uid"])
        os.setuid(order["uid"])
    for number, (soft, hard) in order["limits"].items():
        resource.setrlimit(int(number), (soft, hard))
    if os.getuid():
        most = order["processes"] + _tasks_of(os.getuid())
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    os.chdir(order["cwd"])


def _wait_for(command: int) -> int:
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == command:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _kill_descendants() -> None:
    # A stopped process forks no more and still counts against its user's limit, so this catches a fork bomb up.
    stopped: set[int] = set()
    while fresh := _descendants() - stopped:
        _send(fresh, signal.SIGSTOP)
        stopped |= fresh
    while left := _descendants():
        _send(left, signal.SIGKILL)
        _reap()
        time.sleep(0.002)
    _reap()


def _descendants() -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, fields in _processes():
        if fields[0] != b"Z":
            children.setdefault(int(fields[1]), []).append(pid)
    found = list(children.get(os.getpid(), ()))
    for pid in found:  # grows while it is walked
        found.extend(children.get(pid, ()))
    return set(found)


def _send(pids: set[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _tasks_of(uid: int) -> int:
    total = 0
    for pid, fields in _processes():
        try:
            if os.stat(f"/proc/{pid}").st_uid == uid:  # noqa: PTH116 - pathlib is not imported here
                total += int(fields[17])
        except OSError:
            continue
    return total


def _processes() -> list[tuple[int, list[bytes]]]:
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - likewise
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - likewise
                    text = file.read()
            except OSError:
                continue
            found.append((int(name), text[text.rfind(b")") + 2 :].split()))
    return found


if __name__ == "__main__":
    sys.exit(_main())
