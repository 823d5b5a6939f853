"""The secrets service's HTTP face, ``/api/secrets/v1``.

Secrets are sealed before they reach the store and opened after; no error's answer shows one.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from buildyard.farm.sealing import CannotOpen, Sealing
from buildyard.farm.services import secrets
from buildyard.farm.services.secrets import Sealed, SecretInput
from buildyard.farm.tasks.errors import InputTooLarge, TaskError
from buildyard.farm.tasks.paging import PAGED, page_of
from buildyard.farm.tasks.times import from_datetime, to_json
from buildyard.farm.tasks.wire import Answer, Call, Operation

#: Bytes of a secret, as JSON.
MAX_SECRET_BYTES: Final = 1024**2


class Secrets:
    """The service, with the key of one hub."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    async def put(self, call: Call) -> Answer:
        """Answer set."""
        name, given = call.params["name"], call.decode(SecretInput)
        call.caller.require(f"secrets:set:{name}")
        plain = msgspec.json.encode(given.secret)
        if len(plain) > MAX_SECRET_BYTES:
            raise InputTooLarge(MAX_SECRET_BYTES)
        sealed = Sealed(sealed=self._sealing.seal(name, plain), expires=from_datetime(given.expires))
        await call.rooms.write(secrets.put, name, sealed, _who(call))
        return {}

    async def get(self, call: Call) -> Answer:
        """Answer get."""
        name = call.params["name"]
        call.caller.require(f"secrets:get:{name}")
        found = await call.rooms.read(secrets.find, call.rooms.clock(), name)
        return {"secret": self._opened(name, found), "expires": to_json(found.expires)}

    def _opened(self, name: str, found: Sealed) -> Any:
        try:
            return msgspec.json.decode(self._sealing.open(name, found.sealed))
        except CannotOpen as error:
            raise TaskError(str(error)) from error

    async def names(self, call: Call) -> Answer:
        """Answer list: the names."""
        call.caller.require("secrets:list-secrets")
        return await call.rooms.read(secrets.names, call.rooms.clock(), page_of(call.query))

    async def remove(self, call: Call) -> Answer:
        """Answer remove."""
        name = call.params["name"]
        call.caller.require(f"secrets:set:{name}")
        await call.rooms.write(secrets.remove, name, _who(call))
        return {}


def _who(call: Call) -> str:
    return call.caller.client_id or "anonymous"


def operations(sealing: Sealing) -> tuple[Operation, ...]:
    """Return the operations of the service."""
    service, path = Secrets(sealing), "/secret/{name:path}"
    return (
        Operation("set", "PUT", path, service.put, body="json", shows_payload=False),
        Operation("get", "GET", path, service.get),
        Operation("remove", "DELETE", path, service.remove),
        Operation("list", "GET", "/secrets", service.names, query=PAGED),
    )
