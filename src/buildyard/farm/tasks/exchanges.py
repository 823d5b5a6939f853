"""The exchanges of Taskcluster's queue service."""

from __future__ import annotations

from typing import Final

#: Before the name of every exchange.
PREFIX: Final = "exchange/taskcluster-queue/v1/"

_OF_TASKS: Final = ("defined", "pending", "running", "completed", "failed", "exception", "priority-changed")
_OF_GROUPS: Final = ("resolved", "sealed", "priority-changed")

#: Every exchange.
EXCHANGES: Final = (
    *(f"{PREFIX}task-{name}" for name in _OF_TASKS),
    *(f"{PREFIX}task-group-{name}" for name in _OF_GROUPS),
    f"{PREFIX}artifact-created",
)
