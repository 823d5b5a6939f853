"""A private PostgreSQL for the tests: its own directory, a free port on 127.0.0.1, ended by its own pid.

PostgreSQL refuses to run as root, so root runs it as the user `postgres`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from support.running import free_port

_CLEAR = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$ BEGIN EXECUTE (
    SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ',') || ' RESTART IDENTITY CASCADE'
    FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
); END $$
"""


class PostgresqlMissing(Exception):
    """The server's programs, or the user to run them, are not on this machine."""


class PostgresqlFailed(Exception):
    """The server did not start; its log is in the message."""


class Cluster:
    """One running server.  `database` gives a new database; `stop` and `start` are for tests of its absence."""

    def __init__(self, *, fsync: bool = False, settings: tuple[str, ...] = ()) -> None:
        self._programs = programs()
        self._user = _server_user()
        self._fsync = fsync
        self._settings = settings
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.directory = Path(tempfile.mkdtemp(prefix="buildyard-pg-"))
        self.port = free_port()
        if self._user is not None:
            shutil.chown(self.directory, self._user, self._user)
        self._run("initdb", "-D", str(self.directory / "data"), "-U", "farm", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    @property
    def pid(self) -> int:
        """The one that leads the server's processes."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://farm@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Return the address of a new, empty database."""
        self._count += 1
        name = f"test_{self._count}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def clear(self, url: str) -> None:
        """Empty every table of the farm in this database; connections that a test has left open are ended."""
        self.execute(_CLEAR, url.rpartition("/")[2])

    def drop(self, url: str) -> None:
        """Remove this database, and end its connections."""
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Return what psql printed for this statement."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "farm", "-d", database]
        return self._run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *where, "-c", sql)

    def start(self) -> None:
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.directory}"]
        settings += [] if self._fsync else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        options = [word for setting in (*settings, *self._settings) for word in ("-c", setting)]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.directory / "data", *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.directory,
                start_new_session=True,
                **_as(self._user),
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """End the server, its connections first."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the server as a crash would."""
        self._end(signal.SIGQUIT)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            ready = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.05)
        self.stop()
        raise PostgresqlFailed((self.directory / "log").read_text(errors="replace")[-2000:])

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._programs / program, *arguments],
            capture_output=True,
            text=True,
            cwd=self.directory,
            check=False,
            **_as(self._user),
        )
        if done.returncode:
            raise PostgresqlFailed(f"{program}: {done.stderr or done.stdout}")
        return done.stdout.strip()


def programs() -> Path:
    """Return the folder of `initdb` and `postgres`."""
    found = [*_told_by_pg_config(), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresqlMissing("no PostgreSQL server here (Debian: apt-get install postgresql)")


def _told_by_pg_config() -> list[Path]:
    if shutil.which("pg_config") is None:
        return []
    told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
    return [Path(told.stdout.strip())] if told.returncode == 0 else []


def _server_user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        subprocess.run(["id", "postgres"], check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise PostgresqlMissing("PostgreSQL refuses to run as root, and there is no user postgres") from error
    return "postgres"


def _as(user: str | None) -> dict[str, object]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}
