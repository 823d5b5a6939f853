"""A build backend, spoken with from outside of its sandbox.

Takes a `Job`, a `Project` and an environment; gives a `Backend`, which asks for the hooks of PEP 517.  The backend's
process is `_driver`, started once for both hooks.  What it answers is untrusted: it is checked here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from buildyard.farm.builder import reasons
from buildyard.farm.builder.environments import Environment
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.job import Job
from buildyard.farm.builder.process import Ended, Running
from buildyard.farm.builder.project import Project
from buildyard.farm.builder.view import View
from buildyard.farm.wire import FailureKind

T = TypeVar("T")

_DRIVER = Path(__file__).with_name("_driver.py")


#: How long the backend's process may take to end when nothing more is asked.
_PATIENCE_S = 1.0


class _Answer(Struct, frozen=True):
    value: msgspec.Raw = msgspec.Raw(b"null")
    missing: bool = False
    error: str = ""
    signal: int | None = None


class Backend:
    """A running build backend.  Its hooks raise `PhaseFailed` where they fail, or a limit is reached."""

    def __init__(self, running: Running, job: Job, seen: View) -> None:
        self._running = running
        self._job = job
        self._seen = seen
        self._begun = job.log.position

    def get_requires_for_build_wheel(self) -> tuple[str, ...]:
        """Return what the backend wants installed beside build-system.requires, unchecked; none without such a hook."""
        answer = self._ask("get_requires_for_build_wheel", {"config_settings": None})
        return () if answer.missing else self._decoded(answer, tuple[str, ...])

    def build_wheel(self) -> str:
        """Return the name of the wheel that the backend has put into the output directory, unchecked."""
        directory = str(self._seen.output)
        kwargs = {"wheel_directory": directory, "config_settings": None, "metadata_directory": None}
        answer = self._ask("build_wheel", kwargs)
        if answer.missing:
            raise PhaseFailed(FailureKind.BUILD_ERROR, "its build backend has no build_wheel (PEP 517)")
        return self._decoded(answer, str)

    def _ask(self, hook: str, kwargs: Mapping[str, str | None]) -> _Answer:
        line = self._running.ask(json.dumps({"hook": hook, "kwargs": kwargs}).encode())
        if line is None:
            raise self._ended(self._running.wait())
        answer = self._decoded(_Answer(value=msgspec.Raw(line)), _Answer)
        if answer.error:
            raise self._failed(answer.error, answer.signal)
        return answer

    def _decoded(self, answer: _Answer, type: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.value, type=type)
        except msgspec.DecodeError as error:
            reason = f"its build backend's answer makes no sense: {error}"
            raise PhaseFailed(FailureKind.BUILD_ERROR, reason) from error

    def _ended(self, ended: Ended) -> PhaseFailed:
        if ended.hit is not None:
            return reasons.of_hit(ended.hit, self._job.budget)
        return self._failed(f"its build backend's process ended with {ended.status}", ended.signal)

    def _failed(self, said: str, signal: int | None) -> PhaseFailed:
        lines = list(self._job.log.lines(self._begun))
        return reasons.of_build(said, signal, lines, self._job.interpreter)


@contextmanager
def started(job: Job, project: Project, environment: Environment) -> Iterator[Backend]:
    """Yield the project's backend, started in its environment; end it, whatever it does, when left."""
    view = job.view(project.root, environment.path)
    seen = job.sandbox.inside(view)
    assert seen.source is not None
    assert seen.environment is not None
    order = {"backend": project.backend, "path": [str(seen.source / entry) for entry in project.backend_path]}
    command = [str(seen.environment / "bin" / "python"), "-c", _DRIVER.read_text(), json.dumps(order)]
    variables = job.sandbox.variables(view, epoch=job.payload.source_date_epoch)
    with job.sandbox.start(
        command, view, slot=job.slot, budget=job.budget, log=job.log, env=variables, control=True
    ) as running:
        yield Backend(running, job, seen)
        # All is said; what it still does is of no use.
        running.wait(patience_s=_PATIENCE_S)
