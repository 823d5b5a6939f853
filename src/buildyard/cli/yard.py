"""A hub in this process with its builders as children, from start to a clean end: what `up` and `hub` run.

The hub has the main thread's loop and the signals.  Builders are started by exec and told this process's number, so
that none outlives it.  What is shown meanwhile (a *story*) runs in a thread and talks to the hub by HTTP, like any
other client.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvloop

from buildyard.cli.causes import shown_path
from buildyard.cli.holder import holder_of
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode, Trouble
from buildyard.farm.hub import CannotListen, Hub, PortTaken, run_hub
from buildyard.farm.settings import KEYS, Settings

#: Everything has ended this long after a signal: builders, then the hub.
_BUILDERS_END_S = 1.4
_HUB_ENDS_S = 1.2

#: A builder that ends by itself is started again after these.
_PAUSES_S = (1.0, 2.0, 5.0, 15.0, 30.0)

#: Tells what happens, given the hub's address; ends when the event is set.
Story = Callable[[str, threading.Event], None]


class Yard:
    """One hub and its builders."""

    def __init__(self, screen: Screen, settings: Settings, *, builders: int, story: Story, again: str) -> None:
        self._screen = screen
        self._settings = settings
        self._story = story
        self._again = again  #: the command that starts it again
        self._children = [_Child(screen, settings, number) for number in range(builders)]
        self._stop = asyncio.Event()
        self._silence = threading.Event()
        self._hub: Hub | None = None
        self._ready = asyncio.Event()

    @classmethod
    def start(cls, screen: Screen, settings: Settings, *, builders: int, story: Story, again: str) -> int:
        """Run until SIGINT or SIGTERM, and return the exit code.

        Raises `Trouble` where the port is taken, and what `run_hub` raises.
        """

        async def run() -> int:
            return await cls(screen, settings, builders=builders, story=story, again=again).run()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run())

    async def run(self) -> int:
        """Run until a signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled, number)
        serving = asyncio.create_task(self._serve())
        await _first(serving, self._ready.wait(), self._stop.wait())
        if self._hub is None:
            serving.cancel()  # without effect where it has failed
            with suppress(asyncio.CancelledError):
                await serving
            return ExitCode.DONE
        tending = [asyncio.create_task(child.tend()) for child in self._children]
        story = threading.Thread(target=self._story, args=(self._hub.root_url, self._silence), daemon=True)
        story.start()
        await _first(serving, self._stop.wait())
        await self._end(serving, tending, story)
        # A hub that ended by itself had a reason, which is told once its builders have ended too.
        if not serving.cancelled():
            serving.result()
        return ExitCode.DONE

    async def _serve(self) -> None:
        try:
            await run_hub(self._settings, self._is_ready)
        except PortTaken as error:
            raise port_trouble(error) from error
        except CannotListen as error:
            next_port = ["another address or port: --host, --port"]
            raise Trouble(str(error), code="cannot_listen", exit_code=ExitCode.WRONG_USE, next=next_port) from error

    def _is_ready(self, hub: Hub) -> None:
        self._hub = hub
        self._ready.set()

    def _signalled(self, number: int) -> None:
        if self._stop.is_set():  # the second one
            for child in self._children:
                child.kill()
            os._exit(ExitCode.INTERRUPTED)
        if number == signal.SIGINT and self._screen.stderr.isatty():
            self._screen.error("")  # the terminal has shown ^C
        self._stop.set()

    async def _end(self, serving: asyncio.Task[None], tending: Sequence[asyncio.Task[None]], story: Any) -> None:
        began = time.monotonic()
        self._silence.set()
        await asyncio.to_thread(story.join, 0.5)
        busy = sum(child.is_running for child in self._children) and await self._building()
        self._screen.note(f"{self._screen.err.mark('busy')} Stopping{_given_back(busy)}")
        await asyncio.gather(*(child.end() for child in self._children))
        for task in tending:
            task.cancel()
        assert self._hub is not None
        self._hub.stop()
        await asyncio.wait([serving], timeout=_HUB_ENDS_S)
        if not serving.done():
            serving.cancel()
            await asyncio.wait([serving], timeout=0.2)
        kept = f"Everything is kept in {shown_path(self._settings.state)}; start again with: {self._again}"
        self._screen.note(f"{self._screen.err.mark('done')} Stopped, {time.monotonic() - began:.1f} s. {kept}")

    async def _building(self) -> int:
        """Return how many builds run, or 0 where the hub does not say so soon."""
        from buildyard.cli.hubs import find_hub
        from buildyard.errors import BuildyardError

        def ask() -> int:
            with find_hub(None, self._settings.state).connect() as farm:
                return farm.status().counts.building

        with suppress(BuildyardError, TimeoutError):
            async with asyncio.timeout(0.5):
                return await asyncio.to_thread(ask)
        return 0


