"""What builds need of the floor below them, wherever their tasks run.

Two keep it: `service`, the hub's own tasks, and `mirror`, tasks of a Taskcluster that runs elsewhere.  Both leave the
same rows, and builds read those: ``tasks`` and ``runs`` for how far a task is, ``artifacts`` and ``objects`` for what
it left.  So there is nothing here to ask, only to wish for, each in the transaction that has the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Connection


class TaskFloor(Protocol):
    """Keeps the tasks of builds."""

    def create_many(self, connection: Connection, now: float, wanted: Mapping[str, dict[str, Any]]) -> object:
        """Make these tasks, by id; what is made already is not made twice."""
        ...

    def cancel(self, connection: Connection, now: float, task_id: str) -> object:
        """Let nobody begin this task, and whoever works on it stop; one that is resolved stays as it is."""
        ...
