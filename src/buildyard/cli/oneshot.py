"""A one-shot build on the screen: what `farm.oneshot` tells, as builds that `progress` and `report` know.

`OneShot` puts the parts of a builder together for one command, and shows how it goes.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from msgspec import structs

from buildyard.cli.answers import BuildAnswer
from buildyard.cli.causes import shown_path
from buildyard.cli.folding import folded
from buildyard.cli.progress import tally_of, view_of
from buildyard.cli.report import final_lines, summary_line
from buildyard.cli.screen import Screen
from buildyard.cli.show import ProgressShow
from buildyard.cli.trouble import ExitCode
from buildyard.farm.builder.opening import open_workshop
from buildyard.farm.builds.words import plural
from buildyard.farm.oneshot import Progress, Report, build, chosen
from buildyard.farm.settings import load

#: What a build is once something happened to it.
_STATES = {"planned": "queued", "phase": "building"}


class Builds:
    """The builds of one command, moved on by what happens to them; many threads may tell."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str, str], BuildAnswer] = {}
        self._begun: dict[tuple[str, str, str], float] = {}
        self._lock = threading.Lock()

    def take(self, happened: Progress) -> tuple[BuildAnswer, ...]:
        """Return all builds as they are after this."""
        key = (happened.package, happened.version, happened.abi)
        with self._lock:
            before = self._known.get(key) or BuildAnswer(
                id=len(self._known) + 1,
                package=happened.package,
                version=happened.version,
                abi=happened.abi,
                state="queued",
            )
            elapsed = happened.elapsed_s
            if happened.kind in ("building", "phase"):
                elapsed = self._clock() - self._begun.setdefault(key, self._clock())
            self._known[key] = _moved(before, happened, elapsed)
            return tuple(self._known.values())


def _moved(build: BuildAnswer, happened: Progress, elapsed_s: float) -> BuildAnswer:
    is_covered = happened.kind == "covered"
    return structs.replace(
        build,
        state=_STATES.get(happened.kind, happened.kind),
        phase=happened.phase or build.phase,
        elapsed_s=elapsed_s,
        reason=happened.reason,
        next=happened.next,
        log="" if happened.log is None else str(happened.log),
        covered_by=(happened.filename or None) if is_covered else None,
        filename=None if is_covered else happened.filename or None,
    )


class OneShot:
    """One ``buildyard build``."""

    def __init__(
        self, screen: Screen, out: Path, *, pythons: Sequence[str] | None, check: bool, jobs: int | None
    ) -> None:
        self._screen = screen
        self._out = out
        self._pythons = [text for joined in pythons or () for text in joined.split(",") if text]
        self._check = check
        self._cache = cache_directory(screen.environment)
        self._jobs = jobs or len(os.sched_getaffinity(0))
        self._builds: tuple[BuildAnswer, ...] = ()
        self._elapsed_s = 0.0

    def run(self, requirements: Sequence[str], *, deps: bool) -> Report:
        """Build, and return how it ended.  Raises what `farm.oneshot.build` raises."""
        known = Builds()
        with ProgressShow(self._screen, slots=self._jobs) as show:

            def tell(happened: Progress) -> None:
                self._builds = known.take(happened)
                show.update(self._builds)

            with self._interruptible():
                report = self._build(requirements, deps, tell)
            self._elapsed_s = show.elapsed_s
            show.finish()
        return report

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Say at the first Ctrl-C what is being stopped; end at once at the second."""

        def interrupted(number: int, frame: object) -> NoReturn:
            signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.INTERRUPTED))
            running = sum(build.state == "building" for build in self._builds)
            self._screen.note(f"{self._screen.err.mark('busy')} Stopping: {plural(running, 'build')}")
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGINT, interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _build(self, requirements: Sequence[str], deps: bool, tell: Callable[[Progress], None]) -> Report:
        settings = structs.replace(load({"check": None if self._check else False}).settings, state=self._cache)
        name = f"command-{os.getpid()}"
        try:
            with open_workshop(settings, name=name, slots=self._jobs) as workshop:
                if workshop.sandbox.warning:
                    self._screen.warn(workshop.sandbox.warning)
                return build(
                    requirements,
                    self._out,
                    index=workshop.index,
                    interpreters=chosen(workshop.interpreters, self._pythons),
                    runner=workshop.runner,
                    cache_dir=settings.cache_dir,
                    limits=settings.limits,
                    deps=deps,
                    jobs=self._jobs,
                    on_progress=tell,
                )
        finally:
            shutil.rmtree(self._cache / "builders" / name, ignore_errors=True)

    def tell(self) -> None:
        """Write how everything ended: rows, the logs of what failed, and the summary."""
        screen = self._screen
        for line in final_lines(view_of(self._builds), screen.out):
            screen.result(line)
        failed = [one for one in self._builds if one.state == "failed" and one.log]
        for one in failed:
            self._fold(one)
        where = f"wheels in {shown_path(self._out.absolute())}/"
        logs = [f"log {shown_path(Path(one.log).absolute())}" for one in failed[:1]]
        screen.result(summary_line(tally_of(self._builds), screen.out, elapsed_s=self._elapsed_s, more=[where, *logs]))

    def _fold(self, build: BuildAnswer) -> None:
        try:
            text = Path(build.log).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        title = f"{build.package} {build.version} {build.abi} failed"
        if (told := folded(title, text, self._screen.environment, now=time.time())) is not None:
            self._screen.note(told)


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Return where one-shot builds keep what may be needed again (XDG Base Directory Specification)."""
    given = environment.get("XDG_CACHE_HOME", "")
    root = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return root / "buildyard"
