"""What the planner decides: one value for each (package, version, ABI, platform), in one of four states.

`plan` gives these; the hub writes them as rows, the one-shot `buildyard build` acts on them.  A decision's ``state`` is
the word of pages and JSON; its ``reason`` is a sentence for people wherever nothing will be built.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from msgspec import Struct

from buildyard.errors import BuildyardError
from buildyard.farm.builds.states import State
from buildyard.farm.wire import Source


class Decision(Struct, frozen=True, kw_only=True):
    """What all decisions tell."""

    state: ClassVar[State]

    package: str  #: as upstream spells it
    version: str | None  #: None where none could be chosen
    abi: str
    platform: str


class Wanted(Decision, frozen=True, kw_only=True, tag="wanted"):
    """It is to be built."""

    state: ClassVar[State] = State.QUEUED

    version: str
    source: Source
    requires_python: str | None = None
    source_date_epoch: int  #: when the source was uploaded, in seconds since 1970
    upstream_has_none: bool = False  #: upstream's own wheels of it all have the ABI tag ``none``
    waits_for: str | None = None  #: the ABI that is built first, as its wheel may serve this one too

    @property
    def waits_for_first(self) -> bool:
        """True if another ABI of this version is built first."""
        return self.waits_for is not None


class Covered(Decision, frozen=True, kw_only=True, tag="covered"):
    """A wheel that is there already serves it."""

    state: ClassVar[State] = State.COVERED

    version: str
    by: str  #: the wheel's file name

    @property
    def reason(self) -> str:
        """The rule, for people."""
        return f"{self.by} serves it"


class LeftToUpstream(Decision, frozen=True, kw_only=True, tag="left_to_upstream"):
    """Upstream has a wheel for it, and no source."""

    state: ClassVar[State] = State.LEFT_TO_UPSTREAM

    version: str
    by: str  #: the name of upstream's wheel
    reason: str


class NotWanted(Decision, frozen=True, kw_only=True, tag="not_wanted"):
    """A rule says that it is not to be built."""

    state: ClassVar[State] = State.NOT_WANTED

    version: str | None = None
    reason: str  #: ``Requires-Python is >=3.10, this is 3.9``


AnyDecision = Wanted | Covered | LeftToUpstream | NotWanted


class Plan(Struct, frozen=True, kw_only=True):
    """All decisions about one requirement, in the order of the ABIs."""

    package: str  #: as upstream spells it
    decisions: tuple[AnyDecision, ...]

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """What is to be built; those that others wait for come first."""
        found = [one for one in self.decisions if isinstance(one, Wanted)]
        return tuple(sorted(found, key=lambda one: one.waits_for_first))

    @property
    def left_out(self) -> tuple[AnyDecision, ...]:
        """What is not to be built, for whatever reason."""
        return tuple(one for one in self.decisions if not isinstance(one, Wanted))


class UnknownVersion(BuildyardError):
    """Upstream has the package, but no release of it matches.  Ask for one of ``newest``, or for any."""

    def __init__(self, package: str, specifier: str, newest: Iterable[str]) -> None:
        self.package = package
        self.specifier = specifier  #: ``==99``, or nothing
        self.newest = tuple(newest)  #: the newest versions there are, newest first
        what = f"no version of {package} matches {specifier}" if specifier else f"{package} has no release"
        super().__init__(f"{what}; the newest are {', '.join(self.newest)}" if self.newest else what)
