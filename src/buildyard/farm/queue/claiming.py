"""A claim's life after it was made (`taking.claim`): look at it, renew it, release it."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, select, update

from buildyard.farm.queue.base import DEFAULT_CLAIM_TTL, DEFAULT_GRACE, Claim, ClaimNotFound, check_amounts
from buildyard.farm.queue.messages import IS_ALIVE, message_of
from buildyard.farm.queue.queues import channel, find
from buildyard.farm.queue.taking import FREED, PROLONGED
from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import claims, messages

_HELD: Final = messages.c.claim_id == bindparam("claim")
_IS_THIS: Final = claims.c.id == bindparam("claim")
_LOOK = select(claims).where(_IS_THIS, claims.c.queue_id == bindparam("number"), claims.c.expires > bindparam("now"))
_LOCK = _LOOK.with_for_update()
_MESSAGES = select(messages).where(IS_ALIVE, _HELD).order_by(messages.c.id)
_RENEW = update(claims).where(_IS_THIS)
_RENEW_MESSAGES = update(messages).where(_HELD).values(claim_expires=bindparam("ends"), expires=PROLONGED)
_END = delete(claims).where(_IS_THIS)
_FREE_MESSAGES = update(messages).where(_HELD).values(FREED)


def get_claim(connection: Connection, now: float, project: str, queue: str, claim_id: str) -> Claim:
    """Return the claim with the messages that it still holds.  Raises `ClaimNotFound`."""
    row = _find(_LOOK, connection, now, project, queue, claim_id)
    held = connection.execute(_MESSAGES, {"number": row.queue_id, "now": now, "claim": claim_id})
    return Claim(
        id=claim_id,
        ttl=row.ttl,
        grace=row.grace,
        created=row.created,
        age=max(0.0, now - row.created),
        messages=tuple(message_of(message, now) for message in held),
    )


def renew(
    connection: Connection,
    now: float,
    project: str,
    queue: str,
    claim_id: str,
    *,
    ttl: int = DEFAULT_CLAIM_TTL,
    grace: int = DEFAULT_GRACE,
) -> None:
    """Hold the claim's messages for ``ttl`` seconds from now.  Raises `ClaimNotFound` and `BadAmount`."""
    check_amounts(ttl=ttl, grace=grace)
    _find(_LOCK, connection, now, project, queue, claim_id)
    ends = now + ttl
    connection.execute(_RENEW_MESSAGES, {"claim": claim_id, "ends": ends, "grace": grace})
    # The names of columns to set may not be those of parameters in the condition.
    connection.execute(_RENEW, {"claim": claim_id, "ttl": ttl, "grace": grace, "created": now, "expires": ends})


def release(connection: Connection, now: float, project: str, queue: str, claim_id: str) -> None:
    """Let go of the claim's messages, if it still holds any: they are free at once."""
    try:
        _find(_LOCK, connection, now, project, queue, claim_id)
    except ClaimNotFound:
        return
    connection.execute(_FREE_MESSAGES, {"claim": claim_id})
    connection.execute(_END, {"claim": claim_id})
    wake(connection, channel(project, queue))


def _find(
    statement: Select[Any], connection: Connection, now: float, project: str, queue: str, claim_id: str
) -> Row[Any]:
    found = find(connection, project, queue)
    if found is not None:
        row = connection.execute(statement, {"claim": claim_id, "number": found.number, "now": now}).first()
        if row is not None:
            return row
    raise ClaimNotFound(claim_id)
