"""Tasks for tests: definitions, slugs that read well, and what the log of events says of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from buildyard.farm.events import outbox
from buildyard.farm.tasks import service
from buildyard.farm.tasks.service import Claimed
from buildyard.farm.tasks.times import to_json
from buildyard.taskcluster.slugid import slugId

POOL = "buildyard/linux-x86-64-cp312"
OTHER_POOL = "buildyard/linux-x86-64-cp313"
#: The time in tests that choose it.
NOW = 1_800_000_000.0


def definition(now: float = NOW, **changes: Any) -> dict[str, Any]:
    """A task definition as a client sends it, with an hour to its deadline."""
    return {
        "taskQueueId": POOL,
        "created": to_json(now),
        "deadline": to_json(now + 3600),
        "payload": {},
        "metadata": {"name": "six", "description": "", "owner": "a@example.com", "source": "https://example.com/"},
        **changes,
    }


def make(connection: Connection, now: float = NOW, **changes: Any) -> str:
    """Create a task, pending, and return its id."""
    task_id = slugId()
    service.create(connection, now, task_id, definition(now, **changes))
    return task_id


def claim(connection: Connection, now: float = NOW, worker: str = "yard-1", limit: int = 1) -> list[Claimed]:
    """Claim from the one pool of most tests."""
    return service.claim(connection, now, [POOL], "here", worker, limit)


def running(connection: Connection, now: float = NOW, **changes: Any) -> str:
    """Create a task and claim it; return its id.  Its run is 0."""
    task_id = make(connection, now, **changes)
    (claimed,) = claim(connection, now)
    assert claimed.task_id == task_id
    return task_id


def topics(connection: Connection) -> list[str]:
    """The topics of all events, in order."""
    return [recorded.topic for recorded in outbox.after(connection, 0)]


def last_run(connection: Connection, task_id: str) -> dict[str, Any]:
    run: dict[str, Any] = service.status(connection, task_id)["runs"][-1]
    return run
