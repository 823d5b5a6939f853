"""Prepare: read the source's project file and give its build backend the environment that it wants.

Takes a source directory; gives a `Prepared`: the project and its backend, running, with all that it requires.  First
come the requirements of pyproject.toml (PEP 518).  Then the backend is asked for more, confined and without network
(PEP 517, get_requires_for_build_wheel); what is missing is installed outside, and the backend started anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from buildyard.farm.builder import hooks
from buildyard.farm.builder.environments import Environment, Environments, Wish
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.hooks import Backend
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.job import Job
from buildyard.farm.builder.project import Project, checked_requirements, python_mismatch, read_project
from buildyard.farm.wire import FailureKind


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A source that can be built now."""

    project: Project
    backend: Backend
    environment: Environment


def read(job: Job, source: Path) -> Project:
    """Return the project in a source.  Raises `PhaseFailed`, also where this Python is not for it."""
    project = read_project(source)
    told = (job.payload.requires_python, *project.requires_python)
    # uv builds whatever Requires-Python says, so that it has to be asked here.
    # As for pip, a release candidate of a Python is that Python.
    version = ".".join(map(str, job.interpreter.numbers))
    excluding = python_mismatch(filter(None, told), version)
    if excluding is not None:
        reason = f"it requires Python {excluding}, and this is {job.interpreter.name}"
        raise PhaseFailed(FailureKind.BUILD_REQUIRES, reason, next="leave this Python out")
    return project


@contextmanager
def prepared(job: Job, project: Project, environments: Environments) -> Iterator[Prepared]:
    """Yield the project's backend, ready to build; end it when left.  Raises `PhaseFailed`."""
    with ExitStack() as held:
        environment = held.enter_context(_environment(job, environments, project.requires))
        backend = held.enter_context(hooks.started(job, project, environment))
        more = checked_requirements(backend.get_requires_for_build_wheel())
        if not _satisfied(more, environment, job.interpreter):
            held.close()
            job.log.line(f"the backend asks for {', '.join(more)}")
            environment = held.enter_context(_environment(job, environments, (*project.requires, *more)))
            backend = held.enter_context(hooks.started(job, project, environment))
        yield Prepared(project=project, backend=backend, environment=environment)


@contextmanager
def _environment(job: Job, environments: Environments, requirements: Iterable[str]) -> Iterator[Environment]:
    wish = Wish(interpreter=job.interpreter, requirements=tuple(requirements))
    with environments.hold(wish, workshop=job.rooms.root, budget=job.budget, log=job.log) as environment:
        for package in environment.packages:
            job.log.line(f"+ {package.name}=={package.version}  RECORD sha256:{package.record_sha256}")
        yield environment


def _satisfied(requirements: Iterable[str], environment: Environment, interpreter: Interpreter) -> bool:
    versions = {canonicalize_name(package.name): package.version for package in environment.packages}
    markers = _markers(interpreter)
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate(markers):
            continue
        version = versions.get(canonicalize_name(requirement.name))
        # What an extra brings is not looked into: uv knows.
        if version is None or requirement.extras or not requirement.specifier.contains(version, prereleases=True):
            return False
    return True


def _markers(interpreter: Interpreter) -> dict[str, str]:
    """Return the environment markers (PEP 508) of another interpreter on this machine."""
    spelt = interpreter.name.split()[0]
    own: dict[str, str] = {key: str(value) for key, value in default_environment().items()}
    return own | {
        "python_version": ".".join(map(str, interpreter.numbers[:2])),
        "python_full_version": interpreter.version,
        "implementation_name": interpreter.implementation,
        "implementation_version": interpreter.version,
        "platform_python_implementation": spelt,
    }
