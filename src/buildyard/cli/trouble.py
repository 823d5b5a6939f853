"""What went wrong, in the one form every command uses, and the exit codes.

``error: what``, then facts, then what to do next.  A command raises `Trouble`, or lets another typed error through;
`causes` next door turns those into `Trouble` too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

from buildyard.cli.palette import Palette
from buildyard.errors import BuildyardError

#: Names of facts are at least this wide, so that short errors line up with each other.
_NAME_WIDTH = 7


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0  #: also `up` and `builder` stopped by Ctrl-C or TERM
    FAILED = 1  #: it ran, and something asked for failed
    WRONG_USE = 2  #: unknown option, package or version
    UNREACHABLE = 3  #: the hub or the upstream index cannot be reached
    NOT_ALLOWED = 4  #: no credential, an ended one, or a scope is missing
    TIMED_OUT = 124  #: ``--timeout`` passed
    INTERRUPTED = 130  #: before the end


class Trouble(BuildyardError):
    """A command cannot do what it was asked; `facts` say what is known and `next` what helps."""

    def __init__(
        self,
        what: str,
        *,
        code: str,
        exit_code: int = ExitCode.FAILED,
        facts: Mapping[str, str] | None = None,
        next: Sequence[str] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.code = code
        self.exit_code = exit_code
        self.facts = dict(facts or {})
        self.next = tuple(next)

    def body(self) -> dict[str, object]:
        """Return the error as ``--json`` prints it."""
        return {"error": {"code": self.code, "what": self.what, "facts": self.facts, "next": list(self.next)}}

    def lines(self, palette: Palette) -> list[str]:
        """Return the error as a person reads it."""
        rows = [(name, value) for name, value in self.facts.items() if value]
        rows += [("next" if number == 0 else "", text) for number, text in enumerate(self._alternatives())]
        width = max([_NAME_WIDTH, *(len(name) for name, _ in rows)])
        told = [f"  {palette.dim(name.ljust(width))} {value}" for name, value in rows]
        return [f"{palette.paint('bad', 'error:')} {self.what}", *told]

    def _alternatives(self) -> list[str]:
        *others, last = self.next or ("",)
        return [f"{other}, or" for other in others] + ([last] if last else [])
