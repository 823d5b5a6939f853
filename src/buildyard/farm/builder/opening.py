"""Put a builder together from its settings: interpreters, sandbox, runner; and, for a hub's builder, its hub.

`open_workshop` is what the one-shot command and the builder share.  `open_builder` adds the hub's address and
credentials, and gives a `worker.Builder` ready to run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from buildyard import __version__
from buildyard.errors import BuildyardError
from buildyard.faces.connecting import environment_proxy
from buildyard.farm.builder.away import AwayLink
from buildyard.farm.builder.disk import remove_tree
from buildyard.farm.builder.interpreters import Interpreter, find_interpreters
from buildyard.farm.builder.link import AsyncFarm
from buildyard.farm.builder.runner import BuildRunner, RunnerConfig
from buildyard.farm.builder.sandbox import Sandbox, SandboxConfig
from buildyard.farm.builder.worker import Builder, Watcher
from buildyard.farm.settings import Settings
from buildyard.farm.task_settings import remote_options
from buildyard.farm.upstream.locations import UpstreamIndex
from buildyard.farm.upstream.opening import proxy_of, tls_of
from buildyard.farm.upstream.pipconfig import pip_index
from buildyard.farm.wire import BuilderInfo

#: Taskcluster's name for a group of workers; ours all are of one farm.
WORKER_GROUP = "buildyard"

#: What uv and the fetch phase may see of the environment.
_PASSED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CONFIG_HOME", "NETRC")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class NameTaken(BuildyardError):
    """Another builder of this name works with the same state directory.  Stop it, or give another name."""

    def __init__(self, name: str, directory: Path) -> None:
        super().__init__(f"a builder called {name} works here already, in {directory}")
        self.name = name
        self.directory = directory


@dataclass(frozen=True)
class Workshop:
    """What builds are made with on this machine."""

    interpreters: Sequence[Interpreter]
    runner: BuildRunner
    sandbox: Sandbox
    index: UpstreamIndex


@contextlib.contextmanager
def open_workshop(
    settings: Settings, *, name: str, slots: int, environment: Mapping[str, str] = os.environ
) -> Iterator[Workshop]:
    """Find interpreters and sandbox, and make the runner.

    Raises `BadUpstream` where pip's configuration names no index, and `NameTaken`.
    """
    directory = settings.state / "builders" / name
    with _alone(directory, name):
        yield _workshop(settings, directory, name, slots, environment)


def _workshop(settings: Settings, directory: Path, name: str, slots: int, environment: Mapping[str, str]) -> Workshop:
    # Only a builder has a blocking transport; its import is not free.
    from buildyard.faces.http import BlockingTransport

    minimum = tuple(int(number) for number in settings.minimum_python.split("."))
    interpreters = find_interpreters(
        settings.interpreters, minimum=(minimum[0], minimum[1]), cache=settings.cache_dir / "interpreters.json"
    )
    cores = len(os.sched_getaffinity(0))
    sandbox = Sandbox.detect(
        SandboxConfig(
            directory=directory / "sandbox",
            uid_base=settings.slot_uid_base,
            jobs=max(1, cores // slots),
        )
    )
    index = pip_index()
    transport = BlockingTransport(tls=tls_of(index), proxy=proxy_of(index))
    runner = BuildRunner(
        RunnerConfig(
            directory=directory,
            cache=settings.cache_dir,
            uv=Path(find_uv_bin()),
            uv_cache=settings.uv_cache_dir,
            index=index,
            transport=transport,
            sandbox=sandbox,
            environment=_passed(environment),
            check=settings.check,
            name=name,
        )
    )
    return Workshop(interpreters=interpreters, runner=runner, sandbox=sandbox, index=index)


@contextlib.contextmanager
def _alone(directory: Path, name: str) -> Iterator[None]:
    """Hold a builder's directory, without what a builder that was killed has left in it."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NameTaken(name, directory) from None
        for leftover in (*directory.glob("slot*"), directory / "wheels", directory / "logs"):
            remove_tree(leftover)
        yield


@contextlib.asynccontextmanager
async def open_builder(
    settings: Settings,
    *,
    root_url: str,
    credentials: Mapping[str, str],
    name: str = "",
    watcher: Watcher | None = None,
) -> AsyncIterator[Builder]:
    """Return a builder of the hub at ``root_url``, ready to run.

    ``credentials`` are Taskcluster's: ``clientId``, ``accessToken``, perhaps ``certificate``.  Raises `NoCredentials`
    where tasks run on another Taskcluster.
    """
    from buildyard.faces.http import AsyncioTransport
    from buildyard.taskcluster.aio import Queue

    name = name or settings.builder_label
    slots = settings.slot_count
    async with AsyncExitStack() as stack:
        workshop = stack.enter_context(open_workshop(settings, name=name, slots=slots))
        transport = AsyncioTransport(proxy=environment_proxy)
        stack.push_async_callback(transport.close)
        hub = AsyncFarm({"rootUrl": root_url, "credentials": dict(credentials)}, transport)
        queue = Queue(_queue_options(settings, root_url, credentials), transport)
        is_away = bool(settings.tasks.root_url)
        yield Builder(
            info=_info(workshop, name, slots),
            interpreters=workshop.interpreters,
            runner=workshop.runner,
            queue=queue,
            farm=AwayLink(hub, queue, poll_s=settings.tasks.poll_s) if is_away else hub,
            logs=settings.state / "builders" / name / "logs",
            watcher=watcher,
            storage=settings.tasks.storage if is_away else "object",
        )


def _queue_options(settings: Settings, root_url: str, credentials: Mapping[str, str]) -> dict[str, Any]:
    """Return where tasks are claimed: at the hub, or at the Taskcluster that is set.  Raises `NoCredentials`."""
    if settings.tasks.root_url:
        return remote_options(settings.tasks)
    return {"rootUrl": root_url, "credentials": dict(credentials)}


def _info(workshop: Workshop, name: str, slots: int) -> BuilderInfo:
    machine = {one.platform for one in workshop.interpreters if one.usable}
    return BuilderInfo(
        name=name,
        worker_group=WORKER_GROUP,
        platform=min(machine) if machine else f"linux_{platform.machine()}",
        slots=slots,
        interpreters=tuple(one.to_info() for one in workshop.interpreters),
        sandbox=workshop.sandbox.describe(),
        version=__version__,
    )


def _passed(environment: Mapping[str, str]) -> dict[str, str]:
    names = {*_PASSED, *_PROXIES, *(name.upper() for name in _PROXIES)}
    return {name: value for name, value in environment.items() if name in names}
