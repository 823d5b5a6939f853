"""One place in a program where it says how it reaches Taskcluster, and secrets for it.

    tc = TaskclusterConfig("https://tc.example.com")
    tc.auth(client_id="XXX", access_token="YYY")
    tc.get_service("queue").ping()

The names are those of Taskcluster's own helper.  `TaskclusterConfig.auth` decides what to use where nothing is given:
the environment, or inside a task its proxy.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urljoin

from buildyard.taskcluster._artifacts import ContentStorage
from buildyard.taskcluster._lazy import SERVICES
from buildyard.taskcluster.credentials import optionsFromEnvironment
from buildyard.taskcluster.errors import TaskclusterFailure
from buildyard.taskcluster.time import fromNow

if TYPE_CHECKING:
    from buildyard.taskcluster import Queue

__all__ = ["TaskclusterConfig", "load_secrets", "upload_artifact"]


class SecretsService(Protocol):
    """A blocking client of the secrets service, as far as `load_secrets` uses it."""

    @property
    def get(self) -> Any:
        """Its function ``get``."""


class TaskclusterConfig:
    """How a program reaches Taskcluster, decided once and shared by its parts."""

    def __init__(self, url: str | None = None) -> None:
        root = url or os.environ.get("TASKCLUSTER_ROOT_URL")
        if not root:
            raise TaskclusterFailure("give the root URL of a Taskcluster, or set TASKCLUSTER_ROOT_URL")
        self.default_url: str = root
        self.options: dict[str, Any] | None = None  #: of every client from here; `auth` sets it
        self.secrets: dict[str, Any] = {}  #: what `load_secrets` loaded last

    def auth(self, client_id: str | None = None, access_token: str | None = None, max_retries: int = 12) -> None:
        """Decide the options: with these credentials, else those of the environment, else the proxy of a task.

        Outside a task and without credentials, requests are not signed.
        """
        self.options = {**self._reached(client_id, access_token), "maxRetries": max_retries}

    def _reached(self, client_id: str | None, access_token: str | None) -> dict[str, Any]:
        if client_id and access_token:
            return {"rootUrl": self.default_url, "credentials": {"clientId": client_id, "accessToken": access_token}}
        if client_id or access_token:
            raise TaskclusterFailure("give client_id and access_token, both or neither")
        found = optionsFromEnvironment()
        credentials = found.get("credentials", {})
        if credentials.get("clientId") and credentials.get("accessToken"):
            return {"rootUrl": self.default_url, "credentials": credentials}
        return optionsFromEnvironment(proxy=True) if "TASK_ID" in os.environ else {"rootUrl": self.default_url}

    def get_service(self, service_name: str, use_async: bool = False) -> Any:
        """Return a new client of a service, ``worker-manager`` or however its name is written; blocking or asyncio.

        Raises `TaskclusterFailure` where there is no such service.
        """
        from buildyard import taskcluster

        if self.options is None:
            self.auth()
        plain = service_name.replace("-", "").replace("_", "").lower()
        name = next((each for each in SERVICES if each.lower() == plain), None)
        if name is None:
            raise TaskclusterFailure(f"{service_name}: no such service; there are {', '.join(SERVICES)}")
        return getattr(taskcluster.aio if use_async else taskcluster, name)(self.options)

    def load_secrets(
        self,
        secret_name: str | None,
        prefixes: Sequence[str] = (),
        required: Sequence[str] = (),
        existing: Mapping[str, Any] | None = None,
        local_secrets: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return what `load_secrets` of this module does, with a client of these options, and keep it as `secrets`."""
        with self.get_service("secrets") as service:
            self.secrets = load_secrets(service, secret_name, prefixes, required, existing, local_secrets)
        return self.secrets

    def upload_artifact(self, artifact_path: str, content: str | bytes, content_type: str, ttl: timedelta) -> str:
        """Do what `upload_artifact` of this module does, and return the artifact's address; like it, deprecated."""
        with self.get_service("queue") as queue:
            path = upload_artifact(queue, artifact_path, content, content_type, ttl)
        return urljoin(self.default_url, path)


def load_secrets(
    secrets_service: SecretsService,
    secret_name: str | None,
    prefixes: Sequence[str] = (),
    required: Sequence[str] = (),
    existing: Mapping[str, Any] | None = None,
    local_secrets: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the values of a secret over ``existing`` ones.

    With ``prefixes``, the values below each of these keys are taken, later ones over earlier ones; without, all.
    ``local_secrets`` are taken in place of the service's, which then is not asked.  Raises `TaskclusterFailure`
    where a ``required`` value is in neither.
    """
    found = _source(secrets_service, secret_name, local_secrets)
    values = dict(existing or {})
    for part in [found.get(prefix) or {} for prefix in prefixes] if prefixes else [found]:
        values.update(part)
    if missing := [name for name in required if name not in values]:
        raise TaskclusterFailure(f"Missing value {', '.join(missing)} in secrets.")
    return values


def _source(
    service: SecretsService, secret_name: str | None, local_secrets: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    if local_secrets is not None:
        return local_secrets
    if secret_name is None:
        raise TaskclusterFailure("give the name of a secret, or local_secrets")
    content: Mapping[str, Any] = service.get(secret_name).get("secret") or {}
    return content


def upload_artifact(
    queue_service: Queue,
    artifact_path: str,
    content: str | bytes,
    content_type: str,
    ttl: timedelta,
    storage_type: ContentStorage = "s3",
) -> str:
    """Upload an artifact of the task that this program runs in, and return its path in the queue's API.

    Needs ``TASK_ID`` and ``RUN_ID`` as workers set them.  Deprecated: ``uploadArtifact`` of the queue does the same for
    files too, and from outside of a task.
    """
    warnings.warn("use Queue.uploadArtifact", DeprecationWarning, stacklevel=2)
    task_id, run_id = _own_run()
    data = content.encode() if isinstance(content, str) else content
    expires = fromNow("") + ttl
    queue_service.uploadArtifact(
        task_id, run_id, artifact_path, data, contentType=content_type, expires=expires, storageType=storage_type
    )
    return f"/api/queue/v1/task/{task_id}/runs/{run_id}/artifacts/{quote(artifact_path, safe='/')}"


def _own_run() -> tuple[str, str]:
    task_id, run_id = os.environ.get("TASK_ID"), os.environ.get("RUN_ID")
    if not task_id or not run_id:
        raise TaskclusterFailure("TASK_ID and RUN_ID are not set: this is no task")
    return task_id, run_id
