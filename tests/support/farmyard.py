"""A farm of real processes on this machine: start, stop and kill its hub and builders, ask it, wait for it.

`Yard` owns one state directory and every process it started, and ends them by their own ids.  It listens on loopback,
on a port that is free.  What it waits for has a deadline, after which it says what it saw last.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import urllib3

from buildyard.cli.answers import BuildAnswer, EventAnswer, RequestAnswer
from buildyard.cli.client import Farm
from buildyard.cli.hubs import find_hub
from buildyard.errors import TransportError
from buildyard.farm.settings import Settings, load
from buildyard.farm.state import StateDirectory
from buildyard.retry import Retry

T = TypeVar("T")

#: How long anything may take before a test gives up on it, unless it says otherwise.
PATIENCE_S = 60.0
_POLL_S = 0.05
_TESTS = Path(__file__).resolve().parent.parent


class Late(AssertionError):
    """Something has not happened in its time."""


def until(what: str, look: Callable[[], T | None], *, within: float = PATIENCE_S) -> T:
    """Return what `look` returns once that is neither None nor False; an answer that does not come is no answer yet."""
    end = time.monotonic() + within
    seen: object = None
    while True:
        try:
            seen = found = look()
            if found is not None and found is not False:
                return found
        except (TransportError, urllib3.exceptions.HTTPError) as error:
            seen = error
        if time.monotonic() > end:
            raise Late(f"{what}: not within {within:g} s; seen last: {seen!r}")
        time.sleep(_POLL_S)


class Process:
    """One program of a farm, in a session of its own, with its output in a file."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], output: Path, directory: Path) -> None:
        self.output = output
        with output.open("ab") as sink:
            self._popen = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def code(self) -> int | None:
        """Its exit code, or minus the signal that killed it; None while it runs."""
        return self._popen.poll()

    def wait(self, within: float = PATIENCE_S) -> int:
        """Return its exit code once it has ended."""
        try:
            return self._popen.wait(within)
        except subprocess.TimeoutExpired:
            raise Late(f"{self.output.stem} (pid {self.pid}) has not ended within {within:g} s") from None

    def kill(self) -> None:
        """Kill it, as ``kill -9`` does."""
        if self.code is None:
            self._popen.kill()
        self._popen.wait(10)

    def stop(self, within: float = 10.0) -> int:
        """Ask it to end, and return its exit code."""
        if self.code is None:
            self._popen.send_signal(signal.SIGTERM)
        try:
            return self.wait(within)
        finally:
            self.kill()


