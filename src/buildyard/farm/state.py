"""A state directory: whose it is, where its hub listens, and the credential that its owner holds.

``lock`` is held with ``flock`` while a hub runs, so that it is free again the moment the hub dies, however it dies.
``hub.json`` tells where it listens and ``credentials.json`` (readable by its owner alone, as is ``secrets.key``) how to
sign requests; both are replaced atomically.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from buildyard.errors import BuildyardError
from buildyard.farm.sealing import new_key

#: The name of the file with the key that secrets are sealed with.
SECRETS_KEY = "secrets.key"

T = TypeVar("T")


class HubFile(Struct, frozen=True, kw_only=True):
    """What ``hub.json`` says."""

    root_url: str  #: where the hub listens, ``http://127.0.0.1:8765``
    pid: int
    started: float  #: seconds since 1970
    version: str


class CredentialsFile(Struct, frozen=True, kw_only=True):
    """What ``credentials.json`` says."""

    root_url: str
    client_id: str
    access_token: str

    def __repr__(self) -> str:
        return f"CredentialsFile(root_url={self.root_url!r}, client_id={self.client_id!r})"


class StateBusy(BuildyardError):
    """Another hub uses this state directory.  Use that one, stop it, or give another directory."""

    def __init__(self, path: Path, hub: HubFile | None) -> None:
        by = f" by pid {hub.pid}, at {hub.root_url}" if hub else ""
        super().__init__(f"the state directory {path} is in use{by}")
        self.path = path
        self.hub = hub


class StateUnusable(BuildyardError):
    """The state directory cannot be made or written.  Give another one, or mend its permissions."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the state directory {path} cannot be used: {why}")
        self.path = path


class StateDirectory:
    """One state directory on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for one hub.  Raises `StateBusy` and `StateUnusable`."""
        self._make()
        with (self.root / "lock").open("a+b") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateBusy(self.root, self.hub()) from None
            try:
                yield
            finally:
                with suppress(FileNotFoundError):
                    (self.root / "hub.json").unlink()

    def hub(self) -> HubFile | None:
        """Return where the hub of this state listens, or None where none runs or its file cannot be read."""
        return self._read("hub.json", HubFile)

    def credentials(self) -> CredentialsFile | None:
        """Return the owner's credential, or None."""
        return self._read("credentials.json", CredentialsFile)

    def write_hub(self, hub: HubFile) -> None:
        """Tell where the hub listens."""
        self._write("hub.json", hub, 0o644)

    def write_credentials(self, credentials: CredentialsFile) -> None:
        """Keep the owner's credential."""
        self._write("credentials.json", credentials, 0o600)

    def identity(self) -> str:
        """Return what tells this state from every other; made once."""
        path = self.root / "identity"
        with suppress(FileNotFoundError):
            return path.read_text().strip()
        self._write_bytes("identity", f"{uuid.uuid4()}\n".encode(), 0o644)
        return path.read_text().strip()

    def ensure_secrets_key(self) -> None:
        """Make the key that secrets are sealed with, if there is none yet."""
        if not (self.root / SECRETS_KEY).exists():
            self._write_bytes(SECRETS_KEY, new_key().encode(), 0o600)

    def _make(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for part in ("objects", "logs", "cache"):
                (self.root / part).mkdir(exist_ok=True)
        except OSError as error:
            raise StateUnusable(self.root, error.strerror or str(error)) from error

    def _read(self, name: str, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode((self.root / name).read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError):
            return None

    def _write(self, name: str, value: Struct, mode: int) -> None:
        self._write_bytes(name, msgspec.json.format(msgspec.json.encode(value)) + b"\n", mode)

    def _write_bytes(self, name: str, data: bytes, mode: int) -> None:
        fresh = self.root / f".{name}.{os.getpid()}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.root / name)
        directory = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
