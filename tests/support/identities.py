"""Identity services that give tokens for queues, seen alike: a real Keystone before a Zaqar, and the hub's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import urllib3

from buildyard.marconi import Connection
from support.keystone import Cloud
from support.marconi_http import PROJECT, MarconiServer


@dataclass
class Identity:
    """An identity service, a user of it, and the queue service in its catalog."""

    auth_url: str
    user: str
    password: str
    project: str
    queues: str  #: where the queue service is
    revoke: Callable[[str], None]  #: ends a token before its time

    def options(self, **changes: Any) -> dict[str, Any]:
        """What a connection of this user is made with."""
        return {"auth_url": self.auth_url, "password": self.password, "project_name": self.project, **changes}

    def connection(self, **changes: Any) -> Connection:
        """A blocking connection of this user; what is changed to None is left out."""
        given = {name: value for name, value in self.options(**changes).items() if value is not None}
        return Connection(self.user, **given)


def of_cloud(cloud: Cloud) -> Identity:
    """Keystone, and the Zaqar behind it."""
    return Identity(
        auth_url=cloud.auth_url,
        user=cloud.user,
        password=cloud.password,
        project=cloud.project,
        queues=cloud.zaqar.url,
        revoke=cloud.keystone.revoke,
    )


def of_hub(server: MarconiServer) -> Identity:
    """The hub is both."""
    name, secret = server.worker.client_id, server.worker.access_token

    def revoke(token: str) -> None:
        told = {"X-Auth-Token": token, "X-Subject-Token": token}
        answer = urllib3.request("DELETE", f"{server.url}/v3/auth/tokens", headers=told, retries=False)
        assert answer.status == 204, answer.data

    return Identity(
        auth_url=f"{server.url}/v3",
        user=name,
        password=secret,
        project=PROJECT,
        queues=server.url,
        revoke=revoke,
    )
