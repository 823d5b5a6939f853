"""The asyncio face: the cores with a transport of their own."""

# Written by `python -m tools.taskcluster_client` from farm/services/taskcluster_api.json; change it there.

from __future__ import annotations

from buildyard.taskcluster import _services as core
from buildyard.taskcluster.aio._base import AsyncioArtifacts, AsyncioService


class Auth(AsyncioService, core.AsyncAuth):
    """The auth service; see `AsyncAuth`."""


class Github(AsyncioService, core.AsyncGithub):
    """The github service; see `AsyncGithub`."""


class Hooks(AsyncioService, core.AsyncHooks):
    """The hooks service; see `AsyncHooks`."""


class Index(AsyncioService, core.AsyncIndex):
    """The index service; see `AsyncIndex`."""


class Notify(AsyncioService, core.AsyncNotify):
    """The notify service; see `AsyncNotify`."""


class Object(AsyncioService, core.AsyncObject):
    """The object service; see `AsyncObject`."""


class PurgeCache(AsyncioService, core.AsyncPurgeCache):
    """The purge-cache service; see `AsyncPurgeCache`."""


class Queue(AsyncioArtifacts, core.AsyncQueue):
    """The queue service; see `AsyncQueue`."""


class Secrets(AsyncioService, core.AsyncSecrets):
    """The secrets service; see `AsyncSecrets`."""


class WebServer(AsyncioService, core.AsyncWebServer):
    """The web-server service; see `AsyncWebServer`."""


class WorkerManager(AsyncioService, core.AsyncWorkerManager):
    """The worker-manager service; see `AsyncWorkerManager`."""
