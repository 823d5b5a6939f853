"""Which hub a command talks to, and as whom.

``--hub URL`` names one, and the ``TASKCLUSTER_*`` environment the credential; else the state directory
(``--state``, ``BUILDYARD_STATE``, ``buildyard.toml``, ``.buildyard`` here) holds both.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from buildyard.cli.causes import shown_path
from buildyard.cli.client import RETRY, Farm, FarmCore
from buildyard.cli.trouble import ExitCode, Trouble
from buildyard.faces.connecting import environment_proxy
from buildyard.faces.http import BlockingTransport
from buildyard.farm.settings import load
from buildyard.farm.state import StateDirectory
from buildyard.retry import Retry
from buildyard.taskcluster.credentials import Credentials, CredentialsDict, optionsFromEnvironment


class HubAddress(Struct, frozen=True, kw_only=True):
    """Where a hub is, and what to sign with."""

    url: str
    credentials: Credentials

    def options(self) -> CredentialsDict:
        """Return the credential as Taskcluster's clients take it."""
        found: CredentialsDict = {}
        if self.credentials:
            found = {"clientId": self.credentials.client_id, "accessToken": self.credentials.access_token}
            if self.credentials.certificate is not None:
                found["certificate"] = msgspec.json.encode(self.credentials.certificate).decode()
        return found

    def connect(self, retry: Retry = RETRY) -> Farm:
        """Return a client of it."""
        return Farm(FarmCore(BlockingTransport(proxy=hub_proxy), self.url, self.credentials, retry=retry))


def find_hub(hub: str | None, state: Path | None, environment: Mapping[str, str] = os.environ) -> HubAddress:
    """Return the hub that these options mean.

    Raises `Trouble` where the state directory holds none, and `SettingsError`.
    """
    if hub is not None:
        return _by_address(hub, environment)
    return _by_state(load({"state": state}, environment).settings.state)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _by_address(hub: str, environment: Mapping[str, str]) -> HubAddress:
    parts = urlsplit(hub)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Trouble(
            "that is no address of a hub",
            code="bad_address",
            exit_code=ExitCode.WRONG_USE,
            facts={"found": hub},
            next=["write it as in: --hub http://127.0.0.1:8765"],
        )
    options: dict[str, Any] = optionsFromEnvironment(environ=environment)
    url = hub.rstrip("/")
    # A credential that the environment gives for another service is none for this one.
    meant = str(options.get("rootUrl") or url)
    credentials = Credentials.from_options(options.get("credentials")) if meant == url else Credentials()
    return HubAddress(url=url, credentials=credentials)


def _by_state(state: Path) -> HubAddress:
    directory = StateDirectory(state)
    running = directory.hub()
    if running is None:
        what = "no hub runs on" if state.is_dir() else "there is no state directory"
        raise Trouble(
            f"{what} {shown_path(state)}",
            code="no_hub",
            exit_code=ExitCode.UNREACHABLE,
            facts={"looked": str(state / "hub.json")},
            next=["buildyard up", "name another one with --state DIR or --hub URL"],
        )
    known = directory.credentials()
    signing = Credentials(client_id=known.client_id, access_token=known.access_token) if known else Credentials()
    return HubAddress(url=running.root_url.rstrip("/"), credentials=signing)


def hub_proxy(url: str) -> str | None:
    """Return the proxy for a request to a hub: that of the environment, and none for this very machine."""
    return None if is_loopback(urlsplit(url).hostname or "") else environment_proxy(url)
