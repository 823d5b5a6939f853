"""A real Keystone for the tests, and a Zaqar that asks it for tokens: everything on 127.0.0.1, ended by its own pids.

Keystone has the environment of ``requirements/peer-keystone.txt`` and an SQLite database of its own.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import urllib3

from support.peers import locked_peer
from support.running import NotStarted, Running, environment_of, free_port
from support.zaqar import Zaqar

_SET_UP = Path(__file__).with_name("keystone_set_up.py")
_SERVE = Path(__file__).with_name("keystone_serve.py")

ADMIN, PASSWORD = "admin", "secret of admin"
USER, PROJECT = "worker", "work"

_CONFIGURATION = """
[DEFAULT]
debug = False
[database]
connection = sqlite:///{directory}/keystone.db
[token]
expiration = {lifetime_s}
[fernet_tokens]
key_repository = {directory}/fernet
[fernet_receipts]
key_repository = {directory}/fernet
[credential]
key_repository = {directory}/credential
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
"""

#: What a Zaqar is told, to check tokens here.
_ZAQAR = """
[keystone_authtoken]
www_authenticate_uri = {url}
auth_url = {url}
auth_type = password
interface = public
username = {user}
password = {password}
project_name = {user}
user_domain_id = default
project_domain_id = default
memcached_servers =
# Each request asks anew, so that a revoked token is refused at once.
token_cache_time = -1
"""


class Keystone:
    """One running server; ``url`` is its address, without a version."""

    def __init__(self, *, lifetime_s: int = 3600) -> None:
        """Start it with tokens of this lifetime.  Raises `PeerMissing` and `NotStarted`."""
        self._python = locked_peer("keystone")
        self.directory = Path(tempfile.mkdtemp(prefix="buildyard-keystone-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = environment_of(self.directory)
        self._environment["OS_KEYSTONE_CONFIG_FILES"] = str(self.directory / "keystone.conf")
        self._running: Running | None = None
        self._http = urllib3.PoolManager(retries=False, timeout=20)
        try:
            self._set_up(lifetime_s)
            self.start()
        except BaseException:
            self.close()
            raise

    def zaqar(self) -> str:
        """Return the part of a Zaqar's configuration that lets it ask this server."""
        return _ZAQAR.format(url=self.url, user=ADMIN, password=PASSWORD)

    def start(self) -> None:
        # -P, since beside the script there is a module with the name of its package.
        argv = [self._python, "-P", _SERVE, str(self.port)]
        self._running = Running(argv, log=self.directory / "log", env=self._environment, cwd=self.directory)
        self._running.wait_for_answer(f"{self.url}/v3")

    def stop(self) -> None:
        """End the server; `start` begins another on the same database."""
        if self._running is not None:
            self._running.end()
            self._running = None

    def close(self) -> None:
        self.stop()
        self._http.clear()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def token(self) -> str:
        """A new token of the administrator: an old one may have ended."""
        return self.sign_in(ADMIN, PASSWORD, ADMIN)

    def sign_in(self, user: str, password: str, project: str) -> str:
        """Return a new token of this user for this project."""
        who = {"user": {"name": user, "domain": {"id": "default"}, "password": password}}
        scope = {"project": {"name": project, "domain": {"id": "default"}}}
        asked = {"auth": {"identity": {"methods": ["password"], "password": who}, "scope": scope}}
        answer = self._http.request("POST", f"{self.url}/v3/auth/tokens", json=asked)
        assert answer.status == 201, answer.data
        token: str = answer.headers["X-Subject-Token"]
        return token

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Any:
        """Return what the server says to the administrator, or to the holder of another token; None for nothing."""
        headers = {"X-Auth-Token": token or self.token}
        answer = self._http.request(method, f"{self.url}/v3{path}", headers=headers, json=body)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.data!r}"
        return json.loads(answer.data) if answer.data else None

    def revoke(self, token: str) -> None:
        """End a token before its time."""
        answer = self._http.request(
            "DELETE", f"{self.url}/v3/auth/tokens", headers={"X-Auth-Token": self.token, "X-Subject-Token": token}
        )
        assert answer.status == 204, answer.data

    def add_messaging(self, url: str) -> None:
        """Put a queue service at this address into the catalog."""
        service = self.call("POST", "/services", {"service": {"type": "messaging", "name": "zaqar"}})["service"]
        endpoint = {"service_id": service["id"], "interface": "public", "region_id": "RegionOne", "url": url}
        self.call("POST", "/endpoints", {"endpoint": endpoint})

    def add_project(self, name: str) -> str:
        """Return the id of a new project."""
        made: str = self.call("POST", "/projects", {"project": {"name": name, "domain_id": "default"}})["project"]["id"]
        return made

    def add_user(self, name: str, password: str, project_id: str) -> str:
        """Return the id of a new user, who is a member of this project."""
        user = {"user": {"name": name, "password": password, "domain_id": "default"}}
        user_id: str = self.call("POST", "/users", user)["user"]["id"]
        (role,) = self.call("GET", "/roles?name=member")["roles"]
        self.call("PUT", f"/projects/{project_id}/users/{user_id}/roles/{role['id']}")
        return user_id

    def application_credential(self, user_id: str, token: str, secret: str) -> str:
        """Return the id of a new application credential of this user, who holds the token."""
        asked = {"application_credential": {"name": "of the tests", "secret": secret}}
        made = self.call("POST", f"/users/{user_id}/application_credentials", asked, token=token)
        name: str = made["application_credential"]["id"]
        return name

    def _set_up(self, lifetime_s: int) -> None:
        configuration = self.directory / "keystone.conf"
        configuration.write_text(_CONFIGURATION.format(directory=self.directory, lifetime_s=lifetime_s))
        _make_keys(self.directory / "fernet")
        _make_keys(self.directory / "credential")
        done = subprocess.run(
            [self._python, "-P", _SET_UP, configuration, PASSWORD, f"{self.url}/v3"],
            env=self._environment,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        if done.returncode:
            raise NotStarted(done.stderr[-2000:])


def _make_keys(repository: Path) -> None:
    """Do what `fernet_setup` does: key 1 encrypts, key 0 is the next (keystone: common/fernet_utils.py)."""
    repository.mkdir(mode=0o700)
    for name in ("0", "1"):
        (repository / name).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))


class Cloud:
    """A Keystone, a Zaqar behind it, a project and a user who may use both."""

    def __init__(self, *, lifetime_s: int = 3600) -> None:
        """Start both.  Raises what `Keystone` and `Zaqar` raise."""
        self.user, self.password, self.project = USER, "secret of worker", PROJECT
        with ExitStack() as closing:
            self.keystone = Keystone(lifetime_s=lifetime_s)
            closing.callback(self.keystone.close)
            self.zaqar = Zaqar(auth_strategy="keystone", configuration=self.keystone.zaqar())
            closing.callback(self.zaqar.close)
            self.project_id = self.keystone.add_project(self.project)
            self.user_id = self.keystone.add_user(self.user, self.password, self.project_id)
            self.keystone.add_messaging(self.zaqar.url)
            self._closing = closing.pop_all()

    @property
    def auth_url(self) -> str:
        """Where to sign in."""
        return f"{self.keystone.url}/v3"

    def close(self) -> None:
        self._closing.close()
