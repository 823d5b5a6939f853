"""Which wheels a requirement comes to: from a project's page and the interpreters at hand to decisions.

Pure.  `plan` chooses a version for each ABI and says for each what is to become of it, with the reason; the values it
gives are in `decisions`.  `none_wheel_is_trusted` tells afterwards whether a wheel may serve the other ABIs.
What is read of upstream comes from `farm/upstream`; `service` and the one-shot command act on the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec
from msgspec import Struct
from packaging.requirements import Requirement
from packaging.version import Version

from buildyard.farm.abi import Abi, covers
from buildyard.farm.builds.decisions import (
    AnyDecision,
    Covered,
    LeftToUpstream,
    NotWanted,
    Plan,
    UnknownVersion,
    Wanted,
)
from buildyard.farm.builds.requirements import allows, applies, is_final, marker_environment
from buildyard.farm.upstream.pages import File, Page
from buildyard.farm.upstream.releases import Release, Shape, releases
from buildyard.farm.wire import BuildResult, InterpreterInfo, Source, WheelRecord

#: SOURCE_DATE_EPOCH where upstream tells no time of upload: the first second that a ZIP archive can hold.
EARLIEST_EPOCH = 315_532_800

#: Why a package with extensions is not built where nothing compiles.
NO_COMPILER = "left out, no compiler"

#: How many versions an unknown one is answered with.
_NEWEST = 3


class Existing(Struct, frozen=True, kw_only=True):
    """A wheel that the farm has already."""

    filename: str
    version: str
    tags: tuple[str, ...]  #: compressed or expanded
    only_abi: str | None = None  #: an untrusted ``none`` wheel serves no other ABI than the one it was built for


def plan(
    requirement: Requirement,
    page: Page,
    interpreters: Iterable[InterpreterInfo],
    platform: str,
    *,
    existing: Sequence[Existing] = (),
) -> Plan:
    """Return what is to become of a requirement on each of these interpreters of one platform.

    Each gets the newest version that its ``Requires-Python`` allows and that has a source distribution; versions are
    chosen as in pip: finals before pre-releases, yanked ones only if pinned with ``==`` (PEP 592).  Where one wheel may
    serve several ABIs one of them is built first.  ABIs are in numeric order.

    Raises `UnknownVersion` where no release matches the requirement at all.
    """
    offered = _matching(requirement, releases(page.name, page.files), page.name)
    ordered = sorted(interpreters, key=lambda one: Abi.parse(one.abi))
    decide = partial(_decide, requirement, page.name, offered, platform, existing)
    decisions = [decide(interpreter) for interpreter in ordered]
    for version in {one.version for one in decisions if isinstance(one, Wanted)}:
        decisions = _in_order(decisions, offered[Version(version)], ordered, existing)
    return Plan(package=page.name, decisions=tuple(decisions))


def none_wheel_is_trusted(result: BuildResult, upstream_has_none: bool) -> tuple[bool, str]:
    """Tell whether the ``none`` wheel of a build may serve every ABI, and why.

    Some projects fall back to pure Python where an extension cannot be compiled, as most do on PyPy; a wheel made so
    must not take the place of the compiled ones.  So it is trusted only where upstream's own wheels are all ``none``
    too, or where there was nothing to compile.
    """
    if result.wheel is None or not all(tag.split("-")[1] == "none" for tag in result.wheel.tags):
        return False, "it is no none wheel"
    if upstream_has_none:
        return True, "upstream's own wheels of this version are none wheels too"
    if not result.has_extension_sources:
        return True, "its source holds no extensions"
    return False, "its source holds extensions, so it may be a fall-back to pure Python"


def serves(wheel: WheelRecord, abi: str, platform: str, *, trusted_none: bool) -> bool:
    """Tell whether a wheel that was built for one interpreter may take the place of another's own build."""
    is_none = all(tag.split("-")[1] == "none" for tag in wheel.tags)
    return (trusted_none or not is_none) and covers(wheel.tags, abi, platform)


def _matching(requirement: Requirement, known: Mapping[Version, Release], package: str) -> dict[Version, Release]:
    """Return the releases to choose from, newest first.

    Pre-releases are among them only where pip would take one, yanked ones only where nothing else matches.
    """
    newest_first = sorted(known, reverse=True)
    live = [version for version in newest_first if not known[version].is_yanked]
    matching = list(requirement.specifier.filter(live)) or list(requirement.specifier.filter(newest_first))
    if not matching:
        raise UnknownVersion(package, str(requirement.specifier), map(str, newest_first[:_NEWEST]))
    return {version: known[version] for version in matching}


def _decide(
    requirement: Requirement,
    package: str,
    offered: Mapping[Version, Release],
    platform: str,
    existing: Sequence[Existing],
    interpreter: InterpreterInfo,
) -> AnyDecision:
    abi = interpreter.abi
    not_wanted = partial(NotWanted, package=package, abi=abi, platform=platform)
    if not interpreter.usable:
        return not_wanted(reason=interpreter.reason or "its interpreter cannot be used")
    if not applies(requirement, marker_environment(abi, interpreter.version, platform)):
        return not_wanted(reason=f"the request is for {requirement.marker} only")
    release = _choose(requirement, offered, interpreter, platform)
    if isinstance(release, str):
        return not_wanted(reason=release)
    by = _covering(release, abi, platform, existing)
    if by is not None:
        return Covered(package=package, version=str(release.version), abi=abi, platform=platform, by=by)
    source = _source(release.sdist)
    if isinstance(source, str):
        return _without_source(release, source, package, abi, platform)
    if release.needs_compiler and not interpreter.compiles:
        return not_wanted(version=str(release.version), reason=NO_COMPILER)
    return _wanted(release, source, package, abi, platform)


