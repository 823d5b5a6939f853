"""Check: is this the wheel that was asked for, do its parts agree, does it install and import?

Takes the path of a wheel; gives its `wire.WheelRecord`.  Name, version and tags are compared with the task.  Then the
wheel is installed alone into a fresh environment and its modules are imported, confined and without network.  A module
that is missing there is no fault where a declared dependency brings it; where that cannot be told by its name, the
dependencies are installed after all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from buildyard.farm.abi import covers
from buildyard.farm.builder import reasons
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.job import Job
from buildyard.farm.builder.modules import may_bring
from buildyard.farm.builder.process import Ended
from buildyard.farm.builder.uv import Uv
from buildyard.farm.builder.wheel import BadWheel, Bounds, Wheel, read_wheel
from buildyard.farm.wire import BuildPayload, FailureKind, WheelRecord

_IMPORTER = Path(__file__).parents[1] / "_importer.py"
_ANY = "-none-any"


class _Failed(Struct, frozen=True):
    """A module that could not be imported."""

    module: str
    error: str
    missing: str | None = None


def read(job: Job, path: Path) -> Wheel:
    """Return the wheel, which is the one that was asked for.  Raises `PhaseFailed` with BAD_WHEEL or WRONG_WHEEL."""
    try:
        wheel = read_wheel(path, Bounds(size=job.budget.limits.disk_bytes), between=job.check_limits)
    except BadWheel as error:
        raise PhaseFailed(FailureKind.BAD_WHEEL, f"{error.filename} is refused: {error.reason}") from error
    wrong = mismatch(wheel.record, job.payload)
    if wrong is not None:
        raise PhaseFailed(FailureKind.WRONG_WHEEL, wrong)
    job.log.line("name, version and tags match the task; every hash of its RECORD matches")
    return wheel


def mismatch(record: WheelRecord, payload: BuildPayload) -> str | None:
    """Return what about a wheel is not as its task says, as a sentence; None where all is."""
    if canonicalize_name(record.package) != canonicalize_name(payload.package):
        return f"{record.filename} is of {record.package}, not of {payload.package}"
    if not _same_version(record.version, payload.version):
        return f"{record.filename} is version {record.version}, not {payload.version}"
    if not covers(record.tags, payload.abi, payload.platform):
        return f"{record.filename} does not install on {payload.abi} {payload.platform}"
    return None


def _same_version(first: str, second: str) -> bool:
    try:
        return Version(first) == Version(second)
    except InvalidVersion:
        return first == second


def refuse_fall_back(job: Job, record: WheelRecord, *, has_extension_sources: bool, since: int) -> None:
    """Raise `PhaseFailed` with PURE_FALLBACK for a wheel without the extensions that its source holds.

    That is so where the build log, from position ``since`` on, tells of a failed compilation.  PyPy is left alone, for
    which packages do without their extensions on purpose.
    """
    is_pure = not record.has_extensions and all(tag.endswith(_ANY) for tag in record.tags)
    if not (is_pure and has_extension_sources and job.interpreter.implementation == "cpython"):
        return
    found = reasons.compile_failure(job.log.lines(since))
    if found is not None:
        number, line = found
        raise PhaseFailed(
            FailureKind.PURE_FALLBACK,
            f"its extensions did not compile, and it made a wheel without them: {line}",
            log_line=number,
            next=None if job.interpreter.compiles else f"mend the builder: {job.interpreter.reason}",
        )


def try_out(job: Job, wheel: Wheel, path: Path, uv: Uv) -> None:
    """Install the wheel into a fresh environment and import its modules.  Raises `PhaseFailed` with CHECK_FAILED."""
    environment = job.rooms.root / f"check-{job.interpreter.abi}"
    uv.make_environment(environment, job.interpreter.path, budget=job.budget, log=job.log)
    try:
        uv.install_wheel(environment, path, budget=job.budget, log=job.log)
    except PhaseFailed as error:
        raise _check_failed(error, "it does not install") from error
    if not wheel.modules:
        job.log.line("installed in a fresh environment; it has no module to import")
        return
    failed = _unexplained(_import(job, wheel, environment), wheel.record)
    if failed and wheel.record.requires_dist and _install_dependencies(job, wheel.record, environment, uv):
        failed = _unexplained(_import(job, wheel, environment), wheel.record)
    elif failed and wheel.record.requires_dist:
        job.log.line("its dependencies cannot be had as wheels, so that it cannot be told whose fault this is")
        return
    if failed:
        raise PhaseFailed(FailureKind.CHECK_FAILED, f"import {failed[0].module} fails: {failed[0].error}")
    job.log.line(f"installed in a fresh environment; import {', '.join(wheel.modules)} works")


def _import(job: Job, wheel: Wheel, environment: Path) -> list[_Failed]:
    view = job.view(None, environment)
    seen = job.sandbox.inside(view)
    assert seen.environment is not None
    command = [str(seen.environment / "bin" / "python"), "-c", _IMPORTER.read_text()]
    variables = job.sandbox.variables(view, epoch=job.payload.source_date_epoch)
    begun = job.log.position
    with job.sandbox.start(
        command, view, slot=job.slot, budget=job.budget, log=job.log, env=variables, control=True
    ) as running:
        line = running.ask(json.dumps(wheel.modules).encode())
        ended = running.wait(patience_s=1.0)
    if line is None:
        raise _died(job, ended, begun)
    try:
        return msgspec.json.decode(line, type=list[_Failed])
    except msgspec.DecodeError as error:
        raise PhaseFailed(FailureKind.CHECK_FAILED, "its modules answer in place of the check") from error


def _died(job: Job, ended: Ended, begun: int) -> PhaseFailed:
    if ended.hit is not None:
        return reasons.of_hit(ended.hit, job.budget)
    lines = list(job.log.lines(begun))
    last = next(((number, line) for number, line in reversed(lines) if line.startswith("import ")), (None, "import"))
    how = f"signal {ended.signal}" if ended.signal else f"exit code {ended.status}"
    return PhaseFailed(FailureKind.CHECK_FAILED, f"{last[1]} ends Python with {how}", log_line=last[0])


def _unexplained(failed: Sequence[_Failed], record: WheelRecord) -> list[_Failed]:
    """Return the failures that no missing dependency explains."""
    declared = [name for text in record.requires_dist if (name := _requirement_name(text))]
    return [one for one in failed if not (one.missing and may_bring(declared, one.missing))]


def _requirement_name(text: str) -> str | None:
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        return None


def _install_dependencies(job: Job, record: WheelRecord, environment: Path, uv: Uv) -> bool:
    """Install what the wheel requires, and return whether that was possible."""
    try:
        uv.install(environment, _required(record), budget=job.budget, log=job.log)
    except PhaseFailed as error:
        if error.kind is FailureKind.STOPPED:
            raise
        return False
    return True


def _required(record: WheelRecord) -> list[str]:
    """Return the requirements that may be given to uv: valid, of no extra, from the index."""
    found = []
    for text in record.requires_dist:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.url is None and "extra" not in str(requirement.marker or ""):
            found.append(str(requirement))
    return found


def _check_failed(error: PhaseFailed, what: str) -> PhaseFailed:
    if error.kind is not FailureKind.BUILD_REQUIRES:
        return error
    return PhaseFailed(FailureKind.CHECK_FAILED, f"{what}: {error.reason}", log_line=error.log_line)
