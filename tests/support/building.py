"""One build, as a test orders it: in this process, or in one of its own as an ordinary user.

`run` makes sandbox and runner and builds; it is also this module's main program, which reads an `Order` and writes an
`Answer` as JSON, so that the same build can be had from another user.  No index is asked.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from msgspec import Struct
from uv import find_uv_bin

from buildyard.faces.http import BlockingTransport
from buildyard.farm.builder.interpreters import Interpreter, find_interpreters
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.runner import BuildRunner, RunnerConfig
from buildyard.farm.builder.sandbox import Sandbox, SandboxConfig
from buildyard.farm.upstream.locations import Location, UpstreamIndex
from buildyard.farm.wire import BuildPayload, BuildResult, Limits, Source
from support.local_index import Recipe

#: Nobody; a user who owns nothing.
ORDINARY_USER = 65534
_TESTS = Path(__file__).resolve().parents[1]


class Order(Struct, frozen=True, kw_only=True):
    """What is to be built, and how."""

    directory: str
    payload: BuildPayload
    shared: str = ""  #: a directory for what further orders need not find out again
    slot: int = 0
    bubblewrap: str = "bwrap"
    check: bool = True
    stop_after_s: float | None = None
    index: str = ""  #: where build requirements come from; empty: nowhere


class Answer(Struct, frozen=True, kw_only=True):
    """How that went."""

    result: BuildResult
    log: str
    wheel: str | None
    left_behind: tuple[str, ...]  #: what is still in the builder's directory, finished wheels excepted
    phases: tuple[str, ...]  #: as they were told of


def payload_of(recipe: Recipe | bytes, directory: Path, *, abi: str = "", limits: Limits | None = None) -> BuildPayload:
    """Return the payload for a recipe's source, or for an archive, which is laid into the directory."""
    data = recipe if isinstance(recipe, bytes) else recipe.sdist()
    name, version = ("victim", "1.0") if isinstance(recipe, bytes) else (recipe.name, recipe.version)
    path = directory / (f"{name}-{version}.tar.gz" if isinstance(recipe, bytes) else recipe.filename)
    path.write_bytes(data)
    path.chmod(0o644)
    source = Source(filename=path.name, url=path.as_uri(), sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    return BuildPayload(
        build_id=1,
        package=name,
        version=version,
        abi=abi,
        platform="",
        source=source,
        source_date_epoch=1_700_000_000,
        limits=limits or Limits(),
    )


def usable(interpreters: Sequence[Interpreter]) -> list[Interpreter]:
    """Return those that can build extensions."""
    return [one for one in interpreters if one.compiles]


def run(order: Order) -> Answer:
    """Build, and return how it went.  An empty ABI or platform in the payload becomes the newest Python's."""
    shared = Path(order.shared or order.directory)
    interpreters = usable(find_interpreters(cache=shared / "interpreters.json"))
    wanted = [one for one in interpreters if order.payload.abi in ("", one.abi)]
    interpreter = wanted[-1]
    payload = msgspec.structs.replace(order.payload, abi=interpreter.abi, platform=interpreter.platform)
    return _run(order, payload, interpreter)


def _run(order: Order, payload: BuildPayload, interpreter: Interpreter) -> Answer:
    directory = Path(order.directory)
    work = directory / "builder"
    config = runner_config(directory, bubblewrap=order.bubblewrap, check=order.check)
    places = (Location.parse(order.index),) if order.index else ()
    uv_cache = Path(order.shared or directory, "uv")
    runner = BuildRunner(replace(config, uv_cache=uv_cache, index=UpstreamIndex(indexes=places)))
    stop = threading.Event()
    if order.stop_after_s is not None:
        threading.Timer(order.stop_after_s, stop.set).start()
    phases: list[str] = []
    with Log(directory / f"slot{order.slot}.log", limit=payload.limits.log_bytes) as log:
        result, wheel = runner.run(payload, interpreter, slot=order.slot, log=log, on_phase=phases.append, stop=stop)
    text = log.path.read_bytes().decode("utf-8", "replace")
    left = tuple(sorted(path.name for path in work.iterdir() if path.name not in ("wheels", "sandbox")))
    return Answer(result=result, log=text, wheel=str(wheel) if wheel else None, left_behind=left, phases=tuple(phases))


def runner_config(directory: Path, *, bubblewrap: str = "bwrap", check: bool = True) -> RunnerConfig:
    """Return what a builder in a directory of a test's own builds with."""
    sandbox = Sandbox.detect(SandboxConfig(directory=directory / "builder" / "sandbox", bubblewrap=bubblewrap))
    return RunnerConfig(
        directory=directory / "builder",
        cache=directory / "cache",
        uv=Path(find_uv_bin()),
        uv_cache=directory / "uv",
        index=UpstreamIndex(indexes=()),
        transport=BlockingTransport(),
        sandbox=sandbox,
        environment={"PATH": os.defpath, "HOME": str(directory)},
        check=check,
        disk_floor_bytes=0,
        name="tester",
    )


def ordinary_python() -> str | None:
    """Return a Python of this one's version that an ordinary user can start, or None."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for candidate in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        if Path(candidate).exists() and _succeeds([*as_ordinary_user(), candidate, "-c", "import msgspec"]):
            return candidate
    return None


def as_ordinary_user() -> list[str]:
    """Return what makes root's command an ordinary user's."""
    setpriv = shutil.which("setpriv") or "setpriv"
    user = [f"--reuid={ORDINARY_USER}", f"--regid={ORDINARY_USER}", "--clear-groups"]
    # Up to its exec setpriv has root's capabilities; whom env starts, it starts as anybody would.
    return [setpriv, *user, "--", "/usr/bin/env"]


def environment() -> dict[str, str]:
    """Return the environment in which another Python finds these modules and what they need."""
    places = [str(_TESTS), *(place for place in sys.path if place.endswith(("site-packages", "/src")))]
    return {"PYTHONPATH": os.pathsep.join(places), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, env=environment(), capture_output=True, check=False, cwd="/").returncode == 0


def start_elsewhere(order: Order, python: str, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start the order in a process of its own."""
    return subprocess.Popen(
        [*prefix, python, "-m", "support.building", msgspec.json.encode(order).decode()],
        env=environment(),
        cwd="/",
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )


def run_elsewhere(order: Order, python: str, prefix: Sequence[str]) -> Answer:
    """Build in a process of its own, and return how it went."""
    with start_elsewhere(order, python, prefix) as process:
        output, _ = process.communicate(timeout=55)
    return msgspec.json.decode(output, type=Answer)


def processes_of(directory: Path) -> list[str]:
    """Return the command lines of processes that have something below a directory mounted, or are in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if str(directory) in (entry / "mountinfo").read_text() + str((entry / "cwd").readlink()):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def wait_until(condition: object, seconds: float = 10.0) -> bool:
    """Return whether a condition came true in time."""
    assert callable(condition)
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(run(msgspec.json.decode(sys.argv[1], type=Order))))
