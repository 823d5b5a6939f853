"""What the hub answers, as far as the terminal reads it.

Keys are only ever added to an answer, and a terminal may be older or newer than its hub, so these values take what
they know and ignore the rest.  `client` decodes them; `progress` and the reports read them.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

#: States in which nothing more happens to a build by itself.
SETTLED = frozenset({"built", "blocked", "failed", "covered", "left_to_upstream", "skipped", "not_wanted"})

#: States that mean that there was nothing to build.
LEFT_OUT = frozenset({"covered", "left_to_upstream", "skipped", "not_wanted"})


class Ping(Struct, frozen=True, kw_only=True):
    """Who answers."""

    alive: bool
    version: str = ""
    state_id: str = ""


class BuildAnswer(Struct, frozen=True, kw_only=True):
    """One build at one moment."""

    id: int = 0
    package: str  #: as upstream spells it
    version: str = ""
    abi: str
    platform: str = ""
    state: str
    reason: str = ""
    next: str = ""
    kind: str = ""
    log_line: int | None = None
    phase: str | None = None
    elapsed_s: float | None = None
    usual_s: float | None = None
    builder: str = ""
    filename: str | None = None
    is_published: bool = True  #: False for one that is built while the index does not show its wheel yet
    covered_by: str | None = None
    try_at: str | None = None  #: ISO 8601, UTC
    top_level: bool = True
    log: str = ""  #: where its log lies, of a build without a hub

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing more happens to it by itself."""
        return self.state in SETTLED and self.is_published


class RequestAnswer(Struct, frozen=True, kw_only=True):
    """A request and what it came to."""

    id: int
    state: str  #: asked, planned, failed
    reason: str = ""
    requirements: tuple[str, ...] = ()
    detail: dict[str, Any] = {}
    builds: tuple[BuildAnswer, ...] = ()


class Interpreter(Struct, frozen=True, kw_only=True):
    """An interpreter of a builder."""

    abi: str
    usable: bool = True
    reason: str = ""
    compiles: bool = True


class BuilderAnswer(Struct, frozen=True, kw_only=True):
    """A builder at one moment."""

    name: str
    state: str  #: working, silent, gone
    platform: str = ""
    slots: int = 0
    busy: int = 0
    interpreters: tuple[Interpreter, ...] = ()
    sandbox: str = ""
    seen: str = ""  #: ISO 8601, UTC


class EventAnswer(Struct, frozen=True, kw_only=True):
    """Something that happened."""

    id: int
    topic: str
    at: float  #: seconds since 1970
    summary: str
    subject: str = ""
    body: dict[str, Any] = {}


class Events(Struct, frozen=True, kw_only=True):
    """A piece of the log of events."""

    events: tuple[EventAnswer, ...]
    last: int  #: ask for what follows this number


class ExplainLine(Struct, frozen=True, kw_only=True):
    """Why the builds of some ABIs are as they are."""

    state: str
    abis: tuple[str, ...]
    text: str = ""


class ExplainPlatform(Struct, frozen=True, kw_only=True):
    """The lines of platforms of which the same is to say."""

    platforms: tuple[str, ...]  #: tags, ``linux_x86_64``
    lines: tuple[ExplainLine, ...]


class ExplainVersion(Struct, frozen=True, kw_only=True):
    """One version of a package."""

    version: str
    released: str | None = None  #: ISO 8601, UTC
    requires_python: str | None = None
    platforms: tuple[ExplainPlatform, ...] = ()


class ExplainRefused(Struct, frozen=True, kw_only=True):
    """A request that could not be planned because of the package."""

    request: int
    requirements: tuple[str, ...]
    reason: str


class Explained(Struct, frozen=True, kw_only=True):
    """What is known of a package, newest version first."""

    package: str
    versions: tuple[ExplainVersion, ...] = ()
    refused: tuple[ExplainRefused, ...] = ()  #: newest first
