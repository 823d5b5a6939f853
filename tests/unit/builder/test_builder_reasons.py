"""From what a build printed to why it failed."""

from __future__ import annotations

from pathlib import Path
from signal import SIGKILL, SIGXCPU

import pytest

from buildyard.farm.builder import reasons
from buildyard.farm.builder.budget import Budget, Hit
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.process import Ended
from buildyard.farm.wire import FailureKind, Limits

PYTHON = Interpreter(
    path=Path("/opt/python/3.13/bin/python3.13"),
    prefix=Path("/opt/python/3.13"),
    base_prefix=Path("/opt/python/3.13"),
    version="3.13.0",
    implementation="cpython",
    abi="cp313",
    platform="linux_x86_64",
)


def numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.splitlines(), 1))


def of_build(text: str, said: str = "exit code 1", signal: int | None = None):
    return reasons.of_build(said, signal, numbered(text), PYTHON)


@pytest.mark.parametrize("hit", list(Hit))
def test_every_limit_has_its_kind_and_sentence(hit: Hit):
    failure = reasons.of_hit(hit, Budget())
    assert isinstance(failure.kind, FailureKind)
    assert len(failure.reason) > 10


@pytest.mark.parametrize(
    ("hit", "kind", "reason"),
    [
        (Hit.WALL, FailureKind.TIMEOUT, "it took longer than 3 h"),
        (Hit.IDLE, FailureKind.NO_OUTPUT, "it printed nothing for 20 m"),
        (Hit.OUTPUT, FailureKind.TOO_MUCH_OUTPUT, "it printed more than 100 MB"),
        (Hit.DISK, FailureKind.DISK_FULL, "it filled more than 8.0 GB of disk"),
        (Hit.PROCESSES, FailureKind.TOO_MANY_PROCESSES, "it ran 512 processes and threads at one time"),
        (Hit.STOPPED, FailureKind.STOPPED, "the builder was stopped"),
    ],
)
def test_limits_are_told_with_their_numbers(hit: Hit, kind: FailureKind, reason: str):
    failure = reasons.of_hit(hit, Budget(limits=Limits()))
    assert (failure.kind, failure.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("src/a.c:3:10: fatal error: Python.h: No such file or directory", FailureKind.COMPILE_ERROR),
        ("src/a.c:411:12: error: 'PyObject' has no member named 'ob_refcnt'", FailureKind.COMPILE_ERROR),
        ("src/a.cpp:7: error: expected ';'", FailureKind.COMPILE_ERROR),
        ("pkg/a.pyx:12:4: undeclared name not builtin: x", FailureKind.COMPILE_ERROR),
        ("error[E0308]: mismatched types", FailureKind.COMPILE_ERROR),
        ("Error: Symbol 'x' at (1) has no IMPLICIT type", FailureKind.COMPILE_ERROR),
        ("/usr/bin/ld: cannot find -lpq: No such file or directory", FailureKind.COMPILE_ERROR),
        ("a.o: undefined reference to `inflate'", FailureKind.COMPILE_ERROR),
        ("error: command '/usr/bin/gcc' failed with exit code 1", FailureKind.COMPILE_ERROR),
        ("unable to execute 'gcc': No such file or directory", FailureKind.COMPILE_ERROR),
        ('../meson.build:4:0: ERROR: Dependency "openblas" not found', FailureKind.BUILD_ERROR),
        ("CMake Error at CMakeLists.txt:3 (find_package):", FailureKind.BUILD_ERROR),
        ("configure: error: no acceptable C compiler found", FailureKind.BUILD_ERROR),
        ("MemoryError", FailureKind.OUT_OF_MEMORY),
        ("cc1plus: out of memory allocating 65536 bytes after a total of 1 bytes", FailureKind.OUT_OF_MEMORY),
        ("virtual memory exhausted: Cannot allocate memory", FailureKind.OUT_OF_MEMORY),
        ("g++: fatal error: Killed signal terminated program cc1plus", FailureKind.OUT_OF_MEMORY),
        ("OSError: [Errno 28] No space left on device", FailureKind.DISK_FULL),
        ("OSError: [Errno 27] File too large", FailureKind.DISK_FULL),
        ("BlockingIOError: [Errno 11] Resource temporarily unavailable", FailureKind.TOO_MANY_PROCESSES),
        ("sh: 0: Cannot fork", FailureKind.TOO_MANY_PROCESSES),
        ("gcc: fatal error: CPU time limit exceeded signal terminated program cc1", FailureKind.TIMEOUT),
        ("KeyError: 'nothing'", FailureKind.BUILD_ERROR),
    ],
)
def test_line_is_found_among_others_with_its_number(line: str, kind: FailureKind):
    failure = of_build(f"running build_ext\nwarning: nothing to see here\n{line}\nsome more")
    assert failure.kind is kind
    assert failure.log_line == 3
    assert line in failure.reason or failure.reason == "it reached its limit of CPU time"


