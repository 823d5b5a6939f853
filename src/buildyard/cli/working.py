"""A builder as a program: told of signals, shown on the screen, ended with the process that started it.

The builder itself is `farm.builder.worker`, put together by `farm.builder.opening`.  The first Ctrl-C drains it, the
second and TERM stop it.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal

import uvloop

from buildyard.cli.builder_show import BuilderShow
from buildyard.cli.hubs import HubAddress
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode
from buildyard.farm.builder.opening import open_builder
from buildyard.farm.builder.worker import Builder
from buildyard.farm.builds.words import plural
from buildyard.farm.settings import Settings
from buildyard.farm.wire import BuilderInfo

#: How often a builder looks whether the process that started it is still there.
_PARENT_S = 1.0


class Working:
    """One builder program."""

    def __init__(self, screen: Screen, settings: Settings, hub: HubAddress, *, parent: int | None) -> None:
        self._screen = screen
        self._settings = settings
        self._hub = hub
        self._parent = parent
        self._is_draining = False

    def run(self) -> int:
        """Work until told to stop, and return the exit code."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._work())
        return ExitCode.DONE

    async def _work(self) -> None:
        name = worker_id(self._settings.builder_label)
        credentials = {key: str(value) for key, value in self._hub.options().items()}
        with BuilderShow(self._screen, slots=self._settings.slot_count) as show:
            async with open_builder(
                self._settings, root_url=self._hub.url, credentials=credentials, name=name, watcher=show
            ) as builder:
                self._listen(builder)
                self._introduce(builder.info)
                watching = asyncio.create_task(self._watch_parent(builder))
                try:
                    await builder.run()
                finally:
                    watching.cancel()

    def _introduce(self, info: BuilderInfo) -> None:
        mark = self._screen.err.mark("done")
        self._screen.note(f"{mark} Hub       {self._hub.url.partition('://')[2]} · as {info.name}")
        pythons = " ".join(one.abi for one in info.interpreters if one.usable) or "no Python"
        platform = info.platform.replace("_", " ", 1)
        self._screen.note(f"{mark} Builder   {platform} · {pythons} · {info.sandbox}")

    def _listen(self, builder: Builder) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupted, builder)
        loop.add_signal_handler(signal.SIGTERM, builder.stop)

    def _interrupted(self, builder: Builder) -> None:
        if self._is_draining:
            builder.stop()
            return
        self._is_draining = True
        builder.drain()
        if builder.busy:
            what = plural(builder.busy, "build")
            mark = self._screen.err.mark("busy")
            self._screen.note(f"{mark} Draining: {what}. Ctrl-C again gives back at once what is left.")

    async def _watch_parent(self, builder: Builder) -> None:
        while self._parent is not None:
            await asyncio.sleep(_PARENT_S)
            if os.getppid() != self._parent:
                builder.stop()
                return


def worker_id(label: str) -> str:
    """Return a builder's name as Taskcluster allows it: letters, digits, ``-`` and ``_``, 38 at most."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", label)[:38] or "builder"
