"""Builds, as `getBuild`, `listBuilds`, `listTagged` and `getLatestBuilds` tell them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from buildyard.koji._object import KojiObject, moment
from buildyard.koji.states import BUILD_STATES, state_name


class Build(KojiObject):
    """A build.  Each face has its own class below this one, with the operations that ask the hub."""

    __slots__ = ()

    @property
    def number(self) -> int:
        """Its number: ``id``, which rows of lists lack, or ``build_id``."""
        found: int = self["id"] if "id" in self else self["build_id"]
        return found

    @property
    def started(self) -> datetime | None:
        """When it began; None where nobody knows."""
        return moment(self, "start") or moment(self, "creation")

    @property
    def completed(self) -> datetime | None:
        """When it ended; None while it is building."""
        return moment(self, "completion")

    @property
    def duration(self) -> timedelta | None:
        """How long it took, until now where it is building; None where its beginning is not known."""
        started = self.started
        if started is None:
            return None
        return (self.completed or datetime.fromtimestamp(self.hub.now(), UTC)) - started

    @property
    def state_name(self) -> str:
        """Its state in words, ``COMPLETE``."""
        return state_name(BUILD_STATES, self.get("state"))

    @property
    def url(self) -> str:
        """Its page on the hub's web site."""
        return self._page("buildinfo", "buildID", self.number)

    @property
    def gitbuildhash(self) -> str | None:
        """What follows the last ``#`` of its source: the commit; None where it has none."""
        _, mark, commit = (self.get("source") or "").rpartition("#")
        return commit if mark else None

    @property
    def task_id(self) -> int | None:
        """The task that built it, also where a container build tells it in ``extra`` alone (hubs before 1.32)."""
        found = self.get("task_id")
        if found is None:
            found = (self.get("extra") or {}).get("container_koji_task_id")
        # Some builders wrote it as text.
        return int(found) if isinstance(found, str) and found.isdigit() else found

    @property
    def is_draft(self) -> bool:
        """True where it waits to be promoted."""
        return bool(self.get("draft"))


def is_container(package: Any) -> bool:
    """Return True for the name of a package of containers, whose builds the hub's own average does not cover."""
    return str(package).endswith("-container")