def test_first_compiler_error_is_the_reason_and_not_what_follows_from_it():
    text = "gcc -c a.c\na.c:1:1: error: first\na.c:9:1: error: second\nerror: command 'gcc' failed with exit code 1"
    assert of_build(text).reason == "a.c:1:1: error: first"


def test_warnings_are_no_errors():
    failure = of_build("a.c:1:1: warning: unused variable 'error'\nRuntimeError: later")
    assert failure.reason == "RuntimeError: later"


def test_missing_python_headers_name_the_python():
    failure = of_build("a.c:1:10: fatal error: Python.h: No such file or directory")
    assert failure.next == "install the headers of CPython 3.13 on the builder, or leave this Python out"


def test_missing_library_is_named():
    failure = of_build("/usr/bin/ld: cannot find -lpq: No such file or directory")
    assert failure.next == "install the development package that has libpq on the builder"


def test_missing_compiler_is_said_and_how_to_mend_it():
    failure = of_build("error: command 'gcc' failed: No such file or directory")
    assert failure.reason.startswith("there is no compiler for it: ")
    assert failure.next == "install a C compiler and Python's headers on the builder"


def test_colours_are_taken_out_of_the_reason():
    failure = of_build("\x1b[01m\x1b[Ka.c:1:1:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[m\x1b[Kno\x1b]8;;x\x07")
    assert failure.reason == "a.c:1:1: error: no"


def test_long_lines_are_cut():
    failure = of_build("a.c:1:1: error: " + "x" * 5000)
    assert len(failure.reason) == 300
    assert failure.reason.endswith(" …")


def test_last_exception_is_the_reason_where_no_compiler_spoke():
    text = "Traceback (most recent call last):\nValueError: inner\nDuring handling\nmy.pkg.SetupError: outer\n"
    assert of_build(text).reason == "my.pkg.SetupError: outer"
    assert of_build(text).log_line == 4


def test_backends_own_word_stands_where_it_printed_nothing():
    assert of_build("", said="it had a bad day").reason == "it had a bad day"


def test_wordless_end_is_a_reason_too():
    assert of_build("", said="").reason == "the build backend failed without a word"


@pytest.mark.parametrize(("signal", "kind"), [(SIGXCPU, FailureKind.TIMEOUT), (SIGKILL, FailureKind.OUT_OF_MEMORY)])
def test_signal_tells_the_limit(signal: int, kind: FailureKind):
    assert of_build("", signal=signal).kind is kind


def of_uv(text: str, hit: Hit | None = None):
    ended = Ended(status=2, hit=hit, elapsed_s=1, cpu_s=0, peak_memory_bytes=0)
    return reasons.of_uv(ended, numbered(text), Budget())


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (
            "error: No solution found when resolving dependencies\n"
            "  cause: Because nosuch was not found in the package registry and you require nosuch, we can conclude",
            FailureKind.BUILD_REQUIRES,
            "its build requirements cannot be had: Because nosuch was not found",
        ),
        (
            "  × No solution found when resolving dependencies:\n"
            "  ╰─▶ Because all versions of docopt have no usable wheels and you require docopt, we can",
            FailureKind.BUILD_REQUIRES,
            "a build requirement has no wheel for this Python: Because all versions of docopt",
        ),
        (
            "error: Request failed after 3 retries in 5.9s\n  cause: Failed to fetch: http://x/\n  cause: tcp connect",
            FailureKind.NETWORK,
            "its build requirements could not be fetched",
        ),
        ("error: No space left on device (os error 28)", FailureKind.DISK_FULL, "No space left"),
        ("something new", FailureKind.BUILD_REQUIRES, "something new"),
        ("", FailureKind.BUILD_REQUIRES, "uv ended with 2"),
    ],
)
def test_uvs_messages_are_understood(text: str, kind: FailureKind, words: str):
    failure = of_uv(text)
    assert failure.kind is kind
    assert words in failure.reason


def test_limit_reached_by_uv_is_told_as_a_limit():
    assert of_uv("anything", Hit.WALL).kind is FailureKind.TIMEOUT


@pytest.mark.parametrize(
    "line",
    [
        "a.c:1:1: error: no",
        "error: command 'gcc' failed with exit code 1",
        "WARNING: The C extension could not be compiled, speedups are not enabled.",
        "Plain-Python build succeeded.",
        'warning: build_ext: building extension "x._speedups" failed: command failed',
    ],
)
def test_failed_compilation_is_seen_in_the_log_of_a_build_that_went_on(line: str):
    assert reasons.compile_failure(numbered(f"one\n{line}\nthree")) == (2, line)


@pytest.mark.parametrize(
    "text", ["", "running build\ncopying error.c -> build\nbuilding 'x' extension\ngcc -c x.c", "0 errors, 2 warnings"]
)
def test_good_log_holds_no_failed_compilation(text: str):
    assert reasons.compile_failure(numbered(text)) is None