class Yard:
    """A farm.  Its programs take packages from ``index`` and know no other; ``settings`` are by their dotted names."""

    def __init__(self, root: Path, index: str, **settings: object) -> None:
        self.root = root
        self.state = root / "state"
        self.index = index
        self._settings = {"port": free_port(), "claim_timeout_s": 4, **settings}
        self._processes: list[Process] = []
        self._farm: Farm | None = None
        self._pool = urllib3.PoolManager(retries=False, timeout=20.0)
        self.hub: Process | None = None
        self.builder_prefix: Sequence[str] = ()  #: what builders are started by: a program that becomes them
        (root / "home").mkdir(parents=True)

    @property
    def settings(self) -> Settings:
        """What its programs are set to."""
        return load({"state": self.state}, self.environment, self.root).settings

    @property
    def environment(self) -> dict[str, str]:
        """What its programs are started with: nothing of this process's pip, uv or buildyard."""
        told = {f"BUILDYARD_{name.upper().replace('.', '_')}": str(value) for name, value in self._settings.items()}
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        return bare_environment(self.root / "home", self.index) | kept | told | {"BUILDYARD_STATE": str(self.state)}

    def set(self, **settings: object) -> None:
        """Change settings of programs that are started from now on."""
        self._settings |= settings

    # --- processes

    def start_hub(self, *launcher: str) -> Process:
        """Start a hub and return it once it listens; ``launcher`` is a module of ours in its place, with arguments."""
        module = launcher or ("buildyard.cli", "hub")
        self.hub = hub = self.run("hub", "-m", *module)
        directory = StateDirectory(self.state)

        def listens() -> bool:
            if hub.code is not None:
                raise AssertionError(f"the hub ended with {hub.code}: {hub.output.read_text()[-2000:]}")
            told = directory.hub()
            return told is not None and told.pid == hub.pid

        until("the hub listens", listens, within=30)
        return hub

    def start_builder(self, name: str = "one", *, slots: int = 2, **settings: object) -> Process:
        """Start a builder; it says hello when it is ready (`await_builder`)."""
        told = {f"BUILDYARD_{key.upper()}": str(value) for key, value in settings.items()}
        command = ("-m", "buildyard.cli", "builder", "--name", name, "--slots", str(slots))
        return self.run(f"builder-{name}", *command, prefix=self.builder_prefix, **told)

    def await_builder(self, name: str = "one") -> None:
        """Return once the hub knows this builder."""
        until(f"builder {name} says hello", lambda: any(one.name == name for one in self.farm.builders()), within=30)

    def run(self, label: str, *arguments: str, prefix: Sequence[str] = (), **environment: str) -> Process:
        """Start Python with these arguments in the farm's environment."""
        known = self.environment | {"PYTHONPATH": str(_TESTS)} | environment
        command = [*prefix, sys.executable, *arguments]
        started = Process(command, known, self.root / f"{label}.out", self.root)
        self._processes.append(started)
        return started

    def command(self, *arguments: str, within: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        """Run ``buildyard`` with these arguments to its end."""
        return subprocess.run(
            [sys.executable, "-m", "buildyard.cli", *arguments],
            env=self.environment,
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )

    def close(self) -> None:
        """End everything, builders first, and print what the programs said: pytest shows it where a test failed."""
        for process in reversed(self._processes):
            process.stop()
        self._pool.clear()
        if self._farm is not None:
            self._farm.close()
        for path in sorted({*self.root.glob("*.out"), *self.state.glob("*.log")}):
            text = path.read_text(errors="replace")
            if text.strip():
                print(f"--- {path.name}\n{text[-4000:]}")

    # --- asking

    @property
    def url(self) -> str:
        """Where its hub listens."""
        told = StateDirectory(self.state).hub()
        assert told is not None, "no hub has listened here"
        return told.root_url

    @property
    def farm(self) -> Farm:
        """A client of its hub."""
        if self._farm is None:
            self._farm = find_hub(None, self.state, self.environment).connect(Retry(attempts=1))
        return self._farm

    def ask(self, *requirements: str, abis: Sequence[str] = (), deps: bool = True) -> int:
        """Ask for wheels; return the number of the request."""
        return self.farm.ask(requirements, abis=abis, deps=deps)

    def ended(self, request: int, *, within: float = PATIENCE_S) -> RequestAnswer:
        """Return a request once it has failed or all its builds are settled."""

        def look() -> RequestAnswer | None:
            found = self.farm.request(request)
            self._seen = [(one.package, one.abi, one.state, one.phase, one.reason) for one in found.builds]
            is_over = found.state == "failed" or (found.state == "planned" and all(b.is_settled for b in found.builds))
            return found if is_over else None

        try:
            return until(f"request {request} ends", look, within=within)
        except Late as late:
            raise Late(f"{late}; its builds: {getattr(self, '_seen', None)}") from None

    def built(
        self, *requirements: str, abis: Sequence[str] = (), within: float = PATIENCE_S
    ) -> tuple[BuildAnswer, ...]:
        """Ask for wheels, wait, and return the builds."""
        return self.ended(self.ask(*requirements, abis=abis), within=within).builds

    def building(self, package: str, phase: str = "build", *, within: float = PATIENCE_S) -> int:
        """Return the number of this package's build once it is in the phase."""

        def look() -> int | None:
            found = [one for one in self.farm.status().building if one.package == package and one.phase == phase]
            return found[0].id if found else None

        return until(f"{package} is in its phase {phase}", look, within=within)

    def events(self, after: int = 0) -> list[EventAnswer]:
        """Return every event that follows this number."""
        found: list[EventAnswer] = []
        while True:
            more = self.farm.events(found[-1].id if found else after).events
            if not more:
                return found
            found += more

    def get(self, path: str, accept: str = "*/*") -> urllib3.BaseHTTPResponse:
        """Return what the hub answers an anonymous reader."""
        return self._pool.request("GET", self.url + path, headers={"Accept": accept})

    def log(self, build: int) -> str:
        """Return a build's log."""
        return b"".join(self.farm.log(build)).decode()

    def facts(self, build: int) -> Any:
        """Return a build as the API tells it, with its result."""
        return self.get(f"/api/farm/v1/builds/{build}").json()


@contextmanager
def yard(root: Path, index: str, **settings: object) -> Iterator[Yard]:
    """Yield a farm in which nothing runs yet; end all of it afterwards."""
    made = Yard(root, index, **settings)
    try:
        yield made
    finally:
        made.close()


def bare_environment(home: Path, index: str) -> dict[str, str]:
    """Return an environment in which pip knows one index, and interpreters are found."""
    pyenv = os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYENV_ROOT": pyenv,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def without_bubblewrap() -> list[str]:
    """Return what starts a program that finds no bubblewrap that works; the program has the same process id."""
    useless, program = shutil.which("false"), shutil.which("bwrap")
    if useless is None or program is None:
        return []
    hide = f'mount --bind {useless} {program} && exec "$@"'
    own = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    return ["unshare", *own, "--mount", "--propagation", "private", "sh", "-c", hide, "sh"]


def free_port() -> int:
    """Return a port that is free, and stays so while a hub is away.

    It is below those that the kernel gives to whoever connects: a builder that asks for a hub that is gone could get
    the hub's own port for its end, and so be connected with itself.
    """
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(max(1024, low - 15_000), low)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
