"""Find every Python on this machine that wheels can be built with.

Takes nothing but places to look; gives `Interpreter` values, one for each ABI.  Candidates are programs with a Python's
name on PATH, in pyenv's versions and below /opt/python, by their real path, so that shims, links and virtual
environments lead to what is behind them.  `probes` next door asks each what it is, and remembers the answer.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildyard.farm.abi import Abi
from buildyard.farm.builder.probes import Probe, Probes
from buildyard.farm.wire import InterpreterInfo

#: The oldest Python that is looked for unless asked.
OLDEST = (3, 8)

_NAMES = re.compile(r"(?:python3?|pypy3?)(?:\.?\d+)*t?")
_ALWAYS = ("/usr/bin", "/usr/local/bin")


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """One Python, of the machine's own and never of a virtual environment."""

    path: Path  #: absolute, no link; always given to uv, whose own search takes seconds
    prefix: Path  #: where its own files are
    base_prefix: Path  #: the same, as the interpreter says it
    version: str  #: full, ``3.12.1``
    implementation: str  #: ``cpython``, ``pypy``
    abi: str  #: ``cp312``, ``cp313t``, ``pp39``
    platform: str  #: ``linux_x86_64``
    headers: Path | None = None  #: the directory where Python.h really is
    compiler: Path | None = None  #: the C compiler that its extensions are built with
    library_dirs: tuple[Path, ...] = ()  #: where its shared library is, if it has one; its RUNPATH says so
    reason: str = ""  #: why it is not usable, or cannot compile
    usable: bool = True

    @property
    def compiles(self) -> bool:
        """True where extensions can be built with it."""
        return self.usable and self.headers is not None and self.compiler is not None

    @property
    def directories(self) -> tuple[Path, ...]:
        """What it needs to see of the machine, at its original place."""
        headers = (self.headers,) if self.headers else ()
        return tuple(dict.fromkeys((self.prefix, self.base_prefix, *self.library_dirs, *headers)))

    @property
    def name(self) -> str:
        """``CPython 3.12.1``."""
        words = {"cpython": "CPython", "pypy": "PyPy"}
        threads = " free-threaded" if Abi.parse(self.abi).free_threaded else ""
        return f"{words.get(self.implementation, self.implementation)} {self.version}{threads}"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version as numbers, ``(3, 12, 1)``."""
        return tuple(int(number) for number in re.findall(r"\d+", self.version)[:3])

    def to_info(self) -> InterpreterInfo:
        """Return it as a builder tells the hub."""
        return InterpreterInfo(
            abi=self.abi,
            version=self.version,
            implementation=self.implementation,
            usable=self.usable,
            reason=self.reason,
            compiles=self.compiles,
        )


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where interpreters are looked for."""

    directories: tuple[Path, ...] = ()  #: with programs in them
    roots: tuple[Path, ...] = ()  #: with one directory a Python in them, each with a ``bin``

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Places:
        """Return the places of a process with this environment: PATH, pyenv's versions, and the usual ones."""
        home = environment.get("HOME", "")
        pyenv = environment.get("PYENV_ROOT") or (f"{home}/.pyenv" if home else "")
        path = [entry for entry in environment.get("PATH", "").split(os.pathsep) if entry.startswith("/")]
        directories = tuple(Path(entry) for entry in dict.fromkeys((*path, *_ALWAYS)))
        roots = (*((Path(pyenv, "versions"),) if pyenv else ()), Path("/opt/python"))
        return cls(directories=directories, roots=roots)


def find_interpreters(
    extra: Sequence[Path] = (),
    *,
    minimum: tuple[int, int] = OLDEST,
    cache: Path | None = None,
    places: Places | None = None,
) -> list[Interpreter]:
    """Return the machine's interpreters, one for each ABI, oldest ABI first, CPython before PyPy.

    ``extra`` are paths of further interpreters, or of directories that hold them.  ``minimum`` leaves older ones out.
    ``cache`` is a file that remembers what interpreters said.  ``places`` are this process's unless given.  Those that
    cannot be used are returned too, with the reason, unless a usable one has the same ABI.
    """
    places = places or Places.of(os.environ)
    candidates = [*(found for path in extra for found in _given(path)), *_candidates(places)]
    probes = Probes(cache).ask(_real(candidates))
    found = [_interpreter(probe) for probe in probes if _is_known(probe) and probe.version_info[:2] >= minimum]
    return _one_for_each_abi(found)


def _is_known(probe: Probe) -> bool:
    """Tell whether it is of an implementation that wheels can be tagged for here."""
    try:
        Abi.parse(probe.abi)
    except ValueError:
        return False
    return True


def _given(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _programs(path / "bin" if (path / "bin").is_dir() else path)
    else:
        yield path


def _candidates(places: Places) -> Iterator[Path]:
    for directory in places.directories:
        yield from _programs(directory)
    for root in places.roots:
        try:
            homes = sorted(root.iterdir())
        except OSError:
            continue
        for home in homes:
            yield from _programs(home / "bin")


def _programs(directory: Path) -> Iterator[Path]:
    try:
        names = os.listdir(directory)  # noqa: PTH208 - thousands of names, few of which become paths
    except OSError:
        return
    for name in sorted(names):
        if _NAMES.fullmatch(name):
            yield directory / name


def _real(candidates: Iterable[Path]) -> list[Path]:
    """Return the programs behind the candidates, each once; scripts such as pyenv's shims are none."""
    found: dict[Path, None] = {}
    for candidate in candidates:
        path = Path(os.path.realpath(candidate))
        if path not in found and os.access(path, os.X_OK) and path.is_file():
            found[path] = None
    return list(found)


def _interpreter(probe: Probe) -> Interpreter:
    headers = next((Path(place) for place in probe.includes if Path(place, "Python.h").is_file()), None)
    compiler = _compiler(probe)
    return Interpreter(
        path=Path(probe.path),
        prefix=Path(os.path.realpath(probe.base_prefix)),
        base_prefix=Path(probe.base_prefix),
        version=probe.version,
        implementation=probe.implementation,
        abi=probe.abi,
        platform=probe.platform,
        headers=headers,
        compiler=compiler,
        library_dirs=tuple(Path(place) for place in probe.library_dirs),
        usable=not probe.problem,
        reason=probe.problem or _cannot_compile(probe, headers, compiler),
    )


def _compiler(probe: Probe) -> Path | None:
    """Return the C compiler that the interpreter was configured with, or the machine's."""
    wanted = probe.compiler.split()[:1]
    for name in (*wanted, "cc", "gcc", "clang"):
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def _cannot_compile(probe: Probe, headers: Path | None, compiler: Path | None) -> str:
    if headers is None:
        return f"its headers are missing ({probe.includes[0]})" if probe.includes else "its headers are missing"
    return "" if compiler else "there is no C compiler"


def _one_for_each_abi(found: Iterable[Interpreter]) -> list[Interpreter]:
    """Return the best of each ABI: usable before not, able to compile before not, then the newest patch release."""
    best: dict[str, Interpreter] = {}
    for interpreter in found:
        known = best.get(interpreter.abi)
        if known is None or _worth(interpreter) > _worth(known):
            best[interpreter.abi] = interpreter
    return [best[abi] for abi in sorted(best, key=Abi.parse)]


def _worth(interpreter: Interpreter) -> tuple[object, ...]:
    return interpreter.usable, interpreter.compiles, interpreter.numbers
