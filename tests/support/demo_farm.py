"""A farm with something in every state, as the pages show one: rows as the farm's rooms write them, and logs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from buildyard.farm.builds.states import Move, State, after
from buildyard.farm.events.outbox import record
from buildyard.farm.events.schemas import (
    BuilderLost,
    BuildFailed,
    BuildPhase,
    BuildRequested,
    BuildSkipped,
    FilePublished,
)
from buildyard.farm.index.publish import publish
from buildyard.farm.store.base import Store
from buildyard.farm.store.tables import builders, builds, dirty_pages, files, request_builds, requests, runs, tasks
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.wire import (
    PHASES,
    BuilderInfo,
    BuildPayload,
    BuildResult,
    Failure,
    FailureKind,
    InterpreterInfo,
    PhaseRecord,
    Source,
)


def json(value: object) -> str:
    return msgspec.json.encode(value).decode()


class DemoRequests:
    """Asking and retrying as the hub does, with nobody to plan or build."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ask(self, requirements: Sequence[str], abis: Sequence[str], *, deps: bool, asked_by: str) -> int:
        def body(connection: Connection) -> int:
            return Rows(connection, time.time()).request(list(requirements), by=asked_by, state="asked")

        return await self._store.write(body)

    async def retry(self, build_id: int) -> None:
        def body(connection: Connection) -> None:
            state = connection.execute(select(builds.c.state).where(builds.c.id == build_id)).scalar_one()
            queued = after(State(state), Move.RETRY)
            connection.execute(update(builds).where(builds.c.id == build_id).values(state=queued, task_id=None))

        await self._store.write(body)


