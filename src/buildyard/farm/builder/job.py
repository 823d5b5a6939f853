"""One run of a build in its slot: what all phases of it share.

`runner` makes a `Job` for each run and hands it from phase to phase.  `Rooms` are the slot's directories; their paths
are the same for each run of a slot, so that one that was killed leaves nothing that the next does not clear away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildyard.farm.builder import disk, reasons
from buildyard.farm.builder.budget import Budget, Hit
from buildyard.farm.builder.disk import remove_tree
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.sandbox import Sandbox
from buildyard.farm.builder.view import View
from buildyard.farm.wire import BuildPayload


@dataclass(frozen=True)
class Rooms:
    """The directories of one slot."""

    root: Path

    @property
    def unpacked(self) -> Path:
        """Where the source archive is unpacked; it holds the one directory that is the source."""
        return self.root / "unpacked"

    @property
    def output(self) -> Path:
        """Where the backend leaves the wheel."""
        return self.root / "output"

    @property
    def scratch(self) -> Path:
        """Temporary files and home, where no sandbox makes them."""
        return self.root / "scratch"

    @contextmanager
    def opened(self, *, passable: bool) -> Iterator[None]:
        """Make them, empty; remove them with all that is in them at the end.

        ``passable``: other users may pass through ``root``, as unconfined builds with a user of their own must.
        """
        remove_tree(self.root)
        self.root.mkdir(parents=True)
        self.root.chmod(0o711 if passable else 0o700)
        for room in (self.unpacked, self.output, self.scratch):
            room.mkdir()
        try:
            yield
        finally:
            remove_tree(self.root)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of a build."""

    payload: BuildPayload
    interpreter: Interpreter
    slot: int
    rooms: Rooms
    sandbox: Sandbox
    budget: Budget
    log: Log

    def check_limits(self) -> None:
        """Raise `PhaseFailed` where the run has reached a limit; for work that no command does."""
        hit = self.budget.hit()
        if hit is None and disk.free_bytes(self.rooms.root) < self.budget.disk_floor_bytes:
            hit = Hit.DISK_FLOOR
        if hit is not None:
            raise reasons.of_hit(hit, self.budget)

    def view(self, source: Path | None, environment: Path | None) -> View:
        """Return what the build's own commands see."""
        return View(
            source=source,
            output=self.rooms.output,
            environment=environment,
            scratch=self.rooms.scratch,
            interpreter=self.interpreter,
        )
