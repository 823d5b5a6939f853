"""Run uv: always with an absolute interpreter, our cache, pip's indexes, and without building anything.

A `Uv` makes environments and installs into them, outside of the sandbox and with the network; what it installs is
wheels alone, since a source would be built here.  Every run is watched like a build's own commands.  `environments`
and the check phase call it; `reasons.of_uv` reads its messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildyard.farm.builder import process, reasons
from buildyard.farm.builder.budget import Budget
from buildyard.farm.builder.disk import remove_tree
from buildyard.farm.builder.log import Log
from buildyard.farm.upstream.locations import UvSettings

_QUIET = ("--quiet", "--no-progress", "--color", "never")


@dataclass(frozen=True, kw_only=True)
class Uv:
    """uv with its settings.  ``environment`` is what it gets beside them: PATH, HOME, proxies."""

    program: Path
    cache: Path  #: shared by all builds; never shown to one
    settings: UvSettings
    environment: Mapping[str, str]
    copies: bool = False  #: copy out of the cache instead of linking, where builds could write to an environment

    def make_environment(self, path: Path, python: Path, *, budget: Budget, log: Log) -> None:
        """Make an empty virtual environment that can be moved.  Raises `PhaseFailed`."""
        remove_tree(path)
        arguments = ["venv", "--relocatable", "--no-project", "--python", str(python), str(path)]
        self._run([*arguments, *self._settings()], budget=budget, log=log)

    def install(self, environment: Path, requirements: Iterable[str], *, budget: Budget, log: Log) -> None:
        """Install requirements (PEP 508, checked) into an environment, from wheels.  Raises `PhaseFailed`."""
        arguments = [*self._install(environment), "--no-build", *self._settings()]
        self._run([*arguments, "--", *requirements], budget=budget, log=log)

    def install_again(self, environment: Path, pinned: Iterable[str], *, budget: Budget, log: Log) -> None:
        """Install what the cache holds, exactly, and compile it to bytecode.  Raises `PhaseFailed`."""
        arguments = [*self._install(environment), "--no-build", "--no-deps", "--offline", "--compile-bytecode"]
        self._run([*arguments, *self._settings(), "--", *pinned], budget=budget, log=log)

    def install_wheel(self, environment: Path, wheel: Path, *, budget: Budget, log: Log) -> None:
        """Install one wheel that lies here, without its dependencies and without the network.  Raises `PhaseFailed`."""
        arguments = [*self._install(environment), "--no-config", "--no-index", "--no-deps", "--offline"]
        self._run([*arguments, "--", str(wheel)], budget=budget, log=log, env={})

    def _install(self, environment: Path) -> list[str]:
        mode = ["--link-mode", "copy"] if self.copies else []
        return ["pip", "install", "--python", str(environment / "bin" / "python"), *mode]

    def _settings(self) -> tuple[str, ...]:
        return tuple(self.settings.arguments)

    def _run(self, arguments: Sequence[str], *, budget: Budget, log: Log, env: Mapping[str, str] | None = None) -> None:
        begun = log.position
        command = [str(self.program), *_QUIET, "--cache-dir", str(self.cache), *arguments]
        variables = self.settings.over(self.environment) if env is None else self._plain()
        # Its own directory would be searched for settings and projects.
        with process.start(command, budget=budget, log=log, env=variables, cwd=Path("/")) as running:
            ended = running.wait()
        if not ended.is_good:
            raise reasons.of_uv(ended, list(log.lines(begun)), budget)

    def _plain(self) -> dict[str, str]:
        return {name: value for name, value in self.environment.items() if not name.startswith("UV_")}
