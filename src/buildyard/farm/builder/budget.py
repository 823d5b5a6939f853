"""What one run of a build may still use, and what it has used so far.

One `Budget` goes through all phases of a run; `process` charges each command to it and ends the command at the first
limit it reaches.  `reasons` turns a `Hit` into words.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from buildyard.farm.wire import Limits


class Hit(StrEnum):
    """Why a command was killed."""

    WALL = "wall"  #: `Limits.wall_s`, over all phases
    IDLE = "idle"  #: `Limits.idle_s`
    OUTPUT = "output"  #: `Limits.output_bytes`, over all phases
    DISK = "disk"  #: `Limits.disk_bytes`
    DISK_FLOOR = "disk_floor"  #: the builder's own disk is nearly full
    PROCESSES = "processes"  #: `Limits.processes`
    MEMORY_FLOOR = "memory_floor"  #: the machine's memory is nearly used up, and this build holds much of it
    BABBLE = "babble"  #: it said more over its control channel than makes sense
    STOPPED = "stopped"  #: somebody wants it to end


@dataclass(kw_only=True)
class Budget:
    """The limits of one run, with its meters."""

    limits: Limits = field(default_factory=Limits)
    disk_floor_bytes: int = 0  #: of the builder's disk; below this, no build goes on
    memory_floor_bytes: int = 0  #: of the machine's memory, likewise
    stop: threading.Event = field(default_factory=threading.Event)  #: set by another thread: end at once
    clock: Callable[[], float] = time.monotonic
    output_bytes: int = 0  #: printed so far
    cpu_s: float = 0.0  #: used so far, by commands that have ended
    peak_memory_bytes: int = 0  #: the most that one command and its descendants held
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return self.clock() - self.started

    @property
    def left_s(self) -> float:
        """Seconds until `Limits.wall_s`."""
        return self.limits.wall_s - self.elapsed_s

    def hit(self) -> Hit | None:
        """Return the limit that is reached already, if one is."""
        if self.stop.is_set():
            return Hit.STOPPED
        if self.output_bytes > self.limits.output_bytes:
            return Hit.OUTPUT
        return Hit.WALL if self.left_s <= 0 else None
