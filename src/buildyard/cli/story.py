"""What `up` and `hub` tell: who is there, what was asked for, how it comes along, and how to use it.

A story runs in a thread beside the hub and asks the hub what any client may ask.  It ends when it is told to, or when
everything is told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from buildyard import __version__
from buildyard.cli.answers import BuildAnswer, BuilderAnswer, Interpreter, RequestAnswer
from buildyard.cli.causes import shown_path, trouble_of
from buildyard.cli.client import Farm
from buildyard.cli.follow import Stopped, followed, planned
from buildyard.cli.hubs import find_hub, is_loopback
from buildyard.cli.palette import justified
from buildyard.cli.progress import tally_of, view_of
from buildyard.cli.report import final_lines, summary_line
from buildyard.cli.screen import Screen
from buildyard.cli.show import ProgressShow
from buildyard.errors import BuildyardError
from buildyard.faces.blocking import run_blocking
from buildyard.farm.builds.words import duration, plural
from buildyard.farm.settings import Settings
from buildyard.farm.state import HubFile, StateDirectory

#: How long builders have to look at their interpreters and say hello.
_HELLO_S = 20.0
_POLL_S = 0.1


class _Story:
    """What both stories begin with."""

    def __init__(self, screen: Screen, settings: Settings) -> None:
        self.screen = screen
        self.settings = settings
        # The hub makes the identity, so this is asked before there is one.
        self.is_new = not (settings.state / "identity").exists()
        self.began = time.monotonic()

    def tell(self, root_url: str, stop: threading.Event) -> None:
        """Tell it; an error is told too, and ends the story, not the hub."""
        try:
            with find_hub(None, self.settings.state).connect() as farm:
                self._tell(farm, root_url, stop)
        except Stopped:
            return
        except Exception as error:
            if not stop.is_set():
                self.screen.error("\n".join(trouble_of(error).lines(self.screen.err)))

    def _tell(self, farm: Farm, root_url: str, stop: threading.Event) -> None:
        raise TypeError(f"{type(self).__name__} tells nothing")

    def head(self, farm: Farm) -> None:
        """Say what this is, and what is there already."""
        where = shown_path(self.settings.state)
        if self.is_new:
            told = f"new state in {where}"
        else:
            wheels = farm.status().wheels
            told = f"state in {where}, {plural(wheels.files, 'wheel')} of {plural(wheels.packages, 'package')}"
        self.screen.note(f"buildyard {__version__} · {told}")

    def line(self, name: str, text: str) -> None:
        """Say that something is there."""
        self.screen.note(f"{self.screen.err.mark('done')} {name:<9} {text}")

    def tasks_line(self) -> None:
        """Say where tasks run, if that is not here, and whether it answers."""
        where = self.settings.tasks.root_url
        if not where:
            return
        # A client of its own, which a hub that keeps its tasks itself need not load.
        from buildyard.faces.connecting import environment_proxy
        from buildyard.faces.http import BlockingTransport
        from buildyard.taskcluster import Queue, TaskclusterFailure

        transport = BlockingTransport(proxy=environment_proxy)
        try:
            Queue({"rootUrl": where, "maxRetries": 0}, transport).ping()
            self.line("Tasks", where)
        except TaskclusterFailure as error:
            self.screen.warn(f"Tasks     {where} does not answer, and is asked again: {error}")
        finally:
            run_blocking(transport.close())

    def hub_line(self, root_url: str) -> str:
        """Say where the hub is, and what it stands on."""
        database = "SQLite" if self.settings.database_url.startswith("sqlite") else "PostgreSQL"
        return f"{root_url} · {database}, local files"


class HubStory(_Story):
    """The story of a hub without builders of its own."""

    def _tell(self, farm: Farm, root_url: str, stop: threading.Event) -> None:
        self.head(farm)
        self.line("Hub", self.hub_line(root_url))
        self.tasks_line()
        self.screen.note("Runs until Ctrl-C.")


class UpStory(_Story):
    """The story of a hub with builders, which is asked for packages at once."""

    def __init__(self, screen: Screen, settings: Settings, names: Sequence[str], *, builders: int) -> None:
        super().__init__(screen, settings)
        self._names = names
        self._builders = builders

    def _tell(self, farm: Farm, root_url: str, stop: threading.Event) -> None:
        self.head(farm)
        builders = self._introduce(farm, root_url, stop)
        installable: Sequence[str] = ()
        if self._names:
            try:
                installable = self._build(farm, sum(one.slots for one in builders), stop)
            except BuildyardError as error:
                self.screen.error("\n".join(trouble_of(error).lines(self.screen.err)))
        self._links(root_url, installable)

    def _introduce(self, farm: Farm, root_url: str, stop: threading.Event) -> Sequence[BuilderAnswer]:
        if self.is_new:
            self.line("Hub", self.hub_line(root_url))
        self.tasks_line()
        builders = self._await_builders(farm, stop)
        for line in builder_lines(builders, root_url, is_new=self.is_new):
            self.line(*line)
        if len(builders) < self._builders:
            log = shown_path(self.settings.state / "builder.log")
            self.screen.warn(f"{plural(self._builders - len(builders), 'builder')} did not say hello · log {log}")
        elif not self._builders:
            self.screen.warn("No builder here. To add one: buildyard builder")
        if not all(one.sandbox.startswith("bubblewrap") for one in builders):
            self.screen.warn(
                "No bubblewrap: builds run unconfined, with the network on. To confine them: apt-get install bubblewrap"
            )
        return builders

    def _await_builders(self, farm: Farm, stop: threading.Event) -> Sequence[BuilderAnswer]:
        deadline = time.monotonic() + _HELLO_S
        started = StateDirectory(self.settings.state).hub()
        while True:
            there = [one for one in farm.builders() if one.state == "working" and _is_since(one, started)]
            if len(there) >= self._builders or time.monotonic() > deadline:
                return there
            if stop.wait(_POLL_S):
                raise Stopped

    def _build(self, farm: Farm, slots: int, stop: threading.Event) -> Sequence[str]:
        """Ask for the packages, show how they come along, and return the names that can be installed."""
        screen = self.screen
        request = planned(farm, farm.ask(self._names), screen, stop.wait)
        if all(is_over(build) for build in request.builds):
            self._nothing_to_build(request)
            return _installable(request)
        count = view_of(request.builds).total
        self.line("Asked for", f"{', '.join(self._names)} · {plural(count, 'build')}")
        screen.note()
        with ProgressShow(screen, slots=slots) as show:
            request = followed(farm, request, show, screen, wait=stop.wait, is_over=is_over)
            show.finish()
        for line in final_lines(view_of(request.builds), screen.err):
            screen.note(line)
        screen.note(summary_line(tally_of(request.builds), screen.err, elapsed_s=show.elapsed_s))
        return _installable(request)

    def _nothing_to_build(self, request: RequestAnswer) -> None:
        tally = tally_of(request.builds)
        packages = sorted({build.package for build in request.builds})
        if tally.is_good:
            took = duration(time.monotonic() - self.began, precise=True)
            what = f"{packages[0]} is" if len(packages) == 1 else f"all {len(packages)} packages are"
            text = f"{self.screen.err.mark('done')} Nothing to build: {what} up to date"
            self.screen.note(justified(text, took, self.screen.err.width))
            return
        others = [build for build in request.builds if build.state != "built"]
        for line in final_lines(view_of(others), self.screen.err):
            self.screen.note(line)
        self.screen.note(summary_line(tally, self.screen.err, elapsed_s=time.monotonic() - self.began))

    def _links(self, root_url: str, names: Sequence[str]) -> None:
        screen = self.screen
        screen.note()
        screen.result(f"Dashboard   {root_url}/")
        is_open = is_loopback(self.settings.host)
        screen.result(f"Install     {install_line(root_url, names, is_open=is_open)}")
        if not is_open:
            screen.result("Credential  buildyard credentials --export")
        screen.result("More        buildyard request NAME...   buildyard status   buildyard --help")
        screen.note("Runs until Ctrl-C.")


def is_over(build: BuildAnswer) -> bool:
    """Tell whether `up` need not wait for a build: it is settled, or tried again by itself some other time."""
    return build.is_settled or build.state == "will_retry"


def builder_lines(builders: Sequence[BuilderAnswer], root_url: str, *, is_new: bool) -> Iterable[tuple[str, str]]:
    """Return who builds and with what: in two lines of a new farm, in the hub's own of one that is known."""
    slots = plural(sum(one.slots for one in builders), "slot")
    interpreters = {one.abi: one for builder in builders for one in builder.interpreters}
    usable = [one.abi for one in interpreters.values() if one.usable]
    if not is_new:
        told = f"{root_url} · {plural(len(builders), 'builder')}, {slots}, {plural(len(usable), 'Python')}"
        return [("Hub", told)]
    if not builders:
        return []
    sandbox = " · ".join(sorted({sandbox_words(one.sandbox) for one in builders}))
    many = f"{len(builders)} builders, " if len(builders) > 1 else ""
    return [("Builder", f"{many}{slots} · {sandbox}"), ("Pythons", " · ".join(python_words(interpreters.values())))]


