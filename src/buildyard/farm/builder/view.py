"""What a confined command sees of its build: directories, paths inside, environment variables.  Pure.

`sandbox` takes a `View` with the directories as they are on the machine; `inside` gives it as the command sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from buildyard.farm.builder.interpreters import Interpreter

#: Where a build's directories are seen: the same for every build, so that the same source gives the same wheel.
SOURCE, OUTPUT, ENVIRONMENT, HOME = Path("/tmp/b"), Path("/tmp/o"), Path("/tmp/e"), Path("/tmp/home")  # noqa: S108
TMP = Path("/tmp")  # noqa: S108 - a private one

#: Zip files know no time before, and some backends fail for one.
_OLDEST = 315_532_800  # 1980-01-01

_PROGRAMS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True, kw_only=True)
class View:
    """What a command sees of its build.  ``None`` is not seen."""

    source: Path | None = None  #: writable; where the command starts
    output: Path | None = None  #: writable
    environment: Path | None = None  #: a virtual environment, read-only
    scratch: Path | None = None  #: writable; temporary files and home, where there is no bubblewrap to make them
    interpreter: Interpreter | None = None  #: read-only, at its original path: its RUNPATH names it

    @property
    def writable(self) -> tuple[Path, ...]:
        """The directories that a limit on disk use bounds."""
        return tuple(path for path in (self.source, self.output, self.scratch) if path)

    def inside(self) -> View:
        """Return it as bubblewrap shows it."""
        return replace(
            self,
            source=self.source and SOURCE,
            output=self.output and OUTPUT,
            environment=self.environment and ENVIRONMENT,
            scratch=TMP,
        )


def variables(seen: View, home: Path, *, epoch: int, jobs: int) -> dict[str, str]:
    """Return the whole environment of a command that sees this, from inside.

    ``epoch`` is the time that archives get (SOURCE_DATE_EPOCH); ``jobs`` how many compilers may run at one time.
    """
    own = [str(seen.environment / "bin")] if seen.environment else []
    return {
        "PATH": ":".join((*own, *_PROGRAMS)),
        "HOME": str(home),
        "TMPDIR": str(seen.scratch or TMP),
        "LANG": "C.UTF-8",
        "SOURCE_DATE_EPOCH": str(max(epoch, _OLDEST)),
        # Sets are written out in the order of their hashes by some generators of code.
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
        # What looks for the network fails at once rather than after its time-outs.
        "PIP_NO_INDEX": "1",
        "CARGO_NET_OFFLINE": "true",
        "GIT_ALLOW_PROTOCOL": "file",
        "MAX_JOBS": str(jobs),
        "MAKEFLAGS": f"-j{jobs}",
        "CMAKE_BUILD_PARALLEL_LEVEL": str(jobs),
        "CARGO_BUILD_JOBS": str(jobs),
        **({"VIRTUAL_ENV": str(seen.environment)} if seen.environment else {}),
    }