class Rows:
    """Writes rows as the farm's rooms do, in short."""

    def __init__(self, connection: Connection, now: float) -> None:
        self.connection = connection
        self.now = now

    def builder(self, name: str, slots: int, platform: str = "linux_x86_64", seen: float = 2.0, **more: Any) -> None:
        pythons = [
            InterpreterInfo(abi=abi, version=version, implementation="cpython", **extra)
            for abi, version, extra in (
                ("cp39", "3.9.21", {}),
                ("cp311", "3.11.2", {}),
                ("cp312", "3.12.8", {}),
                ("cp313", "3.13.1", {}),
                ("cp313t", "3.13.1", {"usable": False, "reason": "its headers are missing"}),
            )
        ]
        info = BuilderInfo(
            name=name,
            worker_group="yard",
            platform=platform,
            slots=slots,
            interpreters=tuple(pythons),
            sandbox=more.pop("sandbox", "bubblewrap, own uid"),
            version="1.0",
        )
        self.connection.execute(
            insert(builders).values(
                name=name,
                info=json(info),
                platform=platform,
                slots=slots,
                first_seen=self.now - 86400,
                seen=self.now - seen,
                **more,
            )
        )

    def request(self, requirements: list[str], by: str = "mira", ago: float = 60, **more: Any) -> int:
        at = self.now - ago
        row = {
            "requirements": json(requirements),
            "abis": "[]",
            "deps": True,
            "asked_by": by,
            "state": "planned",
            "created": at,
        }
        number: int = self.connection.execute(
            insert(requests).values({**row, **more}).returning(requests.c.id)
        ).scalar_one()
        asked = BuildRequested(request_id=number, requirements=tuple(requirements), asked_by=by)
        record(self.connection, at, [asked])
        return number

    def build(
        self,
        package: str,
        version: str,
        abi: str,
        platform: str = "linux_x86_64",
        state: str = "queued",
        request: int | None = None,
        **more: Any,
    ) -> int:
        source = Source(filename=f"{package}-{version}.tar.gz", url="https://upstream.invalid/x", sha256="dd" * 32)
        row = {
            "package": package.lower().replace("_", "-"),
            "display": package,
            "version": version,
            "abi": abi,
            "platform": platform,
            "state": state,
            "source": json(source),
            "source_date_epoch": int(self.now - 20 * 86400),
            "created": self.now - 600,
            "priority": 4 if request is not None else 3,
        }
        number: int = self.connection.execute(
            insert(builds).values({**row, **more}).returning(builds.c.id)
        ).scalar_one()
        if request is not None:
            link = {"request_id": request, "build_id": number, "top_level": True}
            self.connection.execute(insert(request_builds).values(link))
        return number

    def run(self, build: int, began: float, builder: str, phase: str = "build", phase_began: float = 1.0) -> str:
        """Let a builder hold this build since ``began`` seconds; return the task."""
        row = self.connection.execute(select(builds).where(builds.c.id == build)).one()
        task_id = f"task-{build:06d}-aaaaaaaaaa"
        self.task(task_id, row, "running")
        self.connection.execute(
            insert(runs).values(
                task_id=task_id,
                run_id=0,
                state="running",
                reason_created="scheduled",
                worker_id=builder,
                scheduled=self.now - began - 5,
                started=self.now - began,
                taken_until=self.now + 48,
                phase=phase,
                phase_started=self.now - began + phase_began,
            )
        )
        values = {"state": "building", "task_id": task_id, "builder": builder, "started": self.now - began, "tries": 1}
        self.connection.execute(update(builds).where(builds.c.id == build).values(values))
        happened = BuildPhase(
            build_id=build,
            package=row.display,
            version=row.version,
            abi=row.abi,
            platform=row.platform,
            task_id=task_id,
            run_id=0,
            phase=phase,
            builder=builder,
        )
        record(self.connection, self.now, [happened])
        return task_id

    def task(self, task_id: str, row: Any, state: str) -> None:
        payload = BuildPayload(
            build_id=row.id,
            package=row.display,
            version=row.version,
            abi=row.abi,
            platform=row.platform,
            source=msgspec.json.decode(row.source, type=Source),
            source_date_epoch=row.source_date_epoch,
        )
        self.connection.execute(
            insert(tasks).values(
                task_id=task_id,
                task_queue_id="buildyard/pool",
                scheduler_id="buildyard",
                project_id="buildyard",
                task_group_id=task_id,
                priority=4,
                retries_left=5,
                definition=json({"payload": payload}),
                state=state,
                created=self.now,
                deadline=self.now + 1e6,
                expires=self.now + 1e7,
            )
        )

    def ended(
        self,
        build: int,
        took: float,
        ago: float,
        builder: str = "yard-1",
        failure: Failure | None = None,
        **more: Any,
    ) -> str:
        """End a build ``ago`` seconds ago; return its task."""
        row = self.connection.execute(select(builds).where(builds.c.id == build)).one()
        task_id = f"task-{build:06d}-aaaaaaaaaa"
        finished = self.now - ago
        failed = failure.phase if failure else None
        result = BuildResult(
            outcome="failed" if failure else "built",
            failure=failure,
            phases=phases(took, failed),
            sandbox="bubblewrap, own uid",
            elapsed_s=took,
            cpu_s=took * 0.8,
            peak_memory_bytes=212_000_000,
            builder=builder,
            interpreter="CPython 3.13.0",
        )
        self.task(task_id, row, "failed" if failure else "completed")
        self.connection.execute(
            insert(runs).values(
                task_id=task_id,
                run_id=0,
                state="failed" if failure else "completed",
                reason_created="scheduled",
                worker_id=builder,
                scheduled=finished - took - 3,
                started=finished - took,
                resolved=finished,
            )
        )
        values: dict[str, Any] = {
            "state": "failed" if failure else "built",
            "task_id": task_id,
            "tries": 1,
            "builder": builder,
            "started": finished - took,
            "finished": finished,
            "result": json(result),
        }
        if failure is not None:
            told = {"kind": failure.kind, "reason": failure.reason, "next": failure.next or "", "final": True}
            values |= {**told, "log_line": failure.log_line}
            body = {"build_id": build, "package": row.display, "version": row.version, "abi": row.abi}
            why = {"kind": failure.kind, "reason": failure.reason, "final": True}
            record(self.connection, finished, [BuildFailed(**body, platform=row.platform, **why)])
        self.connection.execute(update(builds).where(builds.c.id == build).values({**values, **more}))
        return task_id

    def wheel(self, build: int, filename: str, size: int = 378_200, **more: Any) -> None:
        """Give a build its wheel, published."""
        row = self.connection.execute(select(builds).where(builds.c.id == build)).one()
        told = f"Metadata-Version: 2.1\nName: {row.display}\nSummary: {more.pop('summary', 'A package')}\n"
        at = (row.finished or self.now) + 0.5
        values = {
            "filename": filename,
            "package": row.package,
            "version": row.version,
            "build_id": build,
            "sha256": sha256(filename.encode()).hexdigest(),
            "size": size,
            "tags": "[]",
            "metadata": told,
            "metadata_sha256": sha256(told.encode()).hexdigest(),
            "uploaded": at,
        }
        self.connection.execute(insert(files).values({**values, **more}))
        self.connection.execute(update(builds).where(builds.c.id == build).values(filename=filename))
        if self.connection.execute(select(dirty_pages).where(dirty_pages.c.package == row.package)).first() is None:
            self.connection.execute(insert(dirty_pages).values(package=row.package, since=at))
        publish(self.connection, at)


