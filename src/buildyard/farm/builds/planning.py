"""A whole request, planned: what was asked for and what that needs at run time, as decisions for each interpreter.

Where upstream and uv are asked, for the hub and for the one-shot command alike; what is then decided is `plan`'s, which
is pure.  Interpreters that need the same version of a package are planned together, since one wheel may serve them all.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct, structs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from buildyard.farm.abi import Abi
from buildyard.farm.builds.decisions import AnyDecision, NotWanted, UnknownVersion, Wanted
from buildyard.farm.builds.plan import Existing, plan
from buildyard.farm.builds.requirements import parse_requirement
from buildyard.farm.builds.resolve import Resolution, Resolver, Target
from buildyard.farm.builds.uv import Unsatisfiable
from buildyard.farm.upstream.pages import Page
from buildyard.farm.upstream.simple import SimpleClient
from buildyard.farm.wire import InterpreterInfo

#: How many pages are asked for at one time.
_PAGES_AT_ONCE = 8

#: What the farm has of a package already, by its normalised name.
ExistingOf = Callable[[str], Awaitable[Sequence[Existing]]]


class Planned(Struct, frozen=True, kw_only=True):
    """One decision, as a request has it."""

    decision: AnyDecision
    top_level: bool = True  #: asked for by name, not as a dependency


@dataclass(frozen=True)
class Asked:
    """What is to be planned."""

    requirements: Sequence[str]  #: PEP 508
    interpreters: Mapping[str, Sequence[InterpreterInfo]]  #: by platform
    deps: bool = True


class RequestPlanner:
    """Plans requests against one upstream."""

    def __init__(self, upstream: SimpleClient, resolver: Resolver, existing: ExistingOf) -> None:
        self._upstream = upstream
        self._resolver = resolver
        self._existing = existing
        self._gate = asyncio.Semaphore(_PAGES_AT_ONCE)

    async def plan(self, asked: Asked) -> list[Planned]:
        """Return a decision for each package and interpreter the request comes to.

        Raises `BadRequirement`, `UnknownPackage`, `UnknownVersion`, the resolver's errors, and `UpstreamUnreachable`,
        which passes.
        """
        requirements = [parse_requirement(text) for text in asked.requirements]
        # A name that does not exist is told at once, and by itself, not as a conflict of the resolver's.
        await self._pages(one.name for one in requirements)
        found: list[Planned] = []
        for platform, interpreters in asked.interpreters.items():
            found += await self._plan_platform(requirements, platform, list(interpreters), deps=asked.deps)
        return _once(_with_versions(found))

    async def _plan_platform(
        self, requirements: list[Requirement], platform: str, interpreters: list[InterpreterInfo], *, deps: bool
    ) -> list[Planned]:
        if not deps:
            return await self._plan_top(requirements, platform, interpreters)
        targets = [Target(abi=one.abi, python_version=one.version, platform=platform) for one in interpreters]
        answers = await self._resolver.resolve(requirements, targets)
        solved = {abi: answer for abi, answer in answers.items() if isinstance(answer, Resolution)}
        unsolved = {abi: answer for abi, answer in answers.items() if isinstance(answer, Unsatisfiable)}
        found = await self._plan_resolved(requirements, platform, interpreters, solved)
        left = [one for one in interpreters if one.abi in unsolved]
        return found + [_refused(one, unsolved) for one in await self._plan_top(requirements, platform, left)]

    async def _plan_top(
        self, requirements: list[Requirement], platform: str, interpreters: list[InterpreterInfo]
    ) -> list[Planned]:
        if not interpreters:
            return []
        plans = [await self._decide(one, platform, interpreters) for one in requirements]
        return [Planned(decision=decision) for decisions in plans for decision in decisions]

    async def _plan_resolved(
        self,
        requirements: list[Requirement],
        platform: str,
        interpreters: list[InterpreterInfo],
        solved: Mapping[str, Resolution],
    ) -> list[Planned]:
        needed: dict[tuple[str, str], list[InterpreterInfo]] = defaultdict(list)
        for interpreter in interpreters:
            for name, version in solved[interpreter.abi].versions.items() if interpreter.abi in solved else ():
                needed[name, version].append(interpreter)
        await self._pages(name for name, _ in needed)
        top = {canonicalize_name(one.name) for one in requirements}
        found: list[Planned] = []
        for (name, version), those in needed.items():
            decisions = await self._decide(Requirement(f"{name}=={version}"), platform, those)
            found += [Planned(decision=one, top_level=name in top) for one in decisions]
        return found + await self._not_needed(requirements, platform, interpreters, solved)

    async def _not_needed(
        self,
        requirements: list[Requirement],
        platform: str,
        interpreters: list[InterpreterInfo],
        solved: Mapping[str, Resolution],
    ) -> list[Planned]:
        """Say of what was asked for why an interpreter does not get it: a marker that is not true for it."""
        found: list[Planned] = []
        for one in requirements:
            name = canonicalize_name(one.name)
            without = [it for it in interpreters if it.abi in solved and name not in solved[it.abi].versions]
            if without:
                found += [Planned(decision=decision) for decision in await self._decide(one, platform, without)]
        return found

    async def _decide(
        self, requirement: Requirement, platform: str, interpreters: Iterable[InterpreterInfo]
    ) -> Sequence[AnyDecision]:
        page = await self._page(requirement.name)
        existing = await self._existing(canonicalize_name(requirement.name))
        those = list(interpreters)
        try:
            return plan(requirement, page, those, platform, existing=existing).decisions
        except UnknownVersion:
            # It may have been released since the page was kept.
            fresh = await self._upstream.page(requirement.name, refresh=True)
            return plan(requirement, fresh, those, platform, existing=existing).decisions

    async def _pages(self, names: Iterable[str]) -> None:
        """Fetch these pages side by side; each is fresh afterwards and costs nothing more."""
        await asyncio.gather(*(self._page(name) for name in dict.fromkeys(names)))

    async def _page(self, name: str) -> Page:
        async with self._gate:
            return await self._upstream.page(name)


def _refused(one: Planned, unsolved: Mapping[str, Unsatisfiable]) -> Planned:
    """Return what is not wanted because its dependencies cannot be had together; other reasons stay as they are."""
    decision = one.decision
    if not isinstance(decision, Wanted):
        return one
    why = NotWanted(
        package=decision.package,
        version=decision.version,
        abi=decision.abi,
        platform=decision.platform,
        reason=str(unsolved[decision.abi]),
    )
    return Planned(decision=why, top_level=one.top_level)


def _with_versions(found: Sequence[Planned]) -> list[Planned]:
    """Name the version that an interpreter does not get: the newest that the others do."""
    newest: dict[str, str] = {}
    for one in found:
        package, version = canonicalize_name(one.decision.package), one.decision.version
        if version is not None and (package not in newest or Version(version) > Version(newest[package])):
            newest[package] = version
    return [_with_version(one, newest.get(canonicalize_name(one.decision.package))) for one in found]


def _with_version(one: Planned, version: str | None) -> Planned:
    if one.decision.version is not None or version is None:
        return one
    return Planned(decision=structs.replace(one.decision, version=version), top_level=one.top_level)


def _once(found: Iterable[Planned]) -> list[Planned]:
    """Return each decision once, what was asked for by name first."""
    chosen: dict[tuple[str, str, str, str], Planned] = {}
    for one in sorted(found, key=lambda planned: not planned.top_level):
        its = one.decision
        chosen.setdefault((canonicalize_name(its.package), its.version or "", its.abi, its.platform), one)
    return sorted(chosen.values(), key=_order)


def _order(one: Planned) -> tuple[object, ...]:
    its = one.decision
    return (not one.top_level, canonicalize_name(its.package), its.version or "", its.platform, Abi.parse(its.abi))
