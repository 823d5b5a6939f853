"""What happened to tasks, runs, artifacts and groups: one typed record for each transition.

Values only.  Whoever writes a transition tells of it (`telling.tell`), in the same transaction: the farm's own log gets
its events, and `pulse` says which of Taskcluster's messages a record is.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from buildyard.farm.tasks.lifecycle import RESOLVED
from buildyard.farm.tasks.rows import Run, Task


class Defined(Struct, frozen=True):
    """A task was created; it is unscheduled still."""

    task: Task


class Change(Struct, frozen=True):
    """A task before a transition, and after it."""

    before: Task
    after: Task

    @property
    def ends(self) -> bool:
        """Whether the task is resolved now and was not before."""
        return self.after.state in RESOLVED and self.before.state not in RESOLVED

    @property
    def moved(self) -> list[Run]:
        """The runs that are new, or in another state, in order."""
        known = self.before.runs
        return [run for run in self.after.runs if run.run_id >= len(known) or run.state is not known[run.run_id].state]


class PriorityChanged(Struct, frozen=True):
    """One task was made more urgent, or less."""

    task: Task  #: afterwards
    old: int  #: its place in `definition.PRIORITIES`


class ArtifactCreated(Struct, frozen=True):
    """An artifact of a run can be read."""

    task: Task
    run: Run
    artifact: dict[str, Any]  #: as lists tell of it


class Group(Struct, frozen=True, kw_only=True):
    """A group of tasks."""

    task_group_id: str
    scheduler_id: str
    expires: float
    sealed: float | None = None  #: since when no task may join it


class GroupSealed(Struct, frozen=True):
    """No task may join this group any more."""

    group: Group


class GroupResolved(Struct, frozen=True):
    """Each task of this group has been resolved at least once."""

    group: Group


class GroupPriorityChanged(Struct, frozen=True):
    """The tasks of this group that were never resolved are more urgent now, or less."""

    group: Group
    new: int  #: its place in `definition.PRIORITIES`
    tasks_affected: int


Happening = Defined | Change | PriorityChanged | ArtifactCreated | GroupSealed | GroupResolved | GroupPriorityChanged
