"""The values of the farm's status, as ``buildyard status --json`` and ``/api/farm/v1/status`` give them.

Seconds are numbers, bytes integers, times ISO 8601 in UTC.  Keys are only ever added.  `status` fills these from the
tables, `headline` makes sentences of them.
"""

from __future__ import annotations

from msgspec import Struct, field


class Counts(Struct, frozen=True, kw_only=True):
    """How many builds are in each state that something still follows from."""

    building: int
    queued: int
    blocked: int
    will_retry: int
    failed: int  #: for good, until their source or environment changes
    built: int
    planning: int = 0  #: requests that have not been turned into builds yet


class LastDay(Struct, frozen=True, kw_only=True):
    """What the last 24 hours brought."""

    built: int
    failed: int
    tried_again: int  #: of the failed: how many are tried again by themselves


class Hour(Struct, frozen=True, kw_only=True):
    """One hour of the last 24; the last one is not over."""

    at: str  #: when it began
    built: int
    failed: int
    cause: str = ""  #: the failure kind of at least half of what failed


class QueuedBy(Struct, frozen=True, kw_only=True):
    """Why builds wait, in the planner's order."""

    asked_for: int = 0  #: somebody named the package
    needed: int = 0  #: something asked for depends on it
    new: int = 0  #: a new release
    backfill: int = 0  #: an older one

    @property
    def total(self) -> int:
        """How many wait in all."""
        return self.asked_for + self.needed + self.new + self.backfill


class Pool(Struct, frozen=True, kw_only=True):
    """The work and the slots of one platform."""

    name: str  #: ``linux-x86_64``
    platform: str  #: ``linux_x86_64``
    slots: int  #: of the builders that are there
    busy: int
    queued: QueuedBy
    oldest_s: float | None  #: how long the oldest build has waited
    clear_in_s: float | None  #: from median durations and free slots; None where that is unknown


class Building(Struct, frozen=True, kw_only=True):
    """A build that a builder works on."""

    id: int
    package: str  #: as upstream spells it
    version: str
    abi: str
    platform: str
    phase: str | None
    phase_elapsed_s: float | None
    elapsed_s: float
    usual_s: float | None
    usual_of: str | None  #: ``package``, or ``pool`` where this package was never built
    shares: tuple[float, ...]  #: usual shares of the six phases
    slower: bool  #: clearly beyond what is usual
    builder: str
    started: str
    attempt: int = field(name="try")


class NeedsALook(Struct, frozen=True, kw_only=True):
    """One cause that does not heal by itself, with everything it holds up."""

    id: int  #: of the newest build, or of the request
    state: str  #: failed, blocked, silent
    kind: str = field(name="class")
    final: bool
    reason: str
    next: str
    log_line: int | None
    package: str
    version: str
    abis: tuple[str, ...]
    platforms: tuple[str, ...]
    packages: int  #: how many different packages
    builds: tuple[int, ...]
    request: int | None = None  #: the request that could not be planned
    builder: str = ""  #: the builder that is silent
    at: str = ""  #: when the newest of it happened


class Builder(Struct, frozen=True, kw_only=True):
    """A builder in one line."""

    name: str
    state: str  #: working, silent, gone
    platform: str
    slots: int
    busy: int
    seen: str


class Disk(Struct, frozen=True, kw_only=True):
    """The disk where the state directory lies."""

    free_bytes: int
    total_bytes: int
    floor_bytes: int = 0  #: building pauses below this

    @property
    def is_paused(self) -> bool:
        """Tell whether building waits for room."""
        return self.free_bytes < self.floor_bytes

    @property
    def is_low(self) -> bool:
        """Tell whether less than a tenth is free."""
        return self.free_bytes * 10 < self.total_bytes


class Bus(Struct, frozen=True, kw_only=True):
    """The message bus that events are relayed to."""

    waiting: int  #: messages that it has not confirmed; 10,000 for that many or more
    oldest_s: float | None  #: how long the first of them has waited
    trouble: str = ""  #: why nothing is relayed, in the broker's words or the network's; '' where all is well
    trouble_s: float | None = None  #: for how long


class Wheels(Struct, frozen=True, kw_only=True):
    """What the index holds."""

    files: int
    packages: int
    bytes: int
    newest: str = ""  #: ``markupsafe 3.0.2``, of the newest file


class Status(Struct, frozen=True, kw_only=True):
    """The farm at one moment."""

    schema: int = 1
    at: str
    headline: str = ""
    note: str = ""  #: what stands below the headline
    counts: Counts
    last_24h: LastDay
    hours: tuple[Hour, ...]
    pools: tuple[Pool, ...]
    building: tuple[Building, ...]
    needs_a_look: tuple[NeedsALook, ...]
    builders: tuple[Builder, ...]
    disk: Disk | None
    bus: Bus | None = None  #: None without one
    wheels: Wheels
    asked_ever: bool  #: False on a farm where nobody has asked for anything yet
    last_event: int
