"""The error that ends a phase: why it failed, as `wire.Failure` will tell it.

Phases raise `PhaseFailed`; `runner` catches it, adds the phase and makes the `BuildResult`.  `reasons` makes most of
them, from how a command ended and what it printed.
"""

from __future__ import annotations

from buildyard.errors import BuildyardError
from buildyard.farm.wire import Failure, FailureKind, PhaseName


class PhaseFailed(BuildyardError):
    """A build failed for a reason of its own.  Tell whoever asked for it; try again only what is transient."""

    def __init__(
        self, kind: FailureKind, reason: str, *, log_line: int | None = None, next: str | None = None, note: str = ""
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason  #: one sentence
        self.log_line = log_line  #: 1-based line of the log that says so
        self.next = next  #: what a person can do
        self.note = note  #: a few words for the phase's record, ``exit code 1``

    def failure(self, phase: PhaseName) -> Failure:
        """Return it as a value, with the phase it happened in."""
        return Failure(kind=self.kind, reason=self.reason, phase=phase, log_line=self.log_line, next=self.next)
