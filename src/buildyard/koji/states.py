"""The numbers that a hub has for states, and their words (koji: ``koji/__init__.py``, `TASK_STATES` and others)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class TaskState(IntEnum):
    """What a task is doing."""

    FREE = 0
    OPEN = 1
    CLOSED = 2
    CANCELED = 3
    ASSIGNED = 4
    FAILED = 5


class BuildState(IntEnum):
    """What became of a build."""

    BUILDING = 0
    COMPLETE = 1
    DELETED = 2
    FAILED = 3
    CANCELED = 4


class RepoState(IntEnum):
    """What a repository is good for."""

    INIT = 0
    READY = 1
    EXPIRED = 2
    DELETED = 3
    PROBLEM = 4


TASK_STATES: Mapping[int, str] = {state.value: state.name for state in TaskState}
BUILD_STATES: Mapping[int, str] = {state.value: state.name for state in BuildState}
REPO_STATES: Mapping[int, str] = {state.value: state.name for state in RepoState}

#: States after which nothing more happens to a task.
DONE = frozenset({TaskState.CLOSED, TaskState.CANCELED, TaskState.FAILED})


def state_name(names: Mapping[int, str], number: int | None) -> str:
    """Return the word for a state; a number that nobody knows is told as it is."""
    return names.get(number, f"(unknown state {number})") if number is not None else "(no state)"