def python_words(interpreters: Iterable[Interpreter]) -> list[str]:
    """Return which interpreters are used, which for pure packages alone, and which not and why."""
    usable: dict[str, list[str]] = {"": [], "pure packages only: ": []}
    unused: dict[str, list[str]] = {}
    for one in interpreters:
        if one.usable:
            usable["" if one.compiles else "pure packages only: "].append(one.abi)
        else:
            unused.setdefault(one.reason, []).append(one.abi)
    told = [f"{prefix}{' '.join(abis)}" for prefix, abis in usable.items() if abis] or ["none"]
    return told + [f"not used: {' '.join(abis)}, {reason}" for reason, abis in unused.items()]


def sandbox_words(sandbox: str) -> str:
    """Return what confines builds, for people."""
    return "no sandbox" if sandbox in ("", "none") else sandbox


def install_line(root_url: str, names: Sequence[str], *, is_open: bool) -> str:
    """Return the command that installs these from the farm.

    It works as it is where the hub is open to its machine; elsewhere a credential belongs in its place.
    """
    what = " ".join(names) or "PACKAGE"
    if is_open:
        return f"pip install --index-url {root_url}/simple/ {what}"
    parts = urlsplit(root_url)
    trusted = f" --trusted-host {parts.hostname}" if parts.scheme == "http" else ""
    return f"pip install --index-url {parts.scheme}://CLIENT_ID:TOKEN@{parts.netloc}/simple/{trusted} {what}"


def _is_since(builder: BuilderAnswer, hub: HubFile | None) -> bool:
    """Tell whether a builder said hello to this hub, not only to the one that ran here before."""
    if hub is None or not builder.seen:
        return True
    return datetime.fromisoformat(builder.seen).timestamp() >= int(hub.started)


def _installable(request: RequestAnswer) -> list[str]:
    """Return the packages that were asked for by name and have a wheel."""
    there = (build for build in request.builds if build.top_level and build.state in ("built", "covered"))
    return list(dict.fromkeys(build.package for build in there))
