"""Why a command failed: from how it ended and what it printed to a kind, a sentence, a line and what to do next.

Pure and table driven: a table for the limits, one for what resources' ends look like in a log, one for what compilers
and build backends print, one for uv.  Each table is tried from its top; the first pattern that any line matches wins,
with the first such line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from signal import SIGKILL, SIGXCPU, SIGXFSZ

from buildyard.farm.builder.budget import Budget, Hit
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.process import Ended
from buildyard.farm.builder.units import readable_seconds, readable_size
from buildyard.farm.wire import FailureKind

#: Number and text of lines of the log.
Lines = Sequence[tuple[int, str]]

#: A reason is one sentence; a compiler's line may be far longer.
_LONGEST = 300

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")


@dataclass(frozen=True)
class Sign:
    """What a line looks like, and what it means."""

    pattern: re.Pattern[str]
    kind: FailureKind
    reason: str = "{line}"  #: with the groups of the pattern, and ``line``
    next: str | None = None

    @classmethod
    def of(cls, pattern: str, kind: FailureKind, reason: str = "{line}", next: str | None = None) -> Sign:
        """Return a sign from the text of its pattern."""
        return cls(re.compile(pattern), kind, reason, next)


_ROOM = "raise the limit, or give the builder more room"

_HITS: Mapping[Hit, tuple[FailureKind, Callable[[Budget], str], str | None]] = {
    Hit.WALL: (
        FailureKind.TIMEOUT,
        lambda budget: f"it took longer than {readable_seconds(budget.limits.wall_s)}",
        "raise limits.wall_s, if it can be expected to end",
    ),
    Hit.IDLE: (
        FailureKind.NO_OUTPUT,
        lambda budget: f"it printed nothing for {readable_seconds(budget.limits.idle_s)}",
        "raise limits.idle_s, if it is only slow",
    ),
    Hit.OUTPUT: (
        FailureKind.TOO_MUCH_OUTPUT,
        lambda budget: f"it printed more than {readable_size(budget.limits.output_bytes)}",
        None,
    ),
    Hit.DISK: (
        FailureKind.DISK_FULL,
        lambda budget: f"it filled more than {readable_size(budget.limits.disk_bytes)} of disk",
        "raise limits.disk_bytes, if it needs so much",
    ),
    Hit.DISK_FLOOR: (
        FailureKind.DISK_FULL,
        lambda budget: f"the builder's disk has less than {readable_size(budget.disk_floor_bytes)} left",
        "make room on the builder's disk",
    ),
    Hit.PROCESSES: (
        FailureKind.TOO_MANY_PROCESSES,
        lambda budget: f"it ran {budget.limits.processes} processes and threads at one time",
        None,
    ),
    Hit.MEMORY_FLOOR: (
        FailureKind.OUT_OF_MEMORY,
        lambda budget: f"it held {readable_size(budget.peak_memory_bytes)} when the builder's memory ran out",
        "give it a builder with more memory, or fewer slots",
    ),
    Hit.BABBLE: (FailureKind.BUILD_ERROR, lambda _: "its build backend's answer is too long to make sense", None),
    Hit.STOPPED: (FailureKind.STOPPED, lambda _: "the builder was stopped", None),
}

_MEMORY = "out of memory: {line}"
_CROWD = "it reached its limit of processes: {line}"
_RESOURCES = (
    Sign.of(r"^MemoryError\b", FailureKind.OUT_OF_MEMORY, _MEMORY, _ROOM),
    Sign.of(
        r"virtual memory exhausted|: out of memory allocating \d+ bytes|Cannot allocate memory|\bstd::bad_alloc\b"
        r"|LLVM ERROR: out of memory|memory allocation of \d+ bytes failed|Killed signal terminated program",
        FailureKind.OUT_OF_MEMORY,
        _MEMORY,
        _ROOM,
    ),
    Sign.of(r"No space left on device|Disk quota exceeded", FailureKind.DISK_FULL, "{line}", _ROOM),
    Sign.of(r"\[Errno 27\] File too large|: File too large$|File size limit exceeded", FailureKind.DISK_FULL),
    Sign.of(
        r"^BlockingIOError: \[Errno 11\]|fork: (?:retry: )?Resource temporarily unavailable|Cannot fork"
        r"|can't start new thread|(?:posix_spawn|pthread_create).*Resource temporarily unavailable",
        FailureKind.TOO_MANY_PROCESSES,
        _CROWD,
    ),
    Sign.of(r"[Cc][Pp][Uu] time limit exceeded", FailureKind.TIMEOUT, "it reached its limit of CPU time", _ROOM),
)

_SIGNALS: Mapping[int, PhaseFailed] = {
    SIGXCPU: PhaseFailed(FailureKind.TIMEOUT, "it reached its limit of CPU time", next=_ROOM),
    SIGXFSZ: PhaseFailed(FailureKind.DISK_FULL, "it reached the limit on the size of one file", next=_ROOM),
    SIGKILL: PhaseFailed(FailureKind.OUT_OF_MEMORY, "it was killed, most likely for want of memory", next=_ROOM),
}

_NO_COMPILER = "there is no compiler for it: {line}"
_ADD_COMPILER = "install a C compiler and Python's headers on the builder"
_TOOLS = (
    Sign.of(
        r"fatal error: Python\.h: No such file|fatal error: 'Python\.h' file not found",
        FailureKind.COMPILE_ERROR,
        next="{headers}",
    ),
    Sign.of(
        r"fatal error: '?(?P<header>[^':]+\.(?:h|hpp|hh))'?(?:: No such file| file not found)",
        FailureKind.COMPILE_ERROR,
        next="install the development package that has {header} on the builder",
    ),
    Sign.of(r"^\S[^:]*:\d+(?::\d+)?: (?:fatal )?error: \S", FailureKind.COMPILE_ERROR),
    Sign.of(r"^\S+\.(?:pyx|pxd|py):\d+:\d+: \S", FailureKind.COMPILE_ERROR),
    Sign.of(r"^error\[E\d+\]: ", FailureKind.COMPILE_ERROR),
    Sign.of(r"^\s*(?:Fatal )?Error: .+ at \(1\)", FailureKind.COMPILE_ERROR),
    Sign.of(
        r"cannot find -l(?P<library>\S+?)(?::|$)",
        FailureKind.COMPILE_ERROR,
        next="install the development package that has lib{library} on the builder",
    ),
    Sign.of(r"undefined reference to |ld: symbol\(s\) not found", FailureKind.COMPILE_ERROR),
    Sign.of(
        r"unable to execute '[^']*(?:cc|c\+\+|clang)[^']*'"
        r"|command '[^']*(?:cc|c\+\+|clang)[^']*' failed: No such file"
        r"|linker `cc` not found|[Uu]nknown compiler\(s\)|No CMAKE_C(?:XX)?_COMPILER could be found",
        FailureKind.COMPILE_ERROR,
        _NO_COMPILER,
        _ADD_COMPILER,
    ),
    Sign.of(
        r"can't find Rust compiler|cargo: command not found|[Rr]ust(?: compiler)? (?:toolchain )?(?:is )?not found",
        FailureKind.COMPILE_ERROR,
        "there is no Rust compiler: {line}",
        "install Rust on the builder, and show it to builds",
    ),
    Sign.of(r"meson\.build:\d+:\d+: ERROR: ", FailureKind.BUILD_ERROR),
    Sign.of(r"^CMake Error at \S+|^CMake Error: ", FailureKind.BUILD_ERROR),
    Sign.of(r"^configure: error: ", FailureKind.BUILD_ERROR),
    Sign.of(
        r"[Tt]emporary failure in name resolution|Network is unreachable|[Cc]ould not resolve host"
        r"|Name or service not known|Failed to establish a new connection",
        FailureKind.BUILD_ERROR,
        "it wants the network while it builds: {line}",
        "builds have no network; its source must hold all it needs",
    ),
    Sign.of(r"error: command '[^']+' failed with exit (?:code|status) \d+", FailureKind.COMPILE_ERROR),
    Sign.of(r"^error: (?!subprocess-exited)", FailureKind.BUILD_ERROR),
)

_OFFLINE = "try again when the index answers"
_UV = (
    Sign.of(r"No space left on device", FailureKind.DISK_FULL, "{line}", "make room on the builder's disk"),
    Sign.of(
        r"(?i)failed to fetch|error sending request|request failed|connection refused|dns error|timed out"
        r"|could not connect",
        FailureKind.NETWORK,
        "its build requirements could not be fetched",
        _OFFLINE,
    ),
    Sign.of(
        r"[Bb]ecause all versions of (?P<name>\S+) have no (?:usable )?wheels"
        r"|Wheels are required for `(?P<also>[^`]+)`|has no (?:usable )?wheels",
        FailureKind.BUILD_REQUIRES,
        "a build requirement has no wheel for this Python: {line}",
        "build that one first; build requirements are never built on the way",
    ),
    Sign.of(r"[Bb]ecause .+", FailureKind.BUILD_REQUIRES, "its build requirements cannot be had: {line}"),
    Sign.of(r"^error: .+", FailureKind.BUILD_REQUIRES, "its build requirements cannot be had: {line}"),
)


def of_hit(hit: Hit, budget: Budget) -> PhaseFailed:
    """Return the failure of a run that reached a limit."""
    kind, sentence, following = _HITS[hit]
    return PhaseFailed(kind, sentence(budget), next=following)


def of_build(said: str, signal: int | None, lines: Lines, interpreter: Interpreter) -> PhaseFailed:
    """Return the failure of a build backend.

    ``said`` is how it put it itself, ``signal`` what ended it, if one did; ``lines`` are those that it printed.
    """
    facts = {"headers": _headers(interpreter)}
    found = _SIGNALS.get(signal or 0) or _first((*_RESOURCES, *_TOOLS), _telling(lines), facts)
    found = found or _last_word(said, lines)
    return PhaseFailed(found.kind, found.reason, log_line=found.log_line, next=found.next, note=plain(said))


def of_uv(ended: Ended, lines: Lines, budget: Budget) -> PhaseFailed:
    """Return the failure of uv, which prepares an environment."""
    if ended.hit is not None:
        return of_hit(ended.hit, budget)
    joined = _joined_causes(lines)
    found = _first(_UV, joined, {})
    return found or PhaseFailed(FailureKind.BUILD_REQUIRES, _last_line(joined) or f"uv ended with {ended.status}")


def compile_failure(lines: Iterable[tuple[int, str]]) -> tuple[int, str] | None:
    """Return number and text of the first line that tells of a failed compilation, in a log of any outcome."""
    for number, line in _telling(lines):
        if any(sign.kind is FailureKind.COMPILE_ERROR and sign.pattern.search(line) for sign in _TOOLS):
            return number, line
        if _FALL_BACK.search(line):
            return number, line
    return None


#: What packages print that do without their extensions when those fail.
_FALL_BACK = re.compile(
    r"(?i)extension (?:module )?could not be compiled|failed to (?:build|compile) (?:the )?(?:c |optional )?extension"
    r"|building extension .* failed|(?:pure|plain)[ -]python build (?:succeeded|of)|speedups are not enabled"
)


def plain(line: str) -> str:
    """Return a line of a log without colours and control characters, cut to a length that fits a sentence."""
    text = _ESCAPES.sub("", line.rsplit("\r", 1)[-1])
    text = "".join(char if char.isprintable() else " " for char in text).strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 2] + " …"


#: A word of each pattern above, in lower case: a long log is searched for these first, and closely only where one is.
_WORDS = (
    *("error", "memory", "bad_alloc", "killed", "space left", "quota", "too large", "size limit", "time limit"),
    *("fork", "thread", "posix_spawn", ".pyx:", ".pxd:", ".py:", "cannot find", "undefined", "symbol(s)", "failed"),
    *("unable", "no such file", "not found", "unknown compiler", "cmake_c", "can't find", "resolution", "unreachable"),
    *("resolve host", "not known", "new connection", "could not", "plain", "pure", "speedups"),
)


def _telling(lines: Iterable[tuple[int, str]]) -> Lines:
    """Return the lines that may match any pattern, plain."""
    return [(number, plain(line)) for number, line in lines if _may_tell(line.lower())]


def _may_tell(lowered: str) -> bool:
    return any(word in lowered for word in _WORDS)


def _first(signs: Iterable[Sign], lines: Lines, facts: Mapping[str, str]) -> PhaseFailed | None:
    for sign in signs:
        for number, line in lines:
            found = sign.pattern.search(line)
            if found:
                words = {**facts, "line": line, **{key: value or "" for key, value in found.groupdict().items()}}
                following = sign.next.format(**words) if sign.next else None
                return PhaseFailed(sign.kind, sign.reason.format(**words), log_line=number, next=following)
    return None


def _headers(interpreter: Interpreter) -> str:
    named = f"{interpreter.name.split()[0]} {'.'.join(interpreter.version.split('.')[:2])}"
    return f"install the headers of {named} on the builder, or leave this Python out"


_EXCEPTION = re.compile(r"^(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Failure)\b.*")


def _last_word(said: str, lines: Lines) -> PhaseFailed:
    """Return what remains to be told: the exception that ended it, or the last line of all."""
    for number, raw in reversed(lines):
        line = plain(raw)
        if _EXCEPTION.match(line):
            return PhaseFailed(FailureKind.BUILD_ERROR, line, log_line=number)
    last = next(((number, plain(line)) for number, line in reversed(lines) if plain(line)), None)
    if said or last is None:
        return PhaseFailed(FailureKind.BUILD_ERROR, plain(said) or "the build backend failed without a word")
    return PhaseFailed(FailureKind.BUILD_ERROR, last[1], log_line=last[0])


def _joined_causes(lines: Lines) -> Lines:
    """Return uv's messages with each cause on one line, without its drawing."""
    return [(number, plain(line).lstrip("│├╰─▶× ").removeprefix("cause: ")) for number, line in lines]


def _last_line(lines: Lines) -> str:
    return next((line for _, line in reversed(lines) if line), "")