class _Child:
    """One builder process, started again when it ends by itself."""

    def __init__(self, screen: Screen, settings: Settings, number: int) -> None:
        self._screen = screen
        self._settings = settings
        self._number = number
        self._name = f"builder-{number + 1}" if number else "builder"
        self._process: asyncio.subprocess.Process | None = None
        self._is_ending = False

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def tend(self) -> None:
        """Keep it running."""
        failures = 0
        while True:
            started = time.monotonic()
            try:
                self._process = await self._start()
                code: int | str = await self._process.wait()
            except OSError as error:
                code = error.strerror or str(error)
            if self._is_ending:
                return
            failures = failures + 1 if time.monotonic() - started < _PAUSES_S[-1] else 1
            pause = _PAUSES_S[min(failures, len(_PAUSES_S)) - 1]
            log = shown_path(self._log)
            self._screen.warn(f"the {self._name} ended, exit code {code}; started again in {pause:.0f} s · log {log}")
            await asyncio.sleep(pause)

    async def end(self) -> None:
        """Let it give back what it builds and end; end it where that takes too long."""
        self._is_ending = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_BUILDERS_END_S):
                await process.wait()
        except TimeoutError:
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    @property
    def _log(self) -> Path:
        return self._settings.state / f"{self._name}.log"

    async def _start(self) -> asyncio.subprocess.Process:
        settings = self._settings
        command = [sys.executable, "-m", "buildyard.cli", "builder", "--quiet", "--state", str(settings.state)]
        command += ["--slots", str(settings.slot_count), "--parent", str(os.getpid()), "--log", str(self._log)]
        environment = dict(os.environ)
        if self._number:
            command += ["--name", f"{settings.builder_label}-{self._number + 1}"]
            # Two builders of one machine must not build as the same users.
            uid_base = settings.slot_uid_base + self._number * settings.slot_count
            environment[KEYS["slot_uid_base"].variable] = str(uid_base)
        with self._log.with_suffix(".out").open("ab") as output:
            # A session of its own: the terminal's Ctrl-C is ours to pass on.
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )


def port_trouble(error: PortTaken) -> Trouble:
    """Return who is in the way, and what to do."""
    holder = holder_of(error.port)
    by, use = "", []
    if holder is not None:
        by = f"{holder.command}, pid {holder.pid}"
        if holder.is_buildyard:
            by += f", state {shown_path(Path(holder.state))}"
            host = "127.0.0.1" if error.host in ("0.0.0.0", "::") else error.host  # noqa: S104
            use = [f"open http://{host}:{error.port}/"]
    next_port = [*use, "buildyard up --port 0"]
    return Trouble(f"port {error.port} is taken", code="port_taken", facts={"by": by}, next=next_port)


def _given_back(builds: int) -> str:
    if not builds:
        return ""
    return ": 1 build goes back to the queue" if builds == 1 else f": {builds} builds go back to the queue"


async def _first(serving: asyncio.Task[None], *others: Coroutine[Any, Any, object]) -> None:
    """Return when one of these is done."""
    waiting = [asyncio.ensure_future(other) for other in others]
    await asyncio.wait([serving, *waiting], return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
