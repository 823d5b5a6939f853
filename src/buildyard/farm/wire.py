"""What hub and builder say to each other about a build: the task's payload and the result.

A task's ``payload`` is a `BuildPayload`; the artifact ``public/result.json`` of its run is a `BuildResult`.
Both are plain frozen values, decoded and checked by msgspec, so that bad input stops at the edge.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

#: The artifact of each run that holds its `BuildResult`.
RESULT_ARTIFACT = "public/result.json"

#: The artifact that holds a run's log, where the run's Taskcluster keeps no live logs.
LOG_ARTIFACT = "public/logs/build.log"

#: The phases of a build, in order.  `repair` is reserved for auditwheel and takes no time until it is asked for.
PHASES = ("fetch", "prepare", "build", "repair", "check", "upload")
PhaseName = Literal["fetch", "prepare", "build", "repair", "check", "upload"]


class Source(Struct, frozen=True, kw_only=True):
    """The source distribution a build starts from."""

    filename: str  #: as upstream spells it, ``markupsafe-3.0.2.tar.gz``
    url: str  #: where a builder fetches it; ``https:``, ``http:`` on loopback, or ``file:``
    sha256: str  #: 64 hexadecimal digits; the fetch phase refuses anything else
    size: int | None = None  #: bytes, where upstream tells


class Limits(Struct, frozen=True, kw_only=True):
    """What one build may use.  At the end of any of these its whole process group is killed."""

    wall_s: int = 3 * 3600  #: from the first phase to the last
    idle_s: int = 20 * 60  #: without a line of output
    cpu_s: int = 3 * 3600  #: of one process
    address_space_bytes: int = 8_000_000_000  #: of one process
    processes: int = 512  #: at any time, threads included
    disk_bytes: int = 8_000_000_000  #: in the build's own directory
    log_bytes: int = 20_000_000  #: kept of the log: its first and its last half
    output_bytes: int = 100_000_000  #: printed in all


class BuildPayload(Struct, frozen=True, kw_only=True):
    """One (package, version, ABI, platform) to build: the ``payload`` of a build's task."""

    build_id: int
    package: str  #: as upstream spells it; compared normalised (PEP 503)
    version: str
    abi: str  #: an interpreter's own ABI, ``cp312``, ``cp313t``, ``pp39``
    platform: str  #: a wheel platform tag, ``linux_x86_64``
    source: Source
    source_date_epoch: int  #: seconds; the upload time of the source, so that a build can be repeated
    requires_python: str | None = None  #: as upstream tells it
    limits: Limits = Limits()


class FailureKind(StrEnum):
    """Why a build failed, as a word that scripts can test and pages can group by."""

    SOURCE_MISSING = "source_missing"  #: upstream has no such file (any more)
    HASH_MISMATCH = "hash_mismatch"  #: the source is not the one the request was planned with
    UNSAFE_SOURCE = "unsafe_source"  #: the archive would write outside its directory, or holds links or devices
    BAD_SOURCE = "bad_source"  #: not an archive, or without a project in it
    NETWORK = "network"  #: upstream did not answer; tried again
    BUILD_REQUIRES = "build_requires"  #: its build requirements cannot be had
    COMPILE_ERROR = "compile_error"  #: a compiler said no
    BUILD_ERROR = "build_error"  #: the build backend said no
    PURE_FALLBACK = "pure_fallback"  #: extension sources, but a wheel without extensions
    TIMEOUT = "timeout"  #: `Limits.wall_s` or `Limits.cpu_s`
    NO_OUTPUT = "no_output"  #: `Limits.idle_s`
    OUT_OF_MEMORY = "out_of_memory"  #: `Limits.address_space_bytes`, or the machine's own
    TOO_MANY_PROCESSES = "too_many_processes"  #: `Limits.processes`
    DISK_FULL = "disk_full"  #: `Limits.disk_bytes`, or the builder's disk
    TOO_MUCH_OUTPUT = "too_much_output"  #: `Limits.output_bytes`
    BAD_WHEEL = "bad_wheel"  #: the wheel cannot be read, or its parts disagree
    WRONG_WHEEL = "wrong_wheel"  #: name, version or tags are not those of the task
    CHECK_FAILED = "check_failed"  #: it does not install, or does not import
    NO_INTERPRETER = "no_interpreter"  #: the builder lost the interpreter it offered
    STOPPED = "stopped"  #: the builder was stopped; the build goes back to the queue
    INTERNAL = "internal"  #: a fault of buildyard itself


#: Failures that pass by themselves: the build is tried again, with back-off.
TRANSIENT = frozenset({FailureKind.NETWORK, FailureKind.STOPPED, FailureKind.NO_INTERPRETER, FailureKind.INTERNAL})


class Failure(Struct, frozen=True, kw_only=True):
    """Why a build failed, for a person: what happened, where, and what to do next."""

    kind: FailureKind
    reason: str  #: one sentence, ``src/wrapt/_wrappers.c:3:10: fatal error: Python.h: No such file``
    phase: PhaseName
    log_line: int | None = None  #: 1-based line of the log that says so
    next: str | None = None  #: what a person can do, where that is known


class PhaseRecord(Struct, frozen=True, kw_only=True):
    """One phase of one run, as it went."""

    name: PhaseName
    state: Literal["done", "failed", "skipped"]
    started_s: float  #: since the run began
    elapsed_s: float
    note: str = ""  #: ``20.2 MB``, ``6 packages``, ``exit code 1``


class WheelRecord(Struct, frozen=True, kw_only=True):
    """A wheel as read from itself (PEP 427), never from what somebody claims about it."""

    filename: str
    sha256: str
    size: int  #: bytes
    package: str  #: ``Name`` of its METADATA
    version: str
    build_tag: str = ""
    tags: tuple[str, ...]  #: expanded, ``cp312-cp312-linux_x86_64``
    requires_python: str | None = None
    requires_dist: tuple[str, ...] = ()
    metadata: str  #: the whole METADATA text, which PEP 658 serves beside the wheel
    has_extensions: bool = False  #: at least one member is a shared object


class BuildResult(Struct, frozen=True, kw_only=True):
    """How one run of a build ended."""

    outcome: Literal["built", "failed"]
    wheel: WheelRecord | None = None
    failure: Failure | None = None
    phases: tuple[PhaseRecord, ...] = ()
    has_extension_sources: bool = False  #: the source holds C, C++, Cython, Rust or Fortran outside tests and docs
    sandbox: str = ""  #: ``bubblewrap, own uid``, ``bubblewrap``, ``none``
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    builder: str = ""
    interpreter: str = ""  #: ``CPython 3.12.1``


class InterpreterInfo(Struct, frozen=True, kw_only=True):
    """An interpreter a builder has, as it tells the hub."""

    abi: str
    version: str  #: full, ``3.12.1``
    implementation: str  #: ``cpython``, ``pypy``
    usable: bool = True
    reason: str = ""  #: why it is not usable, ``its headers are missing``
    compiles: bool = True  #: False where headers or a compiler are missing: pure packages only


class BuilderInfo(Struct, frozen=True, kw_only=True):
    """A builder, as it tells the hub when it starts."""

    name: str  #: also its Taskcluster ``workerId``
    worker_group: str
    platform: str  #: ``linux_x86_64``
    slots: int
    interpreters: tuple[InterpreterInfo, ...]
    sandbox: str
    version: str  #: of buildyard
