"""Which method answers with what: rows become builds, tasks and so on, of the face's own classes.

`_core` asks it on the way out (`Kinds.asked`), as some answers lack what the objects need unless it is asked for, and
on the way back (`Kinds.objects`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from buildyard.koji._multicall import Call
from buildyard.koji._object import KojiObject
from buildyard.koji.build import Build
from buildyard.koji.channel import Channel
from buildyard.koji.package import Package
from buildyard.koji.tag import Tag
from buildyard.koji.target import Target
from buildyard.koji.task import Task
from buildyard.koji.user import User

if TYPE_CHECKING:
    from buildyard.koji._core import AsyncKoji

#: The field of `Kinds` for each method whose rows are objects.
_KIND_OF = {
    **dict.fromkeys(("getBuild", "listBuilds", "listTagged", "getLatestBuilds"), "build"),
    **dict.fromkeys(("getTaskInfo", "listTasks", "getTaskChildren"), "task"),
    **dict.fromkeys(("getChannel", "listChannels"), "channel"),
    "getPackage": "package",
    **dict.fromkeys(("getTag", "listTags"), "tag"),
    **dict.fromkeys(("getUser", "getLoggedInUser", "listUsers"), "user"),
    **dict.fromkeys(("getBuildTarget", "getBuildTargets"), "target"),
}

#: Where ``request`` stands among the arguments: a task is of little use without.
_ASKS_REQUEST = {"getTaskInfo": 1, "getTaskChildren": 1, "getTaskDescendents": 1}
_PAGED = frozenset({"countAndFilterResults", "filterResults"})


@dataclass(frozen=True, slots=True)
class Kinds:
    """A face's classes."""

    build: type[Build]
    task: type[Task]
    channel: type[Channel]
    package: type[Package]
    tag: type[Tag]
    user: type[User]
    target: type[Target]

    def asked(self, call: Call) -> Call:
        """Return the call as it is sent: for tasks with their requests, unless it says otherwise."""
        place = _ASKS_REQUEST.get(call.method)
        if place is not None:
            is_said = len(call.args) > place or "request" in call.kwargs
            return call if is_said else replace(call, kwargs={**call.kwargs, "request": True})
        return _decoded(call) if call.method == "listTasks" else call

    def objects(self, core: AsyncKoji, call: Call, answer: Any) -> Any:
        """Return a method's answer with its rows as objects; whatever else it holds stays as it is."""
        if call.method in _PAGED and call.args:
            return self._page(core, str(call.args[0]), answer)
        kind = _KIND_OF.get(call.method)
        if kind is not None:
            return _made(getattr(self, kind), core, answer)
        other = _OTHERS.get(call.method)
        return other(self, core, answer) if other else answer

    def _page(self, core: AsyncKoji, method: str, answer: Any) -> Any:
        kind = _KIND_OF.get(method)
        if kind is None or not isinstance(answer, list):
            return answer
        if len(answer) == 2 and isinstance(answer[0], int):
            return [answer[0], _made(getattr(self, kind), core, answer[1])]
        return _made(getattr(self, kind), core, answer)


def _decoded(call: Call) -> Call:
    if call.args:
        given, *others = call.args
        return replace(call, args=({**(given or {}), "decode": True}, *others))
    return replace(call, kwargs={**call.kwargs, "opts": {**(call.kwargs.get("opts") or {}), "decode": True}})


def _made(cls: type[KojiObject], core: AsyncKoji, answer: Any) -> Any:
    if isinstance(answer, list):
        return [cls(row, core) if isinstance(row, dict) else row for row in answer]
    return cls(answer, core) if isinstance(answer, dict) else answer


def _descendents(kinds: Kinds, core: AsyncKoji, answer: Any) -> Any:
    """Return all tasks below one, from the children of each by number, which is how a hub tells a tree."""
    if not isinstance(answer, Mapping):
        return answer
    found = {row["id"]: row for children in answer.values() for row in children}
    return [kinds.task(row, core) for row in found.values()]


def _duration(_: Kinds, __: AsyncKoji, answer: Any) -> Any:
    return timedelta(seconds=answer) if isinstance(answer, (int, float)) else answer


_OTHERS: dict[str, Callable[[Kinds, AsyncKoji, Any], Any]] = {
    "getTaskDescendents": _descendents,
    "getAverageBuildDuration": _duration,
}
