"""Tasks, as `getTaskInfo`, `listTasks`, `getTaskChildren` and messages tell them.

Tasks of every method have the same properties (`Task.package`, `tag`, `target`, ...), however their requests differ;
`_parameters` knows where in a request each thing is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from buildyard.koji._object import KojiObject, moment, name_or_number
from buildyard.koji._parameters import by_name, request_list
from buildyard.koji._row import Row
from buildyard.koji.states import DONE, TASK_STATES, state_name

_NVR = re.compile(r"(?P<name>[^/\s]+)-[^-/\s]+-[^-/\s]+\Z")
_SCM_WITH_MODULES = frozenset({"cvs", "cvs+ssh", "svn", "svn+ssh", "svn+http", "svn+https"})

#: In these places of a request stands a tag, a target, a package, or what a package is built from.
_TAGS = ("tag", "root", "build_tag", "tag_id", "tag_info")
_TARGETS = ("target", "build_target", "target_info")
_SOURCES = ("src", "pkg", "url", "srpm", "source_url")
_NAMED = ("build", "build_info")
#: Their ``name`` is a virtual machine's.
_NAMES_MACHINE = frozenset({"winbuild", "vmExec"})


class Task(KojiObject):
    """A task.  Each face has its own class below this one, with the operations that ask the hub."""

    __slots__ = ()

    @property
    def created(self) -> datetime | None:
        """When it was made; None where its hub did not say, as in the message that it is free."""
        return moment(self, "create")

    @property
    def started(self) -> datetime | None:
        """When a builder began with it; None before."""
        return moment(self, "start")

    @property
    def completed(self) -> datetime | None:
        """When it ended, well or not; None before."""
        return moment(self, "completion")

    @property
    def duration(self) -> timedelta | None:
        """How long it took, until now where it runs; None before it began."""
        started = self.started
        if started is None:
            return None
        return (self.completed or datetime.fromtimestamp(self.hub.now(), UTC)) - started

    @property
    def state_name(self) -> str:
        """Its state in words, ``OPEN``."""
        return state_name(TASK_STATES, self.get("state"))

    @property
    def is_done(self) -> bool:
        """True where nothing more will happen to it."""
        return self.get("state") in DONE

    @property
    def url(self) -> str:
        """Its page on the hub's web site."""
        return self._page("taskinfo", "taskID", self["id"])

    @property
    def params(self) -> list[Any]:
        """Its request: the parameters by place, as its builder gets them; empty where the hub told none."""
        return request_list(self.get("request"))

    @property
    def arguments(self) -> Row:
        """Its request by the names of the parameters, ``src`` and ``target`` of a build."""
        return by_name(self.get("method", ""), self.params)

    @property
    def _options(self) -> Mapping[str, Any]:
        found = self.arguments.get("opts")
        return found if isinstance(found, Mapping) else {}

    def _first(self, places: tuple[str, ...]) -> Any:
        # An indirection image has everything among its options.
        arguments = {**self._options, **self.arguments} if self.get("method") == "indirectionimage" else self.arguments
        return next((arguments[place] for place in places if arguments.get(place) is not None), None)

    @property
    def arch(self) -> str | None:
        """The one architecture that it is asked for; None where its request names none, or several.

        ``task["arch"]`` is what the hub schedules it for, mostly ``noarch``.
        """
        found = self._first(("arch",))
        return found if isinstance(found, str) else None

    @property
    def arches(self) -> list[str]:
        """The architectures that it is asked for."""
        several = self._first(("arches",))
        if isinstance(several, str):
            return several.split()
        return list(several) if several else [self.arch] if self.arch else []

    @property
    def build_id(self) -> int | None:
        """The build that is tagged, or that a notification or a wrapper is about; None for other tasks."""
        found = self._first(("build_id", *_NAMED))
        number: int | None = found.get("id", found.get("build_id")) if isinstance(found, Mapping) else found
        return number

    @property
    def is_scratch(self) -> bool:
        """True where what it builds is thrown away."""
        arguments = self.arguments
        return any(
            bool(value.get("scratch")) for value in (arguments, *arguments.values()) if isinstance(value, Mapping)
        )

    @property
    def tag(self) -> str | int | None:
        """The tag that it builds in, or is about: its name, or its number where the hub tells no more."""
        return name_or_number(self._first(_TAGS))

    @property
    def target(self) -> str | int | None:
        """The target that it is for."""
        return name_or_number(self._first(_TARGETS))

    @property
    def source(self) -> str | None:
        """What it builds from: an address in a repository, a source package, or a build's name."""
        found = self._first(_SOURCES)
        return found if isinstance(found, str) else None

    @property
    def package(self) -> str | None:
        """The name of the package that it is about; None where there is none, or nobody can tell."""
        method, named = self.get("method"), self._first(_NAMED)
        if isinstance(named, Mapping):
            found: str | None = named.get("name") or named.get("package_name")
            return found
        name = None if method in _NAMES_MACHINE else self._first(("name",))
        if isinstance(name, str):
            return name
        return package_of(self.source, is_container=method == "buildContainer") if self.source else None


def package_of(source: str, *, is_container: bool = False) -> str | None:
    """Return the package that a source is of: an address, the path of a source package, or a name-version-release.

    None where the source does not say.
    """
    if source.endswith(".src.rpm"):
        return _name_of(source.removesuffix(".src.rpm").rpartition("/")[2])
    if "://" not in source:
        return _name_of(source)
    parts = urlsplit(source)
    path = parts.query if parts.scheme in _SCM_WITH_MODULES and parts.query else parts.path
    name = path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return (f"{name}-container" if is_container else name) or None


def _name_of(nvr: str) -> str | None:
    found = _NVR.match(nvr)
    return found["name"] if found else None
