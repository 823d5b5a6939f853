"""A task that completes comes into the index, under the paths that its routes name.

Part of `transitions`: in the transaction that resolves the task, so that who hears of its end finds it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from buildyard.farm import taskindex
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.rows import Task


def index_completed(connection: Connection, now: float, ended: Sequence[Task]) -> None:
    """Put those of the tasks that have just ended, and completed, into the index."""
    completed = [task for task in ended if task.state is State.COMPLETED]
    entries = [taskindex.by_routes(task.task_id, task.definition, task.expires) for task in completed]
    taskindex.insert(connection, now, [entry for group in entries for entry in group])
