"""A real Zaqar for the tests: its own package under gunicorn, its messages in a Redis of its own, all on 127.0.0.1.

Zaqar has the environment of ``requirements/peer-zaqar.txt``, Redis is Debian's.  Both end by their own pids.  Since
Zaqar's least TTL is a minute and cannot be configured, a test may let time pass there at will (`own_time`).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from support.own_time import OwnTime
from support.peers import locked_peer
from support.running import Running, environment_of, free_port

_CONFIGURATION = """
[DEFAULT]
unreliable = True
admin_mode = True
pooling = False
auth_strategy = {auth_strategy}
[drivers]
transport = wsgi
message_store = redis
management_store = redis
[drivers:message_store:redis]
uri = redis://127.0.0.1:{redis_port}
[drivers:management_store:redis]
uri = redis://127.0.0.1:{redis_port}
[signed_url]
secret_key = test
[oslo_policy]
enforce_scope = False
enforce_new_defaults = False
{more}
"""


class ZaqarMissing(Exception):
    """A program that the server needs is not on this machine."""


class Zaqar:
    """One running server; ``url`` is its address, without a version."""

    def __init__(
        self, *, workers: int = 1, now: float | None = None, auth_strategy: str = "", configuration: str = ""
    ) -> None:
        """Start it.

        With ``now`` it has a time of its own that begins there; ``auth_strategy`` is "keystone" for one that asks for
        tokens, and ``configuration`` what it needs for that.

        Raises `ZaqarMissing`, `PeerMissing`, `CompilerMissing` and `NotStarted`.
        """
        self._python = locked_peer("zaqar")
        self.directory = Path(tempfile.mkdtemp(prefix="buildyard-zaqar-"))
        self.time = None if now is None else OwnTime(self.directory, now)
        self._running: list[Running] = []
        self.redis_port, self.port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        try:
            self._start_redis()
            self._start_server(workers, auth_strategy, configuration)
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        """Redis, and the one that leads the server's workers."""
        return [running.pid for running in self._running]

    def clear(self) -> None:
        """Forget every queue and message."""
        command = [_program("redis-cli"), "-p", str(self.redis_port), "FLUSHALL"]
        subprocess.run(command, check=True, capture_output=True, timeout=10)

    def close(self) -> None:
        for running in reversed(self._running):
            running.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _start_redis(self) -> None:
        where = ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", str(self.directory)]
        argv = [_program("redis-server"), *where, "--save", "", "--appendonly", "no"]
        redis = Running(argv, log=self.directory / "redis.log", env=self._environment(), cwd=self.directory)
        self._running.append(redis)
        redis.wait_for_port(self.redis_port)

    def _start_server(self, workers: int, auth_strategy: str, configuration: str) -> None:
        # The application reads no other place than its own below HOME (zaqar: transport/wsgi/app.py).
        home = self.directory / ".zaqar"
        home.mkdir()
        said = _CONFIGURATION.format(redis_port=self.redis_port, auth_strategy=auth_strategy, more=configuration)
        (home / "zaqar.conf").write_text(said)
        argv = [self._python, "-m", "gunicorn", "--workers", str(workers), "--bind", f"127.0.0.1:{self.port}"]
        argv += ["--worker-tmp-dir", self.directory, "zaqar.transport.wsgi.app:app"]
        server = Running(argv, log=self.directory / "zaqar.log", env=self._environment(), cwd=self.directory)
        self._running.append(server)
        server.wait_for_answer(self.url)

    def _environment(self) -> dict[str, str]:
        told = {} if self.time is None else self.time.environment
        return {**environment_of(self.directory), **told}


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ZaqarMissing(f"no {name} here (Debian: apt-get install redis-server)")
    return found
