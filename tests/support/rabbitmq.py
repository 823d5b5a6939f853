"""A private RabbitMQ for the tests: its own directory, name and ports on 127.0.0.1, ended by its own pid."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

#: Debian's own wrapper changes the user and drops the environment, so the program itself is called.
_HOMES = "/usr/lib/rabbitmq/lib"


class RabbitmqMissing(Exception):
    """The server's programs are not on this machine."""


class RabbitmqFailed(Exception):
    """The server did not start; its log is in the message."""


class Broker:
    """One running broker.  `kill` and `start` are for tests of its absence; `ctl` is ``rabbitmqctl``."""

    def __init__(self, *, settings: str = "", plugins: str = "[].") -> None:
        self._programs = programs()
        self.directory = Path(tempfile.mkdtemp(prefix="buildyard-mq-"))
        self.port = _free_port()
        self._node = f"buildyard-{self.port}@localhost"
        (self.directory / "rabbitmq.conf").write_text(settings)
        (self.directory / "plugins").write_text(plugins)
        cookie = self.directory / ".erlang.cookie"
        cookie.write_text(f"BUILDYARD{self.port}")
        cookie.chmod(0o400)
        self._distribution_port = _free_port()
        self._names_port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        # Erlang's directory of nodes would otherwise be a daemon that stays.
        epmd = ["epmd", "-address", "127.0.0.1", "-port", str(self._names_port)]
        self._names = subprocess.Popen(epmd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.start()

    def url(self, *, user: str = "guest", password: str = "guest", vhost: str = "/", query: str = "") -> str:
        return f"amqp://{user}:{password}@127.0.0.1:{self.port}/{quote(vhost, safe='')}{query}"

    def start(self) -> None:
        with (self.directory / "out").open("ab") as out:
            self._process = subprocess.Popen(
                [self._programs / "rabbitmq-server"],
                env=self._environment(),
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                cwd=self.directory,
                start_new_session=True,
            )
        self._wait_until_ready()

    def kill(self) -> None:
        """End the broker as a crash would: all of its processes, at once."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.kill()
        self._names.kill()
        self._names.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def ctl(self, *arguments: str) -> str:
        """Return what ``rabbitmqctl`` printed; it takes about a second."""
        done = subprocess.run(
            [self._programs / "rabbitmqctl", "--quiet", "-n", self._node, *arguments],
            env=self._environment(),
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            raise RabbitmqFailed(done.stderr or done.stdout)
        return done.stdout

    def _environment(self) -> dict[str, str]:
        here = str(self.directory)
        return {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": here,
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": f"{here}/mnesia",
            "RABBITMQ_LOG_BASE": f"{here}/log",
            "RABBITMQ_PID_FILE": f"{here}/pid",
            "RABBITMQ_CONFIG_FILE": f"{here}/rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{here}/plugins",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._names_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none",
        }

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + 40
        while time.monotonic() < end:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if self._greets():
                return
            time.sleep(0.1)
        self.kill()
        raise RabbitmqFailed((self.directory / "out").read_text(errors="replace")[-3000:])

    def _greets(self) -> bool:
        """Tell whether it answers AMQP's first eight bytes; the port is open some time before it does."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as probe:
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                return probe.recv(1) == b"\x01"
        except OSError:
            return False


def programs() -> Path:
    """Return the folder of ``rabbitmq-server`` and ``rabbitmqctl``."""
    for home in sorted(Path(_HOMES).glob("rabbitmq_server-*/sbin"), reverse=True):
        if (home / "rabbitmq-server").exists() and shutil.which("erl"):
            return home
    raise RabbitmqMissing("no RabbitMQ server here (Debian: apt-get install rabbitmq-server)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