def phases(took: float, failed: str | None = None) -> tuple[PhaseRecord, ...]:
    shares = dict(zip(PHASES, (0.03, 0.08, 0.77, 0.0, 0.1, 0.02), strict=True))
    notes = {"fetch": "167.3 kB, hash matches", "prepare": "2 packages", "build": "offline", "check": "import works"}
    found, began = [], 0.0
    for name in PHASES:
        state = "skipped" if name == "repair" else "failed" if name == failed else "done"
        note = "exit code 1" if state == "failed" else notes.get(name, "")
        elapsed = round(took * shares[name], 2)
        found.append(PhaseRecord(name=name, state=state, started_s=began, elapsed_s=elapsed, note=note))
        began += elapsed
        if name == failed:
            break
    return tuple(found)


COMPILE_ERROR = Failure(
    kind=FailureKind.COMPILE_ERROR,
    reason="src/c/_cffi_backend.c:411:12: ‘PyObject’ has no member named ‘ob_refcnt’",
    phase="build",
    log_line=46,
    next="this source does not know free-threaded Python",
)

FAILED_LOG = (
    [
        "fetch",
        "cffi-1.17.1.tar.gz  516 kB",
        "sha256 1c39c6…  matches the index",
        "unpacked",
        "prepare",
        "Using CPython 3.13.0t",
        *(f"+ requirement-{n}==1.{n}" for n in range(7)),
        "build",
    ]
    + [f"gcc -fPIC -c src/c/part_{n}.c" for n in range(29)]
    + [
        "\x1b[2mgcc -fPIC -DPy_GIL_DISABLED -I/usr/include/ffi -c src/c/_cffi_backend.c\x1b[0m",
        "src/c/_cffi_backend.c: In function \x1b[1m‘cdataowning_dealloc’\x1b[0m:",
        "src/c/_cffi_backend.c:411:12: \x1b[1;31merror:\x1b[0m ‘PyObject’ has no member named \x1b[1m‘ob_refcnt’\x1b[0m"
        "; did you mean \x1b[1m‘ob_ref_local’\x1b[0m?",
        "  411 |     if (ob->\x1b[31mob_refcnt\x1b[0m > 1)",
        "      |             \x1b[31m^~~~~~~~~\x1b[0m",
        "error: command '/usr/bin/gcc' failed with exit code 1",
        "× Failed to build cffi-1.17.1.tar.gz <script>alert(1)</script>",
    ]
)


def fill(connection: Connection, now: float, logs: LogStore) -> dict[str, int]:
    """Fill a farm as the pictures show one; return the builds that tests look at, by name."""
    rows = Rows(connection, now)
    _history(rows)
    known = fill_a_little(connection, now, logs)
    for nth in range(18):
        rows.build(f"waiting{nth}", "1.0", "cp312", priority=4 if nth < 3 else 3 if nth < 7 else 2)
    for nth in range(464):
        priority = 4 if nth < 6 else 3 if nth < 15 else 2 if nth < 52 else 1
        rows.build(f"backlog{nth}", "1.0", "cp312", "linux_riscv64", priority=priority, created=now - 7800)
    return known


def fill_a_little(connection: Connection, now: float, logs: LogStore) -> dict[str, int]:
    """Fill a farm with something in every state, and no history."""
    rows = Rows(connection, now)
    rows.builder("yard-1", 2)
    rows.builder("ampere-1", 4, "linux_aarch64")
    rows.builder("visionfive-1", 1, "linux_riscv64")
    rows.builder("visionfive-2", 1, "linux_riscv64", sandbox="none")
    rows.builder("kontron-3", 2, seen=247.0)
    asked = rows.request(["numpy", "cffi", "msgpack", "lxml", "wrapt<2", "markupsafe"], ago=2400)
    known: dict[str, int] = {"request": asked}
    _failures(rows, known, asked, logs)
    _running(rows, known, asked, logs)
    _built(rows, known, asked, logs)
    gone = BuilderLost(builder="kontron-3", reason="went silent; 2 builds given back")
    record(connection, now - 240, [gone])
    return known