def _choose(
    requirement: Requirement, offered: Mapping[Version, Release], interpreter: InterpreterInfo, platform: str
) -> Release | str:
    """Return the release for an interpreter, or the reason why there is none; ``offered`` is newest first."""
    newest = next(iter(offered.values()))
    if newest.is_yanked and not _is_pinned(requirement):
        return _every_one_yanked(newest)
    allowed = [one for one in offered.values() if allows(one.requires_python, interpreter.version)]
    if not allowed:
        return _disallowed(newest, interpreter)
    with_wheel = (one for one in allowed if one.wheel_for(interpreter.abi, platform) is not None)
    return next((one for one in allowed if one.sdist is not None), None) or next(with_wheel, allowed[0])


def _is_pinned(requirement: Requirement) -> bool:
    return any(one.operator in ("==", "===") and not one.version.endswith(".*") for one in requirement.specifier)


def _every_one_yanked(newest: Release) -> str:
    return f"every version is yanked: {newest.yank_reason}" if newest.yank_reason else "every version is yanked"


def _disallowed(newest: Release, interpreter: InterpreterInfo) -> str:
    # The short version says it best, unless it would be allowed and only a micro release is too old.
    short = Abi.parse(interpreter.abi).python_version
    told = interpreter.version if allows(newest.requires_python, short) else short
    return f"Requires-Python is {newest.requires_python}, this is {told}"


def _covering(release: Release, abi: str, platform: str, existing: Sequence[Existing]) -> str | None:
    for file in existing:
        fits = file.only_abi in (None, abi) and covers(file.tags, abi, platform)
        if fits and Version(file.version) == release.version:
            return file.filename
    return None


def _source(sdist: File | None) -> Source | str:
    if sdist is None:
        return "no source distribution: binary only"
    if sdist.sha256 is None:
        return "upstream tells no sha256 of its source distribution"
    return Source(filename=sdist.filename, url=sdist.url, sha256=sdist.sha256, size=sdist.size)


def _without_source(release: Release, reason: str, package: str, abi: str, platform: str) -> LeftToUpstream | NotWanted:
    version = str(release.version)
    wheel = release.wheel_for(abi, platform)
    if wheel is None:
        return NotWanted(package=package, version=version, abi=abi, platform=platform, reason=reason)
    return LeftToUpstream(
        package=package, version=version, abi=abi, platform=platform, by=wheel.filename, reason=reason
    )


def _wanted(release: Release, source: Source, package: str, abi: str, platform: str) -> Wanted:
    uploaded = release.sdist.uploaded if release.sdist is not None else None
    return Wanted(
        package=package,
        version=str(release.version),
        abi=abi,
        platform=platform,
        source=source,
        requires_python=release.requires_python,
        source_date_epoch=max(EARLIEST_EPOCH, int(uploaded.timestamp())) if uploaded else EARLIEST_EPOCH,
        upstream_has_none=release.has_only_none,
    )


def _in_order(
    decisions: list[AnyDecision],
    release: Release,
    interpreters: Sequence[InterpreterInfo],
    existing: Sequence[Existing],
) -> list[AnyDecision]:
    """Let one ABI of a version go first where its wheel may serve the others."""
    if release.shape is Shape.PER_ABI or _is_per_abi_here(release.version, existing):
        return decisions
    waiting = {
        one.abi
        for one in decisions
        if isinstance(one, Wanted) and one.version == str(release.version) and _may_share(one.abi, release.shape)
    }
    if not waiting:
        return decisions
    first = max((one for one in interpreters if one.abi in waiting), key=_likely_to_work).abi
    return [
        msgspec.structs.replace(one, waits_for=first)
        if isinstance(one, Wanted) and one.version == str(release.version) and one.abi in waiting - {first}
        else one
        for one in decisions
    ]


def _may_share(abi: str, shape: Shape) -> bool:
    """Tell whether one wheel may serve this ABI among others: abi3 is for CPython with a GIL alone (PEP 384)."""
    parsed = Abi.parse(abi)
    return shape is not Shape.ABI3 or (parsed.implementation == "cp" and not parsed.free_threaded)


def _is_per_abi_here(version: Version, existing: Sequence[Existing]) -> bool:
    """Tell whether the farm's own wheels show that each interpreter needs its own."""
    tags = [tag for file in existing if Version(file.version) == version for tag in file.tags]
    return any(not {"none", "abi3"} & set(tag.split("-")[1].split(".")) for tag in tags)


def _likely_to_work(interpreter: InterpreterInfo) -> tuple[object, ...]:
    """Order interpreters by how likely a build works and tells about the others: the newest final CPython is last."""
    abi = Abi.parse(interpreter.abi)
    return (
        abi.implementation == "cp",
        interpreter.compiles,
        is_final(interpreter.version),
        not abi.free_threaded,
        (abi.major, abi.minor),
    )
