"""One function of a service as data: where it lies, what it takes and answers, how it may be repeated.

`_services` (generated) holds one `Route` a function, `_service` sends by it, `buildUrl` looks names up.
Names and routes are those of Taskcluster's API references.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

from buildyard.faces.transport import Timeout
from buildyard.taskcluster.urls import route_names

if TYPE_CHECKING:
    from buildyard.taskcluster import types

AnswerT = TypeVar("AnswerT")

#: What a good answer holds: a JSON object, a list, nothing; ``any`` is for functions that declare no answer.
AnswerKind: TypeAlias = Literal["object", "list", "empty", "any"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[AnswerT]):
    """One function of a service."""

    name: str
    method: str  #: HTTP's
    route: str  #: with ``<param>`` where a value goes
    query: tuple[str, ...] = ()  #: names it takes in the query string
    has_input: bool = False  #: it takes a payload, and needs it
    answer: AnswerKind = "object"
    #: Done twice is as good as done once: it may be sent again when nobody knows whether it arrived.
    idempotent: bool = True
    read_seconds: float = 30.0  #: how long the service may be silent

    @property
    def params(self) -> tuple[str, ...]:
        """The names of the route's parameters, in order."""
        return route_names(self.route)

    @property
    def timeout(self) -> Timeout:
        """How long its request may take."""
        return _timeout(self.read_seconds)

    @property
    def is_paged(self) -> bool:
        """True where an answer may be one page of several."""
        return "continuationToken" in self.query


@functools.cache
def _timeout(read_seconds: float) -> Timeout:
    return Timeout(read=read_seconds)


PING: Route[types.Ping] = Route(name="ping", method="GET", route="/ping")
