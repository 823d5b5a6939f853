"""Who listens on a port of this machine, read from the kernel's tables (proc(5), ``/proc/net/tcp``).

Only to tell a person who is in the way; where the tables may not be read, nobody is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

#: The state LISTEN in ``/proc/net/tcp`` (include/net/tcp_states.h).
_LISTEN = "0A"


class Holder(Struct, frozen=True, kw_only=True):
    """A process that listens."""

    pid: int
    arguments: tuple[str, ...]
    directory: str  #: its working directory, '' where that may not be read

    @property
    def command(self) -> str:
        """What it is, in few words: ``buildyard up``, ``nginx``."""
        words = [Path(word).name for word in self.arguments if not word.startswith("-")]
        for number, word in enumerate(words[:2]):
            if word in ("buildyard", "buildyard.cli"):
                return " ".join(["buildyard", *words[number + 1 : number + 2]])
        return words[0] if words else f"process {self.pid}"

    @property
    def is_buildyard(self) -> bool:
        """Tell whether it is one of ours."""
        return self.command.startswith("buildyard")

    @property
    def state(self) -> str:
        """Where a hub of ours keeps its state, as far as its command line tells."""
        given = [word.partition("=")[2] for word in self.arguments if word.startswith("--state=")]
        if "--state" in self.arguments[:-1]:
            given.append(self.arguments[self.arguments.index("--state") + 1])
        return str(Path(self.directory) / (given[-1] if given else ".buildyard"))


def holder_of(port: int, proc: Path = Path("/proc")) -> Holder | None:
    """Return who listens on a TCP port, or None where nobody does or it cannot be known."""
    links = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    if not links:
        return None
    for process in proc.iterdir():
        if process.name.isdigit() and _holds(process, links):
            return _described(process)
    return None


def _listening(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            rows = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            _, local, _, state, *rest = row.split()
            if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                yield rest[5]


def _holds(process: Path, links: set[str]) -> bool:
    try:
        return any(str(entry.readlink()) in links for entry in (process / "fd").iterdir())
    except OSError:  # it ended, or is somebody else's
        return False


def _described(process: Path) -> Holder:
    try:
        arguments = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        directory = str((process / "cwd").readlink())
    except OSError:
        arguments, directory = [], ""
    return Holder(pid=int(process.name), arguments=tuple(filter(None, arguments)), directory=directory)
