"""Building wheels: `buildyard build` against ``pip wheel``, and the farm's own cost above a bare ``uv build``.

The peers are what people run today: ``pip wheel --no-deps --no-binary PKG`` is what piwheels' builder does.  Download
caches are warm on both sides and built wheels absent from them, unless a row says otherwise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from statistics import median

from uv import find_uv_bin

from benchmarks.measure import Command, compare, emptied, run
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.opening import open_workshop
from buildyard.farm.settings import load
from buildyard.farm.upstream.opening import open_upstream
from buildyard.farm.upstream.pipconfig import pip_index
from buildyard.farm.upstream.releases import releases
from buildyard.farm.wire import BuildPayload, Source

#: One pure, one with a C extension.
ONE = ("six", "markupsafe")

#: Twenty of which most are pure and five have extensions, as on an index.
TWENTY = (
    "six", "markupsafe", "blinker", "idna", "certifi", "packaging", "click", "itsdangerous", "werkzeug", "jinja2",
    "iniconfig", "pluggy", "toolz", "wrapt", "multidict", "frozenlist", "propcache", "attrs", "zipp", "tomli",
)  # fmt: skip

_BUILDYARD = [sys.executable, "-m", "buildyard.cli"]


def single(scratch: Path, *, runs: int) -> None:
    """One package, start-up included."""
    python, number = _base_python()
    for package in ONE:
        print(f"\n{package}, one wheel for CPython {number}, download caches warm:")
        compare(_ours(scratch, [package], number), _pip(scratch, python, [package]), runs=runs)


def single_cold(scratch: Path, *, runs: int) -> None:
    """One package, nothing cached on either side."""
    python, number = _base_python()
    for package in ONE:
        print(f"\n{package}, one wheel for CPython {number}, nothing cached (pip with --no-cache-dir):")
        ours, pip = _ours(scratch, [package], number, cold=True), _pip(scratch, python, [package], cold=True)
        compare(ours, pip, runs=runs, warm=False)


def throughput(scratch: Path, *, runs: int) -> None:
    """Twenty packages on two cores: one command of ours, against one pip after the other and two side by side."""
    python, number = _base_python()
    ours = _ours(scratch, TWENTY, number)
    print(f"\n{len(TWENTY)} packages for CPython {number}, download caches warm, one pip wheel a package:")
    compare(ours, _pip_script(scratch, python, 1), runs=runs)
    print(f"\n{len(TWENTY)} packages for CPython {number}, download caches warm, two pip wheels side by side:")
    compare(ours, _pip_script(scratch, python, 2), runs=runs)


def own_cost(scratch: Path, *, runs: int) -> None:
    """What a slot does for one build, against ``uv build --wheel`` of the same source."""
    for package in ONE:
        for check in (False, True):
            ours, bare = _slot_and_bare(scratch, package, check=check, runs=runs)
            what = "with" if check else "without"
            print(
                f"  {package:<12} {what:<8} check   slot {median(ours):6.2f} s   uv build {median(bare):6.2f} s   "
                f"own cost, median of pairs {median(a - b for a, b in zip(ours, bare, strict=True)):+6.2f} s"
            )


def _slot_and_bare(scratch: Path, package: str, *, check: bool, runs: int) -> tuple[list[float], list[float]]:
    _, python = _base_python()
    settings = load({"state": scratch / "slot", "check": check}).settings
    ours: list[float] = []
    bare: list[float] = []
    with open_workshop(settings, name="bench", slots=1) as workshop:
        interpreter = next(one for one in workshop.interpreters if one.abi == f"cp{python.replace('.', '')}")
        source = _sdist(scratch, package)
        payload = BuildPayload(
            build_id=1,
            package=package,
            version=source.filename.removesuffix(".tar.gz").rpartition("-")[2],
            abi=interpreter.abi,
            platform=interpreter.platform,
            source=source,
            source_date_epoch=1_700_000_000,
        )
        archive = Path(source.url.removeprefix("file://"))
        for number in range(runs + 1):
            started = time.perf_counter()
            with Log(scratch / "bench.log", limit=1_000_000) as log:
                result, wheel = workshop.runner.run(
                    payload, interpreter, slot=0, log=log, on_phase=lambda _: None, stop=threading.Event()
                )
            took = time.perf_counter() - started
            if result.failure is not None or wheel is None:
                raise SystemExit(f"{package}: {result.failure}")
            wheel.unlink()
            uv = run(_uv_build(find_uv_bin(), interpreter.path, archive, scratch / "uv-out"))
            if number:  # the first run warms both
                ours.append(took)
                bare.append(uv.wall_s)
    return ours, bare


def _uv_build(uv: str, python: Path, archive: Path, out: Path) -> Command:
    argv = [uv, "build", "--wheel", "--quiet", "--python", str(python), "--out-dir", str(out), str(archive)]
    return Command("uv build", argv, prepare=emptied(out))


def _sdist(scratch: Path, package: str) -> Source:
    """Return the newest source distribution of a package, as a file here."""
    with open_upstream(pip_index(), scratch / "pages") as upstream:
        page = upstream.page(package)
        by_version = releases(page.name, page.files)
        newest = max(version for version, release in by_version.items() if release.sdist and not version.is_prerelease)
        sdist = by_version[newest].sdist
        assert sdist is not None
        body = upstream.file(sdist, max_bytes=50_000_000)
    archive = scratch / sdist.filename
    archive.write_bytes(body)
    return Source(filename=sdist.filename, url=archive.absolute().as_uri(), sha256=sha256(body).hexdigest())


def _ours(scratch: Path, packages: Sequence[str], python: str, *, cold: bool = False) -> Command:
    state, out = scratch / "state", scratch / "ours"
    clear = [emptied(out), *([emptied(state)] if cold else [])]
    argv = [*_BUILDYARD, "build", *packages, "--no-deps", "--python", python, "-o", str(out)]

    def prepare() -> None:
        for each in clear:
            each()

    return Command("buildyard build", argv, prepare=prepare, env=os.environ | {"XDG_CACHE_HOME": str(state)})


def _pip(scratch: Path, python: str, packages: Sequence[str], *, cold: bool = False) -> Command:
    out, cache = scratch / "pip", scratch / "pip-cache"
    caching = ["--no-cache-dir"] if cold else ["--cache-dir", str(cache)]
    argv = [python, "-m", "pip", "wheel", "--no-deps", *caching, "-w", str(out)]
    argv += [word for package in packages for word in ("--no-binary", package)] + list(packages)

    def prepare() -> None:
        emptied(out)()
        shutil.rmtree(cache / "wheels", ignore_errors=True)  # pip keeps what it built; that would be no build

    return Command("pip wheel", argv, prepare=prepare)


def _pip_script(scratch: Path, python: str, jobs: int) -> Command:
    out, cache = scratch / "pip", scratch / "pip-cache"
    each = f"{python} -m pip wheel -q --no-deps --no-binary {{}} --cache-dir {cache} -w {out} {{}}"
    script = f"printf '%s\\n' {' '.join(TWENTY)} | xargs -P {jobs} -I {{}} {each}"

    def prepare() -> None:
        emptied(out)()
        shutil.rmtree(cache / "wheels", ignore_errors=True)

    name = "pip wheel, one after the other" if jobs == 1 else f"pip wheel, {jobs} side by side"
    return Command(name, ["sh", "-c", script], prepare=prepare)


def _base_python() -> tuple[str, str]:
    """Return the interpreter behind this environment, and its version as ``3.11``."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return str(Path(sys.base_prefix, "bin", f"python{version}")), version


def versions() -> None:
    """Print the peers: versions and where they are imported from."""
    python, _ = _base_python()
    pip = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, text=True, check=True).stdout
    where = Path(pip.partition(" from ")[2].partition(" (")[0])
    print(
        f"buildyard {version('buildyard')}; uv {version('uv')} ({Path(find_uv_bin()).name} of this environment); ",
        end="",
    )
    print(f"pip {pip.split()[1]} of the base interpreter ({'/'.join(where.parts[-4:])})")


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="buildyard-bench-") as name:
        yield Path(name)


def main(*, quick: bool) -> None:
    """Print all rows."""
    versions()
    with _scratch() as scratch:
        single(scratch, runs=3 if quick else 7)
        single_cold(scratch, runs=1 if quick else 3)
        print("\nThe farm's own cost of a build, above a bare uv build of the same source, caches warm:")
        own_cost(scratch, runs=3 if quick else 9)
        throughput(scratch, runs=1 if quick else 3)
