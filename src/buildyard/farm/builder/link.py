"""What a builder says to the hub beyond Taskcluster's own calls: hello, claim over several pools, log and phase.

One more service in the manner of `buildyard.taskcluster`: signed, sent again where that is safe, the same errors.  The
hub's side is `farm.tasks.extension`.
"""

# Operations are named as Taskcluster names its own.
# ruff: noqa: N802

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from buildyard.faces.transport import Request, Timeout
from buildyard.farm.wire import BuilderInfo
from buildyard.taskcluster import _routes, types
from buildyard.taskcluster._hawk import payload_hash
from buildyard.taskcluster._routes import Route
from buildyard.taskcluster._service import AsyncService
from buildyard.taskcluster.errors import rest_failure

_RAW = "application/octet-stream"

CLAIM_WORK: Route[types.ClaimWorkAnswer] = Route(
    name="claimWork", method="POST", route="/claim-work", idempotent=False, read_seconds=60.0
)
HELLO: Route[dict[str, Any]] = Route(name="hello", method="PUT", route="/builders/<name>")
GOODBYE: Route[dict[str, Any]] = Route(name="goodbye", method="DELETE", route="/builders/<name>")
APPEND_LOG: Route[dict[str, Any]] = Route(
    name="appendLog", method="POST", route="/tasks/<taskId>/runs/<runId>/log", query=("offset", "at")
)
PHASE: Route[dict[str, Any]] = Route(name="phase", method="POST", route="/tasks/<taskId>/runs/<runId>/phase")


class Link(Protocol):
    """What a builder says beyond Taskcluster's own calls, and whom it asks for work.

    `AsyncFarm` is the hub's, `away.AwayLink` the one where tasks run on another Taskcluster.
    """

    @property
    def keeps_logs(self) -> bool:
        """Whether logs are sent while they grow."""
        ...

    async def hello(self, info: BuilderInfo) -> None:
        """Tell that this builder is here, and what it has."""
        ...

    async def goodbye(self, name: str) -> None:
        """Tell that this builder goes."""
        ...

    async def claimWork(self, pools: Sequence[str], group: str, worker: str, count: int) -> types.ClaimWorkAnswer:
        """Return up to ``count`` claims from any of these pools."""
        ...

    async def appendLog(self, task_id: str, run_id: int, offset: int, at: float, data: bytes) -> int:
        """Send a piece of a run's log; return how many bytes have arrived."""
        ...

    async def phase(self, task_id: str, run_id: int, phase: str, *, at: float, log_offset: int) -> None:
        """Tell the phase a run has entered."""
        ...

    def with_credentials(self, credentials: Mapping[str, Any]) -> Link:
        """Return the same link with a claim's credentials."""
        ...


class AsyncFarm(AsyncService):
    """The hub as builders see it."""

    keeps_logs = True
    SERVICE = "farm"
    ROUTES = MappingProxyType({one.name: one for one in (_routes.PING, CLAIM_WORK, HELLO, GOODBYE, APPEND_LOG, PHASE)})

    async def hello(self, info: BuilderInfo) -> None:
        """Tell the hub that this builder is here, and what it has.  Scope ``farm:builder:<name>``."""
        await self._call(HELLO, info.name, payload=msgspec.to_builtins(info))

    async def goodbye(self, name: str) -> None:
        """Tell the hub that this builder goes."""
        await self._call(GOODBYE, name)

    async def claimWork(self, pools: Sequence[str], group: str, worker: str, count: int) -> types.ClaimWorkAnswer:
        """Return up to ``count`` claims from any of these pools, after a long poll at most (docs/decisions/0002)."""
        payload = {"taskQueueIds": list(pools), "workerGroup": group, "workerId": worker, "tasks": count}
        return await self._call(CLAIM_WORK, payload=payload)

    async def appendLog(self, task_id: str, run_id: int, offset: int, at: float, data: bytes) -> int:
        """Send a piece of a run's log; return how many bytes the hub has.  A repeated piece is stored once."""
        url = self._url(APPEND_LOG, (task_id, str(run_id)), {"offset": offset, "at": f"{at:.3f}"})
        hashed = payload_hash(_RAW, data)

        def make() -> Request:
            headers = (("Content-Type", _RAW), *self._authorization("POST", url, hashed))
            return Request("POST", url, headers, data, timeout=Timeout(read=30.0))

        response = await self._exchange("POST", url, make)
        if response.status >= 300:
            raise rest_failure(response.status, method="POST", url=url, body=response.body)
        return int(msgspec.json.decode(response.body)["size"])

    async def phase(self, task_id: str, run_id: int, phase: str, *, at: float, log_offset: int) -> None:
        """Tell the phase a run has entered, ``at`` seconds after it began."""
        payload = {"phase": phase, "at": at, "log_offset": log_offset}
        await self._call(PHASE, task_id, str(run_id), payload=payload)
