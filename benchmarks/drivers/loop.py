"""What every driver of the queue benchmark is: commands in, measurements out, a line of JSON each.

A driver is a process of its own, so that each client has its own environment and its own processor time.  This module
needs the standard library alone.  Commands: ``who``; ``post`` (``size`` messages each, ``operations`` times by
``callers``); ``drain`` (claims of ten until nothing is left, ``each`` message deleted by itself or all in one request).
"""

from __future__ import annotations

import json
import sys
import time
from typing import Protocol

#: About 230 bytes as JSON, as a task's message may be.
BODY = {"taskId": "AAAAAAAAAAAAAAAAAAAAAA", "runId": 0, "pool": "buildyard/linux-x86-64-cp312", "note": "x" * 140}
TTL, GRACE, CLAIM = 600, 60, 10


def message() -> dict[str, object]:
    """A message to post."""
    return {"body": BODY, "ttl": TTL}


def shares(operations: int, callers: int) -> list[int]:
    """How many operations each caller does."""
    return [operations // callers + (at < operations % callers) for at in range(callers)]


class Driver(Protocol):
    """What answers commands, by their names."""

    def close(self) -> None:
        """End what it has open."""


def serve(driver: Driver) -> None:
    """Answer the commands of standard input with the methods of this driver, until it ends."""
    for line in sys.stdin:
        command = json.loads(line)
        method = getattr(driver, command.pop("do"))
        wall, cpu = time.perf_counter(), time.process_time()
        told = method(**command)
        measured = {"told": told, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        print(json.dumps(measured), flush=True)
    driver.close()