def _history(rows: Rows) -> None:
    usual = {
        "linux_x86_64": (("lxml", 125), ("wrapt", 9), ("filler", 36)),
        "linux_aarch64": (("cffi", 26), ("msgpack", 22)),
        "linux_riscv64": (("numpy", 2880), ("markupsafe", 25), ("other", 1200)),
    }
    for platform, packages in usual.items():
        for package, took in packages:
            for nth in range(4):
                build = rows.build(package, f"0.{nth}", "cp311", platform)
                rows.ended(build, took, 90_000 + nth * 400)
    shape = (22, 18, 14, 11, 9, 12, 15, 19, 31, 44, 52, 61, 58, 49, 63, 71, 66, 74, 69, 58, 47, 52, 64, 38)
    begin = (int(rows.now) // 3600 - 23) * 3600
    for hour, number in enumerate(shape):
        for nth in range(number):
            at = min(begin + hour * 3600 + nth * 50, rows.now - 400)
            build = rows.build(f"hourly{nth}", f"{hour}.0", "cp313")
            rows.ended(build, 30, rows.now - at)
    for nth in range(47):
        hour = 15 if nth < 9 else nth % 23
        at = begin + hour * 3600 + nth * 20
        build = rows.build(f"passing{nth}", "1.0", "cp39", "linux_aarch64")
        rows.ended(build, 12, rows.now - at)
        reason = "upstream closed the connection"
        values = {"state": "will_retry", "kind": "network", "reason": reason, "try_at": rows.now + 900}
        rows.connection.execute(update(builds).where(builds.c.id == build).values(values))


def _failures(rows: Rows, known: dict[str, int], asked: int, logs: LogStore) -> None:
    build = rows.build("cffi", "1.17.1", "cp313t", state="failed", request=asked)
    task = rows.ended(build, 5.0, 38 * 60, failure=COMPILE_ERROR)
    known["failed"] = build
    offset = 0
    for nth, line in enumerate(FAILED_LOG):
        at = round(5.0 * nth / len(FAILED_LOG), 2)
        for phase in ("fetch", "prepare", "build"):
            if line == phase:
                logs.mark(task, 0, offset, at, phase)
        offset = logs.append(task, 0, offset, f"{line}\n".encode(), at)
    missing = Failure(
        kind=FailureKind.COMPILE_ERROR,
        reason="src/display.c:30:10: fatal error: jpeglib.h: No such file or directory",
        phase="build",
        next="Debian has it in libjpeg-dev; add it to the builders of linux riscv64, then retry",
    )
    rows.ended(rows.build("pillow", "11.1.0", "cp312", "linux_riscv64"), 90, 52 * 60, failure=missing)
    blocked = {"reason": "waits for maturin 1.8.1, which failed", "next": "needs rustc 1.74; the builders have 1.63"}
    finished = rows.now - 3700
    rows.build("cryptography", "44.0.0", "cp313", "linux_riscv64", "blocked", **blocked, finished=finished)
    silent = Failure(kind=FailureKind.NO_OUTPUT, reason="no line of output for 20 m while building", phase="build")
    for abi in ("cp310", "cp311", "cp312", "cp313", "cp313t"):
        rows.ended(rows.build("grpcio", "1.69.0", abi, "linux_aarch64"), 1300, 3 * 3600, failure=silent)


def _running(rows: Rows, known: dict[str, int], asked: int, logs: LogStore) -> None:
    going = (
        ("numpy", "2.2.1", "cp313t", "linux_riscv64", "visionfive-1", "build", 1868, 98),
        ("cffi", "1.17.1", "cp312", "linux_aarch64", "ampere-1", "build", 11, 3),
        ("msgpack", "1.1.0", "cp313", "linux_aarch64", "ampere-1", "check", 19, 18),
        ("lxml", "5.3.0", "cp311", "linux_x86_64", "yard-1", "build", 220, 9),
        ("wrapt", "1.17.2", "cp39", "linux_x86_64", "yard-1", "prepare", 2, 1),
        ("markupsafe", "3.0.2", "cp313t", "linux_riscv64", "visionfive-2", "upload", 24, 23.6),
    )
    for package, version, abi, platform, builder, phase, began, phase_began in going:
        build = rows.build(package, version, abi, platform, request=asked)
        task = rows.run(build, began, builder, phase, phase_began)
        known[f"building {package}"] = build
        if package == "numpy":
            _running_log(task, logs)


def _running_log(task: str, logs: LogStore) -> None:
    offset = 0
    for phase, at, lines in (
        ("fetch", 0.0, ["fetch", "numpy-2.2.1.tar.gz 20.2 MB", "sha256 45681f… matches the index", "unpacked"]),
        ("prepare", 8.1, ["prepare", *(f"+ requirement-{n}" for n in range(21))]),
        ("build", 98.0, ["build  offline, bubblewrap, 8 GB, 1 job"]),
    ):
        logs.mark(task, 0, offset, at, phase)
        offset = logs.append(task, 0, offset, "".join(f"{line}\n" for line in lines).encode(), at)
    for nth in range(1, 622):
        at = 98.0 + nth * 2.8
        line = f"[\x1b[1m{nth}\x1b[0m/779] Compiling C object numpy/_core/\x1b[36mmodule_{nth}\x1b[0m.c.o\n"
        if nth % 7 == 0:
            line += f"../numpy/_core/src/part_{nth}.c:217:14: warning: ‘x’ defined but not used [-Wunused-function]\n"
        offset = logs.append(task, 0, offset, line.encode(), at)


def _built(rows: Rows, known: dict[str, int], asked: int, logs: LogStore) -> None:
    build = rows.build("msgpack", "1.1.0", "cp313", request=asked)
    task = rows.ended(build, 20.1, 130, "ampere-1")
    rows.wheel(build, "msgpack-1.1.0-cp313-cp313-linux_x86_64.whl", summary="MessagePack serializer")
    known["built"] = build
    offset = 0
    for phase, at, lines in (
        ("fetch", 0.0, ["fetch", "msgpack-1.1.0.tar.gz  167.3 kB", "sha256 dd432cca… matches the index"]),
        ("prepare", 0.4, ["prepare", "Using CPython 3.13.0", "+ cython==3.0.11   + setuptools==75.8.0"]),
        (
            "build",
            1.5,
            [
                "build  offline, bubblewrap",
                *(f"gcc -O3 -c part{n}.c" for n in range(200)),
                "msgpack/_cmsgpack.c:8123:27: warning: unused",
            ],
        ),
        ("check", 18.0, ["check", "name, version and tags match the task", "import msgpack works"]),
        ("upload", 19.8, ["upload", "378.2 kB, sha256 verified by the hub"]),
    ):
        logs.mark(task, 0, offset, at, phase)
        offset = logs.append(task, 0, offset, "".join(f"{line}\n" for line in lines).encode(), at)
    wheel = "msgpack-1.1.0-cp313-cp313-linux_x86_64.whl"
    told = {"build_id": build, "package": "msgpack", "version": "1.1.0", "filename": wheel}
    record(rows.connection, rows.now - 2, [FilePublished(**told, sha256="5d" * 32, size=378_200)])
    for abi, state, reason in (
        ("cp312", "covered", "msgpack-1.1.0-cp313-cp313-linux_x86_64.whl serves it"),
        ("cp39", "not_wanted", "Requires-Python is >=3.10, and this is 3.9"),
        ("pp39", "not_wanted", "Requires-Python is >=3.10, and this is 3.9"),
    ):
        other = rows.build("msgpack", "1.1.0", abi, state=state, reason=reason, request=asked)
        about = {"package": "msgpack", "version": "1.1.0", "abi": abi, "platform": "linux_x86_64"}
        record(rows.connection, rows.now - 60, [BuildSkipped(build_id=other, **about, state=state, reason=reason)])
    rows.build("msgpack", "1.0.8", "cp313", state="left_to_upstream", reason="upstream has a wheel and no source")
    old = rows.build("msgpack", "1.0.8", "cp312", request=asked)
    rows.ended(old, 19.0, 5000)
    rows.wheel(old, "msgpack-1.0.8-cp312-cp312-linux_x86_64.whl")
