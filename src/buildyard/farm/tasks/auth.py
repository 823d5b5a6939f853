"""Who sent a request, what they may do, and the short-lived credentials that the hub gives out.

`Authenticator` judges a signed request against the clients' rows and the roles they may assume, which it keeps for a
few seconds.  Credentials of a claim end with the claim; those of an upload or a download name one object.  All are
signed by the hub's own client, so nothing about them is stored.  The rules of signatures are
`buildyard.taskcluster._hawk`'s.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from buildyard.farm.roles import Roles
from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import StoreError
from buildyard.farm.tasks.artifacts import Artifact, Created
from buildyard.farm.tasks.clients import USE_STEP_S, find_client, hub_credentials, load_roles, note_use
from buildyard.farm.tasks.errors import AuthenticationFailed, InsufficientScopes
from buildyard.farm.tasks.service import Claimed
from buildyard.taskcluster._hawk import (
    ANONYMOUS,
    Authenticated,
    AuthFailed,
    Client,
    SignedRequest,
    authenticate,
    make_ext,
    sign_url,
)
from buildyard.taskcluster.credentials import Credentials, CredentialsDict, createTemporaryCredentials
from buildyard.taskcluster.scopes import ScopeExpression, ScopeSet

#: What anybody may read of a farm that listens to its own machine alone.
LOOPBACK_SCOPES: Final = (
    "queue:get-task:*",
    "queue:status:*",
    "queue:list-artifacts:*",
    "queue:get-artifact:public/*",
    "queue:pending-count:*",
    "queue:claimed-count:*",
    "queue:pending-list:*",
    "queue:claimed-list:*",
    "queue:list-task-group:*",
    "queue:list-dependent-tasks:*",
    "queue:list-task-queues",
    "queue:get-task-queue:*",
    "queue:list-workers:*",
    "queue:get-worker:*",
)

#: Seconds for which a client's row is believed without looking again, and for which its absence is.
KEPT_S: Final = 5.0
ABSENT_KEPT_S: Final = 1.0
_MOST_KEPT: Final = 1000
_NEVER_LOOKED: Final[tuple[Client | None, float]] = (None, float("-inf"))

_STRANGE = re.compile(r"[^A-Za-z0-9!@/:.+|_-]")

UPLOAD_S: Final = 24 * 3600.0
DOWNLOAD_S: Final = 3600.0


class Caller(Struct, frozen=True, kw_only=True):
    """Who sent a request; ``client_id`` is ``None`` for somebody without credentials."""

    client_id: str | None
    scopes: ScopeSet
    payload_hash: str | None = None  #: what the caller says of the body, where it was not checked yet

    def require(self, expression: ScopeExpression) -> None:
        """Return if the caller has these scopes.  Raises `InsufficientScopes`, which names those that are missing."""
        missing = self.scopes.missing(expression)
        if missing is None:
            return
        if self.client_id is None:
            message = "This request requires Taskcluster credentials that satisfy"
        else:
            message = (
                f"Client ID {self.client_id} does not have sufficient scopes and is missing the following scopes:"
                f"\n\n```\n{_shown(missing)}\n```\n\nThis request requires the client to satisfy"
            )
        message += f" the following scope expression:\n\n```\n{_shown(expression)}\n```"
        raise InsufficientScopes(message, required=expression, missing=missing)


def _shown(expression: ScopeExpression) -> str:
    if isinstance(expression, str):
        return expression
    return msgspec.json.format(msgspec.json.encode(expression), indent=2).decode()


class Authenticator:
    """Judges requests by the clients of one store; made by `open_authenticator`."""

    def __init__(
        self, store: Store, hub: Credentials, *, clock: Callable[[], float], anonymous: Sequence[str] = ()
    ) -> None:
        self._store = store
        self._hub = hub
        self._clock = clock
        self._anonymous = tuple(anonymous)
        self._kept: dict[str, tuple[Client | None, float]] = {}
        self._roles = Roles()
        self._roles_looked = float("-inf")
        self._uses_noted: dict[str, float] = {}

    async def identify(self, request: SignedRequest) -> Caller:
        """Return who sent the request.  Raises `AuthenticationFailed` where its signature is not believed."""
        answer = await self.judge(request)
        if isinstance(answer, AuthFailed):
            raise AuthenticationFailed(answer.message)
        return Caller(client_id=answer.client_id, scopes=ScopeSet(answer.scopes), payload_hash=answer.hash)

    async def identify_by_token(self, client_id: str, access_token: str) -> Caller:
        """Return who shows these credentials themselves, as basic authentication does.

        Raises `AuthenticationFailed` where they are not good, or not any more.
        """
        client = await self._store.read(lambda connection: find_client(connection, client_id))
        same = client is not None and hmac.compare_digest(client.access_token.encode(), access_token.encode())
        if client is None or not same or client.expires.timestamp() <= self._clock():
            raise AuthenticationFailed("these credentials are not known here")
        return Caller(client_id=client_id, scopes=ScopeSet(client.scopes))

    async def judge(self, request: SignedRequest) -> Authenticated | AuthFailed:
        """Return who sent the request and what they may do, or why its signature is not believed."""
        roles = await self._fresh_roles()
        while True:
            asked: list[str] = []
            now = datetime.fromtimestamp(self._clock(), UTC)
            answer = authenticate(request, partial(self._known, asked), now=now, expand=roles.expand)
            stale = next(filter(self._is_stale, asked), None)
            if stale is not None:
                await self._fetch(stale)
                continue
            if isinstance(answer, Authenticated):
                await self._note_use(asked)
            return answer

    async def fetch_roles(self) -> Roles:
        """Return the roles as they are now; callers are expanded by them from now on."""
        self._roles = await self._store.read(lambda connection: load_roles(connection, self._anonymous))
        self._roles_looked = self._clock()
        return self._roles

    async def anonymous(self) -> ScopeSet:
        """Return what everybody may do."""
        return ScopeSet((await self._fresh_roles()).expand([ANONYMOUS]))

    def task_credentials(self, claimed: Claimed) -> CredentialsDict:
        """Return the credentials of this claim: its run, and what its task's scopes add, until ``taken_until``."""
        run = f"{claimed.task_id}/{claimed.run_id}"
        own = [f"queue:{action}:{run}" for action in ("reclaim-task", "resolve-task", "create-artifact")]
        name = f"task-client/{run}/on/{claimed.worker_group}/{claimed.worker_id}/until/{int(claimed.taken_until)}"
        return self._temporary(name, [*own, *claimed.task["scopes"]], claimed.taken_until)

    def upload_credentials(self, created: Created) -> CredentialsDict:
        """Return credentials to upload the object of this artifact, and nothing else."""
        its = created.artifact
        name = f"artifact-upload/{its.task_id}/{its.run_id}/on/{created.worker_group}/{created.worker_id}"
        ends = min(max(its.expires, self._clock() + 60), self._clock() + UPLOAD_S)
        return self._temporary(name, [f"object:upload:{created.project_id}:{its.object_name}"], ends)

    def download_credentials(self, artifact: Artifact) -> CredentialsDict:
        """Return credentials to download the object of this artifact, and nothing else."""
        # A clientId has fewer characters than an artifact's name may have.
        readable = _STRANGE.sub("_", artifact.name)
        name = f"artifact-download/{artifact.task_id}/{artifact.run_id}/{readable}"
        return self._temporary(name, [f"object:download:{artifact.object_name}"], self._clock() + DOWNLOAD_S)

    def sign_url(self, url: str, scopes: Sequence[str], seconds: float) -> str:
        """Return the address with the hub's signature: whoever has it may GET it for so long, with these scopes."""
        ext = make_ext(authorized_scopes=scopes)
        ends = self._clock() + seconds
        return sign_url(url, client_id=self._hub.client_id, access_token=self._hub.access_token, expiry=ends, ext=ext)

    def sign(self, text: str) -> str:
        """Return the hub's signature of a text, 64 hexadecimal digits: for addresses that work without credentials."""
        return hmac.digest(self._hub.access_token.encode(), b"buildyard.url\n" + text.encode(), hashlib.sha256).hex()

    def key(self, purpose: str) -> bytes:
        """Return a key of the hub's for a purpose of its own, 32 bytes: the same in every hub of the store."""
        return hmac.digest(self._hub.access_token.encode(), b"buildyard.key\n" + purpose.encode(), hashlib.sha256)

    def forget(self) -> None:
        """Look at the rows of clients and roles again from now on."""
        self._kept.clear()
        self._roles_looked = float("-inf")

    def _temporary(self, name: str, scopes: Sequence[str], ends: float) -> CredentialsDict:
        starts = datetime.fromtimestamp(self._clock(), UTC)
        hub = self._hub
        return createTemporaryCredentials(
            hub.client_id, hub.access_token, starts, datetime.fromtimestamp(ends, UTC), scopes, name
        )

    async def _fresh_roles(self) -> Roles:
        is_fresh = self._clock() - self._roles_looked <= KEPT_S
        return self._roles if is_fresh else await self.fetch_roles()

    def _known(self, asked: list[str], client_id: str) -> Client | None:
        asked.append(client_id)
        return self._kept.get(client_id, _NEVER_LOOKED)[0]

    def _is_stale(self, client_id: str) -> bool:
        client, looked = self._kept.get(client_id, _NEVER_LOOKED)
        return self._clock() - looked > (ABSENT_KEPT_S if client is None else KEPT_S)

    async def _fetch(self, client_id: str) -> None:
        client = await self._store.read(lambda connection: find_client(connection, client_id))
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[client_id] = (client, self._clock())

    async def _note_use(self, client_ids: Sequence[str]) -> None:
        now = self._clock()
        for client_id in client_ids:
            if now - self._uses_noted.get(client_id, float("-inf")) < USE_STEP_S:
                continue
            if len(self._uses_noted) >= _MOST_KEPT:
                self._uses_noted.clear()
            self._uses_noted[client_id] = now
            # A full disk, or a database that is away, keeps nobody from reading.
            with contextlib.suppress(StoreError):
                await self._store.write(partial(note_use, client_id=client_id, now=now))


async def open_authenticator(
    store: Store, *, clock: Callable[[], float], anonymous: Sequence[str] = ()
) -> Authenticator:
    """Return the authenticator of this store, its hub client made if need be.

    ``anonymous`` are the scopes of those without credentials: `LOOPBACK_SCOPES`, or none.
    """
    hub = await store.write(lambda connection: hub_credentials(connection, clock()))
    return Authenticator(store, hub, clock=clock, anonymous=anonymous)
